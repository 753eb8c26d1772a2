#!/bin/bash
# Stores what it reads from stdin as one artefact of the archive: compressed, encrypted, hashed on its way, with its
# sidecar. For backup-blockchain.sh, backup-config.sh and backup-etcd.sh: root reads what is backed up, postgres writes.
#
# usage: PRODUCER | backup-store.sh KIND NAME [FIELD=VALUE]...
#   KIND    blockchain, config or etcd       NAME   …_YYYYMMDD_HHMMSS.tar.gz
#   stdin   a tar whose last member is MANIFEST.json: without it the producer did not end well, and nothing is stored
# exit status: see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"

KIND='' NAME='' WORK='' DIRECTORY=''
TEMPORARIES=() READERS=()

main() {
  [ $# -gt 1 ] || { show_help "$lib" "${1:-nothing}" && return; }
  run_as_postgres "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  check_names "$1" "$2"
  load_settings "backup-$KIND"
  derive_keys
  choose_compressor
  own_archive
  # Who calls this holds the lock of its kind.
  remove_left "$STATE_DIR" "backup-store-$KIND"
  WORK=$(mktemp -d "$STATE_DIR/backup-store-$KIND.XXXXXX")
  take_stream
  describe "${@:3}"
  publish "$DIRECTORY" "${TEMPORARIES[@]}"
  TEMPORARIES=()
  log info "$NAME: stored, $(<"$WORK/size.txt") bytes as $(stat -c %s "$DIRECTORY/$NAME")"
}

# usage: check_names KIND NAME; etcd's snapshots are configuration, too
check_names() {
  KIND=$1 NAME=$2
  case $KIND in
  blockchain | config) DIRECTORY=$KIND ;;
  etcd) DIRECTORY=config ;;
  *) die 2 "expected blockchain, config or etcd, found \"$KIND\"" ;;
  esac
  [[ $NAME =~ ^[a-z_]+_[0-9]{8}_[0-9]{6}\.tar\.gz$ ]] || die 2 "expected a name like config_backup_20260129_060000.tar.gz, found \"$NAME\""
}

# The archive is this cluster's. Where no server ever wrote to it, there is no identifier to found it with: it goes without.
own_archive() {
  local identifier problem
  identifier=$(sql 'select system_identifier from pg_control_system()' 2>/dev/null) || identifier=''
  if [ -e "$BACKUP_ROOT/CLUSTER.json" ] || [ -n "$identifier" ]; then
    claim_archive "$identifier"
  else
    problem=$(archive_problem '')
    [ -z "$problem" ] || die 3 "$problem"
  fi
  DIRECTORY=$BACKUP_ROOT/$DIRECTORY
  [ -w "$DIRECTORY" ] || die 3 "$(id -un) cannot write to $DIRECTORY"
  [ ! -e "$DIRECTORY/$NAME" ] || die 1 "$DIRECTORY/$NAME exists already"
}

take_stream() {
  local job last
  TEMPORARIES=("$DIRECTORY/.$NAME.tmp" "$DIRECTORY/.$NAME.json.tmp")
  rm -f "${TEMPORARIES[@]}"
  mkfifo "$WORK"/{plain,size,ends,stored}
  for job in hash:plain count:size tar_ends:ends hash:stored; do
    "${job%:*}" <"$WORK/${job#*:}" >"$WORK/${job#*:}.txt" 2>>"$WORK/errors" &
    READERS+=($!)
  done
  tee "$WORK"/{plain,size,ends} | compress | encrypt | tee "$WORK/stored" >"${TEMPORARIES[0]}" ||
    stream_failed
  for job in "${READERS[@]}"; do wait "$job" || true; done
  READERS=()
  last=$(tail -n 1 "$WORK/ends.txt")
  [ "$last" = MANIFEST.json ] ||
    die 1 "$NAME is not stored: what came in is not whole (its last member is \"$last\", not MANIFEST.json)"
}

stream_failed() {
  [ -z "$(full_disk "$DIRECTORY")" ] || die 7 "$NAME was not stored: the disk of $DIRECTORY is full; nothing of it is kept, and nothing else was deleted"
  die 1 "$NAME was not stored: writing to $DIRECTORY failed"
}

hash() { openssl dgst -sha256 -r; }
count() { wc -c; }

# usage: describe FIELD=VALUE...
describe() {
  local field
  sidecar_begin "$KIND"
  sidecar_stored "$NAME" "$ARCHIVE_IDENTIFIER" "$(stat -c %s "${TEMPORARIES[0]}")" "$(cut -d ' ' -f 1 "$WORK/stored.txt")" \
    "$(<"$WORK/size.txt")" "$(cut -d ' ' -f 1 "$WORK/plain.txt")"
  text created_at "$(printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1)"
  for field in "$@"; do
    text "${field%%=*}" "${field#*=}"
  done
  sidecar_end
  printf '%s' "$SIDECAR" >"${TEMPORARIES[1]}"
}

clean_up() {
  local status=$?
  [ ${#READERS[@]} -eq 0 ] || kill "${READERS[@]}" 2>/dev/null || true
  [ ${#TEMPORARIES[@]} -eq 0 ] || rm -f "${TEMPORARIES[@]}"
  [ -z "$WORK" ] || rm -rf "$WORK"
  exit "$status"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
