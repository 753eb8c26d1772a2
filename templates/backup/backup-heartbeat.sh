#!/bin/bash
# Commits a transaction id on the leader, once a minute from cron: without any commit after it, no point in time of an
# idle period can be recovered to ("recovery ended before configured recovery target was reached").
#
# usage: backup-heartbeat.sh [--help]
# exit status: 0 done, or this server does not lead; 1 the server did not answer (see backup-lib.sh)
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"

main() {
  [ $# -eq 0 ] || { show_help "$lib" "$1" && return; }
  load_settings backup-heartbeat
  timeout 20 "${PSQL[@]}" -c "$HEARTBEAT" >/dev/null || die 1 "the server at $PG_HOST:$PG_PORT took no heartbeat"
}

# Durable whatever synchronous_commit says; a replica does nothing.
readonly HEARTBEAT='set statement_timeout = 15000; set synchronous_commit = local;
select case when not pg_is_in_recovery() then pg_current_xact_id() end;'

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
