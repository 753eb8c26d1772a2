#!/bin/bash
# Whether the target can be reached, and how PostgreSQL is told where to stop. Sourced after restore-chain.sh, never run.

# Where a target that is no time lies.
RECOVERY_PLACE=''

# Where the recovery ends, and whether the WAL reaches there. Sets RECOVERY_TARGET, and EXPECTED: the byte that must be passed.
check_reach() {
  if ! { list_wal && trace_timelines "${BACKED_UP[timeline]}" "$TIMELINE" && follow_chain && read_end; }; then die "$STATUS" "$PROBLEM"; fi
  log info "the WAL reaches ${CHAIN_END:-no further than the backup}${LAST_COMMIT:+, last commit $LAST_COMMIT UTC}, over timeline ${PATH_TIMELINES[*]}"
  if [ -n "$RECOVERY_TIME" ]; then
    reach_time
  elif [ -n "$RECOVERY_LSN" ]; then
    reach_lsn
  elif [ -n "$RECOVERY_NAME" ]; then
    reach_name
  else
    reach_end
  fi
  ! has_target || [ "$SIDE" = yes ] || say_loss || die "$STATUS" "$PROBLEM"
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
  check_abandoned
  RECOVERY_TARGET=(recovery_target_time "$RECOVERY_TIME+00")
}

