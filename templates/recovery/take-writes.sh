#!/bin/bash
# usage: take-writes.sh; on the leader: commits something, as clients do. Where a commit waits for a standby that is not there, it says so.
set -euo pipefail
cd /
PGOPTIONS='-c statement_timeout=20s' timeout 30 psql -XAtq -d postgres -c "select pg_logical_emit_message(true, 'fanops', 'recovered')" >/dev/null || {
  printf 'no commit within 20 s; synchronous_standby_names is "%s". With synchronous_mode_strict nothing is committed without a standby: patronictl edit-config -s synchronous_mode_strict=false until one is back\n' \
    "$(psql -XAtq -d postgres -c 'show synchronous_standby_names')" >&2
  exit 1
}
printf 'it takes writes\n'
