#!/bin/bash
# usage: see-archived.sh; on the leader: closes a segment and waits until the archive has it, without a failure on the way
set -euo pipefail
cd /
ask() {
  psql -XAtq -d postgres -c "$1"
}
failed=$(ask 'select failed_count from pg_stat_archiver')
# A commit of its own: an empty segment is not closed, and a recovery to a time stops at the first commit after it.
ask 'select pg_current_xact_id()' >/dev/null
wanted=$(ask "select pg_walfile_name(pg_switch_wal())")
for ((try = 0; try < 240; try++)); do
  last=$(ask "select coalesce(last_archived_wal, '') from pg_stat_archiver")
  # Names of segments sort as they were written; those of history files and backups are no segments.
  if [[ $last =~ ^[0-9A-F]{24}$ && ! $last < $wanted ]]; then
    [ "$(ask 'select failed_count from pg_stat_archiver')" = "$failed" ] || break
    printf '%s is archived\n' "$last"
    exit 0
  fi
  sleep 0.5
done
printf 'segment %s was not archived; PostgreSQL says:\n' "$wanted" >&2
psql -X -d postgres -c 'select * from pg_stat_archiver' >&2
exit 1
