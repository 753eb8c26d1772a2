#!/bin/bash
# Restores a full backup and the WAL after it. First looks at everything and changes nothing; then unpacks beside the data
# directory, recovers there on a private socket without archiving, proves the result, and only then renames: the old directory goes
# aside, the new one into its place.
#   without a target   everything that the WAL has; the directory is left cleanly shut down, for Patroni to start
#   with a target      the directory is left paused at the target, neither listening nor archiving: pg_ctl start, look, pg_promote();
#                      restore-full.sh --finish hands it over to Patroni
#
# usage: restore-full.sh BACKUP [OPTION...]    (--pitr TIME or --pitr=TIME, and so with the others)
#   BACKUP             a file, a name in BACKUP_ROOT/full, or latest: the newest, and with --pitr the newest that ended before
#   --pitr TIME        "2026-01-29 12:00:00+01", without an offset UTC; with the next two: a target, one of them
#   --target-lsn LSN   0/3000060
#   --target-name NAME a restore point: pg_create_restore_point('NAME')
#   --timeline N       another timeline than the latest; current: the backup's own
#   --target-dir DIR   into DIR, empty or not existing, beside the cluster: that server never listens and never archives
#   --sources LIST     where to look for backup and WAL, of local, gathered and s3; without it in all there are
#   --to-hole          where WAL is missing, restore up to there instead of refusing
#   --leave-wal        go on although the old data directory holds WAL that was never archived
#   --decrypt          refuse a backup that is not encrypted
#   --verify-only      the same looks; first it reads the backup to its end
#   --dry-run          the same looks
#   --reach-only       looks only how far backup and WAL reach, and what a target loses; also while a server runs; tells it on stdout,
#                      too, a name and a value on each line
#   --keep-dcs         do not ask Patroni's DCS, and leave its entry alone
#   --hold             leave restore-in-progress in place: whoever asked for the restore removes it
# other uses:
#   --finish           ends a restore that was left paused: promotes it if need be, stops it cleanly, takes the settings out
#   --help
# exit status: see backup-lib.sh; 6 damaged, 8 another key, 9 a source cannot be reached, 10 WAL or sidecar missing, or the target
#   is out of reach, 11 refused because of what is there
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh"
# shellcheck source=templates/backup/backup-segments.sh
. "${lib%/*}/backup-segments.sh"
# shellcheck source=templates/backup/restore-sources.sh
. "${lib%/*}/restore-sources.sh"
# shellcheck source=templates/backup/restore-s3.sh
. "${lib%/*}/restore-s3.sh"
# shellcheck source=templates/backup/restore-chain.sh
. "${lib%/*}/restore-chain.sh"
# shellcheck source=templates/backup/restore-backup.sh
. "${lib%/*}/restore-backup.sh"
# shellcheck source=templates/backup/restore-loss.sh
. "${lib%/*}/restore-loss.sh"
# shellcheck source=templates/backup/restore-reach.sh
. "${lib%/*}/restore-reach.sh"
# shellcheck source=templates/backup/restore-target.sh
. "${lib%/*}/restore-target.sh"
# shellcheck source=templates/backup/restore-server.sh
. "${lib%/*}/restore-server.sh"

MODE=restore BACKUP='' DIRECTORY='' LIST='' TIMELINE=latest
# One of them at most: what the operator wants to come to.
RECOVERY_TIME='' RECOVERY_LSN='' RECOVERY_NAME='' EXPECTED=''
RECOVERY_TARGET=()
TO_HOLE=no LEAVE_WAL=no ENCRYPTED_ONLY=no KEEP_DCS=no HOLD=no
WORK='' TEMPORARIES=() BEGUN=no

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  go_on_as_postgres "$@"
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  load_settings restore-full
  derive_keys
  choose_sources "$LIST"
  choose_target "$DIRECTORY"
  case $MODE in
  finish) finish ;;
  *) restore ;;
  esac
}

