#!/bin/bash
# usage: put-back.sh DATADIR MARKER; takes back the renames that were made since MARKER was raised: what took the place of the data directory goes
# aside as ….restored-TIME, and the directory from before comes back. Where nothing was renamed, nothing is done.
set -euo pipefail
data=$(readlink -m -- "$1") marker=$2
[ -e "$marker" ] || {
  printf '%s is not there: what was renamed since cannot be told\n' "$marker" >&2
  exit 1
}
mapfile -t asides < <(find "${data%/*}" -maxdepth 1 -name "${data##*/}.before-restore-*" -cnewer "$marker" | sort)
if [ ${#asides[@]} -eq 0 ]; then
  printf 'nothing was moved aside here since %s was raised\n' "$marker"
  # What a restore put into an empty place was renamed since, too; what was here before was not.
  [[ -e $data/PG_VERSION && -n $(find "$data" -maxdepth 0 -cnewer "$marker") ]] || exit 0
fi
if [ -e "$data" ]; then
  if ! rmdir "$data" 2>/dev/null; then
    mv -T -- "$data" "$data.restored-$(date -u +%Y%m%d_%H%M%S)"
    printf 'what was restored is kept beside %s\n' "$data"
  fi
fi
if [ ${#asides[@]} -gt 0 ]; then
  # The first one is from before the incident; a later one is from a restore that was tried again.
  mv -T -- "${asides[0]}" "$data"
  printf '%s is %s again\n' "${asides[0]}" "$data"
else
  install -d -m 0700 -o postgres -g postgres "$data"
fi
sync "${data%/*}"
