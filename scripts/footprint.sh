#!/bin/bash
# Says what this machine has now, one thing a line, sorted: mounts, listeners, links, namespaces, cgroups, processes.
#   scripts/footprint.sh             prints it
#   scripts/footprint.sh BEFORE      prints what is there now and was not in the file BEFORE; 1 when there is any
# Of processes only those count that outlive the one that began it all, whose pid FANOPS_FOOTPRINT holds: not
# below it any more, and with FANOPS_FOOTPRINT in their environment or the name of a daemon that is started here.
set -uo pipefail

DAEMONS='sshd|systemd-nspawn|etcd|patroni|postgres|qemu.*|radosgw|ceph-.*'

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
  declare -A parents=() marked=()
  while read -r pid parent; do
    parents[$pid]=$parent
  done < <(ps -eo pid=,ppid=)
  while IFS=/ read -r _ _ pid _; do
    marked[$pid]=1
  done < <(grep -lzFxs "FANOPS_FOOTPRINT=${FANOPS_FOOTPRINT:-none}" /proc/[0-9]*/environ)
  while read -r pid state name; do
    [[ $name =~ ^($DAEMONS)$ || -n ${marked[$pid]:-} ]] || continue
    [[ $state == Z* ]] || is_below "$pid" || printf 'running %s %s\n' "$pid" "$name"
  done < <(ps -eo pid=,stat=,comm=)
}

is_below() {
  local pid=$1
  while [ "${pid:-0}" -gt 1 ]; do
    [ "$pid" = "${FANOPS_FOOTPRINT:-$$}" ] && return
    pid=${parents[$pid]:-0}
  done
  return 1
}

main "$@"
