#!/bin/bash
# A campaign: the recoveries on a cluster of another name, whose data directory is a link, and which db2 leads.
#
# usage: test/lab/other-cluster.sh [FILE.lab.ts...]   without files: all test/lab/recover-*.lab.ts; resets the lab
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly DATA=/var/lib/postgresql/15/fanatico

main() {
  local inventory host
  inventory=$(mktemp --suffix=.yml)
  # shellcheck disable=SC2064 # this file, whatever becomes of the variable
  trap "rm -f '$inventory'" EXIT
  cp "${FANOPS_TEST_INVENTORY:-inventory/lab.yml}" "$inventory"
  printf '        cluster_name: ledger-eu\n' >>"$inventory"
  export FANOPS_TEST_INVENTORY=$inventory
  bin/fanops lab up
  bin/fanops lab reset --full
  for host in db1 db2 db3; do
    bin/fanops lab ssh "$host" "install -d -o postgres -g postgres /srv/pg ${DATA%/*} &&
      install -d -o postgres -g postgres -m 0700 /srv/pg/data && ln -s /srv/pg/data $DATA"
  done
  bin/fanops apply playbooks/cluster.yml -i "$inventory" --yes
  bin/fanops lab ssh db2 'patronictl list -f tsv | grep -q "^ledger-eu.db2.*Leader" || patronictl switchover --force --candidate db2'
  [ $# -gt 0 ] || set -- test/lab/recover-*.lab.ts
  npm run --silent test:lab -- "$@"
  for host in db1 db2 db3; do
    bin/fanops lab ssh "$host" "[ \"\$(readlink $DATA)\" = /srv/pg/data ]"
  done
}

main "$@"