read_options() {
  while [ $# -gt 0 ]; do
    [[ $1 != --?*=* ]] || set -- "${1%%=*}" "${1#*=}" "${@:2}"
    case $1 in
    --pitr | --target-lsn | --target-name | --timeline | --target-dir | --sources)
      [ $# -gt 1 ] || die 2 "$1: expected a value"
      read_value "$1" "$2"
      shift
      ;;
    --to-hole) TO_HOLE=yes ;;
    --leave-wal) LEAVE_WAL=yes ;;
    --decrypt) ENCRYPTED_ONLY=yes ;;
    --keep-dcs) KEEP_DCS=yes ;;
    --hold) HOLD=yes ;;
    --verify-only | --dry-run | --reach-only | --finish) MODE=${1#--} ;;
    -*) show_help "$lib" "$1" && exit 0 ;;
    *)
      [ -z "$BACKUP" ] || die 2 "expected one backup, found \"$BACKUP\" and \"$1\""
      BACKUP=$1
      ;;
    esac
    shift
  done
  [[ -n $BACKUP || $MODE == finish ]] || die 2 'expected a backup: a file, a name, or latest (see --help)'
  (($(printf '%s\n' "$RECOVERY_TIME" "$RECOVERY_LSN" "$RECOVERY_NAME" | grep -c .) <= 1)) ||
    die 2 'expected one target: --pitr, --target-lsn or --target-name'
}

# usage: read_value OPTION VALUE
read_value() {
  case $1 in
  --pitr)
    # What else date understands ("yesterday", an empty text) is not a point in time that anybody should restore to.
    if ! [[ $2 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}[\ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?\ ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?$ ]] ||
      ! RECOVERY_TIME=$(date -u -d "$2" '+%Y-%m-%d %H:%M:%S.%6N' 2>/dev/null); then
      die 2 "--pitr: expected a time like \"2026-01-29 12:00:00+00\", found \"$2\""
    fi
    ;;
  --target-lsn)
    [[ $2 =~ ^[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}$ ]] || die 2 "--target-lsn: expected a place in the WAL like 0/3000060, found \"$2\""
    RECOVERY_LSN=${2^^}
    ;;
  --target-name)
    [[ $2 =~ ^[][A-Za-z0-9\ ._:/@+()-]{1,63}$ ]] || die 2 "--target-name: expected the name of a restore point, without quotes, found \"$2\""
    RECOVERY_NAME=$2
    ;;
  --timeline)
    [[ $2 =~ ^(latest|current|[1-9][0-9]{0,8})$ ]] || die 2 "--timeline: expected a number, latest or current, found \"$2\""
    TIMELINE=$2
    ;;
  --target-dir) DIRECTORY=$2 ;;
  --sources) LIST=$2 ;;
  esac
}

# The operator wants another end than that of the WAL.
has_target() {
  [ -n "$RECOVERY_TIME$RECOVERY_LSN$RECOVERY_NAME" ]
}

