#!/bin/bash
# Says how this node's backups stand: ages, gaps, what waits for S3, archiver, key, freeze, disk, and where settings miss the
# objectives. Changes nothing. Quick: it reads sidecars, and verifies nothing (that is backup-verify.sh's).
#
# usage: backup-status.sh [--json | --textfile FILE] [--help]
#   --json           for machines, schema fanatico-status/1
#   --textfile FILE  metrics for node_exporter's textfile collector, replaced as one
# exit status: 0 all well; 13 a warning; 14 an alarm: what is said must be looked at now; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-spool.sh
. "${lib%/*}/backup-spool.sh"
# shellcheck source=templates/backup/backup-segments.sh
. "${lib%/*}/backup-segments.sh"
# shellcheck source=templates/backup/backup-gaps.sh
. "${lib%/*}/backup-gaps.sh"
# shellcheck source=templates/backup/backup-reports.sh
. "${lib%/*}/backup-reports.sh"

FORMAT=text TEXTFILE=''
# What is known, one `NAME VALUE` after the other; numbers as they are, everything else a string.
NAMES=()
declare -A VALUE=()
ALARMS=() WARNINGS=()

main() {
  read_options "$@"
  [ -n "$TEXTFILE" ] || run_as_postgres "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  load_settings backup-status
  LOG_FILE='' QUIET=yes
  cd /
  NOW=$(printf '%(%s)T' -1)
  know cluster "$CLUSTER_NAME"
  know node "$NODE_NAME"
  look_at_server
  look_at_key
  look_at_fulls
  look_at_wal
  look_at_blockchain
  look_at_uploads
  look_at_freeze
  look_at_disk
  look_at_verification
  look_at_drill
  compare_objectives
  case $FORMAT in
  text) print_text ;;
  json) print_json ;;
  textfile) print_metrics ;;
  esac
  [ ${#ALARMS[@]} -eq 0 ] || exit 14
  [ ${#WARNINGS[@]} -eq 0 ] || exit 13
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --json) FORMAT=json ;;
    --textfile)
      [ $# -gt 1 ] || die 2 '--textfile wants a file'
      FORMAT=textfile TEXTFILE=$2
      shift
      ;;
    *) show_help "$lib" "$1" && exit 0 ;;
    esac
    shift
  done
}

# usage: know NAME VALUE
know() {
  NAMES+=("$1")
  VALUE[$1]=$2
}

alarm() { ALARMS+=("$1"); }
warning() { WARNINGS+=("$1"); }

# --- looking ---------------------------------------------------------------------------------------------------

ROLE=unknown SINCE_ARCHIVED=''

look_at_server() {
  local answer archived failed failing mode timeout
  if [ -z "$PG_HOST" ]; then
    ROLE=none
    know role none
    return
  fi
  answer=$(sql_as_postgres "select case when pg_is_in_recovery() then 'replica' else 'leader' end, archived_count, failed_count,
    coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false), coalesce(extract(epoch from now() - last_archived_time)::bigint::text, ''),
    current_setting('archive_mode'), extract(epoch from current_setting('archive_timeout')::interval)::int from pg_stat_archiver" 2>/dev/null) || answer=''
  IFS='|' read -r ROLE archived failed failing SINCE_ARCHIVED mode timeout <<<"$answer" || true
  ROLE=${ROLE:-unknown}
  know role "$ROLE"
  if [ "$ROLE" = unknown ]; then
    alarm "the server at $PG_HOST:$PG_PORT does not answer"
    return
  fi
  know archive_mode "$mode"
  know archive_timeout_seconds "$timeout"
  know archived_count "$archived"
  know archive_failed_count "$failed"
  know seconds_since_archived "${SINCE_ARCHIVED:-unknown}"
  [ "$mode" != off ] || alarm 'archive_mode is off: no WAL is archived'
  [ "$ROLE" = replica ] || [ "$failing" != t ] || alarm 'archiving fails: the last attempt did (backup-wal.log, PostgreSQL'\''s log)'
}

look_at_key() {
  local problem
  problem=$([ "$ENCRYPTION" = no ] || key_problem "$KEY_FILE")
  if [ -n "$problem" ]; then
    alarm "key: $problem"
    return
  fi
  derive_keys
  know key_id "${KEY_ID:-none}"
  know kept_keys "$(ring_ids | wc -l)"
  problem=$(lacking_keys)
  [ -z "$problem" ] || alarm "key: backups here were made with $problem, which $KEY_FILE is not and $KEY_RING does not hold: put it there, from another node or from escrow"
  problem=$(archive_problem '')
  [ -z "$problem" ] || alarm "archive: $problem"
}

