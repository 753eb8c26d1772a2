#!/bin/bash
# Brings back one file of the write-ahead log; made for restore_command:
#   restore_command = '/opt/fanatico/backup/scripts/restore-wal.sh %f %p'
# Looks in the archive here, in what was gathered from other nodes, and in S3, where whole batches are fetched ahead. Nothing
# appears at PATH before sidecar, HMAC, size, sha256 and the segment's own header were found right.
#
# usage: restore-wal.sh [--sources LIST] NAME PATH
#   --sources LIST  where to look, of local, gathered and s3; without it in all there are
#        restore-wal.sh --help
# exit status:
#   0    delivered
#   1    proven absent in every source: for PostgreSQL this is the end of the WAL
#   200 + one of backup-lib.sh, where nothing is proven: 203 settings or key not in order, 206 damaged, 207 no space, 208 another
#        key, 209 a source cannot be reached, 210 incomplete, 211 of another cluster. PostgreSQL stops instead of
#        losing what follows. 143 when it is told to stop.
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 203
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh" || exit 203
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh" || exit 203
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh" || exit 203
# shellcheck source=templates/backup/backup-segments.sh
. "${lib%/*}/backup-segments.sh" || exit 203
# shellcheck source=templates/backup/restore-sources.sh
. "${lib%/*}/restore-sources.sh" || exit 203
# shellcheck source=templates/backup/restore-s3.sh
. "${lib%/*}/restore-s3.sh" || exit 203

LIST=
TEMPORARIES=()
ENDED=no

main() {
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap 'leave $?' EXIT
  trap 'ENDED=143 && exit 143' HUP INT TERM
  if [ "${1-}" = --sources ]; then
    LIST=${2-}
    shift 2 || die 2 '--sources: expected a list'
  fi
  case $#:${1-} in
  3:--fetch-ahead)
    load_settings restore-wal
    choose_sources s3
    open_spool
    fetch_batch "$2" try "$3" || die "$STATUS" "$PROBLEM"
    ENDED=0
    ;;
  2:*) deliver "$1" "$2" ;;
  1:*) show_help "$lib" "$1" && ENDED=0 ;;
  *) die 2 'expected NAME PATH (%f %p of restore_command) or --help' ;;
  esac
}

# usage: deliver NAME PATH
deliver() {
  [[ $1 =~ ^([0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)$ ]] ||
    die 2 "\"$1\" is not the name of a WAL segment, .partial, .backup or .history file"
  load_settings restore-wal
  QUIET=yes
  derive_keys
  choose_sources "$LIST"
  # PostgreSQL calls it in the data directory.
  SYSTEM_IDENTIFIER=$(identifier_of "$PWD")
  if find_wal "$1" "$2"; then
    ENDED=0
    log info "$1 delivered"
  elif [ "$STATUS" = "$ABSENT" ]; then
    ENDED=1
    log info "$1 is not there: $PROBLEM"
    exit 1
  else
    die "$STATUS" "$1 cannot be delivered, which does not mean that it does not exist: $PROBLEM"
  fi
}

# usage: leave STATUS; only what was decided on purpose is 0 or 1: everything else must stop PostgreSQL
leave() {
  [ ${#TEMPORARIES[@]} -eq 0 ] || rm -f "${TEMPORARIES[@]}"
  [ "$ENDED" = no ] || exit "$ENDED"
  exit $((200 + ($1 > 0 && $1 < 50 ? $1 : 1)))
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
