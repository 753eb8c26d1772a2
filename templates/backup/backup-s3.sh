#!/bin/bash
# Objects in S3, with awscli: what is there, putting what is not, proving what was put. Sourced after backup-format.sh,
# never run. Keys: docs/backup-format.md. awscli knows no condition on a put, so that every put is preceded by a look.

declare -A THERE=()
readonly S3_LIMITS=(--cli-connect-timeout 10 --cli-read-timeout 60)
# Above it, awscli uploads in parts, each of which it repeats by itself when the link breaks.
readonly S3_SINGLE_BYTES=$((256 << 20)) S3_PART_BYTES=$((8 << 20))

# Dies with 3 unless S3 is configured.
require_s3() {
  [ -n "$S3_BUCKET" ] || die 3 'S3 is not configured: S3_BUCKET in backup.conf is empty (in the inventory: s3_bucket)'
  command -v aws >/dev/null || die 3 'S3 is configured, and awscli is not installed'
  [ -z "$S3_CREDENTIALS_FILE" ] || [ -r "$S3_CREDENTIALS_FILE" ] ||
    die 3 "$(id -un) cannot read S3_CREDENTIALS_FILE=\"$S3_CREDENTIALS_FILE\""
  [ -z "$S3_CREDENTIALS_FILE" ] || export AWS_SHARED_CREDENTIALS_FILE=$S3_CREDENTIALS_FILE
  [ -z "$S3_REGION" ] || export AWS_DEFAULT_REGION=$S3_REGION
  # Whoever restores as root asks as postgres, whose settings awscli finds there.
  [ "$EUID" -ne 0 ] || HOME=$(getent passwd postgres | cut -d : -f 6)
}

# usage: s3 ARGUMENT...; awscli, never for ever
s3() {
  local endpoint=()
  [ -z "$S3_ENDPOINT_URL" ] || endpoint=(--endpoint-url "$S3_ENDPOINT_URL")
  as_postgres timeout "$S3_TIMEOUT_SECONDS" aws "${endpoint[@]}" "${S3_LIMITS[@]}" "$@" </dev/null
}

# usage: s3_key NAME; prints the key below the prefix
s3_key() {
  printf '%s' "${S3_PREFIX:+$S3_PREFIX/}$1"
}

