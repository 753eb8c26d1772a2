#!/bin/bash
# How each of them is set up, backs up, restores and archives. Sourced by bench/backup.sh, never run.
# A contestant NAME: prepare_, archive_command_, forget_, backup_, restore_, finish_archiving_NAME; its files: $W/NAME.

install_contestants() {
  local package missing=()
  for package in pgbackrest barman isal pigz; do
    [[ $package != pgbackrest && $package != barman || ,$ONLY, == *,$package,* ]] || continue
    dpkg-query -W "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] ||
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# --- templates/backup ------------------------------------------------------------------------------------------

prepare_fanatico() {
  local f=$W/fanatico
  mkdir -p "$f"/{scripts,archive/full,archive/wal,log,state}
  cp "$TEMPLATES"/*.sh "$f/scripts"
  openssl rand -base64 32 >"$f/key"
  chmod 600 "$f/key"
  cat >"$f/backup.conf" <<CONF
CLUSTER_NAME="bench"
NODE_NAME="db1"
BACKUP_ROOT="$f/archive"
LOG_DIR="$f/log"
STATE_DIR="$f/state"
KEY_FILE="$f/key"
PG_HOST="$W"
PG_PORT="$PORT"
CONF
  chown -R postgres: "$f"
}

archive_command_fanatico() { printf 'FANATICO_BACKUP_CONF=%s %s %%f %%p' "$W/fanatico/backup.conf" "$W/fanatico/scripts/backup-wal.sh"; }
forget_fanatico() { rm -f "$W"/fanatico/archive/full/*; }
backup_fanatico() { FANATICO_BACKUP_CONF=$W/fanatico/backup.conf "$W/fanatico/scripts/backup-full.sh"; }
finish_archiving_fanatico() { :; }

restore_fanatico() {
  FANATICO_BACKUP_CONF=$W/fanatico/backup.conf "$W/fanatico/scripts/restore-full.sh" \
    "$W"/fanatico/archive/full/full_backup_*.tar.gz --target-dir "$W/restored"
}

# --- pgBackRest ------------------------------------------------------------------------------------------------

prepare_pgbackrest() {
  local b=$W/pgbackrest
  mkdir -p "$b"/{repo,log,lock,spool}
  cat >"$b/conf" <<CONF
[global]
repo1-path=$b/repo
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=$(openssl rand -base64 32)
repo1-retention-full=1
compress-type=gz
compress-level=1
process-max=2
start-fast=y
archive-async=y
log-path=$b/log
lock-path=$b/lock
spool-path=$b/spool
[bench]
pg1-path=$W/data
pg1-port=$PORT
pg1-socket-path=$W
pg1-user=postgres
CONF
  chown -R postgres: "$b"
  archive_by pgbackrest
  as_postgres run_pgbackrest stanza-create
}

run_pgbackrest() { pgbackrest --config="$W/pgbackrest/conf" --stanza=bench "$@"; }
archive_command_pgbackrest() { printf 'pgbackrest --config=%s --stanza=bench archive-push %%p' "$W/pgbackrest/conf"; }
# It keeps one and expires the others at the end of the next.
forget_pgbackrest() { :; }
backup_pgbackrest() { run_pgbackrest --type=full backup; }
restore_pgbackrest() { run_pgbackrest --pg1-path="$W/restored" --type=immediate --target-action=promote restore; }
finish_archiving_pgbackrest() { :; }

# --- Barman ----------------------------------------------------------------------------------------------------

prepare_barman() {
  local b=$W/barman
  mkdir -p "$b/conf.d"
  cat >"$b/conf" <<CONF
[barman]
barman_user = postgres
barman_home = $b
barman_lock_directory = $b
configuration_files_directory = $b/conf.d
log_file = $b/log
[bench]
description = bench
conninfo = host=$W port=$PORT user=postgres dbname=postgres
streaming_conninfo = host=$W port=$PORT user=postgres
backup_method = postgres
backup_compression = gzip
backup_compression_level = 1
compression = gzip
archiver = on
streaming_archiver = off
immediate_checkpoint = true
path_prefix = $PG
CONF
  chown -R postgres: "$b"
  as_postgres mkdir -p "$b/bench/incoming"
  archive_by barman
  ask 'select pg_switch_wal()' >/dev/null
  sleep 2
  as_postgres finish_barman
}

run_barman() { barman -c "$W/barman/conf" "$@"; }
finish_barman() { run_barman archive-wal bench; }
archive_command_barman() { printf 'cp %%p %s/%%f && sync %s/%%f' "$W/barman/bench/incoming" "$W/barman/bench/incoming"; }
forget_barman() { as_postgres run_barman delete bench oldest >/dev/null 2>&1 || true; }
backup_barman() { run_barman backup bench; }
finish_archiving_barman() { as_postgres finish_barman >/dev/null; }

restore_barman() {
  finish_barman
  mkdir -p "$W/barman/staging"
  run_barman recover --target-immediate --target-action promote --recovery-staging-path "$W/barman/staging" bench latest "$W/restored"
}
