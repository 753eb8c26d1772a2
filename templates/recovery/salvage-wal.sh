#!/bin/bash
# usage: salvage-wal.sh DATADIR BACKUP_WAL; archives what waits in pg_wal, as PostgreSQL itself would have: history files first, then the
# segments in order. What the archive has is noted as done; where it holds something else under that name, this stops.
set -euo pipefail
data=$1 backup_wal=$2
cd "$data"
count=0
while read -r name; do
  "$backup_wal" "$name" "pg_wal/$name"
  mv -T "pg_wal/archive_status/$name.ready" "pg_wal/archive_status/$name.done"
  count=$((count + 1))
done < <(find pg_wal/archive_status -name '*.ready' -printf '%f\n' | sed 's/\.ready$//' | sort -t . -k 2,2r -k 1,1)
printf '%s files of pg_wal archived that were waiting\n' "$count"
