#!/bin/bash
# usage: stop-postgres.sh DATADIR; stops a server that still works there, cleanly, and proves that none is left
set -euo pipefail
data=$1
pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || exit 0
[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$data")" ] || exit 0
printf 'a server (process %s) still works on %s: stopping it\n' "$pid" "$data"
/usr/lib/postgresql/15/bin/pg_ctl -D "$data" -m fast -w -t 600 stop
