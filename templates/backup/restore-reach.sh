#!/bin/bash
# Whether the target can be reached, and how PostgreSQL is told where to stop. Sourced after restore-chain.sh, never run.

# Where the recovery ends, and whether the WAL reaches there. Sets RECOVERY_TARGET, and EXPECTED: the byte that must be passed.
check_reach() {
  if ! { list_wal && trace_timelines "${BACKED_UP[timeline]}" "$TIMELINE" && follow_chain && read_end; }; then die "$STATUS" "$PROBLEM"; fi
  log info "the WAL reaches ${CHAIN_END:-no further than the backup}${LAST_COMMIT:+, last commit $LAST_COMMIT UTC}, over timeline ${PATH_TIMELINES[*]}"
  if [ -n "$RECOVERY_TIME" ]; then
    reach_time
  elif [ -n "$RECOVERY_LSN" ]; then
    reach_lsn
  else
    reach_end
  fi
  if [ "${PATH_TIMELINES[-1]}" = "${BACKED_UP[timeline]}" ]; then
    RECOVERY_TARGET+=(recovery_target_timeline current)
  else
    RECOVERY_TARGET+=(recovery_target_timeline "${PATH_TIMELINES[-1]}")
  fi
}

reach_time() {
  local ended
  ended=$(date -u -d "${BACKED_UP[ended_at]}" '+%Y-%m-%d %H:%M:%S.%6N')
  log info "the target is $RECOVERY_TIME UTC"
  [[ ! $RECOVERY_TIME < $ended ]] ||
    die 10 "$NAME ended at $ended UTC, after the target $RECOVERY_TIME UTC: it cannot be restored to a time before its own end. $(earlier_backup)"
  [[ $LAST_COMMIT > $RECOVERY_TIME ]] ||
    die 10 "the target $RECOVERY_TIME UTC is out of reach: the last commit in the WAL is of ${LAST_COMMIT:-no time at all}${LAST_COMMIT:+ UTC}, and PostgreSQL stops only at one after the target.${HOLE:+ Missing: $HOLE.} To get all there is, leave --pitr out"
  warn_of_hole
  RECOVERY_TARGET=(recovery_target_time "$RECOVERY_TIME+00")
}

reach_lsn() {
  local wanted
  wanted=$(byte_of "$RECOVERY_LSN")
  ((wanted >= $(byte_of "${BACKED_UP[stop_lsn]}"))) || die 10 "$NAME ends at ${BACKED_UP[stop_lsn]}, after the target $RECOVERY_LSN: take an earlier backup"
  [[ -n $LAST_RECORD && $wanted -le $(byte_of "${LAST_RECORD:-0/0}") ]] ||
    die 10 "the target $RECOVERY_LSN is out of reach: the last record in the WAL is at ${LAST_RECORD:-${BACKED_UP[stop_lsn]}}.${HOLE:+ Missing: $HOLE}"
  warn_of_hole
  EXPECTED=$wanted
  RECOVERY_TARGET=(recovery_target_lsn "$RECOVERY_LSN")
}

# Pinned to the last record there is: with that, a segment that does not come is FATAL instead of the silent loss of what follows.
reach_end() {
  [[ -z $HOLE || $TO_HOLE == yes ]] ||
    die 10 "WAL is missing: $HOLE. What comes after cannot be restored: gather the archives of the other nodes, or restore up to there with --to-hole"
  warn_of_hole
  if [[ -n $LAST_RECORD ]] && (($(byte_of "$LAST_RECORD") > $(byte_of "${BACKED_UP[stop_lsn]}"))); then
    EXPECTED=$(byte_of "$LAST_RECORD")
    RECOVERY_TARGET=(recovery_target_lsn "$LAST_RECORD")
  else
    log warning "there is no WAL after the backup: what was committed after ${BACKED_UP[ended_at]} is not restored"
    EXPECTED=$(byte_of "${BACKED_UP[stop_lsn]}") EXPECTED=$((EXPECTED - 1))
    RECOVERY_TARGET=(recovery_target immediate)
  fi
}

warn_of_hole() {
  [ -z "$HOLE" ] || log warning "WAL is missing: $HOLE; what comes after it is not restored"
}
