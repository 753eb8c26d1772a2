#!/bin/bash
# The recovery itself: a server of our own on the restored directory, on a private socket, which neither listens nor archives.
# Sourced after restore-sources.sh, never run.

readonly KEPT=postgresql.auto.conf.backed-up
SERVER_PID='' SERVER_LOG=''

# usage: configure DIRECTORY; what the recovery needs goes into postgresql.auto.conf, which overrules whatever the backup brought
# along, and what that file was is kept beside it. Without an archive_command WAL stays marked as to be archived, as when the
# command fails; but a server that stops does not try again for seconds.
configure() {
  rm -f "$1"/{postmaster.pid,postmaster.opts,standby.signal,recovery.signal}
  [ -e "$1/$KEPT" ] || { if [ -e "$1/postgresql.auto.conf" ]; then cp "$1/postgresql.auto.conf" "$1/$KEPT"; else : >"$1/$KEPT"; fi; }
  [ -e "$1/postgresql.conf" ] || printf '# Not in the backup. Written by restore-full.sh.\n' >"$1/postgresql.conf"
  {
    printf '# Written by restore-full.sh for the recovery; restore-full.sh --finish puts back what was here.\n'
    printf "%s = '%s'\n" restore_command "$(restore_command)" "${RECOVERY_TARGET[@]}" recovery_target_action pause \
      archive_mode on archive_command '' archive_library '' listen_addresses '' hot_standby on primary_conninfo '' primary_slot_name '' \
      archive_cleanup_command '' recovery_end_command '' recovery_min_apply_delay 0 synchronous_standby_names ''
    limits_of "$1"
    [ "$SIDE" = no ] || printf "%s = '%s'\n" unix_socket_directories "$REAL"
  } >"$1/.postgresql.auto.conf.tmp"
  mv -T "$1/.postgresql.auto.conf.tmp" "$1/postgresql.auto.conf"
  : >"$1/recovery.signal"
  sync "$1/postgresql.auto.conf" "$1/recovery.signal" "$1"
}

restore_command() {
  local IFS=,
  printf '%s%s --sources %s %%f %%p' "${FANATICO_BACKUP_CONF:+FANATICO_BACKUP_CONF=$FANATICO_BACKUP_CONF }" "${BASH_SOURCE[0]%/*}/restore-wal.sh" "${SOURCES[*]}"
}

# usage: limits_of DIRECTORY; a server with smaller limits than the one that wrote the WAL cannot replay it, and some settings
# must be what they were
limits_of() {
  pg_controldata -D "$1" | awk -F': *' '
    $1 ~ / setting$/ {
      sub(/ setting$/, "", $1); sub(/_xacts$/, "_transactions", $1); sub(/_per_xact$/, "_per_transaction", $1)
      printf "%s = '\''%s'\''\n", $1, $2
    }'
}

# usage: start_server DIRECTORY; its configuration is ours: the backup's own may name certificates and libraries of its host
start_server() {
  local socket=$WORK/socket
  mkdir -p "$socket"
  printf 'local all all peer map=ours\n' >"$WORK/hba.conf"
  printf 'ours %s %s\n' "$(id -un)" "$PG_USER" >"$WORK/ident.conf"
  printf "%s = '%s'\n" unix_socket_directories "$socket" port "$PG_PORT" hba_file "$WORK/hba.conf" ident_file "$WORK/ident.conf" \
    logging_collector off log_destination stderr log_timezone UTC shared_buffers "$(shared_buffers)" max_wal_size 4GB \
    recovery_init_sync_method syncfs >"$WORK/postgresql.conf"
  SERVER_LOG=$LOG_DIR/restore-postgresql.log
  without_locks postgres -D "$1" -c config_file="$WORK/postgresql.conf" -c unix_socket_directories="$socket" </dev/null >"$SERVER_LOG" 2>&1 &
  SERVER_PID=$!
}

# usage: without_locks PROGRAM ARGUMENT...; becomes it. It may outlive this script and who called this, who then could not run again.
without_locks() {
  local file fd
  for file in "/proc/$BASHPID"/fd/*; do
    [[ $(readlink "$file") == *.lock ]] || continue
    fd=${file##*/}
    exec {fd}>&-
  done
  exec "$@"
}

# A quarter of what is free, between 128 MB and 2 GB.
shared_buffers() {
  awk '/^MemAvailable/ { mb = int($2 / 4096); print (mb < 128 ? 128 : mb > 2048 ? 2048 : mb) "MB" }' /proc/meminfo
}

# usage: ask_server STATEMENT
ask_server() {
  timeout "$SQL_SECONDS" psql -XAtq --no-password -h "$WORK/socket" -p "$PG_PORT" -U "$PG_USER" -d postgres -c "$1" 2>"$WORK/psql.errors"
}

