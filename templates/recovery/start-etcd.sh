#!/bin/bash
# usage: start-etcd.sh [ENDPOINT]; starts this machine's etcd under the settings of /etc/default/etcd. Where it has no data it enters the cluster
# that answers at ENDPOINT, and waits until it has caught up and votes; without ENDPOINT it founds a cluster of its own, into which the others are
# entered afterwards. Run again, it goes on where it was.
set -euo pipefail
endpoint=${1-}
set -a
# shellcheck source=/dev/null
. "${START_ETCD_SETTINGS:-/etc/default/etcd}"
set +a
REJOIN=${START_ETCD_REJOIN:-/opt/fanatico/cluster/etcd-rejoin.sh}
RUN=${START_ETCD_RUN:-/run}

main() {
  # The unit's settings may have just been replaced.
  systemctl daemon-reload
  [ -e "$ETCD_DATA_DIR/member/wal" ] || begin
  systemctl reset-failed etcd 2>/dev/null || true
  systemctl enable --quiet etcd
  systemctl start etcd
  [ -z "$endpoint" ] || "$REJOIN" --promote "$ETCD_INITIAL_ADVERTISE_PEER_URLS" "$endpoint"
  etcdctl endpoint health
  etcdctl member list
}

begin() {
  leftover_aside
  if [ -n "$endpoint" ]; then
    "$REJOIN" "$ETCD_NAME" "$ETCD_INITIAL_ADVERTISE_PEER_URLS" "$endpoint"
  else
    found
  fi
  touch "$RUN/fanatico-etcd-may-start-empty"
}

# A start that failed before etcd was a member leaves a database without a log. Should it be more than that, it is kept.
leftover_aside() {
  [ -e "$ETCD_DATA_DIR/member" ] || return 0
  local aside
  aside=$ETCD_DATA_DIR.before-recovery-$(date -u +%Y%m%d_%H%M%S)
  systemctl stop etcd
  mv -T -- "$ETCD_DATA_DIR" "$aside"
  printf 'what was in %s, without a log, is now %s\n' "$ETCD_DATA_DIR" "$aside"
}

# A token of its own keeps out whoever still remembers the old cluster.
found() {
  cat >"$RUN/fanatico-etcd-initial.env" <<END
ETCD_INITIAL_CLUSTER=$ETCD_NAME=$ETCD_INITIAL_ADVERTISE_PEER_URLS
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_CLUSTER_TOKEN=$ETCD_INITIAL_CLUSTER_TOKEN-$(date -u +%Y%m%d_%H%M%S)
END
}

main
