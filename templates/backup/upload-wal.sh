#!/bin/bash
# Uploads archived WAL in batches: awscli takes most of a second to start. Sourced by backup-upload.sh, never run.
#
# A batch: a listing of what is there, one upload of what is not, a listing of whose came last, one upload of the sidecars of
# those that are ours, a listing that proves it all. Other members may do the same at the same moment (docs/decisions/0017).

readonly BATCH=250
# OURS: what an object was listed as that was read back as this file.
declare -A MD5=() SHA256=() SIZE=() KEY=() OURS=()

# Where S3 itself fails, no other batch is tried; files that fail keep none of the later ones waiting.
S3_FAILED=no

upload_wal() {
  local names=() i
  mapfile -t names < <(pending wal)
  for ((i = 0; i < ${#names[@]}; i += BATCH)); do
    [ $S3_FAILED = no ] || return 0
    upload_batch "${names[@]:i:BATCH}"
  done
}

# usage: upload_batch NAME...; marks what is there in the end
upload_batch() {
  local name good=()
  MD5=() SHA256=() SIZE=() KEY=() OURS=()
  hash_batch "$@"
  [ ${#KEY[@]} -gt 0 ] || return 0
  look_at_batch "$1" || return 0
  send_missing objects '' || s3_failed 'awscli could not upload all objects of the batch'
  look_at_batch "$1" || return 0
  send_missing sidecars .json || s3_failed 'awscli could not upload all sidecars of the batch'
  look_at_batch "$1" || return 0
  for name in "${!KEY[@]}"; do
    if is_there "$name" '' && is_there "$name" .json; then good+=("$BACKUP_ROOT/wal/$name.json"); else settle "$name"; fi
  done
  mark_all "${good[@]}"
}

# usage: s3_failed MESSAGE
s3_failed() {
  S3_FAILED=yes
  log error "$1"
}

# usage: hash_batch NAME...; fills KEY, MD5, SHA256 and SIZE for what is whole; what is gone or was damaged here is not uploaded
hash_batch() {
  local name file hash size wal=$BACKUP_ROOT/wal
  # Of what cannot be read there is no line, and of the others all the same.
  while read -r hash file; do
    SHA256[${file#\*}]=$hash
  done < <({ cd "$wal" && openssl dgst -sha256 -r "$@" 2>/dev/null; } || true)
  for name in "$@"; do
    if ! read_sidecar "$wal/$name.json"; then
      fail_one "${FIELD[problem]}"
    elif [ -z "${SHA256[$name]-}" ]; then
      fail_one "$wal/$name is gone or cannot be read, and its sidecar is there: put it back, or move the sidecar aside, too"
    elif [ "${FIELD[sha256]-}" != "${SHA256[$name]}" ]; then
      fail_one "$wal/$name is damaged: its sha256 is not the one in its sidecar; move both aside"
    else
      KEY[$name]=$(key_of "$wal/$name" "${FIELD[cipher]}")
    fi
  done
  [ ${#KEY[@]} -gt 0 ] || return 0
  while read -r hash file; do
    MD5[${file#\*}]=$hash
  done < <(cd "$wal" && in_batch | xargs openssl dgst -md5 -r)
  while read -r size file; do
    SIZE[$file]=$size
  done < <(cd "$wal" && in_batch | xargs stat -c '%s %n')
}

# The files of the batch, artefacts and sidecars.
in_batch() {
  printf '%s\n' "${!KEY[@]}" | sed 'p; s/$/.json/'
}

# usage: look_at_batch FIRST; fills THERE with what is there from FIRST on; where S3 does not say, nothing of the batch is known to be there
look_at_batch() {
  list_objects "$(s3_key postgresql/wal/)" "${1%.gz}" && return
  S3_FAILED=yes FAILED=$((FAILED + ${#KEY[@]}))
  return 1
}

# usage: send_missing DIRECTORY SUFFIX; what has no object under its key yet; a sidecar only beside the very object that it is of
send_missing() {
  local name stage=$WORK/$1
  for name in "${!KEY[@]}"; do
    [ -z "${THERE[${KEY[$name]}$2]-}" ] || continue
    [ -z "$2" ] || is_ours "$name" || continue
    [ -d "$stage/${KEY[$name]%/*}" ] || mkdir -p "$stage/${KEY[$name]%/*}"
    printf '%s\0%s\0' "$BACKUP_ROOT/wal/$name$2" "$stage/${KEY[$name]}$2"
  done >"$WORK/links"
  [ -s "$WORK/links" ] || return 0
  xargs -0 -n 2 ln <"$WORK/links"
  s3 s3 cp --only-show-errors --recursive "$stage/" "s3://$S3_BUCKET/" || { rm -rf "$stage" && return 1; }
  rm -rf "$stage"
}

# usage: is_there NAME SUFFIX; the object seen under its key is this file
is_there() {
  local seen=${THERE[${KEY[$1]}$2]-}
  [ "${seen% *}" = "${SIZE[$1$2]}" ] || return 1
  [ "$seen" = "${OURS[$1$2]-}" ] || same_etag "$BACKUP_ROOT/wal/$1$2" "${seen#* }" "${MD5[$1$2]}"
}

# usage: is_ours NAME; the same of an object whose ETag may tell nothing, encrypted by a key of KMS: only where size alone fits, it is read back, once
is_ours() {
  local seen=${THERE[${KEY[$1]}]-}
  is_there "$1" '' && return
  [ "${seen% *}" = "${SIZE[$1]}" ] && reads_back "${KEY[$1]}" "${SHA256[$1]}" || return 1
  OURS[$1]=$seen
}

# usage: settle NAME; what differs may be the same WAL, archived by another member: its ciphertext is another one
settle() {
  local name=$1 file=$BACKUP_ROOT/wal/$1 key=${KEY[$1]} mine problem
  read_sidecar "$file.json" && mine=${FIELD[plain_sha256]}
  if [ -z "${THERE[$key]-}" ] || { [ -z "${THERE[$key.json]-}" ] && is_there "$name" ''; }; then
    fail_one "$file was not uploaded"
  elif [ -z "${THERE[$key.json]-}" ]; then
    settle_abandoned "$name"
  elif ! s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$key.json" "$WORK/theirs.json"; then
    fail_one "$file: cannot read s3://$S3_BUCKET/$key.json"
  elif problem=$(read_sidecar "$WORK/theirs.json" || printf '%s' "${FIELD[problem]}") && [ -n "$problem" ]; then
    fail_one "s3://$S3_BUCKET/$key: $problem"
  elif read_sidecar "$WORK/theirs.json" && problem=$(sidecar_problem "$name") && [ -n "$problem" ]; then
    fail_one "s3://$S3_BUCKET/$key: $problem"
  elif [ "${FIELD[plain_sha256]}" != "$mine" ]; then
    fail_one "CONFLICT: s3://$S3_BUCKET/$key of ${FIELD[node]} holds other WAL than $file; neither is touched"
  elif { [ "${THERE[$key]%% *}" = "${FIELD[size]}" ] && same_object_of "$name"; } ||
    replace "$name" "is damaged: its bytes are not those that its sidecar, of ${FIELD[node]}, names"; then
    mark_all "$file.json"
  else
    fail_one "s3://$S3_BUCKET/$key could not be replaced"
  fi
}

# usage: settle_abandoned NAME; another member's object without a sidecar: that member is about to put it, or died before it could. Nobody
# can read such an object; it is replaced before anybody has to be alarmed that this one waits. Our own, which could not be read back before, gets its sidecar.
settle_abandoned() {
  local file=$BACKUP_ROOT/wal/$1 key=${KEY[$1]} since
  if is_ours "$1"; then
    if put "$file.json" "$key.json" "$(sha256_of "$file.json")"; then
      mark_all "$file.json"
    else
      fail_one "$file was not uploaded"
    fi
  elif ! since=$(s3 s3api head-object --bucket "$S3_BUCKET" --key "$key" --query LastModified --output text 2>&1) || ! since=$(date -u -d "$since" +%s); then
    fail_one "$file: cannot look at s3://$S3_BUCKET/$key"
  elif (($(printf '%(%s)T' -1) - since <= S3_PENDING_ALARM_SECONDS / 2)); then
    fail_one "$file waits: s3://$S3_BUCKET/$key is of another member, which has not put its sidecar yet"
  elif replace "$1" 'is of another member, and has had no sidecar for too long'; then
    mark_all "$file.json"
  else
    fail_one "s3://$S3_BUCKET/$key could not be replaced"
  fi
}

# usage: replace NAME REASON; nobody can read its object: it was damaged, or its sidecar is of another member that has uploaded the same WAL
# at the same moment, or it has none. While two mend it, one may fail, and tries again: who is not proved to be there stays waiting.
replace() {
  local file=$BACKUP_ROOT/wal/$1 key=${KEY[$1]} hash sidecar_hash
  log warning "s3://$S3_BUCKET/$key $2; replaced by this node's copy of the same WAL"
  read_sidecar "$file.json" && hash=${FIELD[sha256]}
  sidecar_hash=$(sha256_of "$file.json")
  send "$file" "$key" "$hash" && send "$file.json" "$key.json" "$sidecar_hash" &&
    put "$file" "$key" "$hash" && put "$file.json" "$key.json" "$sidecar_hash"
}

# usage: same_object_of NAME; the object is what the sidecar there (in FIELD) says. It is read back unless both are ours and that was seen: an
# ETag tells nothing of bytes that are not ours, nor of an object that is encrypted by a key of KMS
same_object_of() {
  { [ "${FIELD[sha256]}" = "${SHA256[$1]}" ] && is_there "$1" ''; } || reads_back "${KEY[$1]}" "${FIELD[sha256]}"
}

# usage: mark_all SIDECAR...
mark_all() {
  local marks
  [ $# -gt 0 ] || return 0
  marks=$(marks_of wal)
  mkdir -p "$marks"
  ln -f "$@" "$marks/"
  UPLOADED=$((UPLOADED + $#))
}
