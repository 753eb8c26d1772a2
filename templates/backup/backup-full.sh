#!/bin/bash
# Takes a full backup of the cluster: one stream from pg_basebackup, compressed, encrypted and hashed on its way into
# BACKUP_ROOT/full. Run on every member by cron: the leader makes it, the others say who leads and end with 0.
#
# usage: backup-full.sh [--verify] [--upload-s3] [--here] [--dry-run]
#   --verify        reads back what was stored, to its end; only then does latest.tar.gz point to it
#   --upload-s3     to S3 at once, and not only with the next upload (fanatico-upload.timer)
#   --here          on this server, even when it does not lead
#   --dry-run       everything that can be looked at beforehand; changes nothing
# other uses:
#   --check         is this host ready? Changes nothing
#   --init-archive  writes CLUSTER.json: from now on BACKUP_ROOT is this cluster's
#   --key-id        prints the id of the encryption key
#   --help
# exit status: see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh"
# shellcheck source=templates/backup/backup-server.sh
. "${lib%/*}/backup-server.sh"

MODE=backup VERIFY=no UPLOAD=no HERE=no
WORK='' TEMPORARIES=() READERS=()

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  run_as_postgres "$@"
  load_settings backup-full
  freeze_check
  # psql complains, on the wrong stream for us, of a directory that postgres cannot enter: /root, most often.
  cd /
  [ "$UPLOAD" = no ] || require_s3
  case $MODE in
  key-id) derive_keys && printf '%s\n' "$KEY_ID" ;;
  check) LOG_FILE='' && check_server ;;
  init-archive) init_archive ;;
  dry-run) LOG_FILE='' && prepare && log info "$NODE_NAME would make a full backup now" ;;
  backup) make_backup ;;
  esac
}

read_options() {
  local option
  for option in "$@"; do
    case $option in
    --verify) VERIFY=yes ;;
    --upload-s3) UPLOAD=yes ;;
    --here) HERE=yes ;;
    --dry-run | --check | --init-archive | --key-id) MODE=${option#--} ;;
    *) show_help "$lib" "$option" && exit 0 ;;
    esac
  done
}

make_backup() {
  prepare
  take_lock backup-full 0
  make_work
  hold_session
  claim_archive "$SYSTEM_IDENTIFIER"
  take_base_backup
  store
  [ "$VERIFY" = no ] || verify
  [ "$UPLOAD" = no ] || upload
}

# What must hold before anything is written.
prepare() {
  local problem
  derive_keys
  choose_compressor
  ask_server
  leads_here || exit 0
  problem=$(archive_problem "$SYSTEM_IDENTIFIER")
  [ -z "$problem" ] || die 3 "$problem"
  [ "$TABLESPACES" -eq 0 ] || die 3 "the cluster has $TABLESPACES tablespaces of its own: one stream cannot hold them, and no backup is made. Move their tables into pg_default"
  check_free_space
}

# --- the stream ------------------------------------------------------------------------------------------------

# The last size (or, for the first, half the databases') and a fifth more must fit.
check_free_space() {
  local newest wanted free
  newest=$(newest_full)
  if [ -n "$newest" ]; then wanted=$(stat -L -c %s "$newest"); else wanted=$((DATABASE_BYTES / 2)); fi
  wanted=$((wanted * 6 / 5))
  free=$(df --output=avail -B1 "$BACKUP_ROOT/full" | tail -n 1)
  ((free >= wanted)) || die 7 "$BACKUP_ROOT/full has $((free / 1048576)) MiB free, and about $((wanted / 1048576)) MiB are needed: make room first; nothing was deleted"
}

# Under the lock all temporaries are stale.
make_work() {
  finish_published
  WORK=$STATE_DIR/backup-full.work
  rm -rf "$WORK" "$BACKUP_ROOT"/full/.full_backup_*.tmp
  mkdir "$WORK"
}

