#!/bin/bash
# Which segments are missing from an archive of WAL. Sourced after backup-segments.sh and backup-proof.sh, never run.

# Prints the segments that are missing between the newest full backup's start and the newest archived segment, one a line, as
# `TIMELINE-SEGMENT`'s name. Where a later timeline begins is seen from its first segment here; the one before is
# expected up to there.
archive_gaps() {
  local newest
  newest=$(newest_full)
  [ -n "$newest" ] && read_sidecar "$newest.json" || return 0
  [[ ${FIELD[first_wal]-} =~ ^[0-9A-F]{24}$ && ${FIELD[wal_segment_size]-} =~ ^[1-9][0-9]*$ ]] || return 0
  find "$BACKUP_ROOT/wal" -maxdepth 1 -name '????????????????????????.gz' -printf '%f\n' | sed 's/\.gz$//' | sort |
    missing_segments "${FIELD[first_wal]}" "${FIELD[wal_segment_size]}"
}

# usage: missing_segments FIRST SIZE <SEGMENTS; a pure function: sorted names in, missing names out
missing_segments() {
  awk -v first="$1" -v size="$2" '
    function hex(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
      return n + 0
    }
    function place(segment) { return hex(substr(segment, 9, 8)) * per_log + hex(substr(segment, 17, 8)) }
    function name(t, n) { return sprintf("%s%08X%08X", t, int(n / per_log), n % per_log) }
    BEGIN { per_log = 4294967296 / size; begin = place(first); own = substr(first, 1, 8) }
    substr($0, 1, 8) >= own && place($0) >= begin {
      t = substr($0, 1, 8); n = place($0)
      if (!(t in low)) { order[++count] = t; low[t] = n }
      there[t, n]; high[t] = n
    }
    END {
      if (!(own in low)) { if (!count) exit; order[0] = own; low[own] = begin; high[own] = begin - 1; from = 0 } else from = 1
      low[own] = begin
      for (i = from; i <= count; i++) {
        t = order[i]
        # Up to where the next timeline begins, when that is later than what is here.
        end = high[t]
        if (i < count && low[order[i + 1]] - 1 > end) end = low[order[i + 1]] - 1
        for (n = low[t]; n <= end; n++) if (!((t, n) in there)) print name(t, n)
      }
    }'
}
