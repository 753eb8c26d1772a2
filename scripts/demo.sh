#!/bin/bash
# The main job, end to end: three bare Debian hosts on this machine become a PostgreSQL cluster under Patroni.
# For Debian 12, as root. Applies the playbook twice: the second time has nothing to change.
# It begins with pristine hosts: what was in the lab is lost. The lab stays up, to look around in; `bin/fanops lab down` ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  bash scripts/prepare.sh
  pristine_hosts
  apply
  show_cluster
  apply
  every_host_unchanged
  printf '\nThe cluster is healthy, and applying again changed nothing. Look around: bin/fanops lab ssh db1\n'
}

# Whatever was in the lab before is thrown away.
pristine_hosts() {
  bin/fanops lab down
  bin/fanops lab up --bare
  bin/fanops lab reset --bare
}

apply() {
  printf '\n$ fanops apply playbooks/cluster.yml -i inventory/lab.yml --yes\n'
  bin/fanops apply playbooks/cluster.yml -i inventory/lab.yml --yes 2>&1 | tee "$log"
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

every_host_unchanged() {
  local unchanged
  unchanged=$(grep -cE '^db[0-9]+ +: ok=.* changed=0 .* failed=0 ' "$log")
  [ "$unchanged" -eq 3 ] || fail 'changed=0 on three hosts' "$unchanged of them"
}

on_db1() {
  bin/fanops lab ssh db1 "$@"
}

# The member that patronictl calls the leader.
on_leader() {
  local leader
  leader=$(on_db1 patronictl list | awk '/Leader/ { print $2 }')
  printf '%s\n' "$1" | bin/fanops lab ssh "$leader" runuser -u postgres -- psql -X
}

# fail EXPECTED FOUND
fail() {
  printf 'demo: expected %s, found: %s\n' "$1" "$2" >&2
  exit 1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
main "$@"
