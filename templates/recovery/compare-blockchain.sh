#!/bin/bash
# usage: compare-blockchain.sh SCRIPTS CONF local|s3; as root: how the blockchain's state on this host, and its newest backup here or in S3,
# fit to PostgreSQL as it is now. Changes nothing.
# stdout: what somebody has to look after, nothing where all fits; stderr: what was seen
# exit status: 0, whatever it comes to
set -u
scripts=$1 conf=$2 sources=()
[ "$3" = local ] || sources=(--sources "$3")
BLOCKCHAIN_DB='' BLOCKCHAIN_HEIGHT_SQL='select max(height) from blocks'

main() {
  local said status findings=()
  if ! read_conf; then
    printf 'the backup system is not installed here: whatever lives on this host was not compared. Apply install-blockchain.yml, then this step again\n'
    return
  fi
  [ -n "$BLOCKCHAIN_DB" ] || { printf 'no blockchain lives on this host\n' >&2 && return; }
  state
  said=$("$scripts/restore-blockchain.sh" latest --verify-only "${sources[@]}" 2>&1)
  status=$?
  printf 'its newest backup:\n' >&2
  printf '%s\n' "$said" | sed 's/^[^]]*] [a-z]*: /  /' >&2
  if [ $status -ne 0 ]; then
    findings=("its newest backup could not be compared: $(tail -n 1 <<<"$said" | sed 's/^[^]]*] [a-z]*: //')")
  else
    mapfile -t findings < <(sed -n 's/^[^]]*] warn[a-z]*: //p' <<<"$said")
  fi
  [[ -z $GONE && ${#findings[@]} -eq 0 ]] || tell "$(sed -n 's/^.*] info: \(.* is whole: .*\)/\1/p' <<<"$said")" "${findings[@]}"
}

read_conf() {
  # shellcheck source=/dev/null
  [ -r "$conf" ] && . "$conf"
}

# Sets STATE and GONE.
state() {
  GONE=''
  if [ -e "$BLOCKCHAIN_DB" ]; then
    # Asked as its owner: anybody else would leave a -wal beside it that its owner cannot write.
    STATE="$BLOCKCHAIN_DB is at block $(runuser -u "$(stat -c %U "$BLOCKCHAIN_DB")" -- timeout 60 sqlite3 -readonly "$BLOCKCHAIN_DB" "$BLOCKCHAIN_HEIGHT_SQL" 2>&1)"
  else
    GONE=yes STATE="there is no $BLOCKCHAIN_DB any more"
  fi
  printf '%s\n' "$STATE" >&2
}

# usage: tell WHOLE FINDING...
tell() {
  local line
  for line in "$STATE" "$@"; do
    [ -z "$line" ] || printf '%s\n' "$line"
  done
  printf 'to restore a state of it, with the blockchain stopped: the last step with -e blockchain=latest, or =NAME (docs/recovery.md)\n'
}

main
