#!/bin/bash
# The main job, end to end: three bare Debian hosts on this machine become a PostgreSQL cluster under Patroni, with the
# backup system on it, and its first backup is made and verified. For Debian 12, as root.
# Applies both playbooks twice: the second time there is nothing to change.
# It begins with pristine hosts: what was in the lab is lost. The lab stays up, to look around in; `bin/fanops lab down` ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
inventory=${FANOPS_TEST_INVENTORY:-inventory/lab.yml}

main() {
  bash scripts/prepare.sh
  pristine_hosts
  apply cluster
  show_cluster
  apply install
  make_backup
  show_archiving
  for playbook in cluster install; do
    apply "$playbook"
    every_host_unchanged
  done
  what_next
}

# Whatever was in the lab before is thrown away.
pristine_hosts() {
  bin/fanops lab down
  bin/fanops lab up --bare
  bin/fanops lab reset --bare
}

# apply PLAYBOOK
apply() {
  printf '\n$ fanops apply playbooks/%s.yml -i %s --yes\n' "$1" "$inventory"
  bin/fanops apply "playbooks/$1.yml" -i "$inventory" --yes 2>&1 | tee "$log"
}

show_cluster() {
  printf '\n$ patronictl list\n'
  on_db1 patronictl list | tee "$log"
  [ "$(grep -c 'Leader .*running' "$log")" -eq 1 ] || fail 'one leader' "$(cat "$log")"
  [ "$(grep -cE '(Replica|Sync Standby) .*(running|streaming)' "$log")" -eq 2 ] || fail 'two running replicas' "$(cat "$log")"
  printf '\n$ psql: who streams from the leader\n'
  on_leader "SELECT application_name, state FROM pg_stat_replication ORDER BY 1" | tee "$log"
  [ "$(grep -c streaming "$log")" -eq 2 ] || fail 'two members in pg_stat_replication' "$(cat "$log")"
}

# The same command on every member, as cron has it: the leader alone makes the backup.
make_backup() {
  local host
  for host in db1 db2 db3; do
    printf '\n$ backup-full.sh --verify   # on %s\n' "$host"
    as_postgres "$host" /opt/fanatico/backup/scripts/backup-full.sh --verify 2>&1 | tee -a "$log"
  done
  [ "$(grep -c 'verified to its end' "$log")" -eq 1 ] || fail 'one verified backup' "$(cat "$log")"
}

show_archiving() {
  printf '\n$ psql: what was archived\n'
  on_leader "SELECT archived_count, last_archived_wal, failed_count FROM pg_stat_archiver" | tee "$log"
  grep -qE '^ +[1-9][0-9]* .* 0$' "$log" || fail 'archived segments and no failure' "$(cat "$log")"
}

every_host_unchanged() {
  local unchanged
  unchanged=$(grep -cE '^db[0-9]+ +: ok=.* changed=0 .* failed=0 ' "$log")
  [ "$unchanged" -eq 3 ] || fail 'changed=0 on three hosts' "$unchanged of them"
}

what_next() {
  cat <<END

The cluster is healthy, its first backup is made and verified, and applying again changed nothing. Look around:
  bin/fanops lab ssh $(leader)
    patronictl list
    ls -l /var/backups/fanatico/full /var/backups/fanatico/wal
    cat /var/backups/fanatico/full/*.json       # what a backup says of itself: docs/backup-format.md
    tail /var/log/fanatico/backup-*.log
  docs/install.md       what was set up, what is refused, what the warnings above mean
  docs/key-escrow.md    the next thing to do: a copy of the key off the hosts
END
}

on_db1() {
  bin/fanops lab ssh db1 "$@"
}

# The member that patronictl calls the leader.
leader() {
  on_db1 patronictl list | awk '/Leader/ { print $2 }'
}

# as_postgres HOST COMMAND...
as_postgres() {
  bin/fanops lab ssh "$1" "cd / && runuser -u postgres -- ${*:2}"
}

# on_leader STATEMENT
on_leader() {
  local host
  host=$(leader </dev/null)
  printf '%s\n' "$1" | as_postgres "$host" psql -X
}

# fail EXPECTED FOUND
fail() {
  printf 'demo: expected %s, found: %s\n' "$1" "$2" >&2
  exit 1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
main "$@"
