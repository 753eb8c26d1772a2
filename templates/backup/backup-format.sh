#!/bin/bash
# Backup format 1 (docs/backup-format.md): encryption, authentication, sidecars, CLUSTER.json, publishing.
# Sourced after backup-lib.sh, never run.

readonly SCHEMA=fanatico-backup/1
readonly KDF=pbkdf2-hmac-sha256 KDF_ITERATIONS=10000

# shellcheck source=templates/backup/backup-keys.sh
. "${BASH_SOURCE[0]%/*}/backup-keys.sh"

COMPRESS=()
SIDECAR=''
ARCHIVE_IDENTIFIER=''
declare -A FIELD=()

# --- streams ---------------------------------------------------------------------------------------------------

# All three write plain gzip; igzip is several times faster than gzip, both ways.
choose_compressor() {
  local level=$COMPRESSION_LEVEL
  [ "$COMPRESSOR" != auto ] || choose_first igzip pigz gzip
  [ "$COMPRESSOR" != igzip ] || level=$((level > 3 ? 3 : level))
  COMPRESS=("$COMPRESSOR" "-$level" -c)
  command -v "$COMPRESSOR" >/dev/null || die 3 "COMPRESSOR=\"$COMPRESSOR\" is not installed"
}

# usage: choose_first PROGRAM...; the first that is installed into COMPRESSOR
choose_first() {
  for COMPRESSOR in "$@"; do
    ! command -v "$COMPRESSOR" >/dev/null || break
  done
}

# It and encrypt become the program: they are parts of a pipe, which is a process already.
compress() {
  exec "${COMPRESS[@]}"
}

decompress() {
  if command -v igzip >/dev/null; then igzip -d -c; else gzip -d -c; fi
}

encrypt() {
  if [ "$CIPHER" = none ]; then exec cat; else
    exec openssl enc -aes-256-cbc -pbkdf2 -iter "$KDF_ITERATIONS" -md sha256 -salt -pass "file:$KEY_SOURCE" -bufsize 65536
  fi
}

# usage: decrypt CIPHER ITERATIONS KEY_ID, as the sidecar has them
decrypt() {
  if [ "$1" = none ]; then cat; else
    openssl enc -d -aes-256-cbc -pbkdf2 -iter "$2" -md sha256 -pass "file:$(source_of_key "$3")" -bufsize 65536
  fi
}

# usage: sha256_of FILE
sha256_of() {
  local hash
  hash=$(exec openssl dgst -sha256 -r "$1")
  printf '%s' "${hash%% *}"
}

# --- sidecars: one field a line, so that line tools can read them ----------------------------------------------

# usage: sidecar_begin KIND
sidecar_begin() {
  SIDECAR=$'{\n'
  text schema "$SCHEMA"
  text kind "$1"
}

# usage: text NAME VALUE
text() {
  [[ $2 =~ ^[][A-Za-z0-9\ ._:/+=,()@-]*$ ]] || die 1 "the value of $1 cannot stand in a sidecar: \"$2\""
  SIDECAR+="  \"$1\": \"$2\","$'\n'
}

# usage: number NAME VALUE; also true and false
number() {
  [[ $2 =~ ^(0|[1-9][0-9]*|true|false)$ ]] || die 1 "$1 should be a number, found \"$2\""
  SIDECAR+="  \"$1\": $2,"$'\n'
}

# The fields that every artefact has. usage: sidecar_stored NAME SYSTEM_IDENTIFIER SIZE SHA256 PLAIN_SIZE PLAIN_SHA256
sidecar_stored() {
  local kdf=$KDF iterations=$KDF_ITERATIONS
  [ "$CIPHER" != none ] || kdf='' iterations=0
  text name "$1"
  text cluster "$CLUSTER_NAME"
  text system_identifier "$2"
  text node "$NODE_NAME"
  number size "$3"
  text sha256 "$4"
  number plain_size "$5"
  text plain_sha256 "$6"
  text compressor "$COMPRESSOR"
  text cipher "$CIPHER"
  text kdf "$kdf"
  number iterations "$iterations"
  text key_id "$KEY_ID"
  text tool "${0##*/} $TOOL_VERSION"
}

