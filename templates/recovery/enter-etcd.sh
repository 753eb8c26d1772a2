#!/bin/bash
# usage: enter-etcd.sh ENDPOINT; enters this machine's etcd, whose data directory is empty, into the cluster that answers there, under the settings
# of /etc/default/etcd; starts it, and waits until it has caught up. Run again, it finds it entered.
set -euo pipefail
endpoint=$1
set -a
# shellcheck source=/dev/null
. /etc/default/etcd
systemctl reset-failed etcd 2>/dev/null || true
if [ ! -e "$ETCD_DATA_DIR/member" ]; then
  /opt/fanatico/cluster/etcd-rejoin.sh "$ETCD_NAME" "$ETCD_INITIAL_ADVERTISE_PEER_URLS" "$endpoint"
  touch /run/fanatico-etcd-may-start-empty
fi
systemctl enable --quiet etcd
systemctl start etcd
etcdctl endpoint health
etcdctl member list
