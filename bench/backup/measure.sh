#!/bin/bash
# Time, CPU, memory and disk of what is measured. Sourced by bench/backup.sh, never run.

declare -A TAKEN=()
# Of what is backed up, in MiB.
DATA_MIB=0

# usage: keep NAME WHAT VALUE
keep() {
  TAKEN["$1 $2"]+="$3 "
}

# usage: measure NAME WHAT COMMAND...; wall seconds, CPU seconds of all its processes, peak of their memory in MiB.
# COMMAND may be a function: it runs in a subshell of a session of its own.
measure() {
  local name=$1 what=$2 begun ended cpu watcher running
  shift 2
  : >"$W/peak"
  begun=$EPOCHREALTIME
  (
    TIMEFORMAT='%U %S'
    time "$@" >"$W/$name-$what.log" 2>&1
  ) 2>"$W/cpu" &
  running=$!
  watch_memory "$running" &
  watcher=$!
  if ! wait "$running"; then
    kill "$watcher" 2>/dev/null || true
    printf '%s, %s: it failed:\n' "$name" "$what" >&2
    tail -n 20 "$W/$name-$what.log" >&2
    exit 1
  fi
  ended=$EPOCHREALTIME
  wait "$watcher" || true
  cpu=$(awk '{ print $1 + $2 }' "$W/cpu")
  keep "$name" "$what seconds" "$(awk "BEGIN { print $ended - $begun }")"
  keep "$name" "$what cpu" "$cpu"
  keep "$name" "$what memory" "$(sort -n "$W/peak" | tail -n 1)"
  printf '%s %s: %s s\n' "$name" "$what" "$(awk "BEGIN { printf \"%.1f\", $ended - $begun }")" >&2
}

# usage: watch_memory PID; the sum of the private and shared-out memory (PSS) below PID, five times a second
watch_memory() {
  local pid
  while kill -0 "$1" 2>/dev/null; do
    for pid in $(below "$1"); do
      awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || true
    done | awk '{ sum += $1 } END { printf "%d\n", sum / 1024 }' >>"$W/peak"
    sleep 0.2
  done
}

# usage: below PID; it and its descendants
below() {
  ps -eo pid=,ppid= | awk -v top="$1" '{ parent[$1] = $2 } END {
    for (pid in parent) { for (p = pid; p > 1 && p != top; p = parent[p]); if (p == top) print pid } }'
}

# usage: disk NAME WHAT MIB
disk() {
  keep "$1" "$2 disk" "$3"
}

# usage: size_of DIRECTORY...; MiB
size_of() {
  du -sm -c "$@" | tail -n 1 | cut -f 1
}

# usage: median NAME WHAT
median() {
  tr ' ' '\n' <<<"${TAKEN["$1 $2"]-}" | sed '/^$/d' | sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.4g", (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'
}

show() {
  local name what
  printf '\n%s MiB of data, %s segments, medians of %s, %s cores, load %s\n\n' "$DATA_MIB" "$SEGMENTS" "$ROUNDS" "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)"
  printf '| | %s |\n|---|' "${ONLY//,/ | }"
  for name in ${ONLY//,/ }; do printf -- '---|'; done
  printf '\n'
  for what in 'backup seconds' 'backup cpu' 'backup memory' 'backup disk' 'restore seconds' 'restore cpu' 'restore memory' 'segment ms' 'segment cpu'; do
    printf '| %s |' "$what"
    for name in ${ONLY//,/ }; do printf ' %s |' "$(median "$name" "$what")"; done
    printf '\n'
  done
  for what in 'backup seconds' 'restore seconds' 'segment ms'; do
    printf '| %s, fanatico / this |' "$what"
    for name in ${ONLY//,/ }; do
      awk -v a="$(median fanatico "$what")" -v b="$(median "$name" "$what")" 'BEGIN { if (a != "" && b != "") printf " %.2f |", a / b; else printf " |" }'
    done
    printf '\n'
  done
}
