#!/bin/bash
# Uploads what of the archive is not in S3 yet: WAL in batches, an awscli for many, everything else one by one; proves what
# arrived and marks it (backup-spool.sh). Run by fanatico-upload.timer; run by hand it does the same at once. Doing it
# again is harmless; an object that is there is never overwritten, but for WAL that nobody could read (upload-wal.sh).
#
# usage: backup-upload.sh [--scheduled] [--only FILE] [--dry-run]
#   --scheduled   waits, after failures, for a time that grows up to five minutes
#   --only FILE   nothing but this file of the archive, or what a link leads to; waits for another run to end
#   --dry-run     says what waits; asks nobody
#   --help
# exit status: 0 all there, or S3 switched off; 5 something is not; others: see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh"
# shellcheck source=templates/backup/backup-spool.sh
. "${lib%/*}/backup-spool.sh"
# shellcheck source=templates/backup/upload-wal.sh
. "${lib%/*}/upload-wal.sh"

readonly LONGEST_PAUSE=300
SCHEDULED=no ONLY='' DRY_RUN=no
ARGUMENTS=()
UPLOADED=0 FAILED=0
WORK=''

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$WORK" ] || rm -rf "$WORK"' EXIT
  trap 'exit 1' HUP INT TERM
  run_as_postgres "${ARGUMENTS[@]}"
  load_settings backup-upload
  cd /
  [ -z "$ONLY" ] || find_only
  if [ -z "$S3_BUCKET" ]; then
    [ "$SCHEDULED" = yes ] || log info 'S3 is switched off (S3_BUCKET is empty): nothing is uploaded'
    return
  fi
  require_s3
  if [ "$DRY_RUN" = yes ]; then
    tell_pending
    return
  fi
  take_lock backup-upload "$([ -n "$ONLY" ] && printf %d "$S3_TIMEOUT_SECONDS" || printf 0)"
  upload
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --scheduled) SCHEDULED=yes ARGUMENTS+=("$1") ;;
    --dry-run) DRY_RUN=yes ARGUMENTS+=("$1") ;;
    --only)
      [ $# -gt 1 ] || die 2 '--only: expected a file of the archive'
      ONLY=$(realpath -e -- "$2" 2>/dev/null) || die 2 "--only: expected a file of the archive, and $2 is not there"
      # For postgres, who does not begin where root is.
      ARGUMENTS+=("$1" "$ONLY")
      shift
      ;;
    *) show_help "$lib" "$1" && exit 0 ;;
    esac
    shift
  done
}

