#!/bin/bash
# Restores the state of the blockchain that backup-blockchain.sh made. What is there is moved aside, never removed, its
# -wal, -shm and -journal with it: beside another database they would be replayed into it, or rolled back.
#
# usage: restore-blockchain.sh FILE|latest [--target-dir DIR] [--dry-run] [--verify-only] [--find] [--sources LIST] [--node NODE]
#   --target-dir    into this directory, which must be empty: database/, contracts/, config/, logs/
#   --dry-run       proves the backup and says what would be moved and written
#   --verify-only   proves the backup, to its last byte
#   --find          prints the name of this node, and where the backup is; reads nothing of it
#   --sources       where it is: local, s3, or local,s3: in S3 where it is not here, which is the default with S3. latest of s3 is
#                   the newest of this node there, or here where that is newer
#   --node          of this node, in S3; otherwise of this one
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
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh"
# shellcheck source=templates/backup/backup-place.sh
. "${lib%/*}/backup-place.sh"
# shellcheck source=templates/backup/restore-artefact.sh
. "${lib%/*}/restore-artefact.sh"

MODE=restore FILE='' TARGET='' PLACE='' PLACE_IS_NEW=no MADE=''

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  load_settings restore-blockchain
  [ "$MODE" = restore ] || LOG_FILE=''
  derive_keys
  locate_artefact blockchain blockchain_backup "$FILE"
  choose_target
  [ "$MODE" != find ] || { printf '%s %s\n' "$NODE_NAME" "$ARTEFACT" && return; }
  take_lock backup-blockchain 0
  # What is in S3 has to be fetched first, and then lies beside what it is unpacked to.
  [ -n "$S3_KEY" ] || FETCH_BYTES=$(($(stat -L -c %s "$ARTEFACT") / 2))
  remove_stages "${PLACE:-/var/tmp}" blockchain
  make_stage "${PLACE:-/var/tmp}" blockchain $((FETCH_BYTES * 2))
  fetch_artefact
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
    --dry-run | --verify-only | --find) MODE=${1#--} ;;
    --target-dir)
      [ $# -gt 1 ] || die 2 '--target-dir wants a directory'
      TARGET=$(realpath -m -- "$2")
      shift
      ;;
    --sources | --node)
      source_option "$1" "${2-}"
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

# A restore that failed can be repeated: it leaves no directory that would be taken for one with an owner, or for a target that is not empty.
clean_up() {
  [ -z "$STAGE" ] || rm -rf "$STAGE"
  [ -z "$MADE" ] || rmdir --ignore-fail-on-non-empty "$MADE" || true
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
  if [ ! -d "$PLACE" ]; then
    (umask 022 && mkdir -p "$PLACE")
    PLACE_IS_NEW=yes MADE=$PLACE
  elif [ "$(stat -c %u "$PLACE")" = 0 ] && [ -z "$(ls -A -I '.fanatico-*' -I '*.restoring' -I lost+found "$PLACE")" ]; then
    # Of a run that was killed, or a new disk's: nobody's yet.
    PLACE_IS_NEW=yes
  fi
}

# A program that holds the old database would go on writing into what was moved aside.
nobody_writes() {
  local link real
  real=$(realpath -m -- "$BLOCKCHAIN_DB")
  for link in /proc/[0-9]*/fd/*; do
    if [[ $(readlink "$link" 2>/dev/null) == "$real"@(|-wal|-shm|-journal) ]]; then
      link=${link#/proc/}
      die 4 "process ${link%%/*} ($(cat "/proc/${link%%/*}/comm" 2>/dev/null)) holds $BLOCKCHAIN_DB open: stop it first. Nothing was changed"
    fi
  done
}

# The backup belongs to one place in PostgreSQL's WAL; what PostgreSQL holds now may be older or newer.
compare_places() {
  local left block=${FIELD[block_height]:-unknown} lsn=${FIELD[lsn]-} timeline=${FIELD[postgresql_timeline]-}
  [[ $lsn =~ ^[0-9A-F]+/[0-9A-F]+$ ]] || { log warning 'the backup does not say which state of PostgreSQL belongs to it' && return; }
  ask_place || { log warning "PostgreSQL does not answer: whether it is at $lsn, as this state of the blockchain was, is not known" && return; }
  if [ "$PLACE_IDENTIFIER" != "${FIELD[postgresql]}" ]; then
    log warning "MISMATCH: the backup belongs to the PostgreSQL system ${FIELD[postgresql]}, and the one here is $PLACE_IDENTIFIER"
    return
  fi
  # Its place is a higher one again soon after a restore, and tells nothing by itself.
  left=$([[ ! $timeline =~ ^[1-9][0-9]*$ ]] || left_timeline "$timeline") || left='another timeline'
  if [[ $left == another* ]] || [[ -n $left && $(lsn_number "$left") -lt $(lsn_number "$lsn") ]]; then
    log warning "MISMATCH: PostgreSQL was restored to $left, before $lsn, where it was at block $block: it lacks what the blockchain holds"
  elif [ "$(lsn_number "$PLACE_LSN")" -lt "$(lsn_number "$lsn")" ]; then
    log warning "MISMATCH: PostgreSQL is at $PLACE_LSN, before $lsn, where it was at block $block: it lacks what the blockchain holds"
  elif [ "$(lsn_number "$PLACE_LSN")" -gt "$(lsn_number "$lsn")" ]; then
    log warning "MISMATCH: PostgreSQL is at $PLACE_LSN, after $lsn, where it was at block $block: it knows of blocks that this backup lacks"
  fi
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
  local part place now companion
  # Unpacking took its time.
  nobody_writes
  now=$(stamp)
  while IFS=$'\t' read -r part place; do
    [[ -e $STAGE/content/$part && -n $place ]] || continue
    move_aside "$place" "$place.before-restore.$now"
    if [[ $part == database/* ]]; then
      for companion in wal shm journal; do
        move_aside "$place-$companion" "$place.before-restore.$now-$companion"
      done
    fi
    mkdir -p "$(dirname "$place")"
    # Of a run that was killed: a copy would be mixed with it.
    rm -rf -- "$place.restoring"
    cp -a -T "$STAGE/content/$part" "$place.restoring"
    mv -T "$place.restoring" "$place"
    log info "$place is restored"
    # Whose database it is writes beside it, too.
    [[ $part != database/* || $PLACE_IS_NEW == no || $EUID -ne 0 ]] || chown --reference="$place" "$PLACE"
  done < <(parts)
  sync
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
