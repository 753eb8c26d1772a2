#!/bin/bash
# usage: keep-configuration.sh save|restore PATRONI_CONFIG STATE_DIR; Patroni's dynamic configuration is in the DCS, and goes with the entry of a
# lost cluster; what the restored directory remembers of it is as old as the backup. Saved once; given back, and then forgotten. What an earlier
# recovery has left, older than STATE_DIR/restore-in-progress, is not given back. Where the DCS does not answer, it fails.
set -euo pipefail
mode=$1 config=$2 file=$3/dynamic-configuration.yml marker=$3/restore-in-progress
case $mode in
save)
  [[ ! -e $marker || $file -nt $marker ]] || rm -f "$file"
  [ ! -s "$file" ] || exit 0
  timeout 60 patronictl -c "$config" show-config >"$file.new" 2>"$file.error" || {
    status=$?
    # So ends Patroni's show-config where the DCS has answered, and has none.
    if ! grep -q "^AttributeError: 'NoneType' object has no attribute 'data'" "$file.error"; then
      cat "$file.error" >&2
      rm -f "$file.new" "$file.error"
      printf 'patronictl show-config ended with %s (124: not within 60 s): whether there is a dynamic configuration is not known, and the entry in the DCS stays. Is etcd well?\n' "$status" >&2
      exit 1
    fi
    : >"$file.new"
  }
  rm -f "$file.error"
  if [ -z "$(tr -d '{} \n' <"$file.new")" ]; then
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
