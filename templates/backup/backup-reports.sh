#!/bin/bash
# What the newest reports in LOG_DIR/backup-reports say. Sourced by backup-status.sh, never run.

# Made every week by cron; a day is for making it, and for a machine that was down.
readonly VERIFICATION_SECONDS=$((8 * 86400))

# The newest verification of what is stored here. An archive that is a few days old need not have seen one.
look_at_verification() {
  local reports=("$LOG_DIR"/backup-reports/backup_verification_*.json) newest ended status failed first age founded
  newest=${reports[-1]}
  if [ ! -e "$newest" ]; then
    know last_verification none
    founded=$(stat -c %Y "$BACKUP_ROOT/CLUSTER.json" 2>/dev/null) || return 0
    [ -z "$PG_HOST" ] || ((NOW - founded <= VERIFICATION_SECONDS)) ||
      warning "nothing was verified here, and the archive is $(((NOW - founded) / 86400)) days old (backup-verify.sh, every week by cron)"
    return
  fi
  { read -r ended && read -r status && read -r failed && read -r first; } \
    < <(jq -r '.ended_at, .status, .failed, ([.results[] | select(.status == "failed") | "\(.artefact): \(.problem)"] | first // "-")' "$newest") ||
    { warning "$newest cannot be read" && return; }
  age=$((NOW - $(date -u -d "$ended" +%s)))
  know last_verification "$ended: $status"
  know last_verification_age_seconds "$age"
  if [ "$status" != ok ]; then
    alarm "the last verification, at $ended, found $failed failures, the first: $first ($newest)"
  elif ((age > VERIFICATION_SECONDS)); then
    warning "the last verification was $((age / 86400)) days ago (backup-verify.sh, every week by cron)"
  fi
}

# The newest drill that is known here, whichever node it was done on.
look_at_drill() {
  local reports=("$LOG_DIR"/backup-reports/drill_*.json) newest started status node rto rpo
  newest=${reports[-1]}
  if [ ! -e "$newest" ]; then
    know last_drill none
    return
  fi
  { read -r started && read -r status && read -r node && read -r rto && read -r rpo; } \
    < <(jq -r '.started_at, .status, .node, .rto_seconds // "unknown", .rpo_seconds // "unknown"' "$newest") ||
    { warning "$newest cannot be read" && return; }
  know last_drill "$started on $node: $status"
  know last_drill_age_seconds $((NOW - $(date -u -d "$started" +%s)))
  know last_drill_rto_seconds "$rto"
  know last_drill_rpo_seconds "$rpo"
  [ "$status" = ok ] || warning "the last drill, on $node, failed: $newest; after mending, fanops run drill.yml"
}
