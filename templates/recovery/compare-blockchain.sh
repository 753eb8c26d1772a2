#!/bin/bash
# usage: compare-blockchain.sh SCRIPTS CONF; as root: how the blockchain's state on this host, and its newest backup, fit to PostgreSQL as it
# is now. Changes nothing.
# exit status: 0, whatever it comes to
set -u
scripts=$1 conf=$2
BACKUP_ROOT=/var/backups/fanatico BLOCKCHAIN_DB='' BLOCKCHAIN_HEIGHT_SQL='select max(height) from blocks'
# shellcheck source=/dev/null
. "$conf" || exit 0
if [ -z "$BLOCKCHAIN_DB" ]; then
  printf 'no blockchain lives on this host\n'
  exit 0
fi
if [ -e "$BLOCKCHAIN_DB" ]; then
  # Asked as its owner: anybody else would leave a -wal beside it that its owner cannot write.
  height=$(runuser -u "$(stat -c %U "$BLOCKCHAIN_DB")" -- timeout 60 sqlite3 -readonly "$BLOCKCHAIN_DB" "$BLOCKCHAIN_HEIGHT_SQL" 2>&1)
  printf '%s is at block %s\n' "$BLOCKCHAIN_DB" "$height"
else
  printf 'WARNING: there is no %s any more\n' "$BLOCKCHAIN_DB"
fi
said=$("$scripts/restore-blockchain.sh" latest --verify-only 2>&1)
printf 'its newest backup:\n'
printf '%s\n' "$said" | sed 's/^[^]]*] [a-z]*: /  /'
case $said in
*MISMATCH*)
  printf 'WARNING: PostgreSQL and this backup are not of one moment. The places of all are in %s/blockchain/*.json (block_height, lsn);\n' "$BACKUP_ROOT"
  printf 'with the blockchain stopped, this restores one: %s/restore-blockchain.sh NAME, or the last step with -e blockchain=NAME\n' "$scripts"
  ;;
esac