# usage: go_on_as_postgres ARGUMENT...; who goes on from /: relative paths are made absolute
go_on_as_postgres() {
  local argument arguments=()
  for argument in "$@"; do
    [[ $argument != */* || $argument == /* || ! -e $argument ]] || argument=$PWD/$argument
    arguments+=("$argument")
  done
  run_as_postgres "${arguments[@]}"
  [[ $BACKUP != */* || $BACKUP == /* ]] || BACKUP=$PWD/$BACKUP
  cd /
}

# --- the restore ---------------------------------------------------------------------------------------------------

restore() {
  take_lock restore-full 0
  WORK=$STATE_DIR/restore-full.work
  rm -rf "$WORK"
  mkdir "$WORK"
  clear_spool
  look
  case $MODE in
  dry-run | reach-only)
    clear_spool
    [ "$MODE" = dry-run ] || tell_reach
    log info 'dry run: nothing was changed'
    return
    ;;
  verify-only) return ;;
  esac
  raise_marker
  BEGUN=yes
  make_staging
  unpack_backup
  configure "$STAGING"
  recover "$STAGING"
  put_in_place
  say_what_now
}

# Everything that can be known before anything is touched.
look() {
  # shellcheck disable=SC2034 # read by restore-s3.sh
  local FETCH_AHEAD=no
  # First what a restore would do to this node: whoever types it on a living one is told so, whatever the backup is called.
  [[ $MODE == verify-only || $MODE == reach-only ]] || check_target
  find_backup "$BACKUP" || die "$STATUS" "$PROBLEM"
  SYSTEM_IDENTIFIER=${BACKED_UP[system_identifier]}
  log info "$NAME of $CLUSTER_NAME, system $SYSTEM_IDENTIFIER, made on ${BACKED_UP[node]} (${BACKED_UP[role]}), restorable from ${BACKED_UP[ended_at]} on"
  check_backup || die "$STATUS" "$PROBLEM"
  case $MODE in
  # Whether the backup is whole does not hang on where the WAL after it lies.
  verify-only) verify_backup ;;
  *) check_space ;;
  esac
  check_reach
}

# A tenth more than the backup's size, and a few segments.
check_space() {
  local wanted=$((BACKED_UP[plain_size] * 11 / 10 + 4 * BACKED_UP[wal_segment_size])) free
  [ -d "$PARENT" ] || die 3 "$PARENT, where $TARGET belongs, is not there: apply cluster.yml first"
  free=$(df --output=avail -B1 "$PARENT" | tail -n 1)
  ((free >= wanted)) || die 7 "$PARENT has $((free >> 20)) MiB free, and about $((wanted >> 20)) MiB are needed: make room first, or give --target-dir; what is there is kept until you remove it"
}

# usage: recover DIRECTORY; replays there up to the target; without a target of the operator's, to a cluster that can be started
recover() {
  start_server "$1"
  replay "$1"
  [ -z "$EXPECTED" ] || (($(byte_of "$REPLAYED") > EXPECTED)) ||
    die 10 "expected to replay beyond byte $EXPECTED of the WAL, and the server stopped at $REPLAYED"
  if has_target; then
    stop_server "$1" 'shut down in recovery'
  else
    promote
    stop_server "$1" 'shut down'
    unconfigure "$1"
  fi
}

say_what_now() {
  if has_target; then
    log info "$REAL is paused at the target; it neither listens nor archives. Look: pg_ctl -D $TARGET start; psql$([ "$SIDE" = no ] || printf ' -h %s' "$REAL"). Open it: SELECT pg_promote()"
    [ "$SIDE" = yes ] || log info "Patroni must not start yet ($MARKER): when this is the state you want, $lib --finish"
  elif [ "$SIDE" = yes ]; then
    log info "$REAL is restored, beside the cluster: pg_ctl -D $TARGET start; psql -h $REAL"
  else
    hand_over
  fi
  BEGUN=no
}

# What may be started by Patroni is told so.
hand_over() {
  if ! forget_dcs; then
    BEGUN=no
    die 9 "$REAL is restored and shut down cleanly, but the DCS may still hold the old cluster: $MARKER stays. Do what is said above, then remove it"
  fi
  lower_marker
  log info "$REAL is restored and shut down cleanly. Start Patroni here, alone, and wait until it leads; then the others, on empty directories; then a new full backup.${ASIDE:+ To go back instead: rename $ASIDE to $REAL}"
}

# --- finishing what was left paused --------------------------------------------------------------------------------

finish() {
  local pid
  take_lock restore-full 0
  [ -e "$REAL/$KEPT" ] || die 11 "$REAL was not left by restore-full.sh --pitr: nothing to finish"
  WORK=$STATE_DIR/restore-full.work NAME=$REAL
  rm -rf "$WORK"
  mkdir "$WORK"
  [ "$SIDE" = yes ] || check_patroni
  pid=$(server_on "$REAL")
  [ -z "$pid" ] || pg_ctl -D "$REAL" -m fast -w -t 600 stop >/dev/null || die 1 "the server on $REAL (process $pid) does not stop"
  start_server "$REAL"
  if [ -e "$REAL/recovery.signal" ]; then
    replay "$REAL"
    promote
  else
    until_open
  fi
  stop_server "$REAL" 'shut down'
  unconfigure "$REAL"
  if [ "$SIDE" = yes ]; then log info "$REAL is open and shut down cleanly"; else hand_over; fi
}

clean_up() {
  local status=$?
  if [ -n "$SERVER_PID" ]; then
    kill -QUIT "$SERVER_PID" 2>/dev/null || true
    wait "$SERVER_PID" || true
  fi
  [ ${#TEMPORARIES[@]} -eq 0 ] || rm -f "${TEMPORARIES[@]}"
  if [ -n "$WORK" ]; then
    rm -rf "$WORK"
    # Who only looked leaves nothing behind, also where it says no.
    [[ $MODE != dry-run && $MODE != reach-only ]] || clear_spool
  fi
  [ "$BEGUN" = no ] || give_up
  exit "$status"
}

# Nothing was renamed yet: then everything is as before.
give_up() {
  if [[ -n $STAGING && -e $STAGING && -z $ASIDE ]]; then
    rm -rf "$STAGING"
    [[ $SIDE == yes || $HOLD == yes ]] || rm -f "$MARKER"
    log error "the restore ended early: $REAL is as it was before"
  else
    log error "the restore ended early, after the renames: ${ASIDE:+the old directory is $ASIDE; }$MARKER stays"
  fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
