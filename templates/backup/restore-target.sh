#!/bin/bash
# The directory that is restored: whether it may be touched, how the old one goes aside and the new one into its place, and what
# Patroni and the DCS must not do meanwhile. Sourced, never run.

readonly MARKER_NAME=restore-in-progress
TARGET='' REAL='' PARENT='' STAGING='' SIDE=no ASIDE=''

# usage: choose_target DIRECTORY; empty: the cluster's own. Sets REAL, the directory behind any link, and what comes beside it.
choose_target() {
  local own=$DATA_DIR
  [[ -n $own || ! -r $PATRONI_CONFIG ]] || own=$(sed -n 's/^ *data_dir: *"\{0,1\}\([^" #]*\).*/\1/p' "$PATRONI_CONFIG" | head -n 1)
  TARGET=${1:-$own}
  [ -n "$TARGET" ] || die 3 "no data directory is known: $PATRONI_CONFIG names none, and DATA_DIR in backup.conf is empty; give --target-dir"
  [[ $TARGET =~ ^/[A-Za-z0-9._/+-]+$ ]] || die 2 "--target-dir: expected an absolute path without spaces, found \"$TARGET\""
  REAL=$(readlink -m -- "$TARGET")
  PARENT=${REAL%/*}
  STAGING=$PARENT/.${REAL##*/}.restoring
  if [[ -z $own || $REAL != "$(readlink -m -- "$own")" ]]; then SIDE=yes; fi
  MARKER=$STATE_DIR/$MARKER_NAME
}

# Dies unless the target may be replaced. Changes nothing.
check_target() {
  local pid
  [[ -d $PARENT && -w $PARENT ]] || die 3 "$PARENT, where $TARGET belongs, is not there or $(id -un) cannot write there"
  ! mountpoint -q "$REAL" || die 11 "$REAL is a mount point and cannot be moved aside: mount the disk above it, or give --target-dir a directory in it"
  pid=$(server_on "$REAL")
  [ -z "$pid" ] || die 11 "a server runs on $REAL (process $pid): nothing is touched. $(instead)"
  if [ "$SIDE" = yes ]; then
    is_empty "$REAL" || die 11 "$REAL is not empty: give --target-dir an empty directory, or one that does not exist"
  else
    check_patroni
    check_unarchived
  fi
}

# What to do where a cluster lives: one sentence for each situation that a restore is typed in.
instead() {
  printf 'One broken node of a living cluster: fanops run recover-node.yml. '
  printf 'Rows deleted by mistake, an older state beside the cluster: fanops run recover-pitr.yml, or --target-dir here. '
  printf 'The whole cluster anew: fanops run recover-cluster.yml, to a moment with -e at=TIME; by hand only with Patroni stopped on every node (systemctl stop patroni)'
}

