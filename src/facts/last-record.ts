import { sh } from '../core/shell.ts';

/**
 * A shell function, `last_record DATADIR BIN CONTROLDATA NEWEST_SEGMENT`: "TIMELINE LSN" of the last whole record in pg_wal, or nothing. What
 * pg_control says is as old as the last checkpoint: of two that were cut off, only the WAL tells who has more. Its newest timeline is read, from
 * the checkpoint on or from where that timeline begins; where there is nothing on it yet, the checkpoint's.
 */
export const LAST_RECORD = sh`last_record() {
d=$1 b=$2 c=$3
size=$(printf '%s\\n' "$c" | sed -n 's/^Bytes per WAL segment: *//p')
redo=$(printf '%s\\n' "$c" | sed -n "s/^Latest checkpoint's REDO location: *//p")
own=$(printf '%s\\n' "$c" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
[ -n "$size" ] && [ -n "$redo" ] && [ -n "$own" ] || return 0
newest=$own
[ -z "$4" ] || newest=$((0x$(printf %s "$4" | cut -c 1-8)))
for t in $newest $own; do
first=$(ls "$d/pg_wal/" 2>/dev/null | grep -E "^$(printf %08X "$t")[0-9A-F]{16}\\$" | head -n 1)
[ -n "$first" ] || continue
from=$((0x\${redo%/*} * 4294967296 + 0x\${redo#*/}))
begins=$((0x$(printf %s "$first" | cut -c 9-16) * 4294967296 + 0x$(printf %s "$first" | cut -c 17-24) * size))
[ "$begins" -lt "$from" ] || from=$begins
said=$(timeout 20 "$b/pg_waldump" -q -p "$d/pg_wal" -t "$t" -s "$(printf '%X/%X' $((from >> 32)) $((from & 4294967295)))" 2>&1 >/dev/null)
at=$(printf '%s\\n' "$said" | sed -n 's,.*error in WAL record at \\([0-9A-F]*/[0-9A-F]*\\): .*,\\1,p')
gone=$(printf '%s\\n' "$said" | sed -n 's,.*could not [a-z]* file ".*\\([0-9A-F]\\{24\\}\\)": No such file.*,\\1,p')
[ -n "$at" ] || [ -z "$gone" ] || {
end=$((0x$(printf %s "$gone" | cut -c 9-16) * 4294967296 + 0x$(printf %s "$gone" | cut -c 17-24) * size))
at=$(printf '%X/%X' $((end >> 32)) $((end & 4294967295)))
}
[ -z "$at" ] || { printf '%s %s' "$t" "$at"; return 0; }
done
}`;
