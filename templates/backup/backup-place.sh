#!/bin/bash
# Where PostgreSQL is in its WAL, for what must belong to one moment with it. Where no server runs on this host, Patroni's members
# (PATRONI_MEMBERS) are asked: who leads answers. Sourced after backup-lib.sh, never run.

# What ask_place found; all empty where nobody answered.
# shellcheck disable=SC2034 # read by the scripts
PLACE_IDENTIFIER='' PLACE_LSN='' PLACE_TIMELINE=''
LEADER_URL=''

# The control file says the timeline of the last checkpoint: for minutes after a failover, that is the old one.
readonly SQL_PLACE="select system_identifier,
  case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
  case when pg_is_in_recovery()
  then coalesce((select received_tli from pg_stat_wal_receiver), (select timeline_id from pg_control_checkpoint()))
  else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end
  from pg_control_system()"

# Asks the server on this host, else who leads; returns 1 where nobody answers.
ask_place() {
  local answer
  answer=$(sql_as_postgres "$SQL_PLACE" 2>/dev/null) || answer=$(ask_leader) || answer=''
  # shellcheck disable=SC2034
  IFS='|' read -r PLACE_IDENTIFIER PLACE_LSN PLACE_TIMELINE <<<"$answer" || true
  [[ $PLACE_LSN != *[!0-9]* ]] || return 0
  [ -n "$PLACE_LSN" ] || return 1
  LEADER_URL=${PLACE_TIMELINE#* } PLACE_TIMELINE=${PLACE_TIMELINE% *}
  printf -v PLACE_LSN '%X/%X' $((PLACE_LSN >> 32)) $((PLACE_LSN & 0xffffffff))
}

# Prints the same of the leader, the place as a number, and its address after the timeline.
ask_leader() {
  local url answer members
  read -r -a members <<<"$PATRONI_MEMBERS"
  for url in "${members[@]}"; do
    # Who does not lead answers with 503; who is still being promoted leads, and does not know its place yet.
    answer=$(curl --silent --fail --max-time 5 "$url/primary") || continue
    jq -er --arg url "$url" 'select((.xlog.location | numbers) and (.timeline | numbers)) |
      "\(.database_system_identifier)|\(.xlog.location)|\(.timeline) \($url)"' <<<"$answer" && return
  done
  return 1
}

# usage: lsn_number LSN
lsn_number() {
  printf '%d' $(((16#${1%/*} << 32) + 16#${1#*/}))
}

# usage: left_timeline TIMELINE; after ask_place: prints where PostgreSQL left this timeline, nothing where it is still on it or its history
# cannot be read; 1 where its history does not know it
left_timeline() {
  local history place
  [ "$PLACE_TIMELINE" != "$1" ] || return 0
  if [ -n "$LEADER_URL" ]; then
    history=$(curl --silent --fail --max-time 5 "$LEADER_URL/history" |
      jq -r '.[] | "\(.[0])\t\(.[1])"') || return 0
  else
    history=$(sql_as_postgres "select split_part(line, E'\t', 1) || E'\t' || split_part(line, E'\t', 2)
      from regexp_split_to_table(pg_read_file(format('pg_wal/%s.history', lpad(upper(to_hex($PLACE_TIMELINE)), 8, '0'))), E'\n') line
      where line <> ''" 2>/dev/null) || return 0
  fi
  place=$(sed -n "s/^$1\t//p" <<<"$history" | tail -n 1)
  [ -n "$place" ] || return 1
  [[ $place == */* ]] || printf -v place '%X/%X' $((place >> 32)) $((place & 0xffffffff))
  printf '%s' "$place"
}
