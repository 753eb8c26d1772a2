#!/bin/bash
# A recovery drill: the newest full backup and all WAL become a server beside production, which is proved, measured and removed again.
# It listens on a private socket only, never archives, and Patroni knows nothing of it.
#   RTO  from the beginning until that server answers
#   RPO  what would have been lost: from the newest commit that it has until the beginning, by the leader's clock where --now gives it
# Each drill leaves LOG_DIR/backup-reports/drill_TIME.json (docs/drill-report.schema.json), also one that failed, and prints that name.
# One that did not begin leaves none: the lock was held, or the directory is another's.
#
# usage: backup-drill.sh [--now SECONDS] [--directory DIR] [--sources LIST] [--dry-run] [--help]
#   --now SECONDS     the leader's clock, since 1970; else this host's
#   --directory DIR   where it is restored to, and removed from: not there yet; usually STATE_DIR/drill
#   --sources LIST    as restore-full.sh has it
#   --dry-run         says whether it could be done: a backup, its WAL, room on the disk
# exit status: 0 the drill went well; 6 what was restored is not sound; 7 no room; 10 no backup or a hole; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/restore-server.sh
. "${lib%/*}/restore-server.sh"
# shellcheck source=templates/backup/backup-test-restore.sh
. "${lib%/*}/backup-test-restore.sh"

NOW='' DIRECTORY='' MODE=drill
SOURCES=()
WORK='' STARTED='' NAME='' RTO='' RPO='' NEWEST_COMMIT='' BYTES='' SAID=''
RESULTS='[]' FAILED=0 REPORTED=no

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  run_as_postgres "$@"
  cd /
  load_settings backup-drill
  [ -n "$DIRECTORY" ] || DIRECTORY=$STATE_DIR/drill
  take_lock backup-drill 0
  [ "$MODE" = dry-run ] || remove_drill
  [[ ! -e $DIRECTORY || -e $DIRECTORY/of-a-drill ]] || die 11 "$DIRECTORY is there already, and is not of a drill: name another with --directory"
  if [ "$MODE" = dry-run ]; then
    look
    return
  fi
  remove_left "$STATE_DIR" backup-drill
  WORK=$(mktemp -d "$STATE_DIR/backup-drill.XXXXXX")
  STARTED=$(printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1)
  [ -n "$NOW" ] || NOW=$(printf '%(%s)T' -1)
  mkdir -p "$DIRECTORY"
  : >"$DIRECTORY/of-a-drill"
  drill
  write_report
  [ "$FAILED" -eq 0 ] || exit 6
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --now | --directory | --sources)
      [ $# -gt 1 ] || die 2 "$1 wants a value"
      read_value "$1" "$2"
      shift
      ;;
    --dry-run) MODE=dry-run ;;
    *) show_help "$lib" "$1" && exit 0 ;;
    esac
    shift
  done
}

# usage: read_value OPTION VALUE
read_value() {
  case $1 in
  --now)
    [[ $2 =~ ^[0-9]{9,12}$ ]] || die 2 "--now: expected seconds since 1970, found \"$2\""
    NOW=$2
    ;;
  --directory)
    [[ $2 =~ ^/[A-Za-z0-9._/+-]+$ ]] || die 2 "--directory: expected an absolute path without spaces, found \"$2\""
    DIRECTORY=$2
    ;;
  --sources) SOURCES=(--sources "$2") ;;
  esac
}

# What a drill that was killed has left.
remove_drill() {
  [ -e "$DIRECTORY/of-a-drill" ] || return 0
  log info "removing what an earlier drill left in $DIRECTORY"
  remove_test "$DIRECTORY"
}

# Everything that can be known before anything is restored. What a killed drill left goes when the drill begins, and makes room.
look() {
  local status=0 place=$DIRECTORY
  [ ! -e "$DIRECTORY" ] || place=$DIRECTORY/next
  "${lib%/*}/restore-full.sh" latest --target-dir "$place" --dry-run "${SOURCES[@]}" || status=$?
  if [[ $status -eq 7 && $place != "$DIRECTORY" ]]; then
    log warning "what an earlier drill left in $DIRECTORY takes room, and is removed first: whether that is enough is seen then"
    return
  fi
  [ "$status" -eq 0 ] || exit "$status"
}

