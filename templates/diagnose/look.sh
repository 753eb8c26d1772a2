#!/bin/bash
# Shows all that the document's Monitoring and Troubleshooting look at on this node, then what follows from it. Changes nothing.
#
# usage: look.sh ARCHIVE KEY SCRIPTS PATRONI_CONFIG DATA_DIRECTORY LOG_DIRECTORY; as root
# exit status: 0, whatever was found
set -u
archive=$1 key=$2 scripts=$3 patroni_config=$4 data=$5 logs=$6
FINDINGS=()

main() {
  services
  database
  store
  restore
  printf '\n== Findings on %s\n' "$(hostname)"
  [ "${#FINDINGS[@]}" -gt 0 ] || FINDINGS=('nothing out of order was seen here')
  printf -- '- %s\n' "${FINDINGS[@]}"
}

# usage: show TITLE COMMAND...; prints what it says, however it ends, within 20 s; its status
show() {
  local status
  printf '\n== %s\n' "$1"
  shift
  timeout 20 "$@" 2>&1 | tail -n 40
  status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] || printf '(exit status %s)\n' "$status"
  return "$status"
}

# usage: find_out WHAT NEXT
find_out() {
  FINDINGS+=("$1. Next: $2")
}

as_postgres() {
  timeout 20 runuser -u postgres -- "$@"
}

services() {
  show 'systemctl status patroni etcd' systemctl status --no-pager --lines 5 patroni etcd || true
  # Started on a node without data, or before a restore was accepted, Patroni could make matters worse.
  if [ -e /var/lib/fanatico/restore-in-progress ]; then
    find_out 'a restore is in progress, and patroni may not start' 'fanops runs; go on with that run (resume), or back (--undo)'
  elif ! systemctl -q is-active patroni; then
    find_out 'patroni does not run' 'journalctl -u patroni -n 50; where it was not stopped on purpose, "fanops run" asks what leads on'
  fi
  show 'etcd health' etcdctl endpoint health ||
    find_out 'etcd has no quorum, or does not run here' 'systemctl status etcd on every node; two of three must run'
  show 'patronictl list' patronictl -c "$patroni_config" list || true
}

database() {
  if ! show 'pg_isready' pg_isready -h localhost -p 5432; then
    find_out 'PostgreSQL does not answer' 'patronictl list above says whether another node leads: if so, only this one is to be mended'
    return
  fi
  show 'SHOW archive_command' runuser -u postgres -- psql -X -c 'SHOW archive_mode' -c 'SHOW archive_command' || true
  show 'pg_stat_archiver' runuser -u postgres -- psql -X -x -c 'SELECT * FROM pg_stat_archiver' || true
  if ! failing=$(as_postgres psql -X -At -c "SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
    FROM pg_stat_archiver"); then
    find_out 'PostgreSQL could not be asked for its archiver' 'psql as postgres on this node'
  elif [ "$failing" = t ]; then
    find_out 'archiving fails' "the reason is in PostgreSQL's log and in $logs/backup-wal.log"
  fi
}

store() {
  local free newest
  show 'ls -la of the archive' ls -la "$archive" || find_out "$archive cannot be listed" 'apply install.yml, or mount its disk'
  show 'Recent full backups' find "$archive/full" -name 'full_backup_*.tar.gz' -printf '%TF %TT %s %f\n' || true
  printf '\n== WAL archive count\n%s\n' "$(find "$archive/wal" -name '*.gz' 2>/dev/null | wc -l)"
  newest=$(find "$archive/wal" -name '*.gz' -printf '%TY-%Tm-%Td %TT %f\n' 2>/dev/null | sort | tail -n 1)
  printf 'newest: %s\n' "${newest:-none}"
  show 'Disk usage' df -h "$archive" || true
  free=$(df --output=pcent "$archive" 2>/dev/null | tail -n 1 | tr -dc 0-9)
  [ "${free:-0}" -lt 90 ] || find_out "the archive's disk is $free % full" "backup-retention.sh --dry-run says what would go"
  if [ ! -x "$scripts/backup-status.sh" ]; then
    find_out 'the backup system is not installed here' 'fanops apply install.yml'
    return
  fi
  show 'backup-status.sh' runuser -u postgres -- "$scripts/backup-status.sh" ||
    find_out 'backup-status.sh says that not all is well (above)' 'docs/backup-scripts.md; fanops run verify-backups.yml'
  show 'backup-full.log' tail -n 5 "$logs/backup-full.log" || true
}

restore() {
  show 'ls -la of the data directory and its neighbours' ls -la "${data%/*}" || true
  show 'The key' ls -la "$key" || find_out "there is no key at $key" 'put the right one there, from another node or from escrow'
}

main