# Ends SIDECAR; the HMAC covers every byte before its own line.
sidecar_end() {
  MAC=''
  [ "$CIPHER" = none ] || mac_of "$SIDECAR"
  SIDECAR+="  \"hmac\": \"$MAC\""$'\n}\n'
}

# usage: read_sidecar FILE; fills FIELD and SIDECAR (the bytes under the HMAC). Returns 1 with the reason in FIELD[problem].
read_sidecar() {
  local line ended=no
  FIELD=() SIDECAR=''
  [ -r "$1" ] || { FIELD[problem]="no sidecar $1" && return 1; }
  while IFS= read -r line; do
    case $line in
    '{' | '}') ;;
    *)
      if [ $ended = yes ] || ! read_field "$line"; then
        FIELD=([problem]="$1 is not a sidecar of format 1: \"$line\"")
        return 1
      fi
      [ -z "${FIELD[hmac]+there}" ] || ended=yes
      ;;
    esac
    [ $ended = yes ] || SIDECAR+=$line$'\n'
  done <"$1"
  [ "${FIELD[schema]-}" = "$SCHEMA" ] || { FIELD[problem]="$1: expected schema $SCHEMA, found \"${FIELD[schema]-}\"" && return 1; }
}

# usage: read_field LINE; into FIELD; not twice, and no escapes: none are ever written
read_field() {
  local value
  [[ $1 =~ ^\ \ \"([a-z0-9_]+)\":\ (\"[^\"\\]*\"|[0-9]+|true|false|null),?$ ]] || return 1
  [ -z "${FIELD[${BASH_REMATCH[1]}]+there}" ] || return 1
  value=${BASH_REMATCH[2]#\"}
  FIELD[${BASH_REMATCH[1]}]=${value%\"}
}

# usage: sidecar_problem NAME; judges what read_sidecar read: prints why it cannot be trusted as NAME's, or nothing
sidecar_problem() {
  # What is read with an older key is not written with it.
  local MAC_INNER=$MAC_INNER MAC_OUTER=$MAC_OUTER
  if [ "${FIELD[name]-}" != "$1" ]; then
    printf 'the sidecar is of "%s"' "${FIELD[name]-}"
  elif [ "${FIELD[cluster]-}" != "$CLUSTER_NAME" ]; then
    printf 'it is of the cluster "%s", not of %s' "${FIELD[cluster]-}" "$CLUSTER_NAME"
  elif [ -z "${FIELD[hmac]-}" ]; then
    [ "${FIELD[cipher]-}" = none ] && [ "$ENCRYPTION" = no ] || printf 'it is not authenticated (no hmac), and ENCRYPTION="%s"' "$ENCRYPTION"
  elif [ -z "$KEY_ID" ]; then
    printf 'it is encrypted (key id %s), and ENCRYPTION="no" gives no key' "${FIELD[key_id]-}"
  elif ! use_key "${FIELD[key_id]-}"; then
    printf 'it was made with the key %s, and %s is the key %s; %s does not hold it either' "${FIELD[key_id]-}" "$KEY_FILE" "$KEY_ID" "$KEY_RING"
  elif ! mac_of "$SIDECAR" || [ "$MAC" != "${FIELD[hmac]}" ]; then
    printf 'the hmac does not fit: the sidecar was changed'
  fi
}

# --- publishing ------------------------------------------------------------------------------------------------

# usage: publish DIRECTORY TEMPORARY... ; each TEMPORARY is DIRECTORY/.NAME.tmp; becomes NAME, in the order given, never
# over an existing file. Durable when it returns. The sidecar, last, marks completeness.
publish() {
  local directory=$1 temporary name
  shift
  sync "$@"
  for temporary in "$@"; do
    name=${temporary##*/.}
    ln "$temporary" "$directory/${name%.tmp}"
  done
  sync "$directory"
  rm -f "$@"
}

# --- the archive's identity ------------------------------------------------------------------------------------

# usage: archive_problem SYSTEM_IDENTIFIER; prints why this host must not write into BACKUP_ROOT, or nothing.
# An empty identifier is not compared. Changes nothing. derive_keys comes first.
archive_problem() {
  local file=$BACKUP_ROOT/CLUSTER.json
  if [ ! -e "$file" ]; then
    archive_is_empty || printf '%s holds backups and no CLUSTER.json: if they are of this cluster, backup-full.sh --init-archive' "$BACKUP_ROOT"
  elif ! read_sidecar "$file"; then
    printf '%s' "${FIELD[problem]}"
  elif [ "${FIELD[cluster]-}" != "$CLUSTER_NAME" ]; then
    printf '%s is of the cluster "%s", not of %s: move it aside first' "$BACKUP_ROOT" "${FIELD[cluster]-}" "$CLUSTER_NAME"
  elif [ -n "$1" ] && [ "${FIELD[system_identifier]-}" != "$1" ]; then
    printf '%s is of the system %s, and this server is %s: a new cluster must not write over the backups of an old one; move them aside' "$BACKUP_ROOT" "${FIELD[system_identifier]-}" "$1"
  elif [ "${FIELD[key_id]-}" != "$KEY_ID" ]; then
    printf '%s was written with the key "%s", and this host has "%s": put back the right key' "$BACKUP_ROOT" "${FIELD[key_id]-}" "$KEY_ID"
    [ ! -e "$KEY_RING/${FIELD[key_id]:-none}" ] || printf ', or, if the key was rotated and "%s" is that of the other members: backup-rotate.sh name' "$KEY_ID"
  fi
}

# What cannot be looked into is not called empty: its disk may not be mounted.
archive_is_empty() {
  local first
  # find wants to go back to where it began, and postgres may not read that.
  first=$(cd / && find "$BACKUP_ROOT/full" "$BACKUP_ROOT/wal" -type f ! -name '.*' -print -quit) ||
    die 3 "cannot look into $BACKUP_ROOT/full and $BACKUP_ROOT/wal as $(id -un)"
  [ -z "$first" ]
}

# usage: claim_archive SYSTEM_IDENTIFIER; every script does so before it writes. Founds an empty archive.
claim_archive() {
  local problem
  problem=$(archive_problem "$1")
  [ -z "$problem" ] || die 3 "$problem"
  [ -e "$BACKUP_ROOT/CLUSTER.json" ] || found_archive "$1"
  read_sidecar "$BACKUP_ROOT/CLUSTER.json" || die 3 "${FIELD[problem]}"
  # shellcheck disable=SC2034 # read by the scripts
  ARCHIVE_IDENTIFIER=${FIELD[system_identifier]-}
}

# usage: identity SYSTEM_IDENTIFIER; prints CLUSTER.json with the key that writes
identity() {
  printf '{\n  "schema": "%s",\n  "cluster": "%s",\n' "$SCHEMA" "$CLUSTER_NAME"
  printf '  "system_identifier": "%s",\n  "key_id": "%s"\n}\n' "$1" "$KEY_ID"
}

# usage: found_archive SYSTEM_IDENTIFIER
found_archive() {
  local temporary=$BACKUP_ROOT/.CLUSTER.json.$$.tmp
  [[ $1 =~ ^[0-9]{10,20}$ ]] || die 1 "cannot found the archive $BACKUP_ROOT: the system identifier is not known (\"$1\")"
  rm -f "$temporary"
  identity "$1" >"$temporary"
  sync "$temporary"
  if ! ln "$temporary" "$BACKUP_ROOT/CLUSTER.json"; then
    rm -f "$temporary"
    [ -e "$BACKUP_ROOT/CLUSTER.json" ] || die 1 "cannot write $BACKUP_ROOT/CLUSTER.json"
    claim_archive "$1" # somebody else founded it at the same moment: is it the same?
    return
  fi
  sync "$BACKUP_ROOT"
  rm -f "$temporary"
  log info "founded the archive $BACKUP_ROOT of $CLUSTER_NAME, system $1, key ${KEY_ID:-none}"
}
