#!/bin/bash
# Uploads to S3 with awscli. Sourced after backup-format.sh, never run. Keys: docs/backup-format.md.

readonly S3_LIMITS=(--cli-connect-timeout 10 --cli-read-timeout 60)

# Dies with 3 unless S3 is configured.
require_s3() {
  [ -n "$S3_BUCKET" ] || die 3 '--upload-s3: S3 is not configured: S3_BUCKET in backup.conf is empty (in the inventory: s3_bucket)'
  command -v aws >/dev/null || die 3 '--upload-s3: awscli is not installed'
  [ -z "$S3_CREDENTIALS_FILE" ] || [ -r "$S3_CREDENTIALS_FILE" ] ||
    die 3 "--upload-s3: $(id -un) cannot read S3_CREDENTIALS_FILE=\"$S3_CREDENTIALS_FILE\""
  [ -z "$S3_CREDENTIALS_FILE" ] || export AWS_SHARED_CREDENTIALS_FILE=$S3_CREDENTIALS_FILE
  [ -z "$S3_REGION" ] || export AWS_DEFAULT_REGION=$S3_REGION
}

# usage: s3 ARGUMENT...; awscli, never for ever
s3() {
  local endpoint=()
  [ -z "$S3_ENDPOINT_URL" ] || endpoint=(--endpoint-url "$S3_ENDPOINT_URL")
  timeout "$S3_TIMEOUT_SECONDS" aws "${endpoint[@]}" "${S3_LIMITS[@]}" "$@" </dev/null
}

# usage: s3_key NAME; prints the key below the prefix
s3_key() {
  printf '%s' "${S3_PREFIX:+$S3_PREFIX/}$1"
}

# usage: upload_full FILE; returns 1 when it is not all there. The sidecar goes last, as in the archive.
upload_full() {
  local file=$1 name
  name=postgresql/full/${1##*/}
  [ "$CIPHER" = none ] || name=$name.enc
  claim_prefix &&
    put "$file" "$(s3_key "$name")" &&
    put_text "$(cut -d ' ' -f 1 "$file.sha256")  ${name##*/}"$'\n' "$(s3_key "$name.sha256")" &&
    put "$file.json" "$(s3_key "$name.json")" &&
    log info "uploaded to s3://$S3_BUCKET/$(s3_key "$name")"
}

# The prefix must be of this cluster, like the archive; an empty one is founded.
claim_prefix() {
  local key theirs
  key=$(s3_key CLUSTER.json)
  case $(size_in_s3 "$key") in
  absent) put "$BACKUP_ROOT/CLUSTER.json" "$key" ;;
  unknown) return 1 ;;
  *)
    theirs=$(s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$key" -) || return 1
    [ "$theirs" = "$(<"$BACKUP_ROOT/CLUSTER.json")" ] ||
      { log error "s3://$S3_BUCKET/$key is of another cluster or key than $BACKUP_ROOT/CLUSTER.json: nothing is uploaded" && return 1; }
    ;;
  esac
}

# usage: put FILE KEY; never over an object of another size; the same size counts as uploaded
put() {
  local size there
  size=$(stat -L -c %s "$1")
  there=$(size_in_s3 "$2")
  if [ "$there" = absent ]; then
    s3 s3 cp --only-show-errors --expected-size "$size" "$1" "s3://$S3_BUCKET/$2" || return 1
    there=$(size_in_s3 "$2")
  fi
  [ "$there" = "$size" ] || { log error "s3://$S3_BUCKET/$2: expected $size bytes, found $there" && return 1; }
}

# usage: put_text TEXT KEY
put_text() {
  local temporary status=0
  temporary=$(mktemp "$STATE_DIR/upload.XXXXXX")
  printf '%s' "$1" >"$temporary"
  put "$temporary" "$2" || status=1
  rm -f "$temporary"
  return "$status"
}

# usage: size_in_s3 KEY; prints a number of bytes, `absent`, or `unknown` after saying why
size_in_s3() {
  local answer
  if answer=$(s3 s3api head-object --bucket "$S3_BUCKET" --key "$1" --query ContentLength --output text 2>&1); then
    printf '%s' "$answer"
  elif [[ $answer == *'(404)'* ]]; then
    printf absent
  else
    log error "s3://$S3_BUCKET/$1: ${answer//$'\n'/ }"
    printf unknown
  fi
}
