import { sh } from '../core/shell.ts';

/**
 * A shell function, `last_record DATADIR BIN CONTROLDATA NEWEST_SEGMENT`: "TIMELINE LSN" of the last whole record in pg_wal, or nothing. What
 * pg_control says is as old as the last checkpoint: of two that were cut off, only the WAL tells who has more. Its newest timeline is read, from
 * the checkpoint on or from where that timeline begins; where there is nothing on it yet, the checkpoint's. Status 1: the WAL is there and could
 * not be read in time, so that nobody knows how far it goes; at most four times 20 s.
 */
export const LAST_RECORD = sh`last_record() {
d=$1 b=$2 c=$3
size=$(printf '%s\\n' "$c" | sed -n 's/^Bytes per WAL segment: *//p')
redo=$(printf '%s\\n' "$c" | sed -n "s/^Latest checkpoint's REDO location: *//p")
own=$(printf '%s\\n' "$c" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
[ -n "$size" ] && [ -n "$redo" ] && [ -n "$own" ] || return 0
newest=$own
[ -z "$4" ] || newest=$((0x$(printf %s "$4" | cut -c 1-8)))
last_record_on "$newest" || return 1
[ -z "$at" ] && [ "$newest" != "$own" ] || return 0
last_record_on "$own"
}
last_record_on() {
t=$1 at=
first=$(ls "$d/pg_wal/" 2>/dev/null | grep -E "^$(printf %08X "$t")[0-9A-F]{16}\\$" | head -n 1)
[ -n "$first" ] || return 0
start=$((0x\${redo%/*} * 4294967296 + 0x\${redo#*/}))
begins=$(segment_begins "$first")
[ "$begins" -lt "$start" ] || start=$begins
near=$(last_segment "$start")
[ "$near" -gt "$start" ] || near=$start
read_to_end "$near" || return 1
# A record that fills whole segments has no other one behind it in the last.
[ -n "$at" ] || [ "$near" = "$start" ] || read_to_end "$start" || return 1
[ -z "$at" ] || printf '%s %s' "$t" "$at"
}
# Where the last segment begins that was written to, of those without a gap from there on. Before its first page is written, the one before it is
# on the disk as a whole. A segment that waits to be used again has the address of its old place in its first page.
last_segment() {
s=$(($1 / size * size)) last=$1
while f=$d/pg_wal/$(segment_name "$s") && [ -e "$f" ] && [ "$((0x0$(od -An -tx8 -j8 -N8 "$f" | tr -d ' ')))" = "$s" ]; do
last=$s s=$((s + size))
done
printf %s "$last"
}
segment_name() {
printf '%08X%08X%08X' "$t" $(($1 >> 32)) $((($1 & 4294967295) / size))
}
segment_begins() {
printf %s "$((0x$(printf %s "$1" | cut -c 9-16) * 4294967296 + 0x$(printf %s "$1" | cut -c 17-24) * size))"
}
read_to_end() {
said=$(timeout 20 "$b/pg_waldump" -q -p "$d/pg_wal" -t "$t" -s "$(printf '%X/%X' $(($1 >> 32)) $(($1 & 4294967295)))" 2>&1 >/dev/null)
[ $? != 124 ] || return 1
at=$(printf '%s\\n' "$said" | sed -n 's,.*error in WAL record at \\([0-9A-F]*/[0-9A-F]*\\): .*,\\1,p')
gone=$(printf '%s\\n' "$said" | sed -n 's,.*could not [a-z]* file ".*\\([0-9A-F]\\{24\\}\\)": No such file.*,\\1,p')
[ -n "$at" ] || [ -z "$gone" ] || {
end=$(segment_begins "$gone")
at=$(printf '%X/%X' $((end >> 32)) $((end & 4294967295)))
}
}`;