drill() {
  local begun=$SECONDS status=0 problem
  TEST_DATA=$DIRECTORY/data
  SAID=$("${lib%/*}/restore-full.sh" latest --target-dir "$TEST_DATA" "${SOURCES[@]}" 2>&1) || status=$?
  NAME=$(grep -o 'full_backup_[0-9_]*\.tar\.gz' <<<"$SAID" | head -n 1) || NAME=''
  if [ "$status" -ne 0 ]; then
    problem=$(grep ' error: ' <<<"$SAID" | head -n 1) || problem='it said no reason'
    judge restore "restore-full.sh ended with $status: ${problem#* error: }"
    write_report
    die "$status" "the drill failed: ${problem#* error: }"
  fi
  problem=$(open_problem)
  judge restore "$problem"
  start_server "$TEST_DATA"
  until ask_server 'select 1' >/dev/null; do server_lives || die 1 "the drill's server ended: see $SERVER_LOG" && sleep 0.1; done
  RTO=$((SECONDS - begun))
  log info "$NAME answers after $RTO s"
  measure_loss
  BYTES=$(ask_server 'select sum(pg_database_size(oid)) from pg_database')
  problem=$(read_problem pg_amcheck --all --install-missing)
  judge pg_amcheck "$problem"
  problem=$(read_problem pg_dumpall)
  judge pg_dumpall "$problem"
}

# The heartbeat commits once a minute: an idle database has a newest commit, too.
measure_loss() {
  local last age
  last=$(sed -n 's/.*; last commit \([0-9].*\)$/\1/p' <<<"$SAID" | tail -n 1)
  if [ -z "$last" ]; then
    judge newest_commit 'nothing was committed in the WAL since the backup: is the heartbeat scheduled?'
    return
  fi
  NEWEST_COMMIT=$(date -u -d "$last" '+%Y-%m-%dT%H:%M:%SZ')
  age=$((NOW - $(date -u -d "$last" +%s)))
  RPO=$((age > 0 ? age : 0))
  judge newest_commit ''
}

# usage: judge CHECK PROBLEM; an empty PROBLEM is a success
judge() {
  local status=ok
  if [ -n "$2" ]; then
    status=failed FAILED=$((FAILED + 1))
    log error "$1: $2"
  fi
  RESULTS=$(jq -c --arg check "$1" --arg status "$status" --arg problem "$2" '. + [{$check, $status, $problem}]' <<<"$RESULTS")
}

write_report() {
  local directory=$LOG_DIR/backup-reports file
  file=$directory/drill_$(printf '%(%Y%m%d_%H%M%S)T' -1).json
  mkdir -p "$directory"
  jq -n --arg cluster "$CLUSTER_NAME" --arg node "$NODE_NAME" --arg started_at "$STARTED" --arg ended_at "$(printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1)" \
    --arg backup "$NAME" --arg newest_commit "$NEWEST_COMMIT" --arg rto "$RTO" --arg rpo "$RPO" --arg bytes "$BYTES" --argjson results "$RESULTS" \
    '{schema: "fanatico-backup/1", kind: "drill", $cluster, $node, $started_at, $ended_at,
      status: (if any($results[]; .status == "failed") then "failed" else "ok" end), $backup, rto_seconds: ($rto | tonumber? // null),
      rpo_seconds: ($rpo | tonumber? // null), $newest_commit, database_bytes: ($bytes | tonumber? // null), $results}' >"$directory/.drill.tmp"
  mv -T "$directory/.drill.tmp" "$file"
  REPORTED=yes
  printf '%s\n' "${file##*/}"
  log info "RTO ${RTO:-unknown} s, RPO ${RPO:-unknown} s, $FAILED problems; $file"
}

# usage: report_early_end STATUS; of a drill that an error or a signal ended
report_early_end() {
  judge restore "it ended early, with $1: backup-drill.log says why"
  write_report
}

clean_up() {
  local status=$?
  stop_test
  [ -z "$WORK" ] || rm -rf "$WORK"
  [[ -z $STARTED || $REPORTED == yes ]] || report_early_end "$status" || true
  exit "$status"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