server_lives() {
  kill -0 "$SERVER_PID" 2>/dev/null
}

# usage: replay DIRECTORY; until the target, where it pauses; dies with the server's own words when it does not come to that
replay() {
  local state reported=$SECONDS
  log info "replaying WAL; the server's log is $SERVER_LOG"
  until state=$(ask_server 'select pg_get_wal_replay_pause_state()') && [ "$state" = paused ]; do
    server_lives || replay_failed
    ((SECONDS - reported < 30)) || { reported=$SECONDS && log info "replayed up to $(ask_server 'select pg_last_wal_replay_lsn()' || printf 'not yet consistent')"; }
    sleep 0.1
  done
  if raise_limits "$1"; then
    replay "$1"
    return
  fi
  grep -Eq 'recovery stopping|pausing at the end of recovery' "$SERVER_LOG" || die 1 "the server paused, but not at the target: see $SERVER_LOG"
  REPLAYED=$(ask_server 'select pg_last_wal_replay_lsn()')
  log info "paused at the target, after $REPLAYED; last commit $(ask_server "select coalesce(pg_last_xact_replay_timestamp()::text, 'none')")"
}

# usage: raise_limits DIRECTORY; where a limit was raised since the backup, a server with the old one pauses, too. Returns 1 where
# that is not so.
raise_limits() {
  local name value raised=no
  while read -r name value; do
    printf "%s = '%s'\n" "$name" "$value" >>"$1/postgresql.auto.conf"
    raised=yes
    log info "$name was raised to $value since the backup"
  done < <(sed -n 's/.* \([a-z_]*\) = [0-9]* is a lower setting than on the primary server, where its value was \([0-9]*\)\..*/\1 \2/p' "$SERVER_LOG")
  [ $raised = yes ] || return 1
  stop_server "$1" 'shut down in recovery'
  start_server "$1"
}

replay_failed() {
  local reason status=1
  SERVER_PID=''
  reason=$(grep -E 'FATAL|PANIC' "$SERVER_LOG" | grep -v 'the database system is' | tail -n 1) || reason='no reason in its log'
  case $reason in
  *'could not restore file'*'exit code 2'[0-9][0-9]*)
    status=${reason##*exit code 2} status=$((10#${status%%[!0-9]*}))
    reason+="; $(tail -n 1 "$LOG_DIR/restore-wal.log")"
    ;;
  *'ended before configured recovery target'*) status=10 ;;
  *'No space left'*) status=7 ;;
  esac
  die "$status" "PostgreSQL did not reach the target: ${reason#*UTC } (see $SERVER_LOG)"
}

# usage: promote; ends the recovery, which is paused at its target, and proves what came of it. Resuming there promotes; so it
# does after pg_promote() alone, but the paused process looks for that once a second.
promote() {
  local before after
  before=$(ask_server 'select timeline_id, pg_wal_replay_resume() from pg_control_checkpoint()') ||
    die 1 "the server did not promote: see $SERVER_LOG"
  before=${before%%|*}
  until_open
  after=$((16#$(ask_server "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")))
  ((after > before)) || die 1 "expected a timeline after $before, found $after"
  log info "recovered up to $REPLAYED, now on timeline $after"
}

until_open() {
  until [ "$(ask_server 'select pg_is_in_recovery()')" = f ]; do
    server_lives || replay_failed
    sleep 0.05
  done
}

# usage: stop_server DIRECTORY STATE; fast, and proves by pg_controldata that it ended well
stop_server() {
  local state pid=$SERVER_PID
  kill -INT "$pid"
  wait "$pid" || true
  SERVER_PID=''
  state=$(pg_controldata -D "$1" | sed -n 's/^Database cluster state: *//p')
  [ "$state" = "$2" ] || die 1 "the server on $1 did not stop cleanly: expected \"$2\", found \"$state\" (see $SERVER_LOG)"
}

# usage: unconfigure DIRECTORY; takes the recovery's settings out again. A restore beside the cluster stays silent for ever.
unconfigure() {
  rm -f "$1"/{recovery.signal,standby.signal,postmaster.opts}
  {
    [ ! -e "$1/$KEPT" ] || sed -E '/^(primary_conninfo|primary_slot_name|restore_command|archive_cleanup_command|recovery_[a-z_]+|promote_trigger_file)\b/d' "$1/$KEPT"
    [ "$SIDE" = no ] || printf "%s = '%s'\n" listen_addresses '' archive_library '' archive_command /bin/false \
      synchronous_standby_names '' unix_socket_directories "$REAL"
  } >"$1/.postgresql.auto.conf.tmp"
  mv -T "$1/.postgresql.auto.conf.tmp" "$1/postgresql.auto.conf"
  sync "$1/postgresql.auto.conf"
  rm -f "$1/$KEPT"
  sync "$1"
}
