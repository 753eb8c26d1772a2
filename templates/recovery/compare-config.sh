#!/bin/bash
# usage: compare-config.sh SCRIPTS local|s3; as root: which files of this host's configuration differ from its newest backup, here or in S3.
# Changes nothing.
# stdout: what somebody has to look after, nothing where all is as it was; stderr: the differences
# exit status: 0, whatever it comes to
set -u
scripts=$1 sources=()
[ "$2" = local ] || sources=(--sources "$2")
errors=$(mktemp) || exit 0
trap 'rm -f "$errors"' EXIT
said=$("$scripts/restore-config.sh" latest "${sources[@]}" 2>"$errors")
status=$?
printf '%s\n%s\n' "$(<"$errors")" "$said" >&2
if [ $status -ne 0 ]; then
  printf 'its configuration could not be compared with a backup: %s\n' "$(tail -n 1 "$errors" | sed 's/^[^]]*] [a-z]*: //')"
  exit 0
fi
sed -n 's/^[^]]*] warning: \(s3:.*\)/\1/p' "$errors"
mapfile -t files < <(sed -n 's/^missing: //p; s/^differs: \(.*\) (holds.*/\1/p; s/^+++ \(.*\) (backup)$/\1/p' <<<"$said")
[ ${#files[@]} -gt 0 ] || exit 0
printf '%s\nof it these differ here, or are missing: %s\n' "$(sed -n 's/^.*] info: \(.* is whole: .*\)/\1/p' "$errors" | tail -n 1)" "${files[*]}"
printf 'to see how: %s/restore-config.sh latest%s; to put one back: the same with --apply --only PATH\n' "$scripts" "${sources[*]:+ ${sources[*]}}"
