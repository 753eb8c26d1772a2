#!/bin/bash
# What going back to a target loses: the transactions after it that the WAL in the sources holds. Sourced after restore-chain.sh, never run.

# How many segments are counted at most, from the end backwards: an answer in a minute or two, not a whole day's count.
readonly LOSS_SEGMENTS=64

# After the target was found to be in reach.
say_loss() {
  # shellcheck disable=SC2034 # FETCH_BACK is read by restore-s3.sh
  local size=${BACKED_UP[wal_segment_size]} number first read=0 of begins from to count=0 earliest='' latest='' FETCH_BACK=yes
  first=$(segment_number "${BACKED_UP[last_wal]}" "$size")
  for ((number = $(segment_number "${CHAIN_END:-${BACKED_UP[last_wal]}}" "$size"); number >= first; number--)); do
    ((read < LOSS_SEGMENTS)) || break
    read=$((read + 1))
    count_commits "$(segment_on_path "$number" "$size")" || return 1
    IFS='|' read -r of begins from to <<<"$ANSWER"
    count=$((count + of))
    [ -z "$from" ] || earliest=$from
    [ -n "$latest" ] || latest=$to
    [ "$begins" = after ] || break
  done
  if ((count == 0)); then
    log info 'no transaction in the WAL comes after the target'
    return
  fi
  log warning "this loses $([ "$begins" != after ] || ((read < LOSS_SEGMENTS)) || printf 'more than ')$count transactions that the WAL holds after the target, of $earliest to $latest UTC ($(span "$earliest" "$latest")), and whatever is not archived yet"
}

# usage: count_commits SEGMENT; into ANSWER: how many commits after the target|whether its first commit is after it|the first|the last of them
count_commits() {
  ANSWER=''
  [ -z "${WAL_THERE[$1]-}" ] || read_commits "$1" || return 1
  ANSWER=$(awk -v time="$RECOVERY_TIME" -v place="$(padded "$RECOVERY_PLACE")" '
    NF {
      commit = $2 " " $3
      after = time != "" ? commit > time : $1 > place
      if (begins == "") begins = after ? "after" : "before"
      if (!after) next
      if (!count++) first = commit
      last = commit
    }
    END { printf "%d|%s|%s|%s\n", count, begins == "" ? "after" : begins, first, last }' <<<"$ANSWER")
}

# usage: span FROM TO; prints how long that is
span() {
  local seconds=$(($(date -u -d "$2" +%s) - $(date -u -d "$1" +%s)))
  printf '%d h %02d min %02d s' $((seconds / 3600)) $((seconds / 60 % 60)) $((seconds % 60))
}
