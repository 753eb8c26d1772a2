#!/bin/bash
# How far the WAL reaches from a backup: over which timelines, to which segment without a hole, to which record and commit.
# Sourced after restore-sources.sh and backup-segments.sh, never run. Says no as restore-sources.sh does.

# What the sidecar of the backup in question says.
declare -A BACKED_UP=()
declare -A WAL_THERE=()
CHAIN_END='' HOLE=''
LAST_RECORD='' LAST_COMMIT=''

# After read_sidecar: its fields go into BACKED_UP, and stay when other sidecars are read.
remember_backup() {
  local key
  BACKED_UP=()
  for key in "${!FIELD[@]}"; do BACKED_UP[$key]=${FIELD[$key]}; done
}

# Fills WAL_THERE: what any source holds with its sidecar.
list_wal() {
  local directory name sidecar
  WAL_THERE=()
  while IFS= read -r directory; do
    [[ -d $directory && -r $directory && -x $directory ]] ||
      refuse 9 "$directory cannot be looked into as $(id -un): is its disk mounted? Where this archive is gone for good, leave it out: --sources gathered${S3_BUCKET:+,s3}" || return 1
    for sidecar in "$directory"/*.gz.json; do
      name=${sidecar##*/} name=${name%.gz.json}
      [ ! -e "${sidecar%.json}" ] || WAL_THERE[$name]=yes
    done
  done < <(list_directories wal)
  has_source s3 || return 0
  list_s3 wal || return 1
  for name in "${LISTED[@]}"; do
    [[ $name != *.gz.json ]] || WAL_THERE[${name%.gz.json}]=yes
  done
}

# usage: trace_timelines FROM latest|current|NUMBER; as PostgreSQL chooses, but where it would silently take an older timeline
# because a history file is lost, this says no
trace_timelines() {
  local from=$1 newest=$1 name
  case $2 in
  latest)
    while printf -v name '%08X.history' $((newest + 1)) && [ -n "${WAL_THERE[$name]-}" ]; do newest=$((newest + 1)); done
    for name in "${!WAL_THERE[@]}"; do
      ((16#${name:0:8} <= newest)) ||
        refuse 10 "there is $name, and no $(printf '%08X' $((newest + 1))).history: what timeline $((newest + 1)) left behind would come back. Find that file, or name the timeline you want with --timeline" || return 1
    done
    ;;
  current) ;;
  *) newest=$2 ;;
  esac
  read_history "$newest" "$from"
}

# usage: read_history TIMELINE FROM; fills PATH_TIMELINES and PATH_ENDS, from the timeline FROM on
read_history() {
  local name
  printf -v name '%08X.history' "$1"
  PATH_TIMELINES=("$1") PATH_ENDS=('')
  [ "$1" != "$2" ] || return 0
  (($1 > $2)) || refuse 10 "timeline $1 does not descend from timeline $2, which the backup is of: take an earlier backup, or another --timeline" || return 1
  [ -n "${WAL_THERE[$name]-}" ] || refuse 10 "$name is in none of the sources (${SOURCES[*]})" || return 1
  find_wal "$name" "$WORK/$name" || return 1
  read_path "$2" "$1" <"$WORK/$name" ||
    refuse 10 "timeline $1 does not descend from timeline $2, which the backup is of: take another backup, or another --timeline"
}

# usage: follow_chain; after trace_timelines, for the backup in BACKED_UP: CHAIN_END is the last segment before the first hole, empty
# when there is no WAL at all; HOLE says what is missing before the segments that come after
follow_chain() {
  local size=${BACKED_UP[wal_segment_size]} per_log number first name i=0 next=''
  per_log=$((0x100000000 / size))
  first=$(segment_number "${BACKED_UP[last_wal]}" "$size")
  [[ -z ${PATH_ENDS[0]} ]] || ((PATH_ENDS[0] >= $(byte_of "${BACKED_UP[stop_lsn]}"))) ||
    refuse 10 "timeline ${PATH_TIMELINES[-1]} left timeline ${BACKED_UP[timeline]} before this backup ended: take an earlier backup, or another --timeline" || return 1
  # shellcheck disable=SC2034 # read by restore-reach.sh
  CHAIN_END='' HOLE=''
  for ((number = first; ; number++)); do
    while [[ -n ${PATH_ENDS[i]} ]] && ((number >= PATH_ENDS[i] / size)); do i=$((i + 1)); done
    printf -v name '%08X%08X%08X' "${PATH_TIMELINES[i]}" $((number / per_log)) $((number % per_log))
    if [ -n "${WAL_THERE[$name]-}" ]; then
      CHAIN_END=$name
    elif ((number > first)) || [[ ${BACKED_UP[role]} == replica ]]; then
      # What a leader's backup ends with, up to the end of its last segment, is in the backup itself.
      break
    fi
  done
  next=$(first_after "$number" "$size")
  # shellcheck disable=SC2034 # read by restore-reach.sh
  [ -z "$next" ] || HOLE="$name, before $next"
}

