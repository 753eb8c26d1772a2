#!/bin/sh
# The program that a session sends into a plain `sh` on the host. Every request after it is ONE call of a
# function below: its arguments single-quoted, its last one a dot, so that a request cut short is never run.
# The line before this file sets N (the nonce that frames answers), and S and R where they are not the default.
# Nothing in here may read stdin, which is the stream of requests. Looking changes nothing on the host.

LC_ALL=C
export LC_ALL
unset ENV BASH_ENV
cd /

# mark ID WORDS   ends the answer to request ID on both streams
mark() {
  printf '%s %s\n' "$N" "$1" >&2
  printf '%s %s\n' "$N" "$*"
}

# whole COUNT ARGS   checks that a request arrived whole; else the stream is out of step: leave
whole() {
  wanted=$1
  shift
  [ $# -ge "$wanted" ] && eval "[ \"\${$#}\" = . ]" && return
  mark "${1:-0}" 64 malformed
  exit 64
}

# probe ID SCRIPT .   straight into the channel: no file, no process but the subshell
probe() {
  whole 3 "$@"
  (
    N=''
    script=$2
    set --
    eval "$script"
  ) </dev/null
  mark "$1" $?
}

# probe_apart ID SECONDS USER SCRIPT .   by a sh of its own, ended by the host itself after SECONDS
probe_apart() {
  whole 5 "$@"
  # shellcheck disable=SC2016 # the inner sh expands it
  printf '%s\n' "$4" | (
    N=''
    exec_as "$3" timeout -k 2 "$2" sh -c 'script=$(cat); exec </dev/null; eval "$script"'
  )
  mark "$1" $?
}

# kill_below ID PID .   kills what a hung probe of another session's sh has begun, not that sh itself
kill_below() {
  whole 3 "$@"
  (
    tree=$(sed -n 's/^\([0-9]*\) (.*) [A-Za-z] \([0-9]*\) .*/\1 \2/p' /proc/[0-9]*/stat 2>/dev/null)
    all='' level=$2
    while [ "$level" ]; do
      next=''
      for parent in $level; do
        next="$next $(printf '%s\n' "$tree" | sed -n "s/^\([0-9]*\) $parent\$/\1/p")"
      done
      level=$(printf %s "$next" | tr -s ' \n' ' ' | sed 's/^ *//; s/ *$//')
      all="$all $level"
    done
    # All at once: the shell answers as soon as the first of them is gone.
    # shellcheck disable=SC2086 # a list of numbers
    kill -9 $all 2>/dev/null
  ) </dev/null
  mark "$1" 0
}

# ready   for a shell beside the one that said hello
ready() {
  mark 0 0
}

# hello   what the host says of itself
hello() {
  (
    # shellcheck source=/dev/null
    . /etc/os-release 2>/dev/null
    printf 'distribution=%s\ncodename=%s\n' "${ID:-}" "${VERSION_CODENAME:-}"
    # shellcheck disable=SC2046 # words wanted
    set -- $(uname -nmr)
    printf 'hostname=%s\nkernel=%s\narchitecture=%s\n' "$1" "$2" "$3"
    memory=0
    while read -r name value _; do
      case $name in MemTotal:) memory=$((value / 1024)) && break ;; esac
    done </proc/meminfo
    printf 'memoryMb=%s\ncpus=%s\nbootId=%s\n' "$memory" "$(nproc 2>/dev/null || echo 1)" "$B"
    printf 'uid=%s\nuser=%s\nsystemd=%s\npid=%s\nrunDir=%s\n' "$U" "$ME" "$Y" "$$" "$R"
    for file in "$S"/handlers/*; do
      if [ -s "$file" ] && read -r note <"$file"; then printf 'pending=%s\n' "$note"; fi
    done
  ) </dev/null 2>/dev/null
  mark 0 0
}

# What the functions above use of the host: boot id (with the start of process 1, which tells a container's
# restarts apart), account, where state and running things are kept, and whether systemd is there to hold them.
B=''
read -r B </proc/sys/kernel/random/boot_id 2>/dev/null
# shellcheck disable=SC2086 # words wanted
B=$B-$(read -r stat </proc/1/stat 2>/dev/null && set -- ${stat##*) } && printf %s "${20}")
U=$(id -u </dev/null)
ME=$(id -un </dev/null 2>/dev/null) || ME=$U
if [ "$U" = 0 ]; then
  : "${S:=/var/lib/fanops}" "${R:=/run/fanops}"
else
  : "${S:=$HOME/.local/state/fanops}" "${R:=$S/run}"
fi
Y=none
if [ "$U" = 0 ] && [ -d /run/systemd/system ]; then Y=systemd; fi