# The prefix must be of this cluster, like the archive; one without backups is founded. Returns 1 after saying why not.
claim_prefix() {
  local key mine theirs
  key=$(s3_key CLUSTER.json)
  mine=$(<"$BACKUP_ROOT/CLUSTER.json") || return 1
  look_at "$key" || return 1
  if [ "$OBJECT_SIZE" = absent ]; then
    is_free "$key" || return 1
  fi
  if [ "$OBJECT_SIZE" = absent ]; then
    log info "founding s3://$S3_BUCKET/$(s3_key '')"
    send "$BACKUP_ROOT/CLUSTER.json" "$key" "$(sha256_of "$BACKUP_ROOT/CLUSTER.json")" || return 1
  fi
  # Read after it was put: two clusters may have founded it at the same moment.
  theirs=$(s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$key" -) || return 1
  [ "$theirs" = "$mine" ] && return
  log error "s3://$S3_BUCKET/$key is of another cluster, system or key than $BACKUP_ROOT/CLUSTER.json: nothing is uploaded. A new cluster needs an S3_PREFIX of its own; new machines for the one in S3 need recover-s3.yml"
  return 1
}

# usage: is_free KEY; no backup lies below the prefix, or KEY is there meanwhile, as look_at has it; returns 1 after saying why not. What
# belongs to another prefix below this one does not count.
is_free() {
  local kind found
  for kind in postgresql blockchain config; do
    found=$(s3 s3api list-objects-v2 --bucket "$S3_BUCKET" --prefix "$(s3_key "$kind/")" --max-keys 1 --no-paginate \
      --query 'Contents[0].Key' --output text 2>&1) || {
      log error "cannot list s3://$S3_BUCKET/$(s3_key "$kind/"), and a prefix is founded only where it is seen to be empty (this needs the permission s3:ListBucket, which reading and writing objects do not give): ${found//$'\n'/ }"
      return 1
    }
    [[ -n $found && $found != None ]] || continue
    # Another node of this cluster may have founded it just now, and uploaded the first.
    look_at "$1" || return 1
    [ "$OBJECT_SIZE" = absent ] || return 0
    log error "s3://$S3_BUCKET/$1 is not there, and backups are ($found): whose they are cannot be told, and nothing is uploaded. A new cluster needs an S3_PREFIX of its own. If they are this cluster's, as the system_identifier in their sidecars says, put it back: aws s3 cp $BACKUP_ROOT/CLUSTER.json s3://$S3_BUCKET/$1"
    return 1
  done
}

# usage: put FILE KEY SHA256; never over an object: another one there is a failure, the same one counts as uploaded
put() {
  look_at "$2" || return 1
  if [ "$OBJECT_SIZE" = absent ]; then
    send "$1" "$2" "$3" && look_at "$2" || return 1
  fi
  same_object "$1" "$2" "$3" && return
  log error "CONFLICT: s3://$S3_BUCKET/$2 ($OBJECT_SIZE bytes) is not $1 (sha256 $3); neither is touched"
  return 1
}

# usage: look_at KEY; sets OBJECT_SIZE (or `absent`), OBJECT_ETAG, OBJECT_SHA256; returns 1 after saying what kept it from looking
look_at() {
  local answer
  OBJECT_SIZE=absent OBJECT_ETAG='' OBJECT_SHA256=''
  if answer=$(s3 s3api head-object --bucket "$S3_BUCKET" --key "$1" --checksum-mode ENABLED \
    --query '[ContentLength, ETag, ChecksumSHA256]' --output text 2>&1); then
    read -r OBJECT_SIZE OBJECT_ETAG OBJECT_SHA256 <<<"$answer"
    OBJECT_ETAG=${OBJECT_ETAG//\"/}
  elif [[ $answer != *'(404)'* ]]; then
    log error "cannot look at s3://$S3_BUCKET/$1: ${answer//$'\n'/ }"
    return 1
  fi
}

# usage: list_objects PREFIX AFTER; fills THERE, by key: size and ETag of the objects below PREFIX whose names come after AFTER
list_objects() {
  local key size etag answer
  THERE=()
  answer=$(s3 s3api list-objects-v2 --bucket "$S3_BUCKET" --prefix "$1" --start-after "$1$2" \
    --query 'Contents[].[Key, Size, ETag]' --output text 2>&1) || {
    log error "cannot list s3://$S3_BUCKET/$1: ${answer//$'\n'/ }"
    return 1
  }
  while read -r key size etag; do
    # shellcheck disable=SC2034 # read by the callers
    [ -z "$size" ] || THERE[$key]="$size ${etag//\"/}"
  done <<<"$answer"
}

# usage: send FILE KEY SHA256
send() {
  if [ "$(stat -L -c %s "$1")" -gt "$S3_SINGLE_BYTES" ]; then
    s3 s3 cp --only-show-errors "$1" "s3://$S3_BUCKET/$2"
  else
    # S3 itself refuses what is not of this checksum, and keeps it.
    s3 s3api put-object --bucket "$S3_BUCKET" --key "$2" --body "$1" \
      --checksum-algorithm SHA256 --checksum-sha256 "$(base64_of "$3")" >/dev/null
  fi
}

# usage: same_object FILE KEY SHA256; what look_at saw holds FILE's bytes: by S3's checksum, by its ETag, or read back
same_object() {
  [ "$OBJECT_SIZE" = "$(stat -L -c %s "$1")" ] || return 1
  if [ "$OBJECT_SHA256" = "$(base64_of "$3")" ] || same_etag "$1" "$OBJECT_ETAG"; then return 0; fi
  # Encrypted by a key of KMS, ETags tell nothing.
  reads_back "$2" "$3"
}

# usage: reads_back KEY SHA256; the object, read to its end, is of this sum
reads_back() {
  [ "$(s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$1" - | openssl dgst -sha256 -r)" = "$2 *stdin" ]
}

# usage: base64_of HEX
base64_of() {
  local i escapes=''
  for ((i = 0; i < ${#1}; i += 2)); do escapes+="\\x${1:i:2}"; done
  printf '%b' "$escapes" | openssl base64 -A
}

# usage: same_etag FILE ETAG [MD5 of FILE]; an ETag is the MD5, or of an upload in N parts the MD5 of the parts' MD5s and -N
same_etag() {
  local size part=$S3_PART_BYTES count=${2#*-} hash=${3-}
  if [[ $2 != *-* ]]; then
    [ -n "$hash" ] || hash=$(openssl dgst -md5 -r "$1")
    [ "${hash%% *}" = "$2" ]
    return
  fi
  size=$(stat -L -c %s "$1")
  # awscli doubles the size of its parts when they would be too many.
  while (((size + part - 1) / part > count)); do part=$((part * 2)); done
  hash=$(split -b "$part" --filter='openssl dgst -md5 -binary' "$1" | openssl dgst -md5 -r)
  [ "${hash%% *}-$count" = "$2" ]
}
