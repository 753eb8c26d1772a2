#!/bin/bash
# Says what of a kind is on this machine now, one thing a line, sorted: mounted, listening, linked, running.
#   scripts/footprint.sh             prints it
#   scripts/footprint.sh BEFORE      prints what is there now and was not in the file BEFORE; 1 when there is any
# Of processes only those count that outlive the one that began it all, whose pid FANOPS_FOOTPRINT holds: not
# below it any more, and with FANOPS_FOOTPRINT in their environment or the name of a daemon that is started here.
set -uo pipefail

DAEMONS='sshd|systemd-nspawn|etcd|patroni|postgres|qemu.*'

main() {
  if [ $# -eq 0 ]; then
    footprint
    return
  fi
  local new
  new=$(LC_ALL=C comm -13 "$1" <(footprint))
  [ -z "$new" ] && return
  printf 'left behind:\n%s\n' "$new"
  return 1
}

footprint() {
  {
    # /run/netns itself is iproute2's: made with the first namespace, kept until the next boot.
    awk '$5 != "/run/netns" { print "mounted " $5 }' /proc/self/mountinfo
    ss -Hltn | awk '{ print "listening " $4 }'
    ip -o link | awk -F': ' '{ sub(/@.*/, "", $2); print "link " $2 }'
    ip netns list 2>/dev/null | awk '{ print "netns " $1 }'
    find /sys/fs/cgroup -depth -type d -name '*fanops*' -printf 'cgroup %p\n' 2>/dev/null
    processes
  } | LC_ALL=C sort -u
}

processes() {
  local pid parent state name
  declare -A parents=()
  while read -r pid parent state name; do
    parents[$pid]=$parent
  done < <(ps -eo pid=,ppid=,stat=,comm=)
  while read -r pid parent state name; do
    [[ $state == Z* ]] || is_below "$pid" || ! is_ours "$pid" "$name" || printf 'running %s %s\n' "$pid" "$name"
  done < <(ps -eo pid=,ppid=,stat=,comm=)
}

is_below() {
  local pid=$1
  while [ "${pid:-0}" -gt 1 ]; do
    [ "$pid" = "${FANOPS_FOOTPRINT:-$$}" ] && return
    pid=${parents[$pid]:-0}
  done
  return 1
}

is_ours() {
  [[ $2 =~ ^($DAEMONS)$ ]] && return
  [ -n "${FANOPS_FOOTPRINT:-}" ] &&
    tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -Fxq "FANOPS_FOOTPRINT=$FANOPS_FOOTPRINT"
}

main "$@"
