#!/bin/bash
# Restores the state of the blockchain that backup-blockchain.sh made. What is there is moved aside, never removed, its
# -wal and -shm with it: beside another database they would be replayed into it.
#
# usage: restore-blockchain.sh FILE|latest [--target-dir DIR] [--dry-run] [--verify-only]
#   --target-dir    into this directory, which must be empty: database/, contracts/, config/, logs/
#   --dry-run       proves the backup and says what would be moved and written
#   --verify-only   proves the backup, to its last byte
#   --help
# exit status: 4 a program holds the database open; 11 the target is not empty; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-artefact.sh
. "${lib%/*}/backup-artefact.sh"

MODE=restore FILE='' TARGET='' PLACE=''

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$STAGE" ] || rm -rf "$STAGE"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings restore-blockchain
  [ "$MODE" = restore ] || LOG_FILE=''
  derive_keys
  find_artefact blockchain blockchain_backup "$FILE"
  choose_target
  take_lock backup-blockchain 0
  make_stage "${PLACE:-/var/tmp}" "$(stat -L -c %s "$ARTEFACT")"
  prove_artefact blockchain
  log info "$ARTEFACT is whole: block ${FIELD[block_height]:-unknown}, made at ${FIELD[created_at]}"
  compare_places
  [ "$MODE" != verify-only ] || return 0
  unpack
  if [ "$MODE" = dry-run ]; then tell; else put_in_place; fi
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --dry-run | --verify-only) MODE=${1#--} ;;
    --target-dir)
      [ $# -gt 1 ] || die 2 '--target-dir wants a directory'
      TARGET=$(realpath -m -- "$2")
      shift
      ;;
    -*) show_help "$lib" "$1" && exit 0 ;;
    *)
      [ -z "$FILE" ] || die 2 "expected one backup, found \"$1\" after \"$FILE\""
      FILE=$1
      ;;
    esac
    shift
  done
  [ -n "$FILE" ] || die 2 "expected a backup, or latest: see ${lib##*/} --help"
}

