#!/bin/bash
# Closes gaps in the archived WAL. With archive_mode=on a new leader never archives what it had received as a replica: what
# the old leader did not get to archive is missing for ever, unless it is taken from pg_wal in time (wal_keep_size). Called
# by cron; does something on the leader only, when the timeline changed or a segment is missing:
#   1. archives what pg_wal still holds of this history and the archive does not
#   2. looks for what is still missing where restore-wal.sh looks: what was gathered, and S3
#   3. makes a new full backup where a gap stays, or where this node's archive has no full backup at all
#
# usage: backup-heal.sh [--dry-run] [--help]
#   --dry-run   says what is missing and what pg_wal could give; changes nothing
# exit status: 0 no gap; 4 another full backup is being made; 5 one was made and not uploaded; 9 the server cannot be asked;
#   10 a gap stays and no full backup could be made; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-segments.sh
. "${lib%/*}/backup-segments.sh"
# shellcheck source=templates/backup/backup-gaps.sh
. "${lib%/*}/backup-gaps.sh"

DRY_RUN=no WORK='' MADE=0
CURRENT='' SEGMENT_SIZE='' DATA='' GAPS=()

main() {
  read_options "$@"
  run_as_postgres "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$WORK" ] || rm -rf "$WORK"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings backup-heal
  cd /
  freeze_check
  derive_keys
  leads || return 0
  find_gaps
  ! nothing_to_do || return 0
  if [ "$DRY_RUN" = yes ]; then
    tell
    return
  fi
  take_lock backup-heal 0
  remove_left "$STATE_DIR" backup-heal
  WORK=$(mktemp -d "$STATE_DIR/backup-heal.XXXXXX")
  archive_from_pg_wal
  fetch_what_is_missing
  find_gaps
  whole || back_up_anew
  printf '%s\n' "${CURRENT:0:8}" >"$STATE_DIR/healed-timeline"
  exit "$MADE"
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

# Returns 1 on a replica.
leads() {
  local answer
  answer=$(sql "select case when not pg_is_in_recovery() then pg_walfile_name(pg_current_wal_lsn()) end,
    pg_size_bytes(current_setting('wal_segment_size')), current_setting('data_directory')") ||
    die 9 "the server at $PG_HOST:$PG_PORT does not answer: whether a gap is to be closed is not known"
  IFS='|' read -r CURRENT SEGMENT_SIZE DATA <<<"$answer"
  [ -n "$CURRENT" ]
}

find_gaps() {
  local gaps
  gaps=$(archive_gaps)
  GAPS=()
  [ -z "$gaps" ] || mapfile -t GAPS <<<"$gaps"
}

# There is a full backup, and nothing is missing since.
whole() {
  [ ${#GAPS[@]} -eq 0 ] && [ -n "$(newest_full)" ]
}

# Healed already on this timeline, and nothing is missing.
nothing_to_do() {
  whole && [ "$(cat "$STATE_DIR/healed-timeline" 2>/dev/null)" = "${CURRENT:0:8}" ]
}

tell() {
  local name
  [ ${#GAPS[@]} -eq 0 ] || printf 'missing: %s\n' "${GAPS[@]}"
  while IFS= read -r name; do
    printf 'pg_wal holds, and the archive does not: %s\n' "$name"
  done < <(unarchived)
}

# The history files and the whole segments of this history that pg_wal holds and the archive does not, oldest first. The segment in which a
# timeline ended is not whole: PostgreSQL archives it as .partial.
unarchived() {
  local name
  for name in "$DATA"/pg_wal/????????.history "$DATA"/pg_wal/????????????????????????; do
    name=${name##*/}
    [[ $name =~ ^([0-9A-F]{8}\.history|[0-9A-F]{24})$ && ! -e $BACKUP_ROOT/wal/$name.gz.json ]] || continue
    if [[ $name == *.history ]] || in_history "$name"; then printf '%s\n' "$name"; fi
  done
}

# usage: in_history SEGMENT; it lies before the place where its timeline was left on the way to the current one. Segments
# that were recycled for later use bear names after the current one.
in_history() {
  local ancestor lsn history=$DATA/pg_wal/${CURRENT:0:8}.history
  if [ "${1:0:8}" = "${CURRENT:0:8}" ]; then
    [[ $1 < $CURRENT ]]
    return
  fi
  [ -r "$history" ] || return 1
  while read -r ancestor lsn _; do
    [[ $ancestor =~ ^[0-9]+$ && $ancestor -eq $((16#${1:0:8})) ]] || continue
    (($(segment_number "$1" "$SEGMENT_SIZE") < $(byte_of "$lsn") / SEGMENT_SIZE))
    return
  done <"$history"
  return 1
}

# The current timeline's newest segments are the archiver's, which may be at them: those that wait for it are left to it.
archive_from_pg_wal() {
  local name
  while IFS= read -r name; do
    [ ! -e "$DATA/pg_wal/archive_status/$name.ready" ] || continue
    if "${lib%/*}/backup-wal.sh" "$name" "$DATA/pg_wal/$name"; then
      log info "$name: archived from pg_wal"
    else
      log warning "$name could not be archived from pg_wal"
    fi
  done < <(unarchived)
}

fetch_what_is_missing() {
  local name
  find_gaps
  for name in "${GAPS[@]}"; do
    if "${lib%/*}/restore-wal.sh" "$name" "$WORK/$name" && "${lib%/*}/backup-wal.sh" "$name" "$WORK/$name"; then
      log info "$name: found elsewhere and archived"
    fi
    rm -f "$WORK/$name"
  done
}

back_up_anew() {
  local arguments=(--verify)
  [ -z "$S3_BUCKET" ] || arguments+=(--upload-s3)
  if [ ${#GAPS[@]} -gt 0 ]; then
    log error "a gap of ${#GAPS[@]} segments stays in the archived WAL, from ${GAPS[0]} on: moments between it and a new full backup cannot be restored from here"
  else
    log info 'this node leads, and its archive has no full backup'
  fi
  "${lib%/*}/backup-full.sh" "${arguments[@]}" || MADE=$?
  case $MADE in
  0 | 5) ;;
  4) die 4 'a full backup is being made already: what it leaves open, the next run closes' ;;
  *)
    [ ${#GAPS[@]} -eq 0 ] || die 10 "a gap stays in the archived WAL, and no full backup could be made (backup-full.sh ended with $MADE)"
    die "$MADE" 'the archive here has no full backup, and none could be made'
    ;;
  esac
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
