#!/bin/sh
# The requests of the session's program that are about the lease: which run may change this host. S/lease has the
# holder, and a token that only grows; S/lock is held while it is compared and while a command is begun.

lease_token=0

# take_lease ID RUN HOLDER SINCE MESSAGE .   prints the token that was given, or (status 9) who holds it
take_lease() {
  whole 6 "$@"
  (
    umask 077
    mkdir -p "$S" && exec 9>>"$S/lock" && flock -w 10 9 || exit 73
    read_lease
    if [ "$lease_run" ] && [ "$lease_run" != "$2" ]; then
      cat "$S/lease"
      exit 9
    fi
    # Also for its own run: whatever another controller of it has sent meanwhile begins nothing more.
    token=$((lease_token + 1))
    write_lease "token $token" "run $2" "holder $3" "since $4" "message $5" || exit 73
    echo "token $token"
  ) </dev/null
  mark "$1" $?
}

# drop_lease ID RUN .   nothing to do where another run holds it, or nobody; the token stays
drop_lease() {
  whole 3 "$@"
  (
    umask 077
    if [ ! -e "$S/lease" ]; then exit 0; fi
    exec 9>>"$S/lock" && flock -w 10 9 || exit 73
    read_lease
    if [ "$lease_run" != "$2" ]; then exit 0; fi
    write_lease "token $lease_token" || exit 73
  ) </dev/null
  mark "$1" $?
}

# show_lease ID .
show_lease() {
  whole 2 "$@"
  if [ -s "$S/lease" ]; then cat "$S/lease" </dev/null; fi
  mark "$1" 0
}

# write_lease LINE...   whole or not at all, and on disk
write_lease() {
  printf '%s\n' "$@" >"$S/lease.new" && on_disk "$S/lease.new" && mv -f "$S/lease.new" "$S/lease" && on_disk "$S"
}
