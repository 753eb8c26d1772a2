#!/bin/bash
# usage: see-uploaded.sh SCRIPTS; uploads what waits, after whoever does so already, until nothing waits
set -euo pipefail
scripts=$1
failures=0
for ((try = 0; try < 600; try++)); do
  status=0
  "$scripts/backup-upload.sh" || status=$?
  case $status in
  0) [ -n "$("$scripts/backup-upload.sh" --dry-run)" ] || exit 0 ;;
  4) ;; # the timer's own run
  # Two members may be mending the same object (upload-wal.sh); the next try finds it whole.
  5) ((++failures < 4)) || exit 5 ;;
  *) exit "$status" ;;
  esac
  sleep 1
done
printf 'something of the archive still waits for S3:\n%s\n' "$("$scripts/backup-upload.sh" --dry-run)" >&2
exit 1