# With --target-dir everything goes below it. PLACE is where the backup is unpacked: beside what it becomes.
choose_target() {
  if [ -n "$TARGET" ]; then
    [ ! -e "$TARGET" ] || [ -z "$(ls -A "$TARGET")" ] || die 11 "$TARGET is not empty"
    BLOCKCHAIN_DB=$TARGET/database/${BLOCKCHAIN_DB##*/}
    BLOCKCHAIN_CONTRACTS=$TARGET/contracts BLOCKCHAIN_CONFIG=$TARGET/config BLOCKCHAIN_LOGS=$TARGET/logs
  else
    [ -n "$BLOCKCHAIN_DB" ] || die 3 'BLOCKCHAIN_DB in backup.conf is empty: give --target-dir'
  fi
  [ "$MODE" = restore ] || return 0
  nobody_writes
  PLACE=$(dirname "$BLOCKCHAIN_DB")
  mkdir -p "$PLACE"
}

# A program that holds the old database would go on writing into what was moved aside.
nobody_writes() {
  local link real
  real=$(realpath -m -- "$BLOCKCHAIN_DB")
  for link in /proc/[0-9]*/fd/*; do
    if [[ $(readlink "$link" 2>/dev/null) == "$real"@(|-wal|-shm) ]]; then
      link=${link#/proc/}
      die 4 "process ${link%%/*} ($(cat "/proc/${link%%/*}/comm" 2>/dev/null)) holds $BLOCKCHAIN_DB open: stop it first. Nothing was changed"
    fi
  done
}

# The backup belongs to one place in PostgreSQL's WAL; what PostgreSQL holds now may be older or newer.
compare_places() {
  local answer identifier lsn left
  [ -n "${FIELD[lsn]-}" ] || { log warning 'the backup does not say which state of PostgreSQL belongs to it' && return; }
  answer=$(sql_as_postgres "select system_identifier, case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else
    pg_current_wal_lsn() end, sign((case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)
    - '${FIELD[lsn]}'::pg_lsn) from pg_control_system()" 2>/dev/null) ||
    { log warning "PostgreSQL does not answer: whether it is at ${FIELD[lsn]}, as this state of the blockchain was, is not known" && return; }
  IFS='|' read -r identifier lsn answer <<<"$answer"
  if [ "$identifier" != "${FIELD[postgresql]}" ]; then
    log warning "MISMATCH: the backup belongs to the PostgreSQL system ${FIELD[postgresql]}, and the one here is $identifier"
  elif ! left=$(left_at) || [ -n "$left" ]; then
    log warning "MISMATCH: PostgreSQL was restored to ${left:-another timeline}, before ${FIELD[lsn]}, where it was at block ${FIELD[block_height]:-unknown}: it lacks what the blockchain holds"
  elif [ "$answer" = -1 ]; then
    log warning "MISMATCH: PostgreSQL is at $lsn, before ${FIELD[lsn]}, where it was at block ${FIELD[block_height]:-unknown}: it lacks what the blockchain holds"
  elif [ "$answer" = 1 ]; then
    log warning "MISMATCH: PostgreSQL is at $lsn, after ${FIELD[lsn]}, where it was at block ${FIELD[block_height]:-unknown}: it knows of blocks that this backup lacks"
  fi
}

# Prints where PostgreSQL left the timeline that the backup belongs to, if that was before the backup; 1 where its history does not know
# that timeline. Its place is a higher one again soon after a restore, and tells nothing by itself.
left_at() {
  local now history
  [[ ${FIELD[postgresql_timeline]-} =~ ^[1-9][0-9]*$ ]] || return 0
  now=$(sql_as_postgres "select $SQL_TIMELINE")
  [ "$now" != "${FIELD[postgresql_timeline]}" ] || return 0
  history=$(sql_as_postgres "select split_part(line, E'\t', 2), split_part(line, E'\t', 2)::pg_lsn < '${FIELD[lsn]}'
    from regexp_split_to_table(pg_read_file(format('pg_wal/%s.history', lpad(upper(to_hex($now)), 8, '0'))), E'\n') line
    where split_part(line, E'\t', 1) = '${FIELD[postgresql_timeline]}'" 2>/dev/null) || return 0
  [ -n "$history" ] || return 1
  [ "${history#*|}" = f ] || printf '%s' "${history%|*}"
}

unpack() {
  local database=$STAGE/content/database answer
  unpack_artefact "$STAGE/content"
  database=$(printf '%s\n' "$database"/*)
  answer=$(sqlite3 -bail -batch -init /dev/null "$database" 'PRAGMA integrity_check' 2>&1) || true
  [ "$answer" = ok ] || die 6 "the database in $ARTEFACT is not sound: ${answer//$'\n'/; }. Nothing was changed"
}

# usage: parts; prints `what it is in the tar`, tab, `where it goes`
parts() {
  printf '%s\t%s\n' "database/$(ls "$STAGE/content/database")" "$BLOCKCHAIN_DB" contracts "$BLOCKCHAIN_CONTRACTS" \
    config "$BLOCKCHAIN_CONFIG" logs "$BLOCKCHAIN_LOGS"
}

tell() {
  local part place
  while IFS=$'\t' read -r part place; do
    [[ -e $STAGE/content/$part && -n $place ]] || continue
    printf '%s would be written%s\n' "$place" "$([ ! -e "$place" ] || printf ', what is there moved aside')"
  done < <(parts)
}

put_in_place() {
  local part place now
  # Unpacking took its time.
  nobody_writes
  now=$(stamp)
  while IFS=$'\t' read -r part place; do
    [[ -e $STAGE/content/$part && -n $place ]] || continue
    move_aside "$place" "$place.before-restore.$now"
    if [[ $part == database/* ]]; then
      move_aside "$place-wal" "$place.before-restore.$now-wal"
      move_aside "$place-shm" "$place.before-restore.$now-shm"
    fi
    mkdir -p "$(dirname "$place")"
    cp -a -T "$STAGE/content/$part" "$place.restoring"
    mv -T "$place.restoring" "$place"
    log info "$place is restored"
  done < <(parts)
  sync
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
