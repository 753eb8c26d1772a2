#!/bin/bash
# Removes from this host's archive what nobody needs any more: full backups of 30 days, WAL from before the newest full
# backup that ended 7 days ago, the blockchain's state of 30 days, configuration of 90. What stays: retention-plan.sh.
# Removes nothing at all while uploads wait, a restore runs, or the schedule is frozen, even when typed by hand; and no full
# backup and no WAL while the newest good full backup here is too old: backups may be failing, or this member does not lead.
# Never touches S3: its lifecycle is the bucket's.
#
# usage: backup-retention.sh [--dry-run] [--help]
#   --dry-run   names exactly what would go; changes nothing
# exit status: 0 done; 12 nothing, or no full backup and no WAL, is removed now, and the reason is said; others see backup-lib.sh
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
# shellcheck source=templates/backup/retention-plan.sh
. "${lib%/*}/retention-plan.sh"

DRY_RUN=no LISTING='' KEEP_FULLS=''

main() {
  read_options "$@"
  run_as_postgres "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$LISTING" ] || rm -f "$LISTING"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings backup-retention
  cd /
  derive_keys
  check_archive
  take_lock backup-retention 0
  LISTING=$(mktemp "$STATE_DIR/retention.XXXXXX")
  list_archive >"$LISTING"
  hold
  KEEP_FULLS=$(reason_to_keep_fulls)
  remove_what_may_go
  [ -z "$KEEP_FULLS" ] || { log warning "no full backup and no WAL is removed: $KEEP_FULLS" && exit 12; }
}

read_options() {
  local option
  for option in "$@"; do
    case $option in
    --dry-run) DRY_RUN=yes ;;
    *) show_help "$lib" "$option" && exit 0 ;;
    esac
  done
}

check_archive() {
  local problem
  problem=$(archive_problem '')
  [ -z "$problem" ] || die 3 "$problem"
}

# --- the listing -----------------------------------------------------------------------------------------------

list_archive() {
  list_fulls
  find "$BACKUP_ROOT/wal" -maxdepth 1 -name '[0-9A-F]*.gz.json' -printf 'wal\t%f\n' | sed 's/\.gz\.json$//' | sort
  list_histories
  list_dated blockchain blockchain_backup blockchain
  list_dated config config_backup config
  list_dated config etcd_snapshot etcd
}