# Of a time between the leaving of a timeline and the first commit after it, the newest timeline knows only what was there when it began,
# and the one that was left may know more: whoever wants the newest one all the same, names it.
check_abandoned() {
  local i abandoned first
  [ "$TIMELINE" = latest ] || return 0
  for ((i = 0; i + 1 < ${#PATH_TIMELINES[@]}; i++)); do
    first_commit "${PATH_ENDS[i]}" "${PATH_TIMELINES[i]}" || die "$STATUS" "$PROBLEM"
    abandoned=$ANSWER
    [[ -n $abandoned && ! $abandoned > $RECOVERY_TIME ]] || continue
    first_commit "${PATH_ENDS[i]}" || die "$STATUS" "$PROBLEM"
    first=$ANSWER
    [[ $first > $RECOVERY_TIME ]] || continue
    die 10 "the target $RECOVERY_TIME UTC is ambiguous: timeline ${PATH_TIMELINES[i + 1]} has left timeline ${PATH_TIMELINES[i]} before it and has no commit until $first UTC, while timeline ${PATH_TIMELINES[i]} went on, with a commit of $abandoned UTC. Name the one you want: --timeline ${PATH_TIMELINES[i]} (what it held at that time) or --timeline ${PATH_TIMELINES[-1]} (what was there when it was left)"
  done
}

# usage: first_commit BYTE [TIMELINE]; the time of the first commit from that byte on into ANSWER, empty where there is none: of the
# path, or of one timeline's segments, as far as there is no hole
first_commit() {
  local size=${BACKED_UP[wal_segment_size]} number segment from
  printf -v from '%08X/%08X' $(($1 >> 32)) $(($1 & 0xffffffff))
  ANSWER=''
  for ((number = $1 / size; ; number++)); do
    if [ -n "${2-}" ]; then segment=$(segment_name "$2" "$number" "$size"); else segment=$(segment_on_path "$number" "$size"); fi
    [ -n "${WAL_THERE[$segment]-}" ] || return 0
    read_commits "$segment" || return 1
    ANSWER=$(awk -v from="$from" '$1 >= from { print $2, $3; exit }' <<<"$ANSWER")
    [ -z "$ANSWER" ] || return 0
  done
}

reach_lsn() {
  local wanted
  wanted=$(byte_of "$RECOVERY_LSN")
  ((wanted >= $(byte_of "${BACKED_UP[stop_lsn]}"))) || die 10 "$NAME ends at ${BACKED_UP[stop_lsn]}, after the target $RECOVERY_LSN: take an earlier backup"
  [[ -n $LAST_RECORD && $wanted -le $(byte_of "${LAST_RECORD:-0/0}") ]] ||
    die 10 "the target $RECOVERY_LSN is out of reach: the last record in the WAL is at ${LAST_RECORD:-${BACKED_UP[stop_lsn]}}.${HOLE:+ Missing: $HOLE}"
  warn_of_hole
  EXPECTED=$wanted RECOVERY_PLACE=$RECOVERY_LSN
  RECOVERY_TARGET=(recovery_target_lsn "$RECOVERY_LSN")
}

# PostgreSQL stops at the first restore point of that name.
reach_name() {
  local size=${BACKED_UP[wal_segment_size]} number last found=''
  number=$(segment_number "${BACKED_UP[last_wal]}" "$size")
  last=${CHAIN_END:+$(segment_number "$CHAIN_END" "$size")}
  for (( ; number <= ${last:-0}; number++)); do
    find_restore_point "$(segment_on_path "$number" "$size")" || die "$STATUS" "$PROBLEM"
    found=$ANSWER
    [ -z "$found" ] || break
  done
  [ -n "$found" ] ||
    die 10 "the restore point \"$RECOVERY_NAME\" is out of reach: it is not in the WAL after $NAME, which ended at ${BACKED_UP[stop_lsn]}. If it was set before, take an earlier backup.${HOLE:+ Missing: $HOLE}"
  log info "the target is the restore point \"$RECOVERY_NAME\", at $found"
  warn_of_hole
  # shellcheck disable=SC2034 # read by restore-loss.sh
  EXPECTED=$(byte_of "$found") RECOVERY_PLACE=$found
  RECOVERY_TARGET=(recovery_target_name "$RECOVERY_NAME")
}

# usage: find_restore_point SEGMENT; the place of the first one of the wanted name after the backup into ANSWER, empty where there is none
find_restore_point() {
  local lsn
  ANSWER=''
  [ -n "${WAL_THERE[$1]-}" ] || return 0
  find_wal "$1" "$WORK/$1" || return 1
  while read -r lsn; do
    if [[ -z $ANSWER ]] && (($(byte_of "$lsn") > $(byte_of "${BACKED_UP[stop_lsn]}"))); then ANSWER=$lsn; fi
  done < <({ pg_waldump --rmgr=XLOG "$WORK/$1" 2>/dev/null || true; } | awk -v wanted="desc: RESTORE_POINT $RECOVERY_NAME" '
    substr($0, length($0) - length(wanted) + 1) == wanted && match($0, /lsn: [0-9A-F]+\/[0-9A-F]+/) { print substr($0, RSTART + 5, RLENGTH - 5) }')
  rm -f "$WORK/$1"
}

# Pinned to the last record there is: with that, a segment that does not come is FATAL instead of the silent loss of what follows.
reach_end() {
  [[ -z $HOLE || $TO_HOLE == yes ]] ||
    die 10 "WAL is missing: $HOLE. What comes after cannot be restored: find it (in the archives of the other nodes, or in a pg_wal), or restore up to there${LAST_COMMIT:+, to the commit of $LAST_COMMIT UTC,} with --to-hole (in a runbook: -e to_hole=true)"
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

# After check_reach; on stdout, for people and runbooks. What was committed after last_commit is lost: for so many seconds.
tell_reach() {
  local last=${LAST_COMMIT:-${BACKED_UP[ended_at]}}
  printf '%s: %s\n' cluster "$CLUSTER_NAME" system_identifier "$SYSTEM_IDENTIFIER" key_id "${BACKED_UP[key_id]}" \
    backup "$NAME" made_on "${BACKED_UP[node]}" restorable_from "${BACKED_UP[ended_at]}" \
    wal_until "${CHAIN_END:-the end of the backup}" timeline "${PATH_TIMELINES[-1]}" \
    last_commit "$(date -u -d "$last" +%FT%TZ)" seconds_since $(($(printf '%(%s)T' -1) - $(date -u -d "$last" +%s))) \
    bytes "${BACKED_UP[plain_size]}"
}