# Prints the ids of the keys that sidecars here name and this host does not hold.
lacking_keys() {
  local id
  find "$BACKUP_ROOT" -mindepth 2 -maxdepth 2 -name '*.gz.json' -exec sed -n 's/^  "key_id": "\([0-9a-f]\{1,\}\)".*/\1/p' {} + | sort -u |
    while IFS= read -r id; do
      use_key "$id" || printf '%s ' "$id"
    done
}

look_at_fulls() {
  local newest verified age
  newest=$(newest_full)
  verified=$(readlink "$BACKUP_ROOT/full/latest.tar.gz" 2>/dev/null) || verified=''
  know newest_full "$(basename "${newest:-none}")"
  know newest_verified "${verified:-none}"
  age=$(age_of "$newest")
  know newest_full_age_seconds "$age"
  know newest_verified_age_seconds "$(age_of "${verified:+$BACKUP_ROOT/full/$verified}")"
  # A replica holds what it made while it led; the leader's are the ones that must be fresh.
  [[ $ROLE != @(replica|none) ]] || return 0
  if [ "$age" = unknown ]; then
    alarm 'there is no full backup here'
  elif [ "$age" -gt $((VERIFY_MAX_AGE_HOURS * 3600)) ]; then
    alarm "the newest full backup ended $((age / 3600)) hours ago; at most $VERIFY_MAX_AGE_HOURS are allowed"
  elif [[ $verified < ${newest##*/} ]]; then
    warning "the newest full backup, ${newest##*/}, was not verified yet"
  fi
}

look_at_wal() {
  local gaps count
  count=$(find "$BACKUP_ROOT/wal" -maxdepth 1 -name '[0-9A-F]*.gz' | wc -l)
  know wal_files "$count"
  gaps=$(archive_gaps)
  count=$([ -z "$gaps" ] || wc -l <<<"$gaps")
  know wal_gaps "${count:=0}"
  [ "$count" -eq 0 ] || [ "$ROLE" = replica ] ||
    alarm "$count segments are missing from the archived WAL since the newest full backup: nothing after the first can be restored from here (${gaps%%$'\n'*}; backup-heal.sh)"
}

# Made every six hours; half an hour is for making it.
look_at_blockchain() {
  local newest age made
  [ -n "$BLOCKCHAIN_DB" ] || return 0
  newest=$(find "$BACKUP_ROOT/blockchain" -maxdepth 1 -name 'blockchain_backup_[0-9]*.tar.gz.json' | sort | tail -n 1)
  if [ -z "$newest" ] || ! read_sidecar "$newest" || ! made=$(date -u -d "${FIELD[created_at]-}" +%s); then
    alarm 'there is no backup of the blockchain here'
    return
  fi
  age=$((NOW - made))
  know newest_blockchain_age_seconds "$age"
  ((age <= 23400)) || alarm "the newest backup of the blockchain is $((age / 3600)) hours old; one is made every six hours"
}

look_at_uploads() {
  if [ -z "$S3_BUCKET" ]; then
    know s3 off
    warning "without S3 the loss of all members' disks, or of $BACKUP_ROOT on the member that made the backups, is not survived"
    return
  fi
  know s3 "s3://$S3_BUCKET${S3_PREFIX:+/$S3_PREFIX}"
  count_pending
  know pending_uploads "$PENDING"
  know oldest_pending_seconds "$([ -z "$OLDEST_PENDING" ] && printf 0 || printf '%d' $((NOW - OLDEST_PENDING)))"
  [ "${VALUE[oldest_pending_seconds]}" -le "$S3_PENDING_ALARM_SECONDS" ] ||
    alarm "$PENDING artefacts wait for S3, the oldest for ${VALUE[oldest_pending_seconds]} s"
}

look_at_freeze() {
  know freeze "$(read_freeze && printf '%s until %s' "$FREEZE_HOLDER" "$FREEZE_EXPIRES" || printf none)"
  know restore_in_progress "$([ -e "$STATE_DIR/restore-in-progress" ] && printf yes || printf no)"
  if read_freeze && freeze_holds; then
    warning "the schedule is frozen by $FREEZE_HOLDER since $FREEZE_SINCE until $FREEZE_EXPIRES ($FREEZE_REASON)"
  elif read_freeze; then
    alarm "a freeze of $FREEZE_HOLDER expired at $FREEZE_EXPIRES and was never lifted: was its run abandoned?"
  fi
  [ "${VALUE[restore_in_progress]}" = no ] || alarm 'a restore is in progress on this node'
}

look_at_disk() {
  local size used free
  read -r size used free < <(df --output=size,used,avail -B1 "$BACKUP_ROOT" | tail -n 1)
  know disk_bytes "$size"
  know disk_used_bytes "$used"
  know disk_free_bytes "$free"
  if ((free < size / 20)); then
    alarm "$BACKUP_ROOT has $((free / 1048576)) MiB free"
  elif ((free < size / 5)); then
    warning "$BACKUP_ROOT has $((free / 1048576)) MiB free"
  fi
}

# The settings are kept; that they miss what is promised is said, with the value that would not.
compare_objectives() {
  know rpo_seconds "$RPO_SECONDS"
  [[ $ROLE != @(unknown|none) ]] || return 0
  if ((VALUE[archive_timeout_seconds] == 0 || VALUE[archive_timeout_seconds] + 60 >= RPO_SECONDS)); then
    warning "archive_timeout is ${VALUE[archive_timeout_seconds]} s: with the time of archiving, more than $RPO_SECONDS s of commits may be lost (RPO); archive_timeout = 60 would meet it"
  fi
  # Without a timeout a server where nothing happens archives nothing.
  [ "$ROLE" = leader ] && [[ $SINCE_ARCHIVED =~ ^[0-9]+$ ]] || return 0
  ((VALUE[archive_timeout_seconds] > 0 && SINCE_ARCHIVED > 2 * VALUE[archive_timeout_seconds] + 60)) || return 0
  alarm "nothing was archived for $SINCE_ARCHIVED s, and archive_timeout is ${VALUE[archive_timeout_seconds]} s"
}

# --- saying ----------------------------------------------------------------------------------------------------

verdict() {
  if [ ${#ALARMS[@]} -gt 0 ]; then printf alarm; elif [ ${#WARNINGS[@]} -gt 0 ]; then printf warning; else printf ok; fi
}

print_text() {
  local name
  for name in "${NAMES[@]}"; do
    printf '%-28s %s\n' "${name//_/ }" "${VALUE[$name]}"
  done
  [ ${#ALARMS[@]} -eq 0 ] || printf 'ALARM    %s\n' "${ALARMS[@]}"
  [ ${#WARNINGS[@]} -eq 0 ] || printf 'WARNING  %s\n' "${WARNINGS[@]}"
  printf '%s\n' "$(verdict)"
}

print_json() {
  local name arguments=()
  for name in "${NAMES[@]}"; do
    arguments+=("$name" "${VALUE[$name]}")
  done
  jq -n --arg status "$(verdict)" --argjson alarms "$(list_of "${ALARMS[@]}")" --argjson warnings "$(list_of "${WARNINGS[@]}")" \
    '{schema: "fanatico-status/1", $status} + ([$ARGS.positional | _nwise(2) | {(.[0]): (.[1] | if test("^[0-9]+$") and length < 16 then tonumber
      elif . == "unknown" then null else . end)}] | add) + {$alarms, $warnings}' --args "${arguments[@]}"
}

# usage: list_of TEXT...; as JSON
list_of() {
  jq -n '$ARGS.positional' --args "$@"
}

print_metrics() {
  local name temporary
  temporary=$(mktemp "$TEXTFILE.XXXXXX")
  for name in "${NAMES[@]}"; do
    [[ ${VALUE[$name]} =~ ^[0-9]+$ ]] || continue
    printf 'fanatico_backup_%s{cluster="%s",node="%s"} %s\n' "$name" "$CLUSTER_NAME" "$NODE_NAME" "${VALUE[$name]}"
  done >"$temporary"
  printf 'fanatico_backup_alarms %d\nfanatico_backup_warnings %d\n' ${#ALARMS[@]} ${#WARNINGS[@]} >>"$temporary"
  chmod 0644 "$temporary"
  mv "$temporary" "$TEXTFILE"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
