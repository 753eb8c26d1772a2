#!/bin/bash
# Archives one file of PostgreSQL's write-ahead log; made for archive_command:
#   archive_command = '/opt/fanatico/backup/scripts/backup-wal.sh %f %p'
# It says 0 only when the file is in BACKUP_ROOT/wal for good: compressed, encrypted, synced, its sidecar beside.
# Doing it again is harmless. A file of the same name with other content is never overwritten: it fails, loudly.
#
# usage: backup-wal.sh NAME PATH    NAME: a segment, SEGMENT.partial, SEGMENT.OFFSET.backup or TIMELINE.history
#        backup-wal.sh --check      is this host ready? Changes nothing.
#        backup-wal.sh --help
# As root it goes on as postgres: what root leaves in the archive, no archiver can use.
# exit status: 0 archived; 1 to 125 not, PostgreSQL tries again (see backup-lib.sh)
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"

# This runs for every segment, and every process costs it a millisecond or two: `exec` in a substitution saves one.
SYSTEM_IDENTIFIER='' SOURCE_HASH='' HASH=''
TEMPORARIES=()

main() {
  case $#:${1-} in
  1:--check | 2:*) ;;
  1:*) show_help "$lib" "$1" && return ;;
  *) die 2 'expected NAME PATH (%f %p of archive_command), --check or --help' ;;
  esac
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  if [ "$EUID" -eq 0 ]; then
    # PATH is as seen from here, and run_as_postgres leaves.
    [ "$1" = --check ] || set -- "$1" "$(realpath -m -s -- "$2")"
    run_as_postgres "$@"
  fi
  trap 'leave $?' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings backup-wal
  if [ "$1" = --check ]; then
    LOG_FILE=''
    check_host gzip
    return
  fi
  QUIET=yes
  archive "$1" "$2"
}

