#!/bin/bash
# The server that backup-full.sh backs up: what it is, who leads, and a session that lasts as long as the backup. Sourced after
# backup-lib.sh, never run.
# shellcheck disable=SC2034 # what it sets is read by backup-full.sh

# Any number, the same in every version: one backup at a time in the whole cluster.
readonly ADVISORY_LOCK=4607182418800017408

ask_server() {
  local answer
  answer=$(sql "select pg_is_in_recovery(), (select system_identifier from pg_control_system()),
    current_setting('server_version'), current_setting('server_version_num'),
    pg_size_bytes(current_setting('wal_segment_size')), current_setting('data_checksums'),
    (select count(*) from pg_tablespace where spcname not in ('pg_default', 'pg_global')),
    (select sum(pg_database_size(oid)) from pg_database)") ||
    die 9 "the server at $PG_HOST:$PG_PORT does not answer"
  IFS='|' read -r IN_RECOVERY SYSTEM_IDENTIFIER SERVER_VERSION SERVER_VERSION_NUM \
    WAL_SEGMENT_SIZE DATA_CHECKSUMS TABLESPACES DATABASE_BYTES <<<"$answer"
  LIMITS=$(sql "select name, setting from pg_settings where name in ('max_connections', 'max_worker_processes',
    'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction') order by name") ||
    die 9 "the server at $PG_HOST:$PG_PORT does not answer"
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
  ask "set idle_session_timeout = 0; set statement_timeout = 0; set application_name = 'backup-full on $NODE_NAME';
    select pg_try_advisory_lock($ADVISORY_LOCK)"
  [ "$ANSWER" != f ] || die 4 "another full backup of this cluster is running ($(lock_holder)): nothing is done"
  [ "$ANSWER" = t ] || die 1 "expected a session of the server, found: $ANSWER"
  ask "select slot_name from pg_create_physical_replication_slot('backup_full_' || pg_backend_pid(), true, true)"
  [[ $ANSWER == backup_full_* ]] || die 1 "no temporary replication slot: $ANSWER"
  ask "select $DATABASE_TIME"
  STARTED_AT=$ANSWER
}

lock_holder() {
  sql "select application_name || ', pid ' || pid || ', since ' || date_trunc('second', backend_start at time zone 'UTC') || ' UTC'
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and (classid::bigint << 32) + objid::bigint = $ADVISORY_LOCK" || printf 'unknown'
}

readonly DATABASE_TIME="to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

# usage: ask STATEMENT; one line of answer into ANSWER
ask() {
  ANSWER='no answer'
  printf '%s;\n' "$1" >&"${SESSION[1]}"
  IFS= read -r -t 60 ANSWER <&"${SESSION[0]}" || die 9 "the session with the server broke off: $ANSWER"
}
