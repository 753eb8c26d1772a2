#!/bin/bash
# usage: found-etcd.sh; founds an etcd cluster of this member alone, under the settings of /etc/default/etcd; the others are entered afterwards
# (etcd-rejoin.sh). A token of its own keeps out whoever still remembers the old cluster.
set -euo pipefail
set -a
# shellcheck source=/dev/null
. /etc/default/etcd
[ ! -e "$ETCD_DATA_DIR/member" ] || {
  printf '%s holds the data of an etcd: move it aside first\n' "$ETCD_DATA_DIR" >&2
  exit 1
}
cat >/run/fanatico-etcd-initial.env <<END
ETCD_INITIAL_CLUSTER=$ETCD_NAME=$ETCD_INITIAL_ADVERTISE_PEER_URLS
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_CLUSTER_TOKEN=$ETCD_INITIAL_CLUSTER_TOKEN-$(date -u +%Y%m%d_%H%M%S)
END
touch /run/fanatico-etcd-may-start-empty
systemctl reset-failed etcd 2>/dev/null || true
systemctl start etcd
etcdctl member list
