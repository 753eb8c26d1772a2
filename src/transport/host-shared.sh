#!/bin/sh
# Functions of both the session's program and the runner. S is the directory of fanops' durable state.

# exec_as USER COMMAND...   becomes COMMAND, as USER; "-" is the session's own account
exec_as() {
  user=$1
  shift
  if [ "$user" = - ] || [ "$user" = "$(id -un)" ]; then exec "$@"; fi
  if ! entry=$(getent passwd -- "$user"); then
    printf 'fanops: there is no account %s on this host\n' "$user" >&2
    exit 125
  fi
  if [ "$(id -u)" != 0 ]; then exec sudo -n -H -u "$user" -- "$@"; fi
  home=${entry%:*}
  home=${home##*:}
  if command -v runuser >/dev/null; then
    exec env HOME="$home" USER="$user" LOGNAME="$user" runuser -u "$user" -- "$@"
  fi
  group=$(printf %s "$entry" | cut -d: -f4)
  exec env HOME="$home" USER="$user" LOGNAME="$user" \
    setpriv --reuid="$user" --regid="$group" --init-groups -- "$@"
}

# note_file HANDLER   the file that says this handler is pending; HANDLER is percent-encoded
note_file() {
  if [ ${#1} -le 200 ]; then
    printf '%s/handlers/%s' "$S" "$1"
  else
    printf '%s/handlers/%s' "$S" "$(printf %s "$1" | sha256sum | cut -c1-64)"
  fi
}

# on_disk FILE...   waits until these are on disk
on_disk() {
  sync "$@" 2>/dev/null || sync
}

# read_lease   sets what the lease says: `lease_token`, `lease_run` (empty: nobody holds it), `lease_holder`
# shellcheck disable=SC2034 # whoever calls it reads them
read_lease() {
  lease_token=0 lease_run='' lease_holder=''
  if [ ! -s "$S/lease" ]; then return; fi
  while read -r name value; do
    case $name in
    token) lease_token=$value ;;
    run) lease_run=$value ;;
    holder) lease_holder=$value ;;
    esac
  done <"$S/lease"
}

# signal_marked SIGNAL MARK   every process with MARK in its environment: also one that left the group
signal_marked() {
  # shellcheck disable=SC2013 # paths without blanks
  for process in $(grep -lzsFx -e "$2" /proc/[0-9]*/environ); do
    process=${process#/proc/}
    kill -s "$1" "${process%/environ}" 2>/dev/null
  done
}

# signal_batch SIGNAL KEY DIR   every process of a batch, except the runner, which is to write down how it ended
signal_batch() {
  for begun in "$3"/*.begin; do
    if [ -s "$begun" ] && [ ! -e "${begun%.begin}.end" ] && read -r leader <"$begun"; then
      kill -s "$1" -- "-$leader" 2>/dev/null
    fi
  done
  signal_marked "$1" "FANOPS_KEY=$2"
  unit=- runner=-
  if [ -s "$3/unit" ]; then read -r unit runner <"$3/unit"; fi
  if [ "$unit" = - ]; then return; fi
  scope=$(sed -n 's/^0:://p; s/^1:name=systemd://p' "/proc/$runner/cgroup" 2>/dev/null | grep -F "$unit" | head -n 1)
  if [ -z "$scope" ]; then return; fi
  # shellcheck disable=SC2013 # numbers
  for process in $(cat "/sys/fs/cgroup$scope/cgroup.procs" "/sys/fs/cgroup/systemd$scope/cgroup.procs" 2>/dev/null); do
    if [ "$process" != "$runner" ]; then kill -s "$1" "$process" 2>/dev/null; fi
  done
}
