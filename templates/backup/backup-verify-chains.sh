#!/bin/bash
# Whether the WAL leads on from every full backup of this archive without a hole. Sourced by backup-verify.sh, never run.
#
# Each member archives what it wrote while it led. A backup from before a switchover needs WAL of another member, which this archive need not
# have: that is no loss. Where S3 or a gathered archive has it, all is well; where none could be looked into, the result is `elsewhere`.
LED=''

# From every backup on, over the timelines that a restore would follow. A backup whose WAL retention has removed is a snapshot: that
# is no hole, but for the newest it is.
verify_chains() {
  local file broken=()
  choose_sources local
  list_wal
  for file in "$BACKUP_ROOT"/full/full_backup_[0-9]*.tar.gz; do
    if [ ! -e "$file" ] || ! judge_chain "$file"; then continue; fi
    if [ -z "$PROBLEM" ]; then
      result "${file##*/}" chain ''
    else
      broken+=("$file")
    fi
  done
  [ ${#broken[@]} -eq 0 ] || look_further
}

# usage: judge_chain FILE; PROBLEM says why its chain breaks here, or nothing; returns 1 where its sidecar does not tell
judge_chain() {
  read_sidecar "$1.json" || return 1
  remember_backup
  # The newest one's is a problem of continuity.
  [[ ${BACKED_UP[wal_segment_size]-} =~ ^[1-9][0-9]*$ && ${BACKED_UP[last_wal]-} =~ ^[0-9A-F]{24}$ &&
    ${BACKED_UP[stop_lsn]-} =~ ^[0-9A-F]+/[0-9A-F]+$ && ${BACKED_UP[timeline]-} =~ ^[1-9][0-9]*$ ]] || return 1
  PROBLEM=''
  trace_timelines "${BACKED_UP[timeline]}" latest && follow_chain || return 0
  [[ -z $HOLE || (-z $CHAIN_END && $1 != "$(newest_full)") ]] || PROBLEM="WAL is missing: $HOLE; until it is found, nothing after it can be restored from this backup"
}

# After judge_chain: the chain breaks where another member led, whose timeline goes into LED. Who leads archives the history file of its
# timeline first: without that, nothing is concluded from what is here of a timeline.
led_elsewhere() {
  local name timeline newest=${BACKED_UP[timeline]}
  declare -A here=()
  for name in "${!WAL_THERE[@]}"; do
    [[ $name =~ ^[0-9A-F]{24}$ ]] || continue
    timeline=$((16#${name:0:8})) here[$timeline]=yes
    ((timeline <= newest)) || newest=$timeline
  done
  for timeline in "${!here[@]}"; do
    printf -v name '%08X.history' "$timeline"
    ((timeline <= BACKED_UP[timeline])) || [ -n "${WAL_THERE[$name]-}" ] || return 1
  done
  read_history "$newest" "${BACKED_UP[timeline]}" && follow_chain && [ -n "$HOLE" ] || return 1
  LED=$((16#${HOLE:0:8}))
  [ -z "${here[$LED]-}" ]
}

# For those in `broken`: do S3 and what was gathered have what is missing here?
look_further() {
  local file problem where='what was gathered' away=''
  # shellcheck disable=SC2034 # read by open_spool
  OWN_SPOOL=$WORK/s3
  if [[ -n $S3_BUCKET && $LOCAL == no ]]; then
    choose_sources local,gathered,s3
    where+=' and S3'
  else
    choose_sources local,gathered
  fi
  if ! list_wal; then
    away=" ($PROBLEM)"
    choose_sources local,gathered
    list_wal
  fi
  for file in "${broken[@]}"; do
    judge_chain "$file" || true
    problem=$PROBLEM
    if [ -z "$problem" ]; then
      log info "${file##*/}: not all WAL since is here; $where has the rest, and a restore takes it from there"
      result "${file##*/}" chain ''
    elif ! led_elsewhere; then
      result "${file##*/}" chain "$problem$away"
    elif has_source s3; then
      result "${file##*/}" chain "$problem; S3 does not have it either: look in the archive of the member that led timeline $LED"
    else
      remark elsewhere "${file##*/}" chain "what comes after it goes over timeline $LED, which another member led: its WAL is in the archive there, and backup-verify.sh there looks at it. S3 was not looked into$away; a restore here gathers it first (recover-cluster.yml does)"
    fi
  done
}
