#!/bin/bash
# usage: keep-configuration.sh save|restore PATRONI_CONFIG STATE_DIR; Patroni's dynamic configuration is in the DCS, and goes with the entry of a
# lost cluster; what the restored directory remembers of it is as old as the backup. Saved once; given back, and then forgotten.
set -euo pipefail
mode=$1 config=$2 file=$3/dynamic-configuration.yml
case $mode in
save)
  [ ! -s "$file" ] || exit 0
  if ! timeout 60 patronictl -c "$config" show-config >"$file.new" 2>/dev/null || ! grep -q : "$file.new"; then
    rm -f "$file.new"
    printf 'the DCS has no dynamic configuration any more: what the backup remembers of it will hold\n'
    exit 0
  fi
  mv -T "$file.new" "$file"
  printf 'kept in %s\n' "$file"
  ;;
restore)
  [ -s "$file" ] || exit 0
  timeout 60 patronictl -c "$config" edit-config --force --quiet --replace "$file"
  rm -f "$file"
  ;;
esac
