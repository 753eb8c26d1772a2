#!/bin/bash
# usage: salvage-wal.sh DATADIR BACKUP_WAL MARKER; archives what waits in pg_wal, as PostgreSQL itself would have: history files first, then the
# segments in order. What the archive has is noted as done; where it holds something else under that name, this stops.
set -euo pipefail
data=$1 backup_wal=$2 marker=$3
# A directory that was restored since belongs to a timeline that nobody has accepted yet.
if [[ -e $marker && -n $(find "$(readlink -m -- "$data")" -maxdepth 0 -cnewer "$marker") ]]; then
  printf '%s was restored since %s was raised, and is not accepted: nothing of it is archived\n' "$data" "$marker"
  exit 0
fi
cd "$data"
count=0
while read -r name; do
  "$backup_wal" "$name" "pg_wal/$name"
  mv -T "pg_wal/archive_status/$name.ready" "pg_wal/archive_status/$name.done"
  count=$((count + 1))
done < <(find pg_wal/archive_status -name '*.ready' -printf '%f\n' | sed 's/\.ready$//' | sort -t . -k 2,2r -k 1,1)
printf '%s files of pg_wal archived that were waiting\n' "$count"
