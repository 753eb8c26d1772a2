#!/bin/bash
# To be sourced: runs commands as named sections and adds up what they came to.
#
#   section NAME COMMAND...   runs it, prints its seconds; its last line `N passed, N failed` is added up,
#                             else it counts as one by its exit status; returns that status
#   summary                   prints `N passed, N failed` as the last line; returns 1 when anything failed

sections_passed=0
sections_failed=0
sections_table=''

section() {
  local name=$1 log status began counts
  shift
  log=$(mktemp)
  began=$SECONDS
  printf '\n=== %s\n' "$name"
  # In braces, so that the redirection is this shell's own and there is a $! to wait for.
  { "$@"; } </dev/null > >(tee "$log") 2>&1 && status=0 || status=$?
  let_finish $!
  counts=$(section_counts "$log" "$status")
  rm -f "$log"
  sections_passed=$((sections_passed + ${counts% *}))
  sections_failed=$((sections_failed + ${counts#* }))
  sections_table+=$(printf '%5d s  %5d passed %3d failed  %s' $((SECONDS - began)) "${counts% *}" "${counts#* }" "$name")$'\n'
  printf -- '--- %s: %d s, exit status %d\n' "$name" $((SECONDS - began)) "$status"
  return "$status"
}

# Until tee has written all; but what a command leaves running may hold its pipe open for ever.
let_finish() {
  local tries=100
  while kill -0 "$1" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.05; done
  kill "$1" 2>/dev/null || :
}

# section_counts LOG STATUS   prints PASSED FAILED
section_counts() {
  local last
  last=$(tail -n 1 "$1")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    # A command that ends badly has failed, whatever it printed.
    if [ "$2" -ne 0 ] && [ "${BASH_REMATCH[2]}" -eq 0 ]; then
      printf '%d 1\n' "${BASH_REMATCH[1]}"
    else
      printf '%d %d\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    fi
  elif [ "$2" -eq 0 ]; then
    printf '1 0\n'
  else
    printf '0 1\n'
  fi
}

summary() {
  printf '\n%s%d passed, %d failed\n' "$sections_table" "$sections_passed" "$sections_failed"
  [ "$sections_failed" -eq 0 ]
}
