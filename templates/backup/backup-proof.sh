#!/bin/bash
# Proofs that what is stored is what was made. Sourced after backup-format.sh, never run.
# Each `…_problem FILE` reads what is stored, prints why it cannot be relied on, or nothing, and changes nothing.

# usage: stored_problem FILE; the sidecar is whole, authentic and of this cluster, and the stored bytes are those it names. FILE may
# have its name in S3, with .enc
stored_problem() {
  local problem size name=${1##*/}
  [ -e "$1.json" ] || sleep 1 # it may be being published at this moment: the sidecar comes last
  read_sidecar "$1.json" || { printf '%s' "${FIELD[problem]}" && return; }
  problem=$(sidecar_problem "${name%.enc}")
  if [ -n "$problem" ]; then
    printf '%s' "$problem"
    return
  fi
  size=$(stat -L -c %s "$1") || { printf 'it is gone' && return; }
  if [ "$size" != "${FIELD[size]}" ]; then
    printf 'it has %s bytes, its sidecar says %s' "$size" "${FIELD[size]}"
  elif [ "$(sha256_of "$1")" != "${FIELD[sha256]}" ]; then
    printf 'its sha256 is not the one in its sidecar: the stored bytes were changed or damaged'
  fi
}

# usage: content_problem FILE WORK; decrypts and decompresses to the end. For a full backup, the tar must be whole too.
# WORK is an empty directory for pipes; stored_problem comes first.
content_problem() {
  local file=$1 work=$2 hasher
  read_sidecar "$file.json" || { printf '%s' "${FIELD[problem]}" && return; }
  rm -f "$work/plain"
  mkfifo "$work/plain"
  openssl dgst -sha256 -r <"$work/plain" >"$work/plain.sha256" &
  hasher=$!
  if ! plain "$file" 2>"$work/errors" | tee "$work/plain" | look_inside >"$work/ends"; then
    # Where tee did not even begin, nobody opened the pipe, and the hasher would wait for ever.
    kill "$hasher" 2>/dev/null || true
    wait "$hasher" || true
    printf 'it cannot be read to its end: %s' "$(tail -n 1 "$work/errors")"
    return
  fi
  wait "$hasher"
  if [ "$(cut -d ' ' -f 1 "$work/plain.sha256")" != "${FIELD[plain_sha256]}" ]; then
    printf 'its content is not what was backed up (sha256 of the plaintext)'
  elif [ "${FIELD[kind]}" = full ]; then
    ends_problem "$work/ends"
  fi
}

# usage: plain FILE; after read_sidecar
plain() {
  decrypt "${FIELD[cipher]}" "${FIELD[iterations]}" "${FIELD[key_id]-}" <"$1" | decompress
}

look_inside() {
  if [ "${FIELD[kind]}" = full ]; then tar_ends; else cat >/dev/null; fi
}

# Prints the first and the last name in a tar, and reads to the end of the stream, as tar does not.
tar_ends() {
  tar --list --quoting-style=literal --file - | awk 'NR == 1 { first = $0 } { last = $0 } END { print first; print last }'
  cat >/dev/null
}

# usage: ends_problem FILE; pg_basebackup writes backup_label first and, when all went well, backup_manifest last
ends_problem() {
  local first='' last=''
  { IFS= read -r first && IFS= read -r last; } <"$1" || true
  [ "$first" = backup_label ] && [ "$last" = backup_manifest ] ||
    printf 'it is not a whole base backup: backup_label should come first and backup_manifest last, found "%s" and "%s"' "$first" "$last"
}

# usage: unpacked_problem FILE WORK; unpacks a full backup into WORK/data and lets pg_verifybackup judge it, its WAL too
unpacked_problem() {
  local data=$2/data answer
  read_sidecar "$1.json" || { printf '%s' "${FIELD[problem]}" && return; }
  mkdir "$data"
  if ! plain "$1" | { tar --extract --file - --directory "$data" && cat >/dev/null; }; then
    printf 'it cannot be unpacked'
  elif ! answer=$(pg_verifybackup --exit-on-error "$data" 2>&1); then
    printf 'pg_verifybackup: %s' "${answer//$'\n'/; }"
  fi
  rm -rf "$data"
}

# usage: names_here DIRECTORY PREFIX; prints the names that the archive here holds, the oldest first
names_here() {
  local file
  for file in "$BACKUP_ROOT/$1/$2"_[0-9]*.tar.gz; do
    [ ! -e "$file.json" ] || printf '%s\n' "${file##*/}"
  done
}

# usage: newest_full; prints the path of the newest full backup that has a sidecar, or nothing
newest_full() {
  local newest
  newest=$(names_here full full_backup | tail -n 1)
  [ -z "$newest" ] || printf '%s' "$BACKUP_ROOT/full/$newest"
}

# usage: age_of FULL; prints the seconds since its end, or `unknown`
age_of() {
  local ended
  # date takes an empty text for today.
  if [ -n "$1" ] && read_sidecar "$1.json" && [[ ${FIELD[ended_at]-} == ????-??-??T* ]] && ended=$(date -u -d "${FIELD[ended_at]}" +%s); then
    printf '%d' $(($(printf '%(%s)T' -1) - ended))
  else
    printf unknown
  fi
}

# usage: link_latest FILE; latest.tar.gz is a relative link to the newest backup that was proved to its end
link_latest() {
  local link=$BACKUP_ROOT/full/latest.tar.gz
  [ "$(readlink "$link")" != "${1##*/}" ] || return 0
  ln -sfn "${1##*/}" "$BACKUP_ROOT/full/.latest.tmp"
  mv -T "$BACKUP_ROOT/full/.latest.tmp" "$link"
  sync "$BACKUP_ROOT/full"
  log info "latest.tar.gz is ${1##*/}"
}
