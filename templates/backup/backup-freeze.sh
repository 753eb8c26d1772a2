#!/bin/bash
# Freezes the schedule of this host: while a runbook works, nothing that cron or a timer calls makes, verifies or deletes
# backups. WAL archiving and the heartbeat go on. See docs/backup-scripts.md.
#
# usage: backup-freeze.sh on --holder NAME --reason TEXT [--for 4h]   again by the same holder: renewed
#        backup-freeze.sh off --holder NAME                            an expired one is lifted by anybody
#        backup-freeze.sh status
#   --for   a number and m, h or d; at most 3d. Afterwards it stops nothing any more
# exit status: 0 done, or not frozen; 4 another holder's; 12 (status) frozen; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"

ACTION='' HOLDER='' REASON='' FOR=4h DURATION=0

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  run_as_postgres "$@"
  load_settings backup-freeze
  case $ACTION in
  on) freeze ;;
  off) thaw ;;
  status) show ;;
  *) die 2 "expected on, off or status: see ${lib##*/} --help" ;;
  esac
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    on | off | status) ACTION=$1 ;;
    --holder | --reason | --for)
      [ $# -gt 1 ] || die 2 "$1 wants a value"
      case $1 in
      --holder) HOLDER=$2 ;;
      --reason) REASON=$2 ;;
      --for) FOR=$2 ;;
      esac
      shift
      ;;
    *) show_help "$lib" "$1" && exit 0 ;;
    esac
    shift
  done
}

freeze() {
  local now temporary
  [[ -n $HOLDER && -n $REASON ]] || die 2 '--holder and --reason are wanted: who finds the freeze must know whom to ask'
  read_duration "$FOR"
  take_lock schedule-freeze 10
  not_anothers
  now=$(printf '%(%s)T' -1)
  temporary=$(mktemp "$STATE_DIR/.schedule-freeze.XXXXXX")
  jq -n --arg holder "$HOLDER" --arg reason "$REASON" --arg since "$(date -u -d "@$now" +%FT%TZ)" \
    --arg expires "$(date -u -d "@$((now + DURATION))" +%FT%TZ)" '{$holder, $reason, $since, $expires}' >"$temporary"
  chmod 0644 "$temporary"
  sync "$temporary"
  mv "$temporary" "$STATE_DIR/schedule-freeze"
  sync "$STATE_DIR"
  read_freeze
  log info "frozen by $FREEZE_HOLDER until $FREEZE_EXPIRES: $FREEZE_REASON"
}

thaw() {
  [ -n "$HOLDER" ] || die 2 '--holder is wanted: whose freeze is to be lifted?'
  take_lock schedule-freeze 10
  not_anothers
  rm -f "$STATE_DIR/schedule-freeze"
  sync "$STATE_DIR"
  log info "not frozen (lifted by $HOLDER)"
}

not_anothers() {
  ! read_freeze || ! freeze_holds || [ "$FREEZE_HOLDER" = "$HOLDER" ] ||
    die 4 "frozen by $FREEZE_HOLDER since $FREEZE_SINCE until $FREEZE_EXPIRES ($FREEZE_REASON): nothing is done"
}

show() {
  LOG_FILE=''
  if ! read_freeze; then
    printf 'not frozen\n'
  elif freeze_holds; then
    printf 'frozen by %s since %s until %s: %s\n' "$FREEZE_HOLDER" "$FREEZE_SINCE" "$FREEZE_EXPIRES" "$FREEZE_REASON"
    exit 12
  else
    printf 'not frozen: the freeze of %s expired at %s\n' "$FREEZE_HOLDER" "$FREEZE_EXPIRES"
  fi
}

# usage: read_duration TEXT; sets DURATION, in seconds
read_duration() {
  local unit=3600
  [[ $1 =~ ^([1-9][0-9]{0,3})([mhd])$ ]] || die 2 "--for: expected a number and m, h or d, found \"$1\""
  case ${BASH_REMATCH[2]} in
  m) unit=60 ;;
  d) unit=86400 ;;
  esac
  ((BASH_REMATCH[1] * unit <= 3 * 86400)) || die 2 "--for: at most 3d, found \"$1\": an abandoned freeze would stop backups for so long"
  DURATION=$((BASH_REMATCH[1] * unit))
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
