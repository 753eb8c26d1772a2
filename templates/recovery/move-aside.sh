#!/bin/bash
# usage: move-aside.sh DATADIR; renames a data directory (behind a link, the one that it leads to) and leaves an empty one in its place.
# Nothing is removed. Run again, it finds the place empty and does nothing. Where a server works there, it refuses.
set -euo pipefail
shopt -s nullglob dotglob
data=$(readlink -m -- "$1")
if [ -d "$data" ]; then
  entries=("$data"/*)
  if [ ${#entries[@]} -gt 0 ]; then
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || pid=''
    if [[ -n $pid && $(readlink "/proc/$pid/cwd") == "$data" ]]; then
      printf 'a server (process %s) works on %s, which is not moved under it: systemctl stop patroni, then go on\n' "$pid" "$data" >&2
      exit 1
    fi
    ! mountpoint -q "$data" || {
      printf '%s is a mount point, and cannot be renamed: mount the disk one level above, the data directory in it\n' "$data" >&2
      exit 1
    }
    aside=$data.before-restore-$(date -u +%Y%m%d_%H%M%S)
    mv -T -- "$data" "$aside"
    printf 'what was in %s is now %s\n' "$data" "$aside"
  fi
fi
install -d -m 0700 -o postgres -g postgres "$data"
sync "${data%/*}"
