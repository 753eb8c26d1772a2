#!/bin/bash
# usage: salvage-wal.sh DATADIR BACKUP_WAL MARKER FROM; archives what a stopped server's pg_wal holds and no archive has:
#   1. what waits for the archiver, as PostgreSQL itself would have: history files first, then the segments in order
#   2. the segments of the server's own history that were never marked to be archived, because it had streamed them, or was killed; of
#      FROM's timeline (a segment's name) from FROM on, of others all of them. Only whole ones: those of a timeline that it has left, up to
#      there; of its own, records are read to the segment's end and beyond it, or a switch of segments ends it. The last, unfinished one
#      stays where it is: under its name the archive would hold half of it for ever.
# What the archive has is noted as done; where it holds something else under that name, this stops.
set -euo pipefail
data=$1 backup_wal=$2 marker=$3 from=$4
pg_bin=${PG_BIN:-/usr/lib/postgresql/15/bin}
count=0 timeline='' size=''

main() {
  # A directory that was restored since belongs to a timeline that nobody has accepted yet.
  if [[ -e $marker && -n $(find "$(readlink -m -- "$data")" -maxdepth 0 -cnewer "$marker") ]]; then
    printf '%s was restored since %s was raised, and is not accepted: nothing of it is archived\n' "$data" "$marker"
    return
  fi
  cd "$data"
  archive_waiting
  read_control
  archive_unmarked
  printf '%s files of pg_wal archived\n' "$count"
}

archive_waiting() {
  local name
  while read -r name; do
    archive "$name"
  done < <(find pg_wal/archive_status -name '*.ready' -printf '%f\n' | sed 's/\.ready$//' | sort -t . -k 2,2r -k 1,1)
}

# usage: archive NAME
archive() {
  "$backup_wal" "$1" "pg_wal/$1"
  rm -f "pg_wal/archive_status/$1.ready"
  : >"pg_wal/archive_status/$1.done"
  count=$((count + 1))
}

# The newest timeline that it has followed, and the size of its segments. The control file of a replica says the one of its last
# restartpoint, minutes ago: since then it may have followed others, and has written segments of theirs.
read_control() {
  local control lsn history own left
  control=$("$pg_bin/pg_controldata" -D "$PWD")
  size=$(sed -n 's/^Bytes per WAL segment: *//p' <<<"$control")
  own=$(sed -n "s/^Latest checkpoint's TimeLineID: *//p; s/^Min recovery ending loc's timeline: *//p" <<<"$control" | sort -n | tail -n 1)
  lsn=$(sed -n 's/^Latest checkpoint location: *//p' <<<"$control")
  timeline=$own
  for history in pg_wal/????????.history; do
    history=${history#pg_wal/} history=${history%.history}
    if [[ $history =~ ^[0-9A-F]{8}$ ]] && ((16#$history > timeline)) && compgen -G "pg_wal/$history????????????????" >/dev/null &&
      left=$(left_at "$own" "pg_wal/$history.history") && ((left >= $(place "$lsn"))); then timeline=$((16#$history)); fi
  done
}

# usage: left_at TIMELINE HISTORY_FILE; prints the place where TIMELINE was left; 1 where the history does not know it
left_at() {
  local forebear lsn
  while read -r forebear lsn _; do
    [[ $forebear =~ ^[0-9]+$ && $forebear -eq $1 ]] || continue
    place "$lsn"
    return
  done <"$2"
  return 1
}

# usage: place LSN; as a number
place() {
  printf '%s' "$(((16#${1%/*} << 32) + 16#${1#*/}))"
}

archive_unmarked() {
  local name
  for name in pg_wal/????????????????????????; do
    name=${name#pg_wal/}
    if ! [[ $name =~ ^[0-9A-F]{24}$ ]] || [[ ${name:0:8} == "${from:0:8}" && $name < $from ]] || ! in_history "$name"; then
      continue
    elif is_whole "$name"; then
      archive "$name"
    else
      printf '%s is not whole, and stays in %s/pg_wal\n' "$name" "$data"
    fi
  done
}

# usage: in_history SEGMENT; it belongs to the server's own timeline, or lies before the place where one of its forebears was left
in_history() {
  local history left
  printf -v history 'pg_wal/%08X.history' "$timeline"
  [ "$((16#${1:0:8}))" != "$timeline" ] || return 0
  [ -r "$history" ] || return 1
  left=$(left_at $((16#${1:0:8})) "$history") || return 1
  ((16#${1:8:8} * 0x100000000 + 16#${1:16:8} * size + size <= left))
}

# usage: is_whole SEGMENT; one that was recycled for later use bears another header
is_whole() {
  local log=$((16#${1:0:8})) begin=$((16#${1:8:8} * 0x100000000 + 16#${1:16:8} * size)) start
  [ "$(od -An -tu8 -j8 -N8 "pg_wal/$1" | tr -d ' ')" = "$begin" ] || return 1
  # Of a timeline that was left later all was replayed; and what its records go on into may be renamed by then, to .partial.
  ((log == timeline)) || return 0
  start=$(printf '%X/%X' $((begin >> 32)) $((begin & 0xffffffff)))
  # It ends with an error where the WAL does.
  { "$pg_bin/pg_waldump" -p pg_wal -t "$log" -s "$start" 2>/dev/null || true; } | awk -v log_id="${1:8:8}" -v segment="${1:16:8}" -v size="$size" '
    function hex(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
      return n + 0
    }
    match($0, /lsn: [0-9A-F]+\/[0-9A-F]+/) {
      split(substr($0, RSTART + 5, RLENGTH - 5), place, "/")
      goes_on = hex(place[1]) != hex(log_id) || int(hex(place[2]) / size) != hex(segment)
      if (goes_on) exit
      is_switched = /^rmgr: XLOG .*desc: SWITCH/
    }
    END { exit !(goes_on || is_switched) }'
}

main
