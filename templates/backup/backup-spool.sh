#!/bin/bash
# What of the archive is in S3 and what waits for it. Sourced after backup-lib.sh, never run.
#
# There is no queue that could lose something: what has a sidecar and no mark waits. A mark is a link to the sidecar, set when
# S3 was seen to hold artefact and sidecar: BACKUP_ROOT/uploaded/BUCKET[/PREFIX]/KIND/NAME.json. Without marks
# everything is compared again, and what is in S3 already is marked. Retention removes a mark with its artefact.

readonly KINDS=(wal full blockchain config)

# usage: marks_of KIND; prints the directory of its marks in the S3 that is configured
marks_of() {
  printf '%s' "$BACKUP_ROOT/uploaded/$S3_BUCKET${S3_PREFIX:+/$S3_PREFIX}/$1"
}

# usage: is_uploaded FILE; FILE is BACKUP_ROOT/KIND/NAME
is_uploaded() {
  local kind=${1%/*}
  [ "$1.json" -ef "$(marks_of "${kind##*/}")/${1##*/}.json" ]
}

# usage: mark_uploaded FILE
mark_uploaded() {
  local kind=${1%/*} marks
  marks=$(marks_of "${kind##*/}")
  [ -d "$marks" ] || mkdir -p "$marks"
  ln -f "$1.json" "$marks/"
}

# usage: unmark FILE; from now on it waits for S3 again
unmark() {
  local kind=${1%/*}
  rm -f "$(marks_of "${kind##*/}")/${1##*/}.json"
}

# usage: pending KIND; prints the names that wait, sorted: of WAL, the oldest first
pending() {
  local marks
  marks=$(marks_of "$1")
  [ -d "$BACKUP_ROOT/$1" ] || return 0
  LC_ALL=C comm -23 <(sidecars_in "$BACKUP_ROOT/$1") <([ ! -d "$marks" ] || sidecars_in "$marks") | sed 's/\.json$//'
}

sidecars_in() {
  find "$1" -maxdepth 1 -name '[!.]*.json' -printf '%f\n' | LC_ALL=C sort
}

# Sets PENDING, a number, and OLDEST_PENDING, seconds since 1970 or empty.
count_pending() {
  local kind times=()
  for kind in "${KINDS[@]}"; do
    mapfile -t -O ${#times[@]} times < <(pending "$kind" | sed "s|.*|$BACKUP_ROOT/$kind/&.json|" | xargs -r stat -c %Y)
  done
  # shellcheck disable=SC2034 # read by the scripts
  PENDING=${#times[@]} OLDEST_PENDING=$([ ${#times[@]} -eq 0 ] || printf '%s\n' "${times[@]}" | sort -n | head -n 1)
}