# A full backup whose sidecar is not right is neither counted on nor removed.
list_fulls() {
  local sidecar name problem latest
  latest=$(readlink "$BACKUP_ROOT/full/latest.tar.gz") || latest=''
  for sidecar in "$BACKUP_ROOT"/full/full_backup_[0-9]*.tar.gz.json; do
    [ -e "$sidecar" ] || continue
    name=${sidecar##*/} name=${name%.json}
    problem=$(read_sidecar "$sidecar" || printf '%s' "${FIELD[problem]}")
    if [ -z "$problem" ]; then
      read_sidecar "$sidecar"
      problem=$(sidecar_problem "$name")
    fi
    if [ -n "$problem" ] || ! [[ ${FIELD[first_wal]-}${FIELD[last_wal]-} =~ ^[0-9A-F]{48}$ && ${FIELD[ended_at]-} == ????-??-??T* ]]; then
      log warning "full/$name is left alone: ${problem:-its sidecar does not say which WAL belongs to it}"
      continue
    fi
    printf 'full\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "${FIELD[ended_at]}" "${FIELD[first_wal]}" "${FIELD[last_wal]}" \
      "${FIELD[wal_segment_size]}" "$([ "$name" = "$latest" ] && printf yes || printf no)"
  done
}

# Where each timeline left its ancestors, from the history files. Which WAL is still needed is not known without them.
list_histories() {
  local file name size history ancestor lsn
  size=$(awk -F '\t' '$1 == "full" { print $6; exit }' "$LISTING")
  [ -n "$size" ] || return 0
  for file in "$BACKUP_ROOT"/wal/????????.history.gz; do
    [ -e "$file.json" ] || continue
    name=${file##*/} name=${name%%.*}
    read_sidecar "$file.json" || die 6 "${FIELD[problem]}: nothing is removed"
    history=$(plain "$file" 2>/dev/null) || die 6 "$file cannot be read: nothing is removed"
    while read -r ancestor lsn _; do
      [[ $ancestor =~ ^[0-9]+$ && $lsn =~ ^[0-9A-F]+/[0-9A-F]+$ ]] || continue
      printf 'history\t%d\t%d\t%s\n' $((16#$name)) "$ancestor" \
        "$(segment_name "$ancestor" $(($(byte_of "$lsn") / size)) "$size")"
    done <<<"$history"
  done
}

# usage: list_dated DIRECTORY PREFIX KIND; the moment is the one in the name
list_dated() {
  [ -d "$BACKUP_ROOT/$1" ] || return 0
  find "$BACKUP_ROOT/$1" -maxdepth 1 -name "$2_[0-9]*.tar.gz.json" -printf '%f\n' | sed 's/\.json$//' | sort |
    sed -n "s/^$2_\(....\)\(..\)\(..\)_\(..\)\(..\)\(..\)\.tar\.gz$/$3\t&\t\1-\2-\3T\4:\5:\6/p"
}

# --- holding back ----------------------------------------------------------------------------------------------

# Ends with 12 while something speaks against removing anything.
hold() {
  local reason
  reason=$(reason_to_hold)
  [ -z "$reason" ] || { log warning "nothing is removed: $reason" && exit 12; }
}

reason_to_hold() {
  freeze_problem
  # A restore beside the cluster raises no marker; it holds its lock.
  [ ! -e "$STATE_DIR/restore-full.lock" ] || flock -n "$STATE_DIR/restore-full.lock" true || printf 'a restore is running. '
  if [ -n "$S3_BUCKET" ]; then
    count_pending
    [ "$PENDING" -eq 0 ] || printf '%d artefacts wait for S3. ' "$PENDING"
  fi
}

# What every member makes (configuration, etcd's snapshots) does not hang on this: its newest two stay anyway.
reason_to_keep_fulls() {
  local newest
  newest=$(awk -F '\t' '$1 == "full" && $3 > newest { newest = $3 } END { print newest }' "$LISTING")
  if [ -n "$newest" ]; then
    (($(printf '%(%s)T' -1) - $(date -u -d "$newest" +%s) <= VERIFY_MAX_AGE_HOURS * 3600)) ||
      printf 'the newest good full backup ended at %s, more than %d hours ago' "$newest" "$VERIFY_MAX_AGE_HOURS"
  elif grep -q '^wal' "$LISTING"; then
    printf 'there is no good full backup'
  fi
}

# --- removing --------------------------------------------------------------------------------------------------

# usage: ago DAYS
ago() {
  date -u -d "@$(($(printf '%(%s)T' -1) - $1 * 86400))" +%FT%T
}

remove_what_may_go() {
  local action path reason removed=0
  while IFS=$'\t' read -r action path reason; do
    [[ $action == delete && (-z $KEEP_FULLS || $path != @(full|wal)/*) ]] || continue
    removed=$((removed + 1))
    if [ "$DRY_RUN" = yes ]; then
      printf '%s\n' "$path"
    else
      remove "$path"
      log info "$path is removed: $reason"
    fi
  done < <(retention_plan "$(ago "$RETENTION_WAL_DAYS")" "$(ago "$RETENTION_FULL_DAYS")" "$(ago "$RETENTION_BLOCKCHAIN_DAYS")" \
    "$(ago "$RETENTION_CONFIG_DAYS")" "$(ago "$RETENTION_ETCD_DAYS")" <"$LISTING")
  [ "$DRY_RUN" = yes ] || log info "$removed artefacts were removed"
}

# usage: remove PATH; the sidecar, which the listing goes by, last: a run that was killed is finished by the next
remove() {
  local file=$BACKUP_ROOT/$1
  rm -f "$file" "$file.sha256"
  rm -f "$file.json"
  [ -z "$S3_BUCKET" ] || rm -f "$(marks_of "${1%%/*}")/${1#*/}.json"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
