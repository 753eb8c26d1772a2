#!/bin/bash
# Shows all that the document's Monitoring and Troubleshooting look at on this node, then what follows from it, each finding with what to do
# next. Changes nothing.
#
# usage: look.sh ARCHIVE KEY SCRIPTS PATRONI_CONFIG DATA_DIRECTORY LOG_DIRECTORY STATE_DIRECTORY SCHEDULE FULL_PERCENT; as root
#   FULL_PERCENT   a disk that is at least this full is a finding
# exit status: 0, whatever was found
set -u
archive=$1 key=$2 scripts=$3 patroni_config=$4 data=$5 logs=$6 state=$7 schedule=$8 full_percent=$9
FINDINGS=()

main() {
  services
  schedules
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
  if [ -e "$state/restore-in-progress" ]; then
    find_out 'a restore is in progress, and patroni may not start' 'fanops runs; go on with that run (resume), or back (--undo)'
  elif ! systemctl -q is-active patroni; then
    find_out 'patroni does not run' 'journalctl -u patroni -n 50; where it was not stopped on purpose, "fanops run" asks what leads on'
  fi
  if show 'etcd health' etcdctl endpoint health; then
    look_at_voters
  else
    find_out 'etcd has no quorum, or does not run here' 'systemctl status etcd on every node; two of three must run. Where they will not any more: fanops run recover-etcd.yml'
  fi
  show 'patronictl list' patronictl -c "$patroni_config" list || true
}

# A member that came back is a learner until it has caught up. Where the run that entered it ended before, it stays one.
look_at_voters() {
  local url
  show 'etcd members' etcdctl member list || true
  while read -r url; do
    find_out "etcd's member at $url has no vote: the quorum does not count it" \
      "once its etcd runs: /opt/fanatico/cluster/etcd-rejoin.sh --promote $url http://127.0.0.1:2379"
  done < <(timeout 20 etcdctl member list 2>/dev/null | awk -F ', ' '$6 == "true" { print $4 }')
}

schedules() {
  local unit
  show 'systemctl status cron' systemctl status --no-pager --lines 3 cron || true
  systemctl -q is-active cron ||
    find_out 'cron does not run: no backup is made, verified or healed by the schedule' 'systemctl enable --now cron'
  [ -e "$schedule" ] || runuser -u postgres -- crontab -l 2>/dev/null | grep -q backup-full.sh ||
    find_out "there is no schedule at $schedule, nor in postgres's crontab" 'fanops apply install.yml'
  for unit in $(systemctl list-unit-files --no-legend fanatico-upload.timer 2>/dev/null | cut -d ' ' -f 1); do
    systemctl -q is-active "$unit" || find_out "$unit does not run: nothing is uploaded to S3" "systemctl enable --now $unit"
  done
}

database() {
  local failing
  if ! show 'pg_isready' pg_isready -h localhost -p 5432; then
    find_out 'PostgreSQL does not answer' 'patronictl list above says whether another node leads: if so, only this one is to be mended (fanops run recover-node.yml)'
    return
  fi
  show 'SHOW archive_command' runuser -u postgres -- psql -X -c 'SHOW archive_mode' -c 'SHOW archive_command' || true
  show 'pg_stat_archiver' runuser -u postgres -- psql -X -x -c 'SELECT * FROM pg_stat_archiver' || true
  if ! failing=$(as_postgres psql -X -At -c "SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
    FROM pg_stat_archiver"); then
    find_out 'PostgreSQL could not be asked for its archiver' 'psql as postgres on this node'
  elif [ "$failing" = t ]; then
    find_out 'archiving fails' "the reason is in PostgreSQL's log and in $logs/backup-wal.log; SHOW archive_command should be $scripts/backup-wal.sh %f %p (fanops apply install.yml)"
  fi
}

store() {
  local newest
  show 'ls -la of the archive' ls -la "$archive" || find_out "$archive cannot be listed" 'apply install.yml, or mount its disk'
  show 'Recent full backups' find "$archive/full" -name 'full_backup_*.tar.gz' -printf '%TF %TT %s %f\n' || true
  printf '\n== WAL archive count\n%s\n' "$(find "$archive/wal" -name '*.gz' 2>/dev/null | wc -l)"
  newest=$(find "$archive/wal" -name '*.gz' -printf '%TY-%Tm-%Td %TT %f\n' 2>/dev/null | sort | tail -n 1)
  printf 'newest: %s\n' "${newest:-none}"
  show 'Disk usage' df -h "$archive" "${data%/*}" || true
  look_at_disk "$archive" "the archive's disk" "$scripts/backup-retention.sh --dry-run says what would go"
  look_at_disk "${data%/*}" "PostgreSQL's disk" 'ls pg_wal/archive_status/*.ready: where WAL waits to be archived, mend that first; never delete in pg_wal'
  if [ ! -x "$scripts/backup-status.sh" ]; then
    find_out 'the backup system is not installed here' 'fanops apply install.yml'
    return
  fi
  look_at_status
  show 'Backup logs' tail -n 5 "$logs/backup-full.log" "$logs/backup-wal.log" || true
  show 'Verification reports' ls -la "$logs/backup-reports" || true
}

# usage: look_at_disk DIRECTORY WHAT NEXT
look_at_disk() {
  local percent
  percent=$(df --output=pcent "$1" 2>/dev/null | tail -n 1 | tr -dc 0-9)
  [ "${percent:-0}" -lt "$full_percent" ] || find_out "$2 is $percent % full" "$3"
}

# Each of its alarms and warnings is a finding of its own; what was seen above already is not said twice.
look_at_status() {
  local said status=0 line
  said=$(timeout 60 runuser -u postgres -- "$scripts/backup-status.sh" 2>&1) || status=$?
  printf '\n== backup-status.sh (exit status %s)\n%s\n' "$status" "$said"
  case $status in
  0 | 13 | 14) ;;
  *) find_out "backup-status.sh could not look (exit status $status)" 'what it says stands above; the statuses are in docs/backup-scripts.md' ;;
  esac
  while IFS= read -r line; do
    case $line in
    *'does not answer' | *'archiving fails'* | *'restore is in progress'* | "key: $key does not exist"*) ;;
    *) find_out "${line%.}" "$(next_for "$line")" ;;
    esac
  done < <(sed -n 's/^\(ALARM\|WARNING\)  *//p' <<<"$said")
}

