#!/bin/bash
# The keys of backups (docs/backup-format.md#the-key): the one in KEY_FILE writes; those in KEY_RING, each under its key id, only
# read what was made with them before a rotation. Sourced by backup-format.sh, never run.

# "fanahmac": the salt of the one derivation that gives the authentication key and the key id.
readonly MAC_SALT=66616e61686d6163

# shellcheck disable=SC2034 # read by backup-format.sh
CIPHER=aes-256-cbc
KEY_ID='' KEY_RING='' MAC_INNER='' MAC_OUTER='' MAC=''
# What openssl reads the key from that writes. It is held open: a run writes to its end with the key it began with.
KEY_SOURCE='' DERIVED=''

# usage: key_problem FILE; prints why the key file cannot be used, or nothing
key_problem() {
  local file=$1 first='' mode
  [ -e "$file" ] || { printf '%s does not exist: apply install.yml, or restore it from escrow' "$file" && return; }
  [ -r "$file" ] || { printf '%s cannot be read by %s: it must be its own, mode 0600' "$file" "$(id -un)" && return; }
  mode=$(exec stat -L -c %a "$file")
  (((8#$mode & 8#077) == 0)) || { printf '%s has mode %s: nobody but its owner may read it (chmod 600)' "$file" "$mode" && return; }
  IFS= read -r first <"$file" || true
  # openssl takes the first line only, blank or not, carriage return and all.
  [[ $first != *$'\r'* ]] || { printf '%s has Windows line ends, which change the key' "$file" && return; }
  [ ${#first} -ge 32 ] || printf 'the first line of %s has %d characters, at least 32 are wanted (openssl rand -base64 32)' "$file" ${#first}
}

# Sets KEY_ID, KEY_SOURCE and what mac_of needs; dies with 3 when the key cannot be used.
derive_keys() {
  begin_derivation
  end_derivation
}

# Its first half, in the background: the caller has other things to do meanwhile.
begin_derivation() {
  local key_fd
  KEY_RING=$KEY_FILE.d
  [ "$ENCRYPTION" = yes ] || return 0
  if [ -r "$KEY_FILE" ]; then
    exec {key_fd}<"$KEY_FILE"
    KEY_SOURCE=/dev/fd/$key_fd
  fi
  exec {DERIVED}< <(derive_or_say)
}

# Prints a line: what derived_from prints, or why it cannot be.
derive_or_say() {
  local problem
  problem=$(key_problem "$KEY_FILE")
  if [ -n "$problem" ]; then
    printf '%s\n' "$problem"
  else
    derived_from "$KEY_SOURCE" || printf 'openssl did not derive a key from %s\n' "$KEY_FILE"
  fi
}

end_derivation() {
  local derived=''
  if [ "$ENCRYPTION" = no ]; then
    # shellcheck disable=SC2034
    CIPHER=none
    return
  fi
  IFS= read -r derived <&"$DERIVED" || true
  exec {DERIVED}<&-
  [[ $derived =~ ^[0-9a-f]{16}\ [0-9A-F]{64}$ ]] || die 3 "${derived:-"openssl did not derive a key from $KEY_FILE"}"
  set_mac_key "${derived#* }"
  KEY_ID=${derived% *}
}

# usage: derived_from FILE; prints the key id and the authentication key (hex) of the key in FILE; returns 1 where openssl gives none
derived_from() {
  local derived
  derived=$(exec openssl enc -aes-256-cbc -pbkdf2 -iter "$KDF_ITERATIONS" -md sha256 -S "$MAC_SALT" -pass "file:$1" -P) || return 1
  [[ $derived =~ key=([0-9A-F]{64}).*iv\ =([0-9A-F]{32}) ]] || return 1
  derived=${BASH_REMATCH[2]:0:16}
  printf '%s %s\n' "${derived,,}" "${BASH_REMATCH[1]}"
}

# usage: source_of_key KEY_ID; prints what openssl reads this key from
source_of_key() {
  if [ "$1" = "$KEY_ID" ]; then printf '%s' "$KEY_SOURCE"; else printf '%s' "$KEY_RING/$1"; fi
}

# usage: use_key KEY_ID; mac_of takes this key from now on; returns 1 where this host does not hold it
use_key() {
  local derived
  [ "$1" != "$KEY_ID" ] || return 0
  [[ $1 =~ ^[0-9a-f]{16}$ && -r $KEY_RING/$1 ]] || return 1
  derived=$(derived_from "$KEY_RING/$1") && [ "${derived% *}" = "$1" ] || return 1
  set_mac_key "${derived#* }"
}

# usage: is_key PATH [CONTENT]; by its name: beside KEY_FILE, what begins with its name (.next, a temporary one, one put aside), what is in
# KEY_RING, and *.key; or by its content, that of the file CONTENT: the text of a key that this host holds
is_key() {
  local path=$1 directory=${1%/*} name=${1##*/} key
  [[ $name != *.key ]] || return 0
  for key in "$KEY_FILE" "$(readlink -m -- "$KEY_FILE")"; do
    [[ $path != "$key".d/* && ! $directory -ef $key.d ]] || return 0
    [[ $name != "${key##*/}"* && $name != ."${key##*/}"* ]] || [[ $directory != "${key%/*}" && ! $directory -ef ${key%/*} ]] || return 0
  done
  grep -qFf <(sed -sn '1{/.\{32\}/p}' "$KEY_FILE" "$KEY_FILE".next "$KEY_RING"/* 2>/dev/null) -- "${2-$path}" 2>/dev/null
}

# Prints the ids of the keys in KEY_RING, one a line.
ring_ids() {
  local file
  for file in "$KEY_RING"/*; do
    [[ ! ${file##*/} =~ ^[0-9a-f]{16}$ ]] || printf '%s\n' "${file##*/}"
  done
}

# usage: set_mac_key HEX; the two paddings of HMAC (RFC 2104) as printf escapes
set_mac_key() {
  local key i byte inner outer
  printf -v key '%s%064d' "$1" 0
  MAC_INNER='' MAC_OUTER=''
  for ((i = 0; i < 128; i += 2)); do
    byte=$((16#${key:i:2}))
    printf -v inner '\\x%02x' $((byte ^ 0x36))
    printf -v outer '\\x%02x' $((byte ^ 0x5c))
    MAC_INNER+=$inner MAC_OUTER+=$outer
  done
}

# usage: mac_of TEXT; HMAC-SHA256 in hex, into MAC. By hand, because every option of openssl shows the key in argv; with
# sha256sum, which starts several times faster.
mac_of() {
  local i escaped=''
  MAC=$(printf '%b%s' "$MAC_INNER" "$1" | sha256sum)
  for ((i = 0; i < 64; i += 2)); do escaped+="\\x${MAC:i:2}"; done
  MAC=$(printf '%b%b' "$MAC_OUTER" "$escaped" | sha256sum)
  MAC=${MAC%% *}
}
