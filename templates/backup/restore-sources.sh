#!/bin/bash
# Where a restore finds what was backed up: the archive here (local), what was gathered from other nodes (gathered), S3 (s3).
# Sourced after backup-format.sh, never run.
#
# A function that says no sets PROBLEM and STATUS (those of backup-lib.sh; ABSENT where nothing is wrong) and returns 1.

readonly ABSENT=absent
SOURCES=()
PROBLEM='' STATUS=''

# usage: refuse STATUS MESSAGE
refuse() {
  STATUS=$1 PROBLEM=$2
  return 1
}

# usage: choose_sources LIST; a list like local,s3; empty: all there are
choose_sources() {
  local source list=$1
  [ -n "$list" ] || list=local,gathered${S3_BUCKET:+,s3}
  IFS=, read -r -a SOURCES <<<"$list"
  for source in "${SOURCES[@]}"; do
    case $source in
    local | gathered) ;;
    s3) require_s3 ;;
    *) die 2 "--sources: expected a list of local, gathered and s3, found \"$list\"" ;;
    esac
  done
}

# usage: has_source NAME
has_source() {
  [[ " ${SOURCES[*]} " == *" $1 "* ]]
}

# usage: list_directories KIND; prints the directories of full or wal in the sources on this host; gathered/ is an archive, or
# holds one of each node
list_directories() {
  local directory gathered=${GATHERED_DIR:-$STATE_DIR/gathered}
  ! has_source local || printf '%s\n' "$BACKUP_ROOT/$1"
  has_source gathered || return 0
  for directory in "$gathered/$1" "$gathered"/*/"$1"; do
    [ ! -d "$directory" ] || printf '%s\n' "$directory"
  done
}

# usage: find_wal NAME TARGET; delivers a WAL file from the first source that has it whole. What is spoilt in one source may be
# whole in the next; what could not be looked at is never called absent.
find_wal() {
  local name=$1 target=$2 directory first='' status=$ABSENT proven=no
  while IFS= read -r directory; do
    if [[ -d $directory && -r $directory && -x $directory ]]; then
      if take_wal "$name" "$directory/$name.gz" "$target"; then return 0; fi
      [ ! -e "${directory%/wal}/CLUSTER.json" ] || proven=yes
    else
      refuse 9 "$directory cannot be looked into as $(id -un)" || true
    fi
    if [[ $status == "$ABSENT" && $STATUS != "$ABSENT" ]]; then first=$PROBLEM status=$STATUS; fi
  done < <(list_directories wal)
  if has_source s3; then
    if take_wal_from_s3 "$name" "$target"; then return 0; fi
    [ "$STATUS" != "$ABSENT" ] || proven=yes
    if [[ $status == "$ABSENT" && $STATUS != "$ABSENT" ]]; then first=$PROBLEM status=$STATUS; fi
  fi
  if [[ $status == "$ABSENT" && $proven == no ]]; then
    status=9 first="none of the sources (${SOURCES[*]}) is an archive: no CLUSTER.json; is its disk mounted?"
  fi
  refuse "$status" "${first:-in none of the sources (${SOURCES[*]})}"
}

# usage: take_wal NAME FILE TARGET; proves a stored WAL file and puts its content at TARGET, whole or not at all
take_wal() {
  local name=$1 file=$2 target=$3 temporary error
  temporary=$(dirname "$target")/.$name.$$.tmp
  if [[ ! -e $file && ! -e $file.json ]]; then refuse "$ABSENT" "$file does not exist" || return 1; fi
  trust_stored "$file" "$name.gz" || return 1
  TEMPORARIES+=("$temporary")
  if ! error=$({ decrypt "${FIELD[cipher]}" "${FIELD[iterations]}" "${FIELD[key_id]-}" <"$file" | decompress >"$temporary"; } 2>&1); then
    rm -f "$temporary"
    if has_room "${temporary%/*}" "${FIELD[plain_size]}"; then
      refuse 6 "$file cannot be read to its end: ${error##*$'\n'}" || return 1
    fi
    refuse 7 "$file cannot be written out: $(dirname "$target") has no space for ${FIELD[plain_size]} bytes" || return 1
  fi
  check_wal "$name" "$temporary" || return 1
  mv -T "$temporary" "$target" || refuse 1 "cannot write $target"
}

# usage: has_room DIRECTORY BYTES
has_room() {
  (($(df --output=avail -B1 "$1" | tail -n 1) >= $2))
}

# usage: trust_stored FILE NAME; the sidecar beside FILE is authentic and NAME's, and the stored bytes are those it vouches for
trust_stored() {
  trust_sidecar "$1" "$1.json" "$2" && trust_bytes "$1"
}

# usage: trust_sidecar FILE SIDECAR NAME; fills FIELD
trust_sidecar() {
  local problem
  [ -e "$2" ] || sleep 1 # it may be being published at this moment: the sidecar comes last
  [ -e "$2" ] || refuse 10 "$1 has no sidecar ($2): it is incomplete" || return 1
  read_sidecar "$2" || refuse 6 "${FIELD[problem]}" || return 1
  problem=$(sidecar_problem "$3")
  [ -n "$problem" ] || return 0
  case $problem in
  *' made with the key '* | *' gives no key') refuse 8 "$1: $problem" ;;
  *' of the cluster '*) refuse 11 "$1: $problem" ;;
  *) refuse 6 "$1: $problem" ;;
  esac
}

# usage: trust_bytes FILE; after trust_sidecar
trust_bytes() {
  local size
  size=$(stat -L -c %s "$1" 2>/dev/null) || refuse 10 "$1 is gone, its sidecar is there" || return 1
  [ "$size" = "${FIELD[size]}" ] || refuse 6 "$1 has $size bytes, its sidecar says ${FIELD[size]}" || return 1
  [ "$(sha256_of "$1")" = "${FIELD[sha256]}" ] ||
    refuse 6 "$1: its sha256 is not the one in its sidecar: the stored bytes were changed or damaged"
}

# usage: check_wal NAME FILE; a whole file of the expected size; a segment begins where its name says, and is of this system
check_wal() {
  local name=$1 file=$2 words=() size expected identifier=${SYSTEM_IDENTIFIER:-}
  size=$(stat -c %s "$file")
  [ "$size" = "${FIELD[plain_size]}" ] || refuse 6 "$name: $size bytes came out, its sidecar says ${FIELD[plain_size]}" || return 1
  [[ $name =~ ^[0-9A-F]{24}$ ]] || return 0
  read -r -a words <<<"$(od -An -v -tu8 -w40 -N40 "$file")"
  [[ ${#words[@]} -eq 5 && $((${words[4]-0} & 0xffffffff)) -eq $size ]] ||
    refuse 6 "$name is not a whole WAL segment: $size bytes, and its header says $((${words[4]-0} & 0xffffffff))" || return 1
  expected=$(((16#${name:8:8} << 32) + 16#${name:16:8} * size))
  [ "${words[1]}" = "$expected" ] || refuse 6 "$name holds another segment: its first page is at ${words[1]}, not $expected" || return 1
  [[ -z $identifier || ${words[3]} == "$identifier" ]] ||
    refuse 11 "$name is of the system ${words[3]}, and what is restored is of $identifier"
}

# usage: identifier_of DATA_DIRECTORY; prints the system identifier that its pg_control begins with, or nothing
identifier_of() {
  [ ! -r "$1/global/pg_control" ] || od -An -tu8 -N8 "$1/global/pg_control" | tr -d ' '
}
