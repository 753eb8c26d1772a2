#!/bin/bash
# usage: keep-configuration.sh save|restore PATRONI_CONFIG STATE_DIR; Patroni's dynamic configuration is in the DCS, and goes with the entry of a
# lost cluster; what the restored directory remembers of it is as old as the backup. Saved once; given back, and then forgotten. What an earlier
# recovery has left, older than STATE_DIR/restore-in-progress, is not given back, nor is a pause (patronictl pause): in it nothing would be
# cloned. Where the DCS does not answer, it fails.
set -euo pipefail
mode=$1 config=$2 file=$3/dynamic-configuration.yml marker=$3/restore-in-progress

main() {
  case $mode in
  save) save ;;
  restore) restore ;;
  esac
}

save() {
  local status=0
  [[ ! -e $marker || $file -nt $marker ]] || rm -f "$file"
  [ ! -s "$file" ] || return 0
  show >"$file.new" || status=$?
  if [ "$status" -eq 1 ]; then
    rm -f "$file.new"
    printf 'whether there is a dynamic configuration is not known, and the entry in the DCS stays. Is etcd well?\n' >&2
    return 1
  fi
  if [ -z "$(tr -d '{} \n' <"$file.new")" ]; then
    rm -f "$file.new"
    printf 'the DCS has no dynamic configuration any more: what the backup remembers of it will hold\n'
    return 0
  fi
  mv -T "$file.new" "$file"
  printf 'kept in %s\n' "$file"
}

restore() {
  local now status tries=0
  # What the restored directory remembers is in the DCS a turn after Patroni leads.
  while :; do
    status=0
    now=$(show) || status=$?
    [[ $status -eq 2 && $tries -lt 30 ]] || break
    sleep 1
    tries=$((tries + 1))
  done
  [ "$status" -eq 0 ] || {
    printf 'Patroni has no dynamic configuration in the DCS (%s), and cannot be given one\n' "$status" >&2
    return 1
  }
  if [ -s "$file" ]; then
    timeout 60 patronictl -c "$config" edit-config --force --quiet --replace "$file"
    now=$(<"$file")
    rm -f "$file"
  fi
  if grep -q '^pause: true$' <<<"$now"; then
    timeout 60 patronictl -c "$config" edit-config --force --quiet --set pause=null
    printf 'Patroni was paused, and is not any more: the replicas would not clone themselves\n'
  fi
}

# Says what the DCS holds; 2 where it has answered, and has none.
show() {
  local status=0 error
  timeout 60 patronictl -c "$config" show-config 2>"$file.error" || status=$?
  error=$(<"$file.error")
  rm -f "$file.error"
  [ "$status" -ne 0 ] || return 0
  # So ends Patroni's show-config where there is none.
  ! grep -q "^AttributeError: 'NoneType' object has no attribute 'data'" <<<"$error" || return 2
  printf '%s\npatronictl show-config ended with %s (124: not within 60 s)\n' "$error" "$status" >&2
  return 1
}

main
