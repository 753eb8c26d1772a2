#!/bin/bash
# Backs up the state of the blockchain: the SQLite database as it is at one moment, under writers, too; contracts and
# configuration; and the block height, with PostgreSQL's place in its WAL at that moment.
# Runs as root or as the database's owner: anybody else would leave files beside it that its owner cannot write.
#
# usage: backup-blockchain.sh [--include-logs] [--upload-s3] [--dry-run]
#   --include-logs  BLOCKCHAIN_LOGS, too
#   --upload-s3     to S3 at once, and not only with the next upload
#   --dry-run       says what would be backed up; changes nothing
#   --help
# exit status: 10 something of BLOCKCHAIN_… is missing; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-artefact.sh
. "${lib%/*}/backup-artefact.sh"
# shellcheck source=templates/backup/backup-place.sh
. "${lib%/*}/backup-place.sh"

INCLUDE_LOGS=no
COPY='' HEIGHT=''

main() {
  read_own_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$STAGE" ] || rm -rf "$STAGE"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings backup-blockchain
  cd /
  freeze_check
  check_sources
  if [ "$DRY_RUN" = yes ]; then
    describe_sources
    return
  fi
  take_lock backup-blockchain 0
  remove_stages "$(dirname "$BLOCKCHAIN_DB")" blockchain
  make_stage "$(dirname "$BLOCKCHAIN_DB")" blockchain "$(stat -L -c %s "$BLOCKCHAIN_DB")"
  # Just before the copy, as far as anybody answers: the backups of both belong together.
  ask_place || log warning "PostgreSQL at ${PG_HOST:-this host} does not answer${PATRONI_MEMBERS:+, nor does a leader at $PATRONI_MEMBERS}: the backup does not say which of its states belongs to this one"
  copy_database
  copy_files
  store_stage blockchain blockchain_backup "block_height=$HEIGHT" "lsn=$PLACE_LSN" "postgresql=$PLACE_IDENTIFIER" \
    "postgresql_timeline=$PLACE_TIMELINE"
  [ "$UPLOAD" = no ] || upload_stored
}

# --include-logs, and those of read_options.
read_own_options() {
  local option others=()
  for option in "$@"; do
    if [ "$option" = --include-logs ]; then INCLUDE_LOGS=yes; else others+=("$option"); fi
  done
  read_options "$lib" "${others[@]}"
}

check_sources() {
  local name owner
  command -v sqlite3 >/dev/null || die 3 'sqlite3 is not installed'
  [ -n "$BLOCKCHAIN_DB" ] || die 3 'BLOCKCHAIN_DB in backup.conf is empty: no blockchain lives on this host (in the inventory: group blockchain)'
  # sqlite3 would make an empty database where there is none.
  [ -f "$BLOCKCHAIN_DB" ] || die 10 "there is no database $BLOCKCHAIN_DB (BLOCKCHAIN_DB)"
  for name in $(file_settings); do
    [ -z "${!name}" ] || [ -d "${!name}" ] || die 10 "there is no directory ${!name} ($name; an empty setting means: none)"
  done
  owner=$(stat -L -c %U "$BLOCKCHAIN_DB")
  [ "$EUID" -eq 0 ] || [ "$owner" = "$(id -un)" ] ||
    die 3 "$BLOCKCHAIN_DB belongs to $owner: run this as root or as $owner"
}

# The settings that name directories to come along.
file_settings() {
  printf 'BLOCKCHAIN_CONTRACTS\nBLOCKCHAIN_CONFIG\n'
  [ "$INCLUDE_LOGS" = no ] || printf 'BLOCKCHAIN_LOGS\n'
}

describe_sources() {
  local name
  printf 'database   %s, %s bytes\n' "$BLOCKCHAIN_DB" "$(stat -L -c %s "$BLOCKCHAIN_DB")"
  for name in $(file_settings); do
    [ -z "${!name}" ] || printf '%-10s %s, %d files\n' "$(part_of "$name")" "${!name}" "$(find -L "${!name}" -type f -printf . | wc -c)"
  done
}

# usage: part_of SETTING; BLOCKCHAIN_LOGS is `logs` in the tar
part_of() {
  local part=${1#BLOCKCHAIN_}
  printf '%s' "${part,,}"
}

# .backup starts again whenever somebody writes meanwhile, under a busy writer for ever. Within a transaction it reads one snapshot,
# which in WAL mode keeps nobody from writing; in the other modes it would. Where it takes too long, VACUUM INTO does that.
copy_database() {
  local answer snapshot=()
  mkdir "$STAGE/database"
  COPY=$STAGE/database/${BLOCKCHAIN_DB##*/}
  [ "$(sqlite_timed "$BLOCKCHAIN_DB" 'PRAGMA journal_mode')" != wal ] || snapshot=('BEGIN; SELECT count(*) FROM sqlite_master')
  if ! answer=$(sqlite_timed "$BLOCKCHAIN_DB" "${snapshot[@]}" ".backup '$COPY'" 2>&1); then
    log warning "sqlite3 .backup: ${answer:-took longer than $BLOCKCHAIN_TIMEOUT_SECONDS s}; trying VACUUM INTO"
    rm -f "$COPY" "$COPY"-*
    sqlite_timed "$BLOCKCHAIN_DB" "VACUUM INTO '$COPY'" || die 1 "$BLOCKCHAIN_DB cannot be copied"
  fi
  answer=$(sqlite_timed "$COPY" 'PRAGMA integrity_check' 2>&1) || true
  [ "$answer" = ok ] || die 6 "the copy of $BLOCKCHAIN_DB is not sound: ${answer//$'\n'/; }. Nothing is stored"
  HEIGHT=$(sqlite_timed "$COPY" "$BLOCKCHAIN_HEIGHT_SQL") || die 3 "BLOCKCHAIN_HEIGHT_SQL in backup.conf fails: $BLOCKCHAIN_HEIGHT_SQL"
  [[ $HEIGHT =~ ^[0-9]*$ ]] || die 3 "BLOCKCHAIN_HEIGHT_SQL in backup.conf: expected a number, found \"${HEIGHT:0:80}\""
  rm -f "$COPY"-wal "$COPY"-shm
  chmod --reference="$BLOCKCHAIN_DB" "$COPY"
  [ "$EUID" -ne 0 ] || chown --reference="$BLOCKCHAIN_DB" "$COPY"
}

# usage: sqlite_timed DATABASE COMMAND...
sqlite_timed() {
  timeout "$BLOCKCHAIN_TIMEOUT_SECONDS" sqlite3 -bail -batch -init /dev/null -cmd '.timeout 30000' "$@"
}

copy_files() {
  local name
  for name in $(file_settings); do
    [ -n "${!name}" ] || continue
    mkdir "$STAGE/$(part_of "$name")"
    cp -a "${!name}/." "$STAGE/$(part_of "$name")/" || die 1 "${!name} cannot be copied"
  done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