# usage: leave STATUS; PostgreSQL does not count a status above 125 as a failure of archiving
leave() {
  [ ${#TEMPORARIES[@]} -eq 0 ] || rm -f "${TEMPORARIES[@]}"
  exit $(($1 > 125 ? 1 : $1))
}

# usage: archive NAME PATH
archive() {
  local name=$1 source=$2 stored=$BACKUP_ROOT/wal/$1.gz
  check_name "$name"
  [[ -f $source && -r $source ]] || die 1 "cannot read $source from $PWD: %p is relative to the data directory"
  choose_compressor
  # The key is changed under this lock (backup-rotate.sh), together with CLUSTER.json.
  take_lock backup-wal 30
  begin_derivation
  begin_source_hash "$source"
  check_source "$name" "$source"
  end_derivation
  remove_stale "$BACKUP_ROOT/wal/.$name.gz.tmp" "$BACKUP_ROOT/wal/.$name.gz.json.tmp"
  [ -n "$SYSTEM_IDENTIFIER" ] || SYSTEM_IDENTIFIER=$(identifier_without_segment "$source")
  claim_archive "$SYSTEM_IDENTIFIER"
  if [ -e "$stored" ]; then
    confirm_same "$name" "$source" "$stored"
  else
    store "$name" "$source"
  fi
}

# usage: check_name NAME
check_name() {
  [[ $1 =~ ^([0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)$ ]] ||
    die 2 "\"$1\" is not the name of a WAL segment, .partial, .backup or .history file"
}

# usage: check_source NAME PATH; a segment must be whole, begin where its name says, and names its system
check_source() {
  local name=$1 stat header size='' words=() expected
  [[ $name =~ ^[0-9A-F]{24}(\.partial)?$ ]] || return 0
  exec {stat}< <(exec stat -L -c %s "$2") {header}< <(exec od -An -v -tu8 -w40 -N40 "$2")
  read -r size <&"$stat" || die 1 "cannot read $2 any more"
  read -r -a words <&"$header" || true
  [[ ${#words[@]} -eq 5 && $((${words[4]-0} & 0xffffffff)) -eq $size ]] ||
    die 1 "$2 is not a whole WAL segment: $size bytes, and its header says $((${words[4]-0} & 0xffffffff))"
  expected=$(((16#${name:8:8} << 32) + 16#${name:16:8} * size))
  [ "${words[1]}" = "$expected" ] || die 1 "$2 holds another segment than $name: its first page is at ${words[1]}, not $expected"
  SYSTEM_IDENTIFIER=${words[3]}
}

# usage: begin_source_hash PATH; in the background, read by source_hash: it takes a second core, where there is one
begin_source_hash() {
  exec {SOURCE_HASH}< <(exec openssl dgst -sha256 -r "$1")
}

# Into HASH, the sha256 of the source. It can be read once only.
source_hash() {
  [ -z "$HASH" ] || return 0
  read -r -d ' ' HASH <&"$SOURCE_HASH" || die 1 "the sha256 of $1 was not computed"
}

# usage: identifier_without_segment PATH; what is not a segment carries no identifier: the archive's own is taken, or, when it is not founded
# yet, the one of the data directory, which PATH lies in, or which is where PostgreSQL runs the archiver.
identifier_without_segment() {
  local data=$PWD
  [[ $1 != /*/pg_wal/* ]] || data=${1%/pg_wal/*}
  [ -e "$BACKUP_ROOT/CLUSTER.json" ] || pg_controldata -D "$data" | sed -n 's/^Database system identifier: *//p'
}

# usage: remove_stale FILE...; of a run that was killed. Never written over: such a name may be a link to what is archived.
remove_stale() {
  local file
  for file in "$@"; do
    [ ! -e "$file" ] || rm -f "$file"
  done
}

# usage: store NAME PATH
store() {
  local name=$1 source=$2 wal=$BACKUP_ROOT/wal temporary sha256 sizes
  temporary=$wal/.$name.gz.tmp
  TEMPORARIES=("$temporary" "$wal/.$name.gz.json.tmp")
  sha256=$(compress <"$source" | encrypt | tee "$temporary" | openssl dgst -sha256 -r)
  source_hash "$source"
  mapfile -t sizes < <(exec stat -L -c %s "$source" "$temporary")
  describe "$name" "${sizes[1]}" "${sha256%% *}" "${sizes[0]}" "$HASH" >"${TEMPORARIES[1]}"
  publish "$wal" "${TEMPORARIES[@]}"
  TEMPORARIES=()
  log info "$name archived: ${sizes[0]} bytes as ${sizes[1]}"
}

# usage: describe NAME SIZE SHA256 PLAIN_SIZE PLAIN_SHA256; prints the sidecar
describe() {
  local name=$1 now
  printf -v now '%(%Y-%m-%dT%H:%M:%SZ)T' -1
  sidecar_begin wal
  sidecar_stored "$name.gz" "$ARCHIVE_IDENTIFIER" "$2" "$3" "$4" "$5"
  number timeline $((16#${name:0:8}))
  text archived_at "$now"
  sidecar_end
  printf '%s' "$SIDECAR"
}

# usage: confirm_same NAME PATH STORED; the name is taken: by the same content, or the alarm is raised
confirm_same() {
  local name=$1 source=$2 stored=$3 wanted found
  source_hash "$source"
  wanted=$HASH
  if [ -e "$stored.json" ]; then
    found=$(stored_plaintext_hash "$name.gz" "$stored")
  else
    # Killed after the file was in place and before its sidecar was.
    found=$(plaintext_hash "$stored" "$KEY_ID")
    if [ "$wanted" != "$found" ] && is_of_older_key "$wanted" "$stored"; then
      log info "$name was left without a sidecar before the key was rotated, and is archived anew"
      rm -f "$stored"
      store "$name" "$source"
      return
    fi
  fi
  [ "$wanted" = "$found" ] ||
    die 1 "CONFLICT: $stored holds other content (sha256 $found) than $source (sha256 $wanted); neither is touched. Two servers archive into one place, or an old archive was not moved aside"
  [ -e "$stored.json" ] || complete "$name" "$source" "$stored" "$found"
  sync "$stored" "$stored.json" "$BACKUP_ROOT/wal"
  log info "$name was archived already, with the same content"
}

# usage: stored_plaintext_hash NAME STORED; what the sidecar says, after the sidecar and the stored bytes were proved
stored_plaintext_hash() {
  local problem
  read_sidecar "$2.json" || die 1 "${FIELD[problem]}"
  problem=$(sidecar_problem "$1")
  [ -z "$problem" ] || die 1 "$2: $problem"
  [ "$(sha256_of "$2")" = "${FIELD[sha256]}" ] || die 1 "$2 is damaged: its sha256 is not the one in its sidecar; move both aside, and the segment is archived anew"
  printf '%s' "${FIELD[plain_sha256]}"
}

# usage: is_of_older_key SHA256 STORED; with one of the keys before this one, STORED has this content
is_of_older_key() {
  local id
  while IFS= read -r id; do
    [ "$(plaintext_hash "$2" "$id")" != "$1" ] || return 0
  done < <(ring_ids)
  return 1
}

# usage: plaintext_hash STORED KEY_ID
plaintext_hash() {
  local hash
  hash=$(decrypt "$CIPHER" "$KDF_ITERATIONS" "$2" <"$1" 2>/dev/null | decompress 2>/dev/null | openssl dgst -sha256 -r) || hash='unreadable'
  printf '%s' "${hash%% *}"
}

# usage: complete NAME PATH STORED PLAIN_SHA256; gives a file without sidecar its sidecar
complete() {
  local temporary=$BACKUP_ROOT/wal/.$1.gz.json.tmp sizes
  TEMPORARIES=("$temporary")
  mapfile -t sizes < <(stat -L -c %s "$2" "$3")
  describe "$1" "${sizes[1]}" "$(sha256_of "$3")" "${sizes[0]}" "$4" >"$temporary"
  publish "$BACKUP_ROOT/wal" "$temporary"
  TEMPORARIES=()
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
