#!/bin/bash
# usage: see-archived.sh; on the leader: closes a segment and waits until the archive has it: two minutes, and two more with every file that is
# archived before it. Attempts that failed on the way are counted in what it says.
set -euo pipefail
cd /
ask() {
  psql -XAtq -d postgres -c "$1"
}
failed=$(ask 'select failed_count from pg_stat_archiver')
# A commit of its own: an empty segment is not closed, and a recovery to a time stops at the first commit after it.
ask 'select pg_current_xact_id()' >/dev/null
wanted=$(ask "select pg_walfile_name(pg_switch_wal())")
last=''
for ((try = 0; try < 240; try++)); do
  seen=$(ask "select failed_count, coalesce(last_archived_wal, '') from pg_stat_archiver")
  failures=$((${seen%%|*} - failed))
  # A leader with a backlog comes nearer, file by file.
  [ "${seen#*|}" = "$last" ] || try=0
  last=${seen#*|}
  # Names of segments sort as they were written; those of history files and backups are no segments.
  if [[ $last =~ ^[0-9A-F]{24}$ && ! $last < $wanted ]]; then
    printf '%s is archived' "$last"
    ((failures <= 0)) || printf ', after failed attempts (%s): what was in the way stands in backup-wal.log' "$failures"
    printf '\n'
    exit 0
  fi
  sleep 0.5
done
printf 'segment %s was not archived; PostgreSQL says:\n' "$wanted" >&2
psql -X -d postgres -c 'select * from pg_stat_archiver' >&2
exit 1
