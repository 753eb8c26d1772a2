#!/bin/bash
# usage: first-unarchived.sh ARCHIVE GATHERED; of this archive and those gathered below GATHERED together: prints the name of the first
# segment on the newest full backup's timeline, after its begin, that none of them has. Without a backup a name of no timeline. Of other
# timelines it says nothing: what was archived beyond the place where a timeline was left says nothing of the segment that took its place.
set -euo pipefail
shopt -s nullglob
sidecars=() fulls=()
for directory in "$1" "$2"/*; do
  # A sidecar alone says of nothing that it is there.
  for sidecar in "$directory"/full/full_backup_*.tar.gz.json; do [ ! -e "${sidecar%.json}" ] || fulls+=("$sidecar"); done
  for sidecar in "$directory"/wal/????????????????????????.gz.json; do [ ! -e "${sidecar%.json}" ] || sidecars+=("${sidecar##*/}"); done
done
newest=$(printf '%s\n' "${fulls[@]:0}" | awk -F / '{ print $NF "\t" $0 }' | sort | tail -n 1 | cut -f 2)
if [ -z "$newest" ]; then
  printf 000000000000000000000000
  exit 0
fi
read -r first size < <(jq -r '"\(.first_wal) \(.wal_segment_size)"' "$newest")
printf '%s\n' "${sidecars[@]:0}" | awk -v first="$first" -v size="$size" '
  function hex(text,   i, n) {
    for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
    return n + 0
  }
  { there[substr($0, 1, 24)] }
  END {
    per_log = 4294967296 / size
    n = hex(substr(first, 9, 8)) * per_log + hex(substr(first, 17))
    do name = substr(first, 1, 8) sprintf("%08X%08X", int(n / per_log), n++ % per_log); while (name in there)
    printf "%s", name
  }'