# usage: next_for ALARM; what to do about an alarm or a warning of backup-status.sh
next_for() {
  case $1 in
  'archive_mode is off'*) printf 'fanops apply install.yml' ;;
  'key: '* | *'written with the key'*) printf 'put the right key there, from another node or from escrow (docs/key-escrow.md)' ;;
  'archive: '*) printf 'see docs/backup-format.md, CLUSTER.json; nothing is archived until this is right' ;;
  *'no full backup here'*) printf 'as postgres on the leader: %s/backup-full.sh --verify' "$scripts" ;;
  *'newest full backup ended'*) printf 'why is in %s/backup-full.log and cron-backup-full.log; then, as postgres on the leader: %s/backup-full.sh --verify' "$logs" "$scripts" ;;
  *'was not verified yet'*) printf 'fanops run verify-backups.yml' ;;
  'the last verification,'*) printf 'mend what it names; what is spoilt here may be whole on another node or in S3; then fanops run verify-backups.yml' ;;
  'the last verification was'* | 'nothing was verified'*) printf 'fanops run verify-backups.yml; does cron run?' ;;
  *'segments are missing'*) printf 'as postgres on the leader: %s/backup-heal.sh; it makes a full backup where the gap stays' "$scripts" ;;
  *'wait for S3'*) printf 'why is in %s/backup-upload.log; then, as postgres: %s/backup-upload.sh' "$logs" "$scripts" ;;
  'without S3'*) printf 'set s3_bucket and apply install.yml, or accept it' ;;
  *'never lifted'* | *'is frozen by'*) printf 'fanops runs; where nothing works any more: %s/backup-freeze.sh off --holder HOLDER' "$scripts" ;;
  *'MiB free'*) printf '%s/backup-retention.sh --dry-run says what would go' "$scripts" ;;
  'archive_timeout is'*) printf 'archive_timeout: 60 in the inventory, and fanops apply install.yml' ;;
  'nothing was archived'*) printf "pg_stat_archiver and PostgreSQL's log; is the server idle for want of the heartbeat (cron)?" ;;
  *'last drill'*) printf 'mend what its report names, then fanops run drill.yml' ;;
  *) printf 'docs/backup-scripts.md, backup-status.sh' ;;
  esac
}

restore() {
  local owner
  show 'ls -la of the data directory and its neighbours' ls -la "${data%/*}" || true
  owner=$(stat -L -c '%U %a' "$data" 2>/dev/null)
  case $owner in
  'postgres 700' | 'postgres 750' | '') ;;
  *) find_out "$data is of $owner" "chown postgres:postgres and chmod 700: PostgreSQL does not start on it, and no restore can replace it" ;;
  esac
  show 'The key' ls -la "$key" || find_out "there is no key at $key" 'put the right one there, from another node or from escrow (docs/key-escrow.md)'
}

main
