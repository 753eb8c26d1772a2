#!/bin/bash
# Takes a full backup of the cluster: one stream from pg_basebackup, compressed, encrypted and hashed on its way into
# BACKUP_ROOT/full. Run on every member by cron: the leader makes it, the others say who leads and end with 0.
#
# usage: backup-full.sh [--verify] [--upload-s3] [--here] [--dry-run]
#   --verify        reads back what was stored, to its end; only then does latest.tar.gz point to it
#   --upload-s3     afterwards, to S3 (settings S3_… of backup.conf)
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

# Any number, the same in every version: one backup at a time in the whole cluster.
readonly ADVISORY_LOCK=4607182418800017408
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
  [ "$UPLOAD" = no ] || upload_full "$STORED" || die 5 "$STORED is made and kept; the upload failed: run again later, or upload it by hand"
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

# --- the server ------------------------------------------------------------------------------------------------

ask_server() {
  local answer
  answer=$(sql "select pg_is_in_recovery(), (select system_identifier from pg_control_system()),
    current_setting('server_version'), current_setting('server_version_num'),
    pg_size_bytes(current_setting('wal_segment_size')), current_setting('data_checksums'),
    (select count(*) from pg_tablespace where spcname not in ('pg_default', 'pg_global')),
    (select sum(pg_database_size(oid)) from pg_database)") ||
    die 1 "the server at $PG_HOST:$PG_PORT does not answer"
  IFS='|' read -r IN_RECOVERY SYSTEM_IDENTIFIER SERVER_VERSION SERVER_VERSION_NUM \
    WAL_SEGMENT_SIZE DATA_CHECKSUMS TABLESPACES DATABASE_BYTES <<<"$answer"
  LIMITS=$(sql "select name, setting from pg_settings where name in ('max_connections', 'max_worker_processes',
    'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction') order by name") ||
    die 1 "the server at $PG_HOST:$PG_PORT does not answer"
}

# Returns 1 after saying who leads, and dies when nobody does: then nobody makes the backup.
leads_here() {
  local leader
  [ "$IN_RECOVERY" = t ] && [ "$HERE" = no ] || return 0
  leader=$(leader_by_patroni || leader_by_replication)
  [ -n "$leader" ] || die 1 "$NODE_NAME is a replica, and no leader is known: nobody makes a backup"
  log info "$leader leads: nothing to do here"
  return 1
}

leader_by_patroni() {
  local answer
  [ -n "$PATRONI_URL" ] || return 1
  answer=$(curl --silent --fail --max-time 10 "$PATRONI_URL/cluster") || return 1
  jq -r '[.members[] | select(.role == "leader" or .role == "master").name][0] // ""' <<<"$answer"
}

leader_by_replication() {
  sql "select sender_host || ':' || sender_port from pg_stat_wal_receiver where status = 'streaming'"
}

# A session that lasts as long as the backup: its lock keeps other members out, its temporary slot keeps the WAL that
# pg_basebackup collects at the end. Both go when the session does, however this script ends.
hold_session() {
  coproc SESSION { exec {LOCK_FD}>&- && exec "${PSQL[@]}" 2>&1; }
  ask 'set idle_session_timeout = 0; set statement_timeout = 0;'"select pg_try_advisory_lock($ADVISORY_LOCK)"
  [ "$ANSWER" != f ] || die 4 'another full backup of this cluster is running: nothing is done'
  [ "$ANSWER" = t ] || die 1 "expected a session of the server, found: $ANSWER"
  ask "select slot_name from pg_create_physical_replication_slot('backup_full_' || pg_backend_pid(), true, true)"
  [[ $ANSWER == backup_full_* ]] || die 1 "no temporary replication slot: $ANSWER"
  ask "select $DATABASE_TIME"
  STARTED_AT=$ANSWER
}

readonly DATABASE_TIME="to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

# usage: ask STATEMENT; one line of answer into ANSWER
ask() {
  ANSWER='no answer'
  printf '%s;\n' "$1" >&"${SESSION[1]}"
  IFS= read -r -t 60 ANSWER <&"${SESSION[0]}" || die 1 "the session with the server broke off: $ANSWER"
}

# --- the stream ------------------------------------------------------------------------------------------------

# The last size (or, for the first, half the databases') and a fifth more must fit.
check_free_space() {
  local newest wanted free
  newest=$(newest_full)
  if [ -n "$newest" ]; then wanted=$(stat -L -c %s "$newest"); else wanted=$((DATABASE_BYTES / 2)); fi
  wanted=$((wanted * 6 / 5))
  free=$(df --output=avail -B1 "$BACKUP_ROOT/full" | tail -n 1)
  ((free >= wanted)) || die 1 "$BACKUP_ROOT/full has $((free / 1048576)) MiB free, and about $((wanted / 1048576)) MiB are needed: make room first; nothing was deleted"
}

# Under the lock all temporaries are stale.
make_work() {
  WORK=$STATE_DIR/backup-full.work
  rm -rf "$WORK" "$BACKUP_ROOT"/full/.full_backup_*.tmp
  mkdir "$WORK"
}

# Everything that is to be known of the stream is taken from it on its way: nothing is read twice, no plaintext is stored.
take_base_backup() {
  local job
  NAME=full_backup_$(printf '%(%Y%m%d_%H%M%S)T' -1).tar.gz
  STORED=$BACKUP_ROOT/full/$NAME
  TEMPORARIES=("$BACKUP_ROOT/full/.$NAME.tmp")
  [ ! -e "$STORED" ] || die 1 "$STORED exists already"
  log info "$NAME: begun on $NODE_NAME"
  mkfifo "$WORK"/{plain,size,ends,tail,stored}
  for job in hash:plain count:size tar_ends:ends keep_tail:tail hash:stored; do
    "${job%:*}" <"$WORK/${job#*:}" >"$WORK/${job#*:}.txt" {LOCK_FD}>&- &
    READERS+=($!)
  done
  base_backup | tee "$WORK"/{plain,size,ends,tail} | compress | encrypt | tee "$WORK/stored" >"${TEMPORARIES[0]}"
  for job in "${READERS[@]}"; do wait "$job"; done
  READERS=()
  ask "select $DATABASE_TIME"
  ENDED_AT=$ANSWER
}

base_backup() {
  pg_basebackup -D - -Ft -X fetch -c fast -l "fanatico $NAME" --no-password -h "$PG_HOST" -p "$PG_PORT" -U "$PG_USER"
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
  [ -z "$problem" ] || die 6 "$NAME was stored but does not verify: $problem"
  log info "$NAME: verified to its end"
  link_latest "$STORED"
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