# usage: server_on DIRECTORY; prints the process that works there, by its lock file or by where it stands
server_on() {
  local pid='' cwd
  [ ! -e "$1/postmaster.pid" ] || pid=$(head -n 1 "$1/postmaster.pid")
  if [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null; then
    printf '%s' "$pid"
    return
  fi
  for cwd in /proc/[0-9]*/cwd; do
    # No program for each process of the host: there may be thousands.
    [[ $cwd -ef $1 && $(readlink "${cwd%cwd}exe" 2>/dev/null) == */postgres ]] || continue
    pid=${cwd#/proc/}
    printf '%s' "${pid%/cwd}"
    return
  done
}

# usage: is_empty DIRECTORY; also when it does not exist
is_empty() {
  local first
  [ -e "$1" ] || return 0
  first=$(find "$1" -mindepth 1 -print -quit) || die 3 "cannot look into $1 as $(id -un)"
  [ -z "$first" ]
}

# A running Patroni would start, promote or re-clone what is half restored.
check_patroni() {
  local state leader
  state=$(systemctl is-active patroni 2>/dev/null) || true
  case $state in
  active | activating | reloading | deactivating)
    die 11 "Patroni is $state on this host: nothing is touched. $(instead)"
    ;;
  esac
  [ "$KEEP_DCS" = no ] || return 0
  ask_dcs || return 0
  leader=$(jq -r '[.[] | select((.Role == "Leader" or .Role == "Master") and .State == "running").Member][0] // ""' <<<"$MEMBERS")
  [ -z "$leader" ] || die 11 "$leader leads the cluster: a restore here would part from it. This node is rebuilt from the leader by fanops run recover-node.yml; to restore the whole cluster, stop Patroni on every node first, or fanops run recover-cluster.yml"
}

# WAL that was never archived is newer than anything a restore to the latest could bring back.
check_unarchived() {
  local ready=() file
  for file in "$REAL"/pg_wal/archive_status/*.ready; do [ ! -e "$file" ] || ready+=("${file##*/}"); done
  if ((${#ready[@]} == 0)) || [ "$LEAVE_WAL" = yes ] || has_target; then return 0; fi
  die 11 "$REAL holds ${#ready[@]} WAL files that were never archived (${ready[0]%.ready} …): a restore to the latest would be without them. Archive them first, as postgres in $REAL: for f in pg_wal/archive_status/*.ready; do n=\$(basename \$f .ready); ${BASH_SOURCE[0]%/*}/backup-wal.sh \$n pg_wal/\$n; done. Or go on without them: --leave-wal"
}

# --- the DCS -----------------------------------------------------------------------------------------------------

# Patroni's members into MEMBERS; returns 1 where there is no Patroni, or it does not answer
ask_dcs() {
  if [ ! -r "$PATRONI_CONFIG" ] || ! command -v patronictl >/dev/null; then return 1; fi
  if ! MEMBERS=$(timeout 30 patronictl -c "$PATRONI_CONFIG" list -f json 2>/dev/null) || ! jq -e 'type == "array"' <<<"$MEMBERS" >/dev/null; then
    log warning "the DCS does not answer: whether Patroni runs elsewhere is not known"
    return 1
  fi
}

# The DCS still says what the lost cluster last was: a member that starts would wait for that position for ever. It goes only
# while nobody runs: entries of stopped members end by themselves within half a minute.
forget_dcs() {
  local scope try
  [ "$KEEP_DCS" = no ] || return 0
  scope=$(sed -n 's/^scope: *"\{0,1\}\([^" #]*\).*/\1/p' "$PATRONI_CONFIG" 2>/dev/null | head -n 1) || scope=''
  [ -n "$scope" ] || return 0
  for ((try = 0; try < 60; try++)); do
    if ! ask_dcs; then
      log warning "before Patroni starts: patronictl remove $scope, with no Patroni running anywhere"
      return 1
    fi
    [ "$(jq length <<<"$MEMBERS")" -gt 0 ] || break
    sleep 1
  done
  if [ "$(jq length <<<"$MEMBERS")" -gt 0 ]; then
    log warning "these members are still in the DCS: $(jq -r '[.[].Member] | join(", ")' <<<"$MEMBERS"). Stop Patroni there, then patronictl remove $scope, and only then start Patroni here"
    return 1
  fi
  if ! printf '%s\nYes I am aware\n' "$scope" | timeout 60 patronictl -c "$PATRONI_CONFIG" remove "$scope" >/dev/null 2>&1; then
    log warning "patronictl remove $scope failed: do it before Patroni starts"
    return 1
  fi
  log info "removed the stale entry of $scope from the DCS"
}

# --- marker, staging, places -------------------------------------------------------------------------------------

# From before the first change until the node may start: patroni.service asserts that this file does not exist.
raise_marker() {
  [ "$SIDE" = no ] || return 0
  # The caller's own (--hold) stays as it is: by its age a runbook tells what was renamed since.
  [[ $HOLD == no || ! -e $MARKER ]] || return 0
  printf '%s restores %s into %s since %(%Y-%m-%dT%H:%M:%SZ)T: Patroni must not start before\n%s\n' \
    "restore-full.sh" "$NAME" "$TARGET" -1 "${BASH_SOURCE[0]%/*}/restore-full.sh --finish, or remove this file knowing what you do" >"$MARKER"
  sync "$MARKER" "$STATE_DIR"
}

lower_marker() {
  if [ "$HOLD" = yes ]; then
    log info "$MARKER stays (--hold): remove it when Patroni may start"
  elif [ "$SIDE" = no ]; then
    rm -f "$MARKER"
    sync "$STATE_DIR"
  fi
}

# What a killed run left there is nobody's: it was never under its final name.
make_staging() {
  remove_staging
  mkdir -m 0700 "$STAGING"
}

remove_staging() {
  local pid
  [ -e "$STAGING" ] || return 0
  pid=$(server_on "$STAGING")
  [ -z "$pid" ] || pg_ctl -D "$STAGING" -m immediate -w stop >/dev/null
  rm -rf "$STAGING"
}

# Two renames on one file system; what was there goes aside and is never removed.
put_in_place() {
  if is_empty "$REAL"; then
    [ ! -e "$REAL" ] || rmdir "$REAL"
  else
    ASIDE=$REAL.before-restore-$(printf '%(%Y%m%d_%H%M%S)T' -1)
    mv -T "$REAL" "$ASIDE"
    log info "what was in $REAL is now $ASIDE"
  fi
  mv -T "$STAGING" "$REAL"
  sync "$PARENT"
}
