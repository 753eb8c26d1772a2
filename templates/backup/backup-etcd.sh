#!/bin/bash
# Snapshots etcd, once a day on every member: the cluster's state as Patroni keeps it. Kept among the configuration.
# For a cluster that lost its quorum for good; what a snapshot must not be used for: docs/backup-scripts.md.
#
# usage: backup-etcd.sh [--upload-s3] [--dry-run] [--help]
# exit status: 9 etcd does not answer; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-artefact.sh
. "${lib%/*}/backup-artefact.sh"

REVISION=''

main() {
  read_options "$lib" "$@"
  run_as_postgres "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$STAGE" ] || rm -rf "$STAGE"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings backup-etcd
  cd /
  freeze_check
  [ -n "$ETCD_ENDPOINT" ] || { log info 'ETCD_ENDPOINT is empty: no etcd on this host' && return; }
  command -v etcdctl >/dev/null || die 3 'etcdctl is not installed'
  take_lock backup-etcd 0
  ask_etcd
  [ "$DRY_RUN" = no ] || { log info "would snapshot etcd at $ETCD_ENDPOINT, revision $REVISION" && return; }
  remove_stages "$STATE_DIR" etcd
  make_stage "$STATE_DIR" etcd 0
  snapshot
  store_stage etcd etcd_snapshot "revision=$REVISION"
  [ "$UPLOAD" = no ] || upload_stored
}

etcd() {
  ETCDCTL_API=3 timeout 120 etcdctl --endpoints="$ETCD_ENDPOINT" --command-timeout=60s "$@"
}

ask_etcd() {
  local answer
  answer=$(etcd endpoint status --write-out=json 2>&1) || die 9 "etcd at $ETCD_ENDPOINT does not answer: ${answer//$'\n'/ }"
  REVISION=$(jq -r '.[0].Status.header.revision' <<<"$answer")
  [[ $REVISION =~ ^[0-9]+$ ]] || die 9 "etcd at $ETCD_ENDPOINT gives no revision: ${answer//$'\n'/ }"
}

snapshot() {
  local answer
  answer=$(etcd snapshot save "$STAGE/snapshot.db" 2>&1) || die 9 "etcd at $ETCD_ENDPOINT gave no snapshot: ${answer//$'\n'/ }"
  answer=$(etcd snapshot status "$STAGE/snapshot.db" --write-out=json 2>&1) || die 6 "the snapshot is not sound: ${answer//$'\n'/ }"
  REVISION=$(jq -r .revision <<<"$answer")
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