# usage: first_after NUMBER SIZE; prints the first segment of the path's timelines beyond a missing one, or nothing
first_after() {
  local name number found='' best=0 i
  for name in "${!WAL_THERE[@]}"; do
    [[ $name =~ ^[0-9A-F]{24}$ ]] || continue
    number=$((16#${name:8:8} * (0x100000000 / $2) + 16#${name:16:8}))
    [[ $number -gt $1 && (-z $found || $number -lt $best) ]] || continue
    for i in "${!PATH_TIMELINES[@]}"; do
      if ((16#${name:0:8} == PATH_TIMELINES[i])) && { [ -z "${PATH_ENDS[i]}" ] || ((number < PATH_ENDS[i] / $2)); }; then
        found=$name best=$number
      fi
    done
  done
  printf '%s' "$found"
}

# usage: read_end; reads the chain's last segments, backwards, until the last whole record and the last commit are found
read_end() {
  local size=${BACKED_UP[wal_segment_size]} number first lsn commit
  LAST_RECORD='' LAST_COMMIT=''
  [ -n "$CHAIN_END" ] || return 0
  first=$(segment_number "${BACKED_UP[last_wal]}" "$size")
  for ((number = $(segment_number "$CHAIN_END" "$size"); number >= first; number--)); do
    read_segment "$(segment_on_path "$number" "$size")" || return 1
    read -r lsn commit <<<"$ANSWER"
    [ -n "$LAST_RECORD" ] || LAST_RECORD=${lsn#-}
    LAST_COMMIT=${commit#-}
    [[ -z $LAST_RECORD || -z $LAST_COMMIT ]] || return 0
  done
}

# usage: segment_on_path NUMBER SIZE; prints its name, on the timeline of the path that it belongs to
segment_on_path() {
  local i=0
  while [[ -n ${PATH_ENDS[i]} ]] && (($1 >= PATH_ENDS[i] / $2)); do i=$((i + 1)); done
  segment_name "${PATH_TIMELINES[i]}" "$1" "$2"
}

# usage: read_segment SEGMENT; the last record's place and the last commit's time into ANSWER, - where there is none.
# What follows the last record is no record: pg_waldump calls that an error.
read_segment() {
  [ -n "${WAL_THERE[$1]-}" ] || { ANSWER='- -' && return; }
  find_wal "$1" "$WORK/$1" || return 1
  ANSWER=$({ pg_waldump "$WORK/$1" 2>/dev/null || true; } | awk '
    match($0, /lsn: [0-9A-F]+\/[0-9A-F]+/) { lsn = substr($0, RSTART + 5, RLENGTH - 5) }
    /^rmgr: Transaction/ && match($0, /desc: (COMMIT|ABORT)(_PREPARED)? [^;]*[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]+ UTC/) {
      split(substr($0, RSTART, RLENGTH), word, " ")
      for (i = 2; i in word; i++) if (word[i] ~ /^[0-9]+-[0-9]+-[0-9]+$/) commit = word[i] " " word[i + 1]
    }
    END { print lsn ? lsn : "-", commit ? commit : "-" }')
  rm -f "$WORK/$1"
}

# usage: read_commits SEGMENT; the commits that begin in it into ANSWER, one a line: its place, as 8/8 digits, so that texts compare as places
# do, and its time
read_commits() {
  find_wal "$1" "$WORK/$1" || return 1
  ANSWER=$({ pg_waldump --rmgr=Transaction "$WORK/$1" 2>/dev/null || true; } | awk '
    match($0, /desc: COMMIT(_PREPARED)? [^;]* UTC/) {
      split(substr($0, RSTART, RLENGTH), word, " ")
      for (i = 2; i in word; i++) if (word[i] ~ /^[0-9]+-[0-9]+-[0-9]+$/) { commit = word[i] " " word[i + 1]; break }
      match($0, /lsn: [0-9A-F]+\/[0-9A-F]+/)
      split(substr($0, RSTART + 5, RLENGTH - 5), half, "/")
      here = sprintf("%8s/%8s", half[1], half[2])
      gsub(" ", "0", here)
      print here, commit
    }')
  rm -f "$WORK/$1"
}

# usage: padded LSN; as read_commits has places
padded() {
  [ -z "$1" ] || printf '%08X/%08X' "0x${1%/*}" "0x${1#*/}"
}
