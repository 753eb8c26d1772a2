#!/bin/bash
# usage: archive-aside.sh aside|back ARCHIVE MARKER; an archive of another system is moved to ARCHIVE/by-system-id/ID, and an empty one
# takes its place: a recovered cluster must not write among backups of another. Nothing is removed, and no mount point is renamed.
# back: what was moved since MARKER was raised comes back. Run again, both find nothing to do.
set -euo pipefail
shopt -s nullglob
mode=$1 archive=$(readlink -m -- "$2") marker=$3
old=$archive/by-system-id

main() {
  case $mode in
  aside) aside ;;
  back) back ;;
  esac
  install -d -m 0700 -o postgres -g postgres "$archive" "$archive"/{full,wal,blockchain,config}
  sync "$archive"
}

# CLUSTER.json goes last: where it has gone, all of it has.
aside() {
  local id place entry
  [ -n "$(find "$archive" -path "$old" -prune -o -type f -print -quit 2>/dev/null)" ] || return 0
  id=$(sed -n 's/^  "system_identifier": "\([0-9]*\)".*/\1/p' "$archive/CLUSTER.json" 2>/dev/null) || true
  place=$old/${id:-unknown}
  ! is_taken "$place" || place+=-$(date -u +%Y%m%d_%H%M%S)
  install -d -m 0700 -o postgres -g postgres "$old" "$place"
  for entry in "$archive"/*; do
    [[ $entry == "$old" || $entry == "$archive/CLUSTER.json" ]] || mv -T -- "$entry" "$place/${entry##*/}"
  done
  [ ! -e "$archive/CLUSTER.json" ] || mv -T -- "$archive/CLUSTER.json" "$place/CLUSTER.json"
  printf 'what was in %s is now in %s\n' "$archive" "$place"
}

# usage: is_taken PLACE; by an archive that was moved before, and not only by the beginning of this one
is_taken() {
  local entry
  [ ! -e "$1/CLUSTER.json" ] || return 0
  for entry in "$archive"/*; do
    [[ $entry == "$old" || ! -e $1/${entry##*/} ]] || return 0
  done
  return 1
}

back() {
  local places entry
  [ -e "$marker" ] || {
    printf '%s is not there: what was moved since cannot be told\n' "$marker" >&2
    exit 1
  }
  mapfile -t places < <(find "$old" -mindepth 1 -maxdepth 1 -type d -cnewer "$marker" 2>/dev/null | sort)
  if [ ${#places[@]} -eq 0 ]; then
    printf 'nothing was moved aside in %s since %s was raised\n' "$archive" "$marker"
    return
  fi
  # Empty since: no server ran that could have archived. What is not empty stays, and says so.
  for entry in "$archive"/{full,wal,blockchain,config}; do
    [[ ! -d $entry || ! -e ${places[0]}/${entry##*/} ]] || rmdir -- "$entry"
  done
  for entry in "${places[0]}"/*; do
    mv -nT -- "$entry" "$archive/${entry##*/}"
  done
  rmdir -- "${places[0]}"
  rmdir --ignore-fail-on-non-empty -- "$old"
  printf '%s has again what it had before\n' "$archive"
}

main
