#!/bin/bash
# Names of WAL segments, places in the WAL, and timelines. Sourced, never run.

# The timelines that lead on from one, that one first, and the byte at which each but the last is left.
PATH_TIMELINES=() PATH_ENDS=()

# usage: segment_number SEGMENT SIZE; the how-manieth it is, whatever its timeline
segment_number() {
  printf '%d' $((16#${1:8:8} * (0x100000000 / $2) + 16#${1:16:8}))
}

# usage: segment_name TIMELINE NUMBER SIZE
segment_name() {
  local per_log=$((0x100000000 / $3))
  printf '%08X%08X%08X' "$1" $(($2 / per_log)) $(($2 % per_log))
}

# usage: segment_after SEGMENT SIZE
segment_after() {
  segment_name $((16#${1:0:8})) $(($(segment_number "$1" "$2") + 1)) "$2"
}

# usage: segment_before SEGMENT SIZE
segment_before() {
  segment_name $((16#${1:0:8})) $(($(segment_number "$1" "$2") - 1)) "$2"
}

# usage: byte_of LSN; as one number
byte_of() {
  printf '%d' $(((16#${1%/*} << 32) + 16#${1#*/}))
}

# usage: read_path FROM TIMELINE <HISTORY_FILE; the path from FROM to TIMELINE, whose history this is; returns 1 where it does not know FROM
read_path() {
  local timeline lsn
  PATH_TIMELINES=() PATH_ENDS=()
  while read -r timeline lsn _; do
    [[ $timeline =~ ^[0-9]+$ && $lsn =~ ^[0-9A-F]+/[0-9A-F]+$ ]] || continue
    [[ $timeline == "$1" || ${#PATH_TIMELINES[@]} -gt 0 ]] || continue
    PATH_TIMELINES+=("$timeline") PATH_ENDS+=("$(byte_of "$lsn")")
  done
  [ ${#PATH_TIMELINES[@]} -gt 0 ] || return 1
  PATH_TIMELINES+=("$2") PATH_ENDS+=('')
}
