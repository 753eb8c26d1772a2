#!/bin/bash
# Proves that the backups can be relied on, and writes a report to LOG_DIR/backup-reports.
#   always       the newest full backup is not too old (except on a replica), and of a size that is to be expected;
#                sidecar, HMAC, size and sha256 of every file; the newest full backup decrypts, decompresses and lists
#                to its end; the WAL since it has no hole
#                over all timelines no backup is followed by a hole, and no history file is missing
#   with --deep  every file decrypts to its end, and the newest full backup is unpacked for pg_verifybackup
#   with --full-test  the newest full backup is restored with all WAL into STATE_DIR/full-test, on a private socket: replay, age
#                of the last commit, pg_amcheck --heapallindexed, pg_dumpall; removed afterwards
# Where S3 is set up, also, except on a replica: its CLUSTER.json; the newest full backup there and all WAL since: sidecar, HMAC, size,
#   the sum that S3 has of it or else that of its bytes, no hole; that nothing waits too long for its upload, and nothing is gone
#   with --deep  what is looked at there is read back to its end
# The newest full backup here that passes becomes latest.tar.gz.
#
# usage: backup-verify.sh [--deep] [--full-test] [--local] [--report-only] [--help]
#   --local         does not look into S3
#   --report-only   writes the report and nothing else
# exit status: 0 all good; 6 something is wrong: the report and the lines on stderr say what; others see backup-lib.sh
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
# shellcheck source=templates/backup/restore-chain.sh
. "${lib%/*}/restore-chain.sh"
# shellcheck source=templates/backup/restore-s3.sh
. "${lib%/*}/restore-s3.sh"
# shellcheck source=templates/backup/backup-spool.sh
. "${lib%/*}/backup-spool.sh"
# shellcheck source=templates/backup/backup-verify-s3.sh
. "${lib%/*}/backup-verify-s3.sh"
# shellcheck source=templates/backup/backup-verify-chains.sh
. "${lib%/*}/backup-verify-chains.sh"
# shellcheck source=templates/backup/restore-server.sh
. "${lib%/*}/restore-server.sh"
# shellcheck source=templates/backup/backup-test-restore.sh
. "${lib%/*}/backup-test-restore.sh"

# When a full backup ends, PostgreSQL's archiver still has its WAL to store; where that failed just then, it pauses for a minute first.
readonly ARCHIVING_SECONDS=120

