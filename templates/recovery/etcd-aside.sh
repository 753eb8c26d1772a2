#!/bin/bash
# usage: etcd-aside.sh; stops etcd and renames its data directory to ….before-recovery-TIME. Nothing is removed. Where there is no data, nothing is
# renamed.
set -euo pipefail
set -a
# shellcheck source=/dev/null
. /etc/default/etcd
# Without a quorum it would hand over to nobody for a minute and a half before it ends.
systemctl stop --no-block etcd
systemctl kill --signal=KILL etcd 2>/dev/null || true
systemctl stop etcd
[ -e "$ETCD_DATA_DIR/member" ] || exit 0
aside=$ETCD_DATA_DIR.before-recovery-$(date -u +%Y%m%d_%H%M%S)
mv -T -- "$ETCD_DATA_DIR" "$aside"
sync "${ETCD_DATA_DIR%/*}"
printf 'what was in %s is now %s\n' "$ETCD_DATA_DIR" "$aside"
