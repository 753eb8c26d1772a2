#!/bin/sh
# Keeps one host of the lab running, and starts it again when it reboots.
# usage: supervise.sh PIDFILE "CGROUP..." COMMAND [ARG...]
# Processes of the command are in CGROUP/machine; this one is in CGROUP/keeper, beside them, because a group
# with children may not hold processes itself.
set -eu

# systemd-nspawn ends with this status when the host wants to be started again.
reboot_status=133

pidfile=$1
cgroups=$2
shift 2

# enter NAME: moves this very process into the child NAME of every cgroup.
enter() {
  for group in $cgroups; do
    mkdir -p "$group/$1"
    echo 0 >"$group/$1/cgroup.procs"
  done
}

start() (
  enter machine
  # shellcheck disable=SC2016 # expanded by the inner shell, whose process id it is
  exec sh -c 'echo $$ >"$0"; exec "$@"' "$pidfile" "$@"
)

enter keeper
status=$reboot_status
while [ "$status" -eq "$reboot_status" ]; do
  status=0
  start "$@" || status=$?
  rm -f "$pidfile"
  printf '== ended with status %s\n' "$status"
done
