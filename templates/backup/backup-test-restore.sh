#!/bin/bash
# The proof of proofs: the newest full backup and all WAL become a server, and the server is read to its end. Sourced after
# restore-server.sh, never run. The server listens on a private socket only and never archives.

TEST_DATA=

# Adds results of its own to the report; what cannot be done is a failure, too.
test_restore() {
  local newest answer problem='' name
  newest=$(newest_full)
  name=${newest##*/}
  [ -n "$newest" ] || return 0
  TEST_DATA=$STATE_DIR/full-test/data
  mkdir "${TEST_DATA%/*}"
  answer=$("${BASH_SOURCE[0]%/*}/restore-full.sh" "$newest" --target-dir "$TEST_DATA" --sources local 2>&1) ||
    problem="restore-full.sh ended with $?: $(grep ' error: ' <<<"$answer" | head -n 1)"
  result "$name" restore "$problem"
  [ -z "$problem" ] || return 0
  problem=$(commit_problem "$answer")
  result "$name" last_commit "$problem"
  problem=$(open_problem)
  result "$name" start "$problem"
  [ -z "$problem" ] || return 0
  start_server "$TEST_DATA"
  until ask_server 'select 1' >/dev/null; do server_lives || die 1 "the test's server ended: see $SERVER_LOG" && sleep 0.1; done
  problem=$(read_problem pg_amcheck --all --heapallindexed --install-missing)
  result "$name" pg_amcheck "$problem"
  problem=$(read_problem pg_dumpall)
  result "$name" pg_dumpall "$problem"
  stop_test
}

# usage: commit_problem ANSWER; of restore-full.sh. The heartbeat commits once a minute: an older last commit says that WAL is late.
commit_problem() {
  local last age
  [ "$REPLICA" != t ] || return 0
  last=$(sed -n 's/.*; last commit \([0-9].*\)$/\1/p' <<<"$1" | tail -n 1)
  [ -n "$last" ] || { printf 'nothing was committed in the WAL since the backup' && return; }
  age=$((($(printf '%(%s)T' -1) - $(date -u -d "$last" +%s)) / 60))
  ((age <= VERIFY_MAX_LAG_MINUTES)) || printf 'the last commit that can be restored is %d minutes old (%s), at most %d are allowed' "$age" "$last" "$VERIFY_MAX_LAG_MINUTES"
}

# Prints why what was restored is not a directory that was shut down cleanly, or nothing
open_problem() {
  local state
  state=$(pg_controldata -D "$TEST_DATA" | sed -n 's/^Database cluster state: *//p')
  [ "$state" = 'shut down' ] || printf 'expected a directory that was shut down, found "%s"' "$state"
}

# usage: read_problem PROGRAM ARGUMENT...; reads all of the server; what it finds is not kept
read_problem() {
  local answer
  answer=$("$@" -h "$WORK/socket" -p "$PG_PORT" -U "$PG_USER" --no-password 2>&1 >/dev/null) || answer=${answer:-it failed}
  [ -z "$answer" ] || printf '%s: %s' "$1" "$(head -n 3 <<<"$answer")"
}

# usage: remove_test DIRECTORY; what a killed test has left: its servers, and what was restored. Those are known by where they stand: the
# process in a postmaster.pid may be production's by now.
remove_test() {
  local cwd directory
  for cwd in /proc/[0-9]*/cwd; do
    for directory in "$1"/data "$1"/.data.restoring; do
      # No program for each process of the host: there may be thousands.
      [[ $cwd -ef $directory && $(readlink "${cwd%cwd}exe" 2>/dev/null) == */postgres ]] || continue
      end_process "$cwd"
    done
  done
  rm -rf "$1"
}

# usage: end_process /proc/PID/cwd; a server of PostgreSQL, at once, and waits for that
end_process() {
  local pid=${1#/proc/} try
  pid=${pid%/cwd}
  log info "ending process $pid, a server that a killed test has left"
  kill -QUIT "$pid" 2>/dev/null || true
  for ((try = 0; try < 600; try++)); do
    [ -e "$1/" ] || return 0
    sleep 0.1
  done
  die 1 "process $pid, a server that a killed test has left, does not end"
}

# Ends the server, if any, and removes what was restored.
stop_test() {
  [ -n "$TEST_DATA" ] || return 0
  if [ -n "$SERVER_PID" ]; then
    kill -QUIT "$SERVER_PID" 2>/dev/null || true
    wait "$SERVER_PID" || true
    SERVER_PID=''
  fi
  rm -rf "${TEST_DATA%/*}"
}
