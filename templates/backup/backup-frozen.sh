#!/bin/bash
# The schedule's freeze, and the restore that is in progress: what must not run meanwhile. Sourced by backup-lib.sh, never run.
#
# STATE_DIR/schedule-freeze is JSON: holder, reason, since, expires (UTC, 2026-01-29T12:00:00Z). A run that was abandoned
# cannot stop backups for ever: after `expires` it stops nothing. One that cannot be read counts for a day
# from its last change.

FREEZE_HOLDER='' FREEZE_REASON='' FREEZE_SINCE='' FREEZE_EXPIRES=''

# Sets FREEZE_…; returns 1 when there is no freeze. Expired ones are there, too: see freeze_holds.
read_freeze() {
  local file=$STATE_DIR/schedule-freeze fields
  FREEZE_HOLDER='' FREEZE_REASON='' FREEZE_SINCE='' FREEZE_EXPIRES=''
  [ -e "$file" ] || return 1
  if fields=$(jq -er '[.holder, .reason, .since, .expires] | map(strings | gsub("[^ -~]"; " ") | select(. != "")) |
      select(length == 4) | .[]' "$file" 2>/dev/null) &&
    { IFS= read -r FREEZE_HOLDER && IFS= read -r FREEZE_REASON && IFS= read -r FREEZE_SINCE && IFS= read -r FREEZE_EXPIRES; } <<<"$fields" &&
    [[ $FREEZE_EXPIRES =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]] && date -u -d "$FREEZE_EXPIRES" >/dev/null 2>&1; then
    return 0
  fi
  FREEZE_HOLDER='unknown' FREEZE_REASON="$file cannot be read" FREEZE_SINCE=$(date -u -r "$file" +%FT%TZ) || return 1
  FREEZE_EXPIRES=$(date -u -d "$FREEZE_SINCE + 1 day" +%FT%TZ)
}

# After read_freeze: does it still hold?
freeze_holds() {
  [ -n "$FREEZE_EXPIRES" ] && (($(date -u -d "$FREEZE_EXPIRES" +%s) > $(printf '%(%s)T' -1)))
}

# usage: freeze_problem; prints why nothing that changes the archive's course may run now, or nothing
freeze_problem() {
  if [ -e "$STATE_DIR/restore-in-progress" ]; then
    printf 'a restore is in progress (%s/restore-in-progress)' "$STATE_DIR"
  elif read_freeze && freeze_holds; then
    printf 'the schedule is frozen by %s until %s: %s' "$FREEZE_HOLDER" "$FREEZE_EXPIRES" "$FREEZE_REASON"
  fi
}

# Ends a script that the schedule called (FANATICO_SCHEDULED=yes, set in the crontab) with 12 while the schedule is frozen.
# Typed by hand, or called by a runbook, a script runs: the runbook that froze the schedule makes backups, too.
freeze_check() {
  local problem
  [ "${FANATICO_SCHEDULED:-no}" = yes ] || return 0
  problem=$(freeze_problem)
  if [ -n "$problem" ]; then
    log info "nothing is done: $problem"
    exit 12
  fi
  ! read_freeze || log warning "the freeze of $FREEZE_HOLDER expired at $FREEZE_EXPIRES and stops nothing: lift it (backup-freeze.sh off)"
}
