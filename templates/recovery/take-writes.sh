#!/bin/bash
# usage: take-writes.sh; on the leader: commits something, as clients do. Where nothing can be committed, it says why: PostgreSQL is in recovery, or
# the commit waits for a standby that is not there, which no statement_timeout ends.
set -euo pipefail
cd /
if [ "$(psql -XAtq -d postgres -c 'select pg_is_in_recovery()')" = t ]; then
  printf 'PostgreSQL is in recovery, and not promoted: it takes no writes. Look at "patronictl list" and "journalctl -u patroni"\n' >&2
  exit 1
fi
status=0
timeout 30 psql -XAtq -d postgres -c "select pg_logical_emit_message(true, 'fanops', 'recovered')" >/dev/null || status=$?
case $status in
0) printf 'it takes writes\n' ;;
124)
  printf 'no commit within 30 s: it waits for a standby; synchronous_standby_names is "%s". With synchronous_mode_strict nothing is committed without a standby: patronictl edit-config -s synchronous_mode_strict=false until one is back\n' \
    "$(psql -XAtq -d postgres -c 'show synchronous_standby_names')" >&2
  exit 1
  ;;
*)
  printf 'nothing could be committed; psql ended with %s\n' "$status" >&2
  exit 1
  ;;
esac
