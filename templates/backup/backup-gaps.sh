#!/bin/bash
# What is missing from an archive of WAL. Sourced after backup-segments.sh and backup-proof.sh, never run.

# Prints the names of what is missing between the newest full backup's start and the newest archived segment, one a line: segments, each on
# the timeline that PostgreSQL wrote it on, whichever member led then; and history files, without which a restore would not find the way.
archive_gaps() {
  local newest first size i path=()
  newest=$(newest_full)
  [ -n "$newest" ] && read_sidecar "$newest.json" || return 0
  first=${FIELD[first_wal]-} size=${FIELD[wal_segment_size]-}
  [[ $first =~ ^[0-9A-F]{24}$ && $size =~ ^[1-9][0-9]*$ ]] || return 0
  newest_path $((16#${first:0:8}))
  for i in "${!PATH_TIMELINES[@]}"; do
    path+=("$(printf '%08X' "${PATH_TIMELINES[i]}"):${PATH_ENDS[i]:+$((PATH_ENDS[i] / size))}")
  done
  find "$BACKUP_ROOT/wal" -maxdepth 1 -name '????????????????????????.gz' -printf '%f\n' | sed 's/\.gz$//' | sort | missing_segments "$first" "$size" "${path[@]}"
  missing_histories $((16#${first:0:8}))
}

# usage: newest_path TIMELINE; the path from it to the newest timeline that a history file here tells of; empty where none does
newest_path() {
  local files=("$BACKUP_ROOT"/wal/????????.history.gz) newest name problem
  PATH_TIMELINES=() PATH_ENDS=()
  newest=${files[-1]} name=${files[-1]##*/}
  if [[ ! $name =~ ^[0-9A-F]{8}\. || ! -e $newest.json ]] || ((16#${name%%.*} <= $1)); then return; fi
  problem=$(stored_problem "$newest") || problem=unknown
  if [ -n "$problem" ] || ! read_sidecar "$newest.json"; then return; fi
  if ! read_path "$1" $((16#${name%%.*})) < <(plain "$newest" 2>/dev/null); then
    # The newest comes from one before: this one was given up.
    PATH_TIMELINES=("$1") PATH_ENDS=('')
  fi
}

# usage: missing_histories TIMELINE; of all timelines after it, up to the newest that anything here is of: PostgreSQL asks for one after the other
missing_histories() {
  local newest name i
  newest=$(find "$BACKUP_ROOT/wal" -maxdepth 1 -name '????????*.gz' -printf '%f\n' | sed -n 's/^\([0-9A-F]\{8\}\)[0-9A-F.].*/\1/p' | sort | tail -n 1)
  for ((i = $1 + 1; i <= 16#${newest:-0}; i++)); do
    printf -v name '%08X.history' "$i"
    [ -e "$BACKUP_ROOT/wal/$name.gz.json" ] || printf '%s\n' "$name"
  done
}

# usage: missing_segments FIRST SIZE [TIMELINE:END]... <SEGMENTS; a pure function: sorted names in, missing names out. END is the number of the
# first segment that a timeline of the path does not hold any more. Without a path, each timeline here begins with its first segment here.
missing_segments() {
  awk -v first="$1" -v size="$2" -v path="${*:3}" '
    function hex(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
      return n + 0
    }
    function place(segment) { return hex(substr(segment, 9, 8)) * per_log + hex(substr(segment, 17, 8)) }
    function name(t, n) { return sprintf("%s%08X%08X", t, int(n / per_log), n % per_log) }
    # The path, up to the timeline that holds n.
    function on_path(n) { for (i = 1; i < count && end[i] != "" && n >= end[i]; i++); return timeline[i] }
    BEGIN {
      per_log = 4294967296 / size; begin = place(first); given = count = split(path, part, " ")
      for (i = 1; i <= count; i++) { timeline[i] = substr(part[i], 1, 8); end[i] = substr(part[i], 10) }
      for (i in end) if (end[i] != "") end[i] += 0
      if (!given) timeline[count = 1] = substr(first, 1, 8)
    }
    substr($0, 1, 8) >= substr(first, 1, 8) && place($0) >= begin {
      t = substr($0, 1, 8); n = place($0)
      there[t, n]; number[NR] = n; of[NR] = t
      if (!given && t != timeline[count]) { end[count] = n; timeline[++count] = t }
    }
    END {
      for (k in number) if (number[k] > top && of[k] == on_path(number[k])) top = number[k]
      for (n = begin; n <= top; n++) if (!((on_path(n), n) in there)) print name(on_path(n), n)
    }'
}