# ONLY becomes BACKUP_ROOT/KIND/NAME, from which all that follows takes kind and name.
find_only() {
  local kind
  for kind in "${KINDS[@]}"; do
    [[ ${ONLY%/*} -ef $BACKUP_ROOT/$kind ]] || continue
    ONLY=$BACKUP_ROOT/$kind/${ONLY##*/}
    return 0
  done
  die 2 "--only: expected a file in wal, full, blockchain or config of $BACKUP_ROOT, found $ONLY"
}

tell_pending() {
  local kind
  for kind in "${KINDS[@]}"; do
    pending "$kind" | sed "s|^|$kind/|"
  done
}

upload() {
  count_pending
  if [ "$PENDING" -eq 0 ] || paused; then
    note_state
    return
  fi
  derive_keys
  WORK=$BACKUP_ROOT/uploaded/.work
  rm -rf "$WORK"
  mkdir -p "$WORK"
  if ! claim_prefix; then
    FAILED=$PENDING
  elif [ -n "$ONLY" ]; then
    upload_one "$ONLY"
  else
    upload_all
  fi
  count_pending
  note_state
  [ "$UPLOADED" -eq 0 ] || log info "$UPLOADED uploaded to s3://$S3_BUCKET/$(s3_key ''), $PENDING wait"
  [ "$FAILED" -eq 0 ] || die 5 "$FAILED of what waits was not uploaded; all of it is kept here, and tried again"
}

upload_all() {
  local kind name
  upload_wal
  # A full backup in the making is uploaded when it was read back.
  for kind in blockchain config $(unlocked backup-full && printf full); do
    while IFS= read -r name; do
      upload_one "$BACKUP_ROOT/$kind/$name"
    done < <(pending "$kind")
  done
}

# usage: unlocked NAME; no run on this host holds this lock
unlocked() {
  [ ! -e "$STATE_DIR/$1.lock" ] || flock -n "$STATE_DIR/$1.lock" true
}

# usage: upload_one FILE; the sidecar goes last, as in the archive
upload_one() {
  local file=$1 key problem
  ! is_uploaded "$file" || return 0
  problem=$(read_sidecar "$file.json" || printf '%s' "${FIELD[problem]}")
  if [ -n "$problem" ]; then
    fail_one "$file: $problem"
    return
  fi
  read_sidecar "$file.json"
  key=$(key_of "$file" "${FIELD[cipher]}")
  if put "$file" "$key" "${FIELD[sha256]}" && put_sum "$file" "$key" "${FIELD[sha256]}" &&
    put "$file.json" "$key.json" "$(sha256_of "$file.json")"; then
    mark_uploaded "$file"
    UPLOADED=$((UPLOADED + 1))
  else
    fail_one "$file was not uploaded"
  fi
}

# usage: fail_one MESSAGE
fail_one() {
  FAILED=$((FAILED + 1))
  log error "$1"
}

# usage: key_of FILE CIPHER; the key of BACKUP_ROOT/KIND/NAME, its sidecar in FIELD. What is of one node and not of the cluster has the
# node in its key: the schedule makes it on all of them in one second, under one name.
key_of() {
  local kind=${1%/*} suffix=.enc
  kind=${kind##*/}
  case $kind in
  wal | full) kind=postgresql/$kind ;;
  *) kind=$kind/${FIELD[node]:-$NODE_NAME} ;;
  esac
  [ "$2" != none ] || suffix=''
  s3_key "$kind/${1##*/}$suffix"
}

# usage: put_sum FILE KEY SHA256; for sha256sum -c beside the object, where the archive has one
put_sum() {
  [ -e "$1.sha256" ] || return 0
  printf '%s  %s\n' "$3" "${2##*/}" >"$WORK/sum"
  put "$WORK/sum" "$2.sha256" "$(sha256_of "$WORK/sum")"
}

# --- what the next run and backup-status.sh want to know -------------------------------------------------------

# Whether an earlier failure is too near. RETRY: how many failures in a row, and when to try again.
paused() {
  local failures=0 not_before=0
  [ "$SCHEDULED" = no ] || read -r failures not_before 2>/dev/null <"$STATE_DIR/upload-retry" || true
  ((not_before > $(printf '%(%s)T' -1)))
}

note_state() {
  local now failures=0 not_before=0 pause age=0
  now=$(printf '%(%s)T' -1)
  read -r failures not_before 2>/dev/null <"$STATE_DIR/upload-retry" || true
  if [ "$FAILED" -gt 0 ]; then
    failures=$((failures + 1))
    pause=$((failures > 4 ? LONGEST_PAUSE : 15 << failures))
    not_before=$((now + pause))
  elif [ "$not_before" -le "$now" ] || [ "$PENDING" -eq 0 ]; then
    failures=0 not_before=0
  fi
  printf '%d %d\n' "$failures" "$not_before" >"$STATE_DIR/upload-retry"
  [ -z "$OLDEST_PENDING" ] || age=$((now - OLDEST_PENDING))
  ((age <= S3_PENDING_ALARM_SECONDS)) ||
    log error "ALARM: $PENDING wait for S3, the oldest for $age s; allowed are $S3_PENDING_ALARM_SECONDS (S3_PENDING_ALARM_SECONDS)"
  write_state "$now" "$failures" "$age"
}

# usage: write_state NOW FAILURES AGE; STATE_DIR/upload-status.json
write_state() {
  local temporary=$STATE_DIR/.upload-status.tmp
  printf '{ "schema": "%s", "kind": "upload-status", "checked_at": "%(%Y-%m-%dT%H:%M:%SZ)T", "pending": %d, "oldest_pending_seconds": %d, "failures_in_a_row": %d }\n' \
    "$SCHEMA" "$1" "$PENDING" "$3" "$2" >"$temporary"
  mv "$temporary" "$STATE_DIR/upload-status.json"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
