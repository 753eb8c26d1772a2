#!/bin/bash
# Full backup, restore and WAL archiving by the scripts in templates/backup, by pgBackRest and by Barman: the same
# database, one run, in turns. As root; Debian's packages of the others are installed, for this alone.
#   bench/backup.sh [--mib 4096] [--segments 100] [--rounds 3] [--only fanatico,pgbackrest,barman] [--skip backup,restore,wal]
#                   [--real-time]   WAL is archived before everything else on the machine, as if that were quiet
# Prints medians and ratios as Markdown. Encrypted with AES-256-CBC, but for Barman, which cannot; two processes where a
# tool takes a number. Everything is in /var/tmp/fanops-bench-backup (four times the size), and goes at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MIB=4096 SEGMENTS=100 ROUNDS=3 ONLY=fanatico,pgbackrest,barman SKIP='' REAL_TIME=no
W=/var/tmp/fanops-bench-backup
# shellcheck disable=SC2034 # read by contestants.sh
TEMPLATES=$here/../templates/backup
# shellcheck source=bench/backup/measure.sh
. "$here/backup/measure.sh"
# shellcheck source=bench/backup/server.sh
. "$here/backup/server.sh"
# shellcheck source=bench/backup/contestants.sh
. "$here/backup/contestants.sh"

main() {
  local round name
  read_options "$@"
  trap end EXIT
  trap 'exit 130' INT TERM
  install_contestants
  begin_server
  for name in ${ONLY//,/ }; do "prepare_$name"; done
  [[ ,$SKIP, == *,backup,* ]] || for ((round = 1; round <= ROUNDS; round++)); do
    for name in ${ONLY//,/ }; do
      one_backup "$name"
      [[ ,$SKIP, == *,restore,* ]] || one_restore "$name"
    done
  done
  if [[ ,$SKIP, != *,wal,* ]]; then
    for ((round = 1; round <= ROUNDS; round++)); do
      for name in ${ONLY//,/ }; do one_archiving "$name"; done
    done
  fi
  show
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --real-time)
      REAL_TIME=yes
      shift
      continue
      ;;
    --mib) MIB=$2 ;;
    --segments) SEGMENTS=$2 ;;
    --rounds) ROUNDS=$2 ;;
    --only) ONLY=$2 ;;
    --skip) SKIP=$2 ;;
    *) printf 'backup.sh: did not expect "%s"; see its head\n' "$1" >&2 && exit 1 ;;
    esac
    shift 2
  done
}

# usage: one_backup NAME
one_backup() {
  archive_by "$1"
  "forget_$1"
  warm
  measure "$1" backup as_postgres "backup_$1"
  disk "$1" backup "$(size_of "$W/$1")"
  archive_by nothing
}

# usage: one_restore NAME; until a server is open that has all rows
one_restore() {
  local rows
  rm -rf "$W/restored"
  measure "$1" restore as_postgres restore_and_open "$1"
  rows=$(ask_restored 'select count(*) from blocks')
  stop_restored
  [ "$rows" = "$ROWS" ] || { printf '%s restored %s rows, expected %s\n' "$1" "$rows" "$ROWS" >&2 && exit 1; }
  rm -rf "$W/restored"
}

# usage: one_archiving NAME; PostgreSQL itself calls the archive_command, from a row of segments that wait
one_archiving() {
  fill_segments
  archive_by "$1"
  measure_archiving "$1"
  archive_by nothing
}

end() {
  end_server
  rm -rf "$W" /etc/barman.d/fanops-bench.conf
}

main "$@"
