#!/bin/bash
# The PostgreSQL that is backed up, and the one that is restored. Sourced by bench/backup.sh, never run.

PG=/usr/lib/postgresql/15/bin
PORT=5599 RESTORED_PORT=5598
GROUP=$(findmnt -t cgroup2 -n -o TARGET | head -n 1)/fanops-bench-backup

# usage: as_postgres FUNCTION ARGUMENT...
as_postgres() {
  setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$W" bash -euo pipefail -c \
    "$(declare -p W PG PORT RESTORED_PORT); $(declare -f); cd / && \"\$@\"" as_postgres "$@"
}

ask() { psql -XAtq -h "$W" -p "$PORT" -U postgres -d postgres -v ON_ERROR_STOP=1 -c "$1"; }
ask_restored() { psql -XAtq -h "$W" -p "$RESTORED_PORT" -U postgres -d postgres -c "$1"; }

begin_server() {
  local pid
  rm -rf "$W"
  mkdir -p "$W"
  chown postgres: "$W"
  chmod 755 "$W"
  as_postgres make_server
  mkdir -p "$GROUP"
  # The archiver is a child that exists already; what it starts is counted there, too.
  for pid in "$(head -n 1 "$W/data/postmaster.pid")" $(pgrep -P "$(head -n 1 "$W/data/postmaster.pid")"); do
    printf '%s\n' "$pid" >"$GROUP/cgroup.procs"
  done
  fill
  # Whatever the archiver starts inherits it.
  [ "$REAL_TIME" = no ] || chrt -r -p 1 "$(pgrep -P "$(head -n 1 "$W/data/postmaster.pid")" -f 'archiver')"
}

make_server() {
  "$PG/initdb" -k -A trust -U postgres -D "$W/data" >/dev/null
  cat >>"$W/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$W'
port = $PORT
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 1h
archive_mode = on
archive_command = '/bin/true'
autovacuum = off
CONF
  "$PG/pg_ctl" -D "$W/data" -l "$W/server.log" -w start >/dev/null
}

# Half of it pgbench's, half like a chain's: hashes and numbers, and blobs that nothing compresses.
fill() {
  printf 'filling %s MiB\n' "$MIB" >&2
  "$PG/pgbench" -i -q -s $((MIB / 30 + 1)) -h "$W" -p "$PORT" -U postgres postgres 2>/dev/null
  ROWS=$((MIB * 1600))
  ask "create table blocks as select g as height, sha256(g::text::bytea) as hash, sha256((g - 1)::text::bytea) as parent,
    md5(g::text) || md5((g::bigint * 7)::text) || lpad((g % 1000)::text, 32, '0') as payload from generate_series(1, $ROWS) g" >/dev/null
  ask "create table blobs as select string_agg(sha256((g * 64 + i)::text::bytea), '') as blob
    from generate_series(1, $((MIB * 50))) g, generate_series(1, 63) i group by g" >/dev/null
  ask checkpoint
  # shellcheck disable=SC2034 # shown by measure.sh
  DATA_MIB=$(($(ask 'select sum(pg_database_size(oid)) from pg_database') >> 20))
}

# All reads come from memory, for each of them.
warm() {
  find "$W/data/base" -type f -exec cat {} + >/dev/null
}

# usage: archive_by NAME|nothing
archive_by() {
  local command=/bin/true
  [ "$1" = nothing ] || command=$("archive_command_$1")
  ask "alter system set archive_command = '$command'"
  ask 'select pg_reload_conf()' >/dev/null
}

ready_segments() {
  find "$W/data/pg_wal/archive_status" -name '*.ready' | wc -l
}

fill_segments() {
  ask 'select pg_switch_wal()' >/dev/null
  until [ "$(ready_segments)" -eq 0 ]; do sleep 0.2; done
  ask "alter system set archive_command = '/bin/false'"
  ask 'select pg_reload_conf()' >/dev/null
  ask 'drop table if exists work; create table work (like pgbench_accounts)'
  until [ "$(ready_segments)" -ge "$SEGMENTS" ]; do
    ask "insert into work select g, g % 100, (random() * 100000)::int, md5(random()::text) from generate_series(1, 100000) g"
    ask 'truncate work'
  done
}

# usage: measure_archiving NAME; milliseconds and CPU per segment, what runs beside PostgreSQL's archiver included
measure_archiving() {
  local count begun cpu
  count=$(ready_segments)
  cpu=$(server_cpu)
  begun=$EPOCHREALTIME
  archive_by "$1"
  until [ "$(ready_segments)" -eq 0 ]; do sleep 0.05; done
  "finish_archiving_$1"
  keep "$1" 'segment ms' "$(awk "BEGIN { print ($EPOCHREALTIME - $begun) * 1000 / $count }")"
  keep "$1" 'segment cpu' "$(awk "BEGIN { print ($(server_cpu) - $cpu) / 1000 / $count }")"
  printf '%s: %s segments in %s s\n' "$1" "$count" "$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $begun }")" >&2
}

server_cpu() {
  awk '$1 == "usage_usec" { print $2 }' "$GROUP/cpu.stat"
}

# usage: restore_and_open NAME; as postgres
restore_and_open() {
  "restore_$1"
  "$PG/pg_ctl" -D "$W/restored" -l "$W/restored.log" -w -t 600 -o "-p $RESTORED_PORT -k $W -c listen_addresses= -c archive_command=/bin/false" start >/dev/null
  until [ "$(ask_restored 'select pg_is_in_recovery()')" = f ]; do sleep 0.1; done
}

stop_restored() {
  as_postgres "$PG/pg_ctl" -D "$W/restored" -m immediate stop >/dev/null
}

end_server() {
  [ ! -e "$W/restored/postmaster.pid" ] || stop_restored || true
  [ ! -e "$W/data/postmaster.pid" ] || as_postgres "$PG/pg_ctl" -D "$W/data" -m immediate stop >/dev/null || true
  [ ! -d "$GROUP" ] || rmdir "$GROUP" || true
}