# shellcheck disable=SC2034 # TEMPORARIES is filled by take_wal
DEEP=no FULL_TEST=no LOCAL=no REPORT_ONLY=no TEMPORARIES=()
RESULTS='' FAILED=0 CHECKED=0
WORK='' REPLICA=''

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  run_as_postgres "$@"
  load_settings backup-verify
  freeze_check
  [ "$REPORT_ONLY" = no ] || LOG_FILE=''
  derive_keys
  take_lock backup-verify 0
  remove_test "$STATE_DIR/full-test"
  remove_left "$STATE_DIR" backup-verify
  WORK=$(mktemp -d "$STATE_DIR/backup-verify.XXXXXX")
  STARTED=$(now)
  REPLICA=$(sql 'select pg_is_in_recovery()' 2>/dev/null) || REPLICA=unknown
  if [ "$REPLICA" != t ] || ! archive_is_empty; then verify_postgresql; fi
  verify_files "$BACKUP_ROOT"/{blockchain,config}/*.tar.gz
  if [ "$CHECKED" -eq 0 ]; then
    log info "$BACKUP_ROOT holds no backup on this member: nothing to verify here"
    return
  fi
  write_report
  [ "$FAILED" -eq 0 ] || exit 6
}

read_options() {
  local option
  for option in "$@"; do
    case $option in
    --deep) DEEP=yes ;;
    --full-test) FULL_TEST=yes ;;
    --local) LOCAL=yes ;;
    --report-only) REPORT_ONLY=yes ;;
    *) show_help "$lib" "$option" && exit 0 ;;
    esac
  done
}

now() {
  printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1
}

# usage: result ARTEFACT CHECK PROBLEM; an empty PROBLEM is a success
result() {
  local status=ok problem=${3//\"/\'}
  problem=${problem//[^[:print:]]/ }
  problem=${problem//\\/\/}
  CHECKED=$((CHECKED + 1))
  if [ -n "$3" ]; then
    status=failed
    FAILED=$((FAILED + 1))
    log error "$1: $2: $3"
  fi
  add_result "$1" "$2" "$status" "$problem"
}

# usage: remark elsewhere|warning ARTEFACT CHECK MESSAGE; what could not be judged from here or now, and need not be wrong
remark() {
  local message=${4//\"/\'}
  message=${message//[^[:print:]]/ }
  CHECKED=$((CHECKED + 1))
  log warning "$2: $3: $4"
  add_result "$2" "$3" "$1" "${message//\\/\/}"
}

# usage: add_result ARTEFACT CHECK STATUS PROBLEM
add_result() {
  RESULTS+="${RESULTS:+,$'\n'}    { \"artefact\": \"$1\", \"check\": \"$2\", \"status\": \"$3\", \"problem\": \"$4\" }"
}

verify_postgresql() {
  verify_identity
  verify_fulls
  verify_files "$BACKUP_ROOT"/wal/*.gz
  verify_continuity
  verify_chains
  ! looks_into_s3 || verify_s3
  [ "$FULL_TEST" = no ] || test_restore
}

# Problems go through a variable: in an argument, a look that broke off would count as none.
verify_identity() {
  local identifier problem
  identifier=$(sql 'select system_identifier from pg_control_system()' 2>/dev/null) || identifier=''
  problem=$(archive_problem "$identifier")
  result CLUSTER.json identity "$problem"
}

verify_fulls() {
  local file newest problem
  newest=$(newest_full)
  # A replica holds what it made while it led; the leader's are the ones that must be fresh.
  if [ "$REPLICA" != t ]; then
    problem=$(age_problem "$newest")
    result full freshness "$problem"
  fi
  compare_sizes
  for file in "$BACKUP_ROOT"/full/full_backup_[0-9]*.tar.gz; do
    [ -e "$file" ] || continue
    problem=$(stored_problem "$file")
    result "${file##*/}" stored "$problem"
    [ -z "$problem" ] || continue
    if [ "$file" = "$newest" ]; then
      verify_newest "$file"
    elif [ "$DEEP" = yes ]; then
      problem=$(content_problem "$file" "$WORK")
      result "${file##*/}" content "$problem"
    fi
  done
}

