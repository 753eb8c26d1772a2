#!/bin/bash
# usage: blockchain-nodes.sh SCRIPTS 'NODE…'; as postgres: whose blockchains S3 holds, beside those of these nodes. Changes nothing.
# stdout: what somebody has to look after
# exit status: 0, whatever it comes to
scripts=$1
read -r -a known <<<"$2"
# shellcheck source=templates/backup/backup-lib.sh
. "$scripts/backup-lib.sh" || exit 0
# shellcheck source=templates/backup/backup-s3.sh
. "$scripts/backup-s3.sh" || exit 0
set +e
load_settings blockchain-nodes
# shellcheck disable=SC2034 # read by load_settings
LOG_FILE=''
require_s3
base=$(s3_key blockchain/)
list_objects "$base" '' || {
  printf 'whether S3 holds a blockchain could not be seen\n'
  exit 0
}
for key in "${!THERE[@]}"; do
  node=${key#"$base"}
  [[ $key != *.json ]] || printf '%s\n' "${node%%/*}"
done | sort -u | grep -vxF -f <(printf '%s\n' "${known[@]}") | while IFS= read -r node; do
  printf 'S3 holds states of the blockchain of %s, which is in no group blockchain of the inventory: nothing of it is restored. On the host where it shall live: %s/restore-blockchain.sh latest --sources s3 --node %s\n' "$node" "$scripts" "$node"
done
exit 0