# What was killed between its links had been written to its end: it gets what it lacks, the sidecar last.
finish_published() {
  local temporary name suffix full=$BACKUP_ROOT/full
  for temporary in "$full"/.full_backup_*.tar.gz.tmp; do
    name=${temporary##*/.} name=${name%.tmp}
    if [ -e "$full/$name.json" ] || [ ! "$temporary" -ef "$full/$name" ]; then continue; fi
    for suffix in .sha256 .json; do
      [ -e "$full/$name$suffix" ] || ln "$full/.$name$suffix.tmp" "$full/$name$suffix"
    done
    sync "$full"
    log warning "$name: an earlier run was killed when it had been written; it is complete now"
  done
}

# Everything that is to be known of the stream is taken from it on its way: nothing is read twice, no plaintext is stored.
take_base_backup() {
  local job
  NAME=$(free_name "$BACKUP_ROOT/full" full_backup)
  STORED=$BACKUP_ROOT/full/$NAME
  TEMPORARIES=("$BACKUP_ROOT/full/.$NAME.tmp")
  log info "$NAME: begun on $NODE_NAME"
  mkfifo "$WORK"/{plain,size,ends,tail,stored}
  for job in hash:plain count:size tar_ends:ends keep_tail:tail hash:stored; do
    "${job%:*}" <"$WORK/${job#*:}" >"$WORK/${job#*:}.txt" {LOCK_FD}>&- &
    READERS+=($!)
  done
  base_backup | tee "$WORK"/{plain,size,ends,tail} | compress | encrypt | tee "$WORK/stored" >"${TEMPORARIES[0]}" ||
    stream_failed "${PIPESTATUS[@]}"
  for job in "${READERS[@]}"; do wait "$job"; done
  READERS=()
  ask "select $DATABASE_TIME"
  ENDED_AT=$ANSWER
}

base_backup() {
  timeout --kill-after=30 "$FULL_TIMEOUT_SECONDS" \
    pg_basebackup -D - -Ft -X fetch -c fast -l "fanatico $NAME" --no-password -h "$PG_HOST" -p "$PG_PORT" -U "$PG_USER"
}

# usage: stream_failed STATUS...; of pg_basebackup, tee, the compressor, openssl, tee. A full disk breaks them all.
stream_failed() {
  [ -z "$(full_disk "$BACKUP_ROOT/full")" ] || die 7 "$NAME: the disk of $BACKUP_ROOT/full is full; nothing of it is kept, and nothing else was deleted"
  [ "$1" -ne 124 ] || die 1 "$NAME: pg_basebackup did not end within $FULL_TIMEOUT_SECONDS s (FULL_TIMEOUT_SECONDS)"
  die 1 "$NAME: the stream broke off; pg_basebackup, tee, ${COMPRESS[0]}, encryption and tee ended with $*"
}

hash() { openssl dgst -sha256 -r; }
count() { wc -c; }
keep_tail() { tail -c 65536; }

# --- what is stored --------------------------------------------------------------------------------------------

store() {
  local problem size
  problem=$(ends_problem "$WORK/ends.txt")
  [ -z "$problem" ] || die 1 "$NAME: $problem"
  size=$(stat -c %s "${TEMPORARIES[0]}")
  TEMPORARIES+=("$BACKUP_ROOT/full/.$NAME.sha256.tmp" "$BACKUP_ROOT/full/.$NAME.json.tmp")
  describe "$size"
  printf '%s  %s\n' "$(cut -d ' ' -f 1 "$WORK/stored.txt")" "$NAME" >"${TEMPORARIES[1]}"
  printf '%s' "$SIDECAR" >"${TEMPORARIES[2]}"
  publish "$BACKUP_ROOT/full" "${TEMPORARIES[@]}"
  TEMPORARIES=()
  log info "$NAME: stored, $(<"$WORK/size.txt") bytes as $size, restorable from $ENDED_AT on"
}

# usage: describe SIZE; builds SIDECAR
describe() {
  local ranges=() timeline start_lsn stop_lsn first last
  # The manifest's own list of what WAL this backup needs, a line for each timeline.
  mapfile -t ranges < <(tr -d '\0' <"$WORK/tail.txt" | sed -n 's/.*"Timeline": \([0-9]*\), "Start-LSN": "\([0-9A-F/]*\)", "End-LSN": "\([0-9A-F/]*\)".*/\1 \2 \3/p')
  [ ${#ranges[@]} -gt 0 ] || die 1 "$NAME: its backup_manifest names no WAL range"
  read -r first start_lsn _ <<<"${ranges[0]}"
  read -r last _ stop_lsn <<<"${ranges[-1]}"
  timeline=$last
  sidecar_begin full
  sidecar_stored "$NAME" "$SYSTEM_IDENTIFIER" "$1" "$(cut -d ' ' -f 1 "$WORK/stored.txt")" \
    "$(<"$WORK/size.txt")" "$(cut -d ' ' -f 1 "$WORK/plain.txt")"
  text role "$([ "$IN_RECOVERY" = t ] && printf replica || printf leader)"
  text started_at "$STARTED_AT"
  text ended_at "$ENDED_AT"
  number timeline "$timeline"
  text start_lsn "$start_lsn"
  text stop_lsn "$stop_lsn"
  text first_wal "$(wal_of "$first" "$start_lsn" 0)"
  text last_wal "$(wal_of "$last" "$stop_lsn" -1)"
  text server_version "$SERVER_VERSION"
  number server_version_num "$SERVER_VERSION_NUM"
  number wal_segment_size "$WAL_SEGMENT_SIZE"
  number data_checksums "$([ "$DATA_CHECKSUMS" = on ] && printf true || printf false)"
  describe_limits
  sidecar_end
}

# A server with smaller limits than these cannot replay this backup's WAL.
describe_limits() {
  local name value
  while IFS='|' read -r name value; do
    number "$name" "$value"
  done <<<"$LIMITS"
}

# usage: wal_of TIMELINE LSN OFFSET; prints the name of the segment that holds the byte at LSN + OFFSET
wal_of() {
  local byte=$(((16#${2%/*} << 32) + 16#${2#*/} + $3))
  printf '%08X%08X%08X' "$1" $((byte >> 32)) $(((byte & 0xffffffff) / WAL_SEGMENT_SIZE))
}

verify() {
  local problem
  problem=$(stored_problem "$STORED")
  mkdir "$WORK/proof"
  [ -n "$problem" ] || problem=$(content_problem "$STORED" "$WORK/proof")
  if [ -n "$problem" ]; then
    mkdir -p "$BACKUP_ROOT/damaged"
    mv "$STORED" "$STORED.sha256" "$STORED.json" "$BACKUP_ROOT/damaged/"
    die 6 "$NAME was stored but does not verify, and was moved to $BACKUP_ROOT/damaged: $problem"
  fi
  log info "$NAME: verified to its end"
  link_latest "$STORED"
}

# What could not be uploaded waits, like everything in the archive; a second backup would not help.
upload() {
  "${lib%/*}/backup-upload.sh" --only "$STORED" ||
    die 5 "$STORED is made and kept; the upload failed and is tried again by fanatico-upload.timer, or now by backup-upload.sh"
}

# --- other uses ------------------------------------------------------------------------------------------------

check_server() {
  CHECK_FAILURES=0
  check_host tar awk df mkfifo tee pg_basebackup curl jq gzip
  if timeout "$SQL_SECONDS" "${PSQL[@]::${#PSQL[@]}-2}" -d 'dbname=postgres replication=true' -c 'IDENTIFY_SYSTEM' >/dev/null; then
    report ok "replication: $PG_USER may take base backups"
  else
    die 3 "replication: the server refuses $PG_USER at $PG_HOST: pg_hba needs \"local replication $PG_USER peer\""
  fi
}

init_archive() {
  local other=''
  derive_keys
  ask_server
  if [ ! -e "$BACKUP_ROOT/CLUSTER.json" ] && ! archive_is_empty; then
    other=$(grep -rL --include '*.json' "\"system_identifier\": \"$SYSTEM_IDENTIFIER\"" "$BACKUP_ROOT/full" "$BACKUP_ROOT/wal" | head -n 1) || true
    [ -z "$other" ] || die 3 "$other is not of this server ($SYSTEM_IDENTIFIER): move the old backups aside first"
    found_archive "$SYSTEM_IDENTIFIER"
  fi
  claim_archive "$SYSTEM_IDENTIFIER"
  log info "$BACKUP_ROOT is of $CLUSTER_NAME, system $SYSTEM_IDENTIFIER, key ${KEY_ID:-none}"
}

clean_up() {
  local status=$?
  # Those whose pipe nobody opened would wait for ever, and whoever reads what they may say with them.
  [ ${#READERS[@]} -eq 0 ] || kill "${READERS[@]}" 2>/dev/null || true
  [ ${#TEMPORARIES[@]} -eq 0 ] || rm -f "${TEMPORARIES[@]}"
  [ -z "$WORK" ] || rm -rf "$WORK"
  exit "$status"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
