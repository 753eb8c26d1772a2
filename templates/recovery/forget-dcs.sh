#!/bin/bash
# usage: forget-dcs.sh PATRONI_CONFIG SCOPE; removes what the DCS knows of a cluster of which no Patroni runs any more: its last position would
# keep a restored member from leading for ever. Waits until the members' entries have ended by themselves (half a minute).
set -euo pipefail
config=$1 scope=$2
for ((try = 0; try < 90; try++)); do
  members=$(timeout 30 patronictl -c "$config" list -f json)
  [ "$(jq length <<<"$members")" -gt 0 ] || break
  sleep 1
done
left=$(jq -r '[.[].Member] | join(", ")' <<<"$members")
[ -z "$left" ] || {
  printf 'these members still hold their entries in the DCS: %s. Is Patroni stopped there?\n' "$left" >&2
  exit 1
}
printf '%s\nYes I am aware\n' "$scope" | timeout 60 patronictl -c "$config" remove "$scope"