# What is whole may still hold too little: the newest full backup should not have shrunk, or grown, out of all proportion to the one before.
compare_sizes() {
  local names before newest size
  mapfile -t names < <(names_here full full_backup | tail -n 2)
  [ ${#names[@]} -eq 2 ] || return 0
  before=$BACKUP_ROOT/full/${names[0]} newest=$BACKUP_ROOT/full/${names[1]}
  if ! read_sidecar "$before.json" || [[ ! ${FIELD[plain_size]-} =~ ^[1-9][0-9]*$ ]]; then return; fi
  size=${FIELD[plain_size]}
  if ! read_sidecar "$newest.json" || [[ ! ${FIELD[plain_size]-} =~ ^[1-9][0-9]*$ ]]; then return; fi
  if ((FIELD[plain_size] * 2 < size || FIELD[plain_size] > size * 2)); then
    remark warning "${newest##*/}" size "its content has ${FIELD[plain_size]} bytes, that of the one before it, ${before##*/}, $size: less than half or more than twice as much; is that so in the database, too?"
  else
    result "${newest##*/}" size ''
  fi
}

# usage: age_problem FILE
age_problem() {
  local age
  if [ -z "$1" ]; then
    printf 'there is no full backup'
    return
  fi
  read_sidecar "$1.json" || { printf '%s' "${FIELD[problem]}" && return; }
  age=$(age_of "$1")
  if [ "$age" = unknown ]; then
    printf 'its end is not known'
  elif ((age >= VERIFY_MAX_AGE_HOURS * 3600)); then
    printf 'the newest, %s, ended %d hours ago; at most %d are allowed' "${1##*/}" $((age / 3600)) "$VERIFY_MAX_AGE_HOURS"
  fi
}

# usage: verify_newest FILE
verify_newest() {
  local problem
  problem=$(content_problem "$1" "$WORK")
  result "${1##*/}" content "$problem"
  [ -z "$problem" ] || return 0
  if [ "$DEEP" = yes ]; then
    problem=$(unpacked_problem "$1" "$WORK")
    result "${1##*/}" pg_verifybackup "$problem"
  fi
  [ -n "$problem" ] || [ "$REPORT_ONLY" = yes ] || link_unless_newer "$1"
}

# usage: link_unless_newer FILE; what was made and proved since this run began stays the latest
link_unless_newer() {
  local link=$BACKUP_ROOT/full/latest.tar.gz
  if [[ ! -e $link || $(readlink "$link") < ${1##*/} ]]; then link_latest "$1"; fi
}

# usage: verify_files FILE...
verify_files() {
  local file problem
  for file in "$@"; do
    [ -e "$file" ] || continue
    problem=$(stored_problem "$file")
    [ -n "$problem" ] || [ "$DEEP" = no ] || problem=$(content_problem "$file" "$WORK")
    result "${file#"$BACKUP_ROOT"/}" stored "$problem"
  done
}

# A hole would be taken for the end of the WAL by a restore to the latest, silently.
verify_continuity() {
  local newest name size previous='' begin holes='' later=no none age
  newest=$(newest_full)
  if [ -z "$newest" ] || ! read_sidecar "$newest.json"; then
    result wal continuity ''
    return
  fi
  if [[ ! ${FIELD[first_wal]-} =~ ^[0-9A-F]{24}$ || ! ${FIELD[wal_segment_size]-} =~ ^[1-9][0-9]*$ ]]; then
    result wal continuity "the sidecar of ${newest##*/} does not say where its WAL begins"
    return
  fi
  size=${FIELD[wal_segment_size]}
  begin=$(segment_before "${FIELD[first_wal]}" "$size")
  previous=$begin
  for name in "$BACKUP_ROOT"/wal/????????????????????????.gz; do
    [ -e "$name" ] || continue
    name=${name##*/} name=${name%.gz}
    [[ ! $name < ${FIELD[first_wal]} ]] || continue
    [ "${name:0:8}" = "${begin:0:8}" ] || { later=yes && continue; }
    [ "$(segment_before "$name" "$size")" = "$previous" ] || holes+=" before $name"
    previous=$name
  done
  none="no WAL of timeline ${FIELD[timeline]} was archived since ${newest##*/} began"
  age=$(age_of "$newest")
  if [ "$previous" != "$begin" ]; then
    result wal continuity "${holes:+segments are missing:$holes; until they are found, nothing after such a hole can be restored}"
  elif [ $later = yes ]; then
    # The timeline was left at once: what leads on is judged with the chains.
    result wal continuity ''
  elif [ "$REPLICA" = t ]; then
    remark elsewhere wal continuity "$none: another member leads since then, and what comes after it is in the archive there"
  elif [[ $age != unknown ]] && ((age < ARCHIVING_SECONDS)); then
    remark warning wal continuity "$none, and that ended $age s ago: verify again when PostgreSQL has archived it"
  else
    result wal continuity "$none"
  fi
}

write_report() {
  local directory=$LOG_DIR/backup-reports file status=ok
  [ "$FAILED" -eq 0 ] || status=failed
  file=$directory/backup_verification_$(printf '%(%Y%m%d_%H%M%S)T' -1).json
  mkdir -p "$directory"
  {
    printf '{\n  "schema": "%s",\n  "kind": "report",\n  "cluster": "%s",\n  "node": "%s",\n' "$SCHEMA" "$CLUSTER_NAME" "$NODE_NAME"
    printf '  "started_at": "%s",\n  "ended_at": "%s",\n  "deep": %s,\n' "$STARTED" "$(now)" "$([ $DEEP = yes ] && printf true || printf false)"
    printf '  "full_test": %s,\n' "$([ $FULL_TEST = yes ] && printf true || printf false)"
    printf '  "s3": "%s",\n' "$(! looks_into_s3 || printf 's3://%s/%s' "$S3_BUCKET" "$S3_PREFIX")"
    printf '  "status": "%s",\n  "checked": %d,\n  "failed": %d,\n  "results": [\n%s\n  ]\n}\n' "$status" "$CHECKED" "$FAILED" "$RESULTS"
  } >"$directory/.report.tmp"
  mv "$directory/.report.tmp" "$file"
  log info "$status: $CHECKED checks, $FAILED failed; $file"
}

clean_up() {
  local status=$?
  stop_test
  [ -z "$WORK" ] || rm -rf "$WORK"
  exit "$status"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
