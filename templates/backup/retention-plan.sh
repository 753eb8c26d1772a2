#!/bin/bash
# Which artefacts may go: a pure function of a listing. Sourced by backup-retention.sh, never run.
#
# What stays: whatever can be restored to a moment of the window (WAL_DAYS) can still be restored to it. So the anchor is
# the newest full backup that ended before the window and that all later timelines descend from; all WAL from its start
# on stays, of every timeline. Places are compared by segment, never by a file's time. History files stay for ever.

# usage: retention_plan WINDOW FULLS BLOCKCHAIN CONFIG ETCD <LISTING; five moments, 2026-01-29T02:00:00: what is older may go
# LISTING, separated by tabs:
#   full NAME ENDED FIRST_WAL LAST_WAL SEGMENT_SIZE PROVEN(yes|no)      of those with a good sidecar
#   wal NAME                                                            without .gz
#   history TIMELINE ANCESTOR SEGMENT                                   where it left this ancestor, from its history file
#   blockchain|config|etcd NAME CREATED
# prints `delete PATH REASON` and `keep PATH REASON`, separated by tabs, PATH below the archive
retention_plan() {
  awk -F '\t' -v OFS='\t' -v window="$1" -v fulls="$2" -v blockchain="$3" -v config="$4" -v etcd="$5" '
    function hex(text,   i, n) {
      for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
      return n + 0
    }
    function place(segment) { return hex(substr(segment, 9, 8)) * per_log + hex(substr(segment, 17, 8)) }
    function timeline(segment) { return hex(substr(segment, 1, 8)) }

    $1 == "full" {
      count++; name[count] = $2; ended[count] = $3; first[count] = $4; last[count] = $5; proven[count] = $7
      if (size != "" && size != $6) mixed = 1
      size = $6
    }
    $1 == "wal" { wal[++wals] = $2 }
    $1 == "history" { there[$2 + 0]; left[$2 + 0, $3 + 0] = $4 }
    $1 == "blockchain" || $1 == "config" || $1 == "etcd" { kind[++others] = $1; other[others] = $2; created[others] = $3 }

    # Newest first, by their ends.
    function sort_fulls(   i, j, swap) {
      for (i = 1; i <= count; i++) order[i] = i
      for (i = 2; i <= count; i++)
        for (j = i; j > 1 && ended[order[j]] > ended[order[j - 1]]; j--) { swap = order[j]; order[j] = order[j - 1]; order[j - 1] = swap }
    }
    function find_timelines(   i) {
      for (i = 1; i <= wals; i++) there[timeline(wal[i])]
      for (i = 1; i <= count; i++) there[timeline(last[i])]
    }
    # Every later timeline must have left the one of the backup after its end; of which no history tells, that is not known.
    function is_ancestor(i,   t, own) {
      own = timeline(last[i])
      for (t in there)
        if (t + 0 > own && (!((t + 0, own) in left) || place(left[t + 0, own]) <= place(last[i]))) return 0
      return 1
    }
    function find_anchor(   i, n) {
      for (i = 1; i <= count; i++) {
        n = place(first[order[i]])
        if (threshold == "" || n < threshold) threshold = n
        if (ended[order[i]] < window && is_ancestor(order[i])) return order[i]
      }
      return 0
    }
    function decide_fulls(   i, f, why, newest_proven) {
      for (i = count; i >= 1; i--) if (proven[order[i]] == "yes") newest_proven = order[i]
      for (i = 1; i <= count; i++) {
        f = order[i]; why = ""
        if (ended[f] >= fulls) why = "young enough"
        else if (i <= 2) why = "one of the newest two"
        else if (f == newest_proven) why = "the newest that was proved"
        else if (f == anchor) why = "the anchor of the WAL"
        print (why == "" ? "delete" : "keep"), "full/" name[f], (why == "" ? "ended " ended[f] : why)
      }
    }
    function decide_wal(   i, why) {
      for (i = 1; i <= wals; i++) {
        why = ""
        if (wal[i] ~ /history$/) why = "history stays for ever"
        else if (mixed) why = "segments of several sizes"
        else if (!anchor) why = "no full backup ended before the window"
        else if (place(wal[i]) >= threshold) why = "from the anchor on"
        print (why == "" ? "delete" : "keep"), "wal/" wal[i] ".gz", (why == "" ? "before the anchor " name[anchor] : why)
      }
    }
    # The newest two of each kind stay, however old.
    function decide_others(   i, j, newer, limit) {
      for (i = 1; i <= others; i++) {
        newer = 0
        for (j = 1; j <= others; j++) if (kind[j] == kind[i] && other[j] > other[i]) newer++
        limit = kind[i] == "blockchain" ? blockchain : kind[i] == "config" ? config : etcd
        print (newer >= 2 && created[i] < limit ? "delete" : "keep"), (kind[i] == "etcd" ? "config" : kind[i]) "/" other[i], \
          (newer < 2 ? "one of the newest two" : "made " created[i])
      }
    }
    END {
      if (size != "") per_log = 4294967296 / size
      sort_fulls()
      if (!mixed && count) { find_timelines(); anchor = find_anchor() }
      decide_fulls()
      decide_wal()
      decide_others()
    }'
}
