#!/bin/bash
# A real S3 server on this machine for tests: Ceph's RGW, as root. docs/s3-server.md
#   scripts/s3-server.sh up        builds it once (minutes), starts it (seconds), prints how it is reached
#   scripts/s3-server.sh down      ends all of it and keeps its objects; `down --purge` removes them, too
#   scripts/s3-server.sh status    what runs; 1 when nothing does
# FANOPS_S3_PORT (9122; four more above it are used), FANOPS_S3_DIR (/var/lib/fanops-s3) tell servers apart;
# FANOPS_S3_CACHE (/var/cache/fanops-s3) may be shared; FANOPS_S3_ADDRESSES: where it listens beside 127.0.0.1,
# by default this machine's address in FANOPS_LAB_NETWORK; FANOPS_S3_DAY_SECONDS: how long a lifecycle's day lasts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/s3/root.sh
. "$here/s3/root.sh"

PORT=${FANOPS_S3_PORT:-9122}
DIR=${FANOPS_S3_DIR:-/var/lib/fanops-s3}
CACHE=${FANOPS_S3_CACHE:-/var/cache/fanops-s3}
NETWORK=${FANOPS_LAB_NETWORK:-10.99.77.0/24}
ADDRESSES=${FANOPS_S3_ADDRESSES-${NETWORK%.*}.1}
DAY_SECONDS=${FANOPS_S3_DAY_SECONDS:-}
# For tests alone: nobody else is reached with them.
readonly ACCESS_KEY=testak SECRET_KEY=testsk
readonly START_SECONDS=90 STOP_SECONDS=30

main() {
  check_settings
  case $*:$# in
  up:1) up ;;
  down:1) down ;;
  'down --purge:2') down && rm -rf "$DIR" ;;
  status:1) status ;;
  *) fail 1 "expected up, down, down --purge or status, found \"$*\"" ;;
  esac
}

# usage: fail STATUS MESSAGE
fail() {
  printf 's3-server: %s\n' "$2" >&2
  exit "$1"
}

check_settings() {
  [[ $PORT =~ ^[1-9][0-9]{2,4}$ && $PORT -lt 65530 ]] || fail 1 "FANOPS_S3_PORT: expected a port below 65530, found \"$PORT\""
  [[ $DIR =~ ^/[^/]+/[^,:[:space:]]+$ ]] || fail 1 "FANOPS_S3_DIR: expected a path below a top directory, found \"$DIR\""
  [[ $CACHE =~ ^/[^/]+/[^,:[:space:]]+$ ]] || fail 1 "FANOPS_S3_CACHE: expected a path below a top directory, found \"$CACHE\""
  [[ $DAY_SECONDS =~ ^([1-9][0-9]*)?$ ]] || fail 1 "FANOPS_S3_DAY_SECONDS: expected a number, found \"$DAY_SECONDS\""
  [ "$(id -u)" -eq 0 ] || fail 1 'expected to be run by root'
}

up() {
  local root
  mkdir -p "$DIR"
  chmod 700 "$DIR"
  exec {lock}>>"$DIR/lock"
  flock -w 600 "$lock" || fail 3 "another run has held $DIR/lock for ten minutes"
  if running; then
    tell
    return
  fi
  root=$(ensure_root "$CACHE")
  start "$root"
  tell
}

# usage: start ROOT; in a session of its own: it outlives this script and the terminal
start() {
  local node=$here/../node_modules/.bin/node second
  [ -x "$node" ] || node=node
  rm -f "$DIR/ready"
  FANOPS_S3_DAY_SECONDS=$DAY_SECONDS setsid "$node" --disable-warning=ExperimentalWarning "$here/s3/server.ts" \
    --root="$1" --dir="$DIR" --port="$PORT" --addresses="$ADDRESSES" --access-key="$ACCESS_KEY" --secret-key="$SECRET_KEY" \
    </dev/null >"$DIR/log" 2>&1 {lock}>&- &
  printf '%s\n' $! >"$DIR/pid"
  for ((second = 0; second < START_SECONDS * 10; second++)); do
    [ ! -e "$DIR/ready" ] || return 0
    # Not `running`: what was just started is not what it will be yet.
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL $! 2>/dev/null || true
  fail 3 "it did not start, or not within $START_SECONDS s; the end of $DIR/log:"$'\n'"$(tail -n 15 "$DIR/log")"
}

# Its pid may have become another program's.
running() {
  local pid command
  pid=$(cat "$DIR/pid" 2>/dev/null) || return 1
  mapfile -d '' -t command 2>/dev/null <"/proc/$pid/cmdline" || return 1
  [[ " ${command[*]} " == *" --dir=$DIR "* ]]
}

# All of it is in the server's own namespace of processes, and ends with it.
down() {
  local pid try
  running || return 0
  pid=$(<"$DIR/pid")
  kill -TERM "$pid"
  for ((try = 0; try < STOP_SECONDS * 10; try++)); do
    running || break
    sleep 0.1
  done
  ! running || kill -KILL "$pid"
  rm -f "$DIR/pid" "$DIR/ready"
}

tell() {
  local address
  printf 'S3 server: keys %s / %s, region us-east-1\n' "$ACCESS_KEY" "$SECRET_KEY"
  for address in 127.0.0.1 ${ADDRESSES//,/ }; do
    printf '  http://%s:%s\n' "$address" "$PORT"
  done
}

status() {
  running || fail 1 "nothing runs in $DIR"
  tell
  printf '  pid %s, %s on disk in %s\n' "$(<"$DIR/pid")" "$(du -sh "$DIR" | cut -f 1)" "$DIR"
}

main "$@"
