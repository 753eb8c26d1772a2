#!/bin/sh
# Runs the commands of one batch in order, out of the connection's reach, and writes down how each ended.
# usage: sh runner KEY BOOT DIR STATE UNIT TOKEN
# KEY is RUN.NUMBER. TOKEN is the one that RUN's lease of this host was given; "-": what only reads needs none.
# DIR holds what the session staged: spec (a line for each command: id, seconds, user, handlers noted, handlers
# struck), N.script, N.stdin; and gets N.begin, N.out, N.err, N.end. The claim STATE/batches/KEY says for ever
# that it ran. The first line printed is the answer to the session: claimed, again, or why not.

key=$1 boot=$2 dir=$3 S=$4 unit=$5 token=$6
claim=$S/batches/$key
room=$S/batches/:$key.room
kept=262144
me=$(id -un)
umask 077
cd "$dir" || exit 0
# Not ignored but caught, so that the commands get the default back.
trap : HUP INT TERM PIPE

main() {
  take_claim
  echo claimed
  exec >/dev/null 2>&1
  number=0
  outcome='done'
  while read -r id seconds user notes strikes <&4; do
    if [ -e cancelled ] || [ -e halted ]; then
      outcome=cancelled
      break
    fi
    run_command
    if [ "$outcome" != 'done' ]; then break; fi
    number=$((number + 1))
  done 4<spec
  record "over $outcome"
  on_disk "$claim"
  true >over
  rm -f "$room" ./*.stdin
}

# A claim comes into being whole, with a hard link: of any number of runners one goes on.
take_claim() {
  exec 8>>alive
  flock -w 1 8 || give_up again
  printf '%s %s\n' "$unit" $$ >unit
  # Room for writing down the end, should the disk be full by then.
  dd if=/dev/zero of="$room" bs=4096 count=4 2>/dev/null || give_up "no room in $S"
  printf 'claim %s %s\n' "$boot" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>/dev/null >"$room.claim" || give_up "no room in $S"
  on_disk "$room.claim"
  if ! ln "$room.claim" "$claim"; then
    rm -f "$room.claim"
    if [ -e "$claim" ]; then give_up again; fi
    give_up "no claim could be made in $S"
  fi
  rm -f "$room.claim"
  on_disk "$S/batches"
}

give_up() {
  if [ "$1" != again ]; then rm -f "$room" "$room.claim"; fi
  echo "$1"
  exit 0
}

# record LINE   adds to the claim, if need be in the room that was kept for it
record() {
  if ! printf '%s\n' "$1" >>"$claim"; then
    rm -f "$room"
    printf '\n%s\n' "$1" >>"$claim"
  fi
}

run_command() {
  # Compared and begun in one go: whoever takes the lease after that finds the beginning written down.
  if [ "$token" != - ]; then
    exec 9>>"$S/lock"
    flock 9
    if is_fenced; then
      exec 9>&-
      return
    fi
  fi
  if [ "$notes" != - ]; then note_handlers; fi
  exec 7>>"$number.lock"
  flock 7
  input=/dev/null
  if [ -e "$number.stdin" ]; then input=$number.stdin; fi
  # Opened before it is removed, and both before anything is begun.
  if ! command exec 3<"$input" 5>>"$number.out" 6>>"$number.err"; then
    outcome='failed'
    exec 9>&-
    return
  fi
  rm -f "$number.stdin"
  record "begin $number $id"
  exec 9>&-
  # The end of the command before gets on disk with it; lost with the power, that command would be in doubt.
  on_disk "$claim"
  now_ms
  began=$now
  launch "$user" <&3 >&5 2>&6 3<&- 4<&- 5>&- 6>&- 7>&- 8>&- &
  leader=$!
  echo "$leader" >"$number.begin"
  exec 3<&- 5>&- 6>&-
  watch </dev/null 4<&- 7>&- 8>&- &
  watcher=$!
  while :; do
    wait "$leader"
    status=$?
    kill -0 "$leader" 2>/dev/null || break
  done
  flags=
  if [ -e "$number.timed-out" ]; then
    flags=timed-out
    wait "$watcher"
  else
    kill "$watcher" 2>/dev/null
    wait "$watcher" 2>/dev/null
  fi
  trim
  if [ -e "$number.big" ]; then flags=$flags,big; fi
  judge
}

# is_fenced   whether another run, or another controller of this one, holds the lease by now
is_fenced() {
  lease_token='' lease_holder=''
  read_lease
  if [ "$lease_token" = "$token" ] && [ "$lease_run" = "${key%.*}" ]; then return 1; fi
  if [ -z "$lease_run" ]; then
    outcome='fenced the lease of this host was taken away from it'
  else
    outcome="fenced the lease of this host is held by $lease_holder, run $lease_run"
  fi
}

judge() {
  if [ -e "$number.timed-out" ]; then
    outcome=timed-out
  elif [ "$status" != 0 ]; then
    outcome=failed
    if [ -e cancelled ]; then outcome=cancelled; fi
  else
    if [ "$strikes" != - ]; then strike_handlers; fi
  fi
  now_ms
  ended="$status $((now - began)) ${flags:--}"
  record "end $number $ended"
  echo "end $ended" >"$number.end"
  # Whoever waits for this command is woken by the kernel.
  exec 7>&-
}

note_handlers() {
  for note in $(printf %s "$notes" | tr , ' '); do
    file=$(note_file "$note")
    printf '%s\n' "$note" >"$file"
    on_disk "$file" "$S/handlers"
  done
}

strike_handlers() {
  for note in $(printf %s "$strikes" | tr , ' '); do rm -f "$(note_file "$note")"; done
}

# launch USER   becomes the command, in a process group of its own, with a clean environment
launch() {
  script=$dir/$number.script
  if [ "$1" = - ] || [ "$1" = "$me" ]; then
    set -- sh "$script"
  else
    # The account cannot read the script, and sudo closes all but stdin: so script and input come by one pipe.
    # shellcheck disable=SC2016 # the inner shells expand it
    set -- sh -c "$shared"'
      { cat "$1" && exec cat; } | {
        exec_as "$2" sh -c "script=\$(head -c $(stat -c %s "$1")); eval \"\$script\""
      }' sh "$script" "$1"
  fi
  cd / || exit 125
  umask 022
  trap - HUP INT TERM PIPE
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    HOME="$HOME" USER="$me" LOGNAME="$me" FANOPS_KEY="$key" FANOPS_COMMAND="$key.$number" \
    setsid "$@"
}

# watch   ends the command when its time is over, and keeps its output from filling the memory
watch() {
  deadline=$((began + seconds * 1000))
  nap=0.1
  while kill -0 "$leader" 2>/dev/null; do
    sleep "$nap"
    nap=0.3
    trim
    now_ms
    if [ "$now" -ge "$deadline" ]; then
      true >"$number.timed-out"
      signal_command TERM
      for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.3
        signal_command 0 || return
      done
      signal_command KILL
      return
    fi
  done
}

# signal_command SIGNAL   the group of the command and whatever left it; fails when there is nothing to signal
signal_command() {
  kill -s "$1" -- "-$leader" 2>/dev/null
  alone=$?
  marked=$(grep -lzsFx -e "FANOPS_COMMAND=$key.$number" /proc/[0-9]*/environ)
  if [ "$1" != 0 ] && [ "$marked" ]; then signal_marked "$1" "FANOPS_COMMAND=$key.$number"; fi
  [ "$alone" = 0 ] || [ "$marked" ]
}

# trim   of big output, gives back the memory of all but head and tail: a hole, so that offsets stay as they are
trim() {
  for output in "$number.out" "$number.err"; do
    if [ ! -s "$output" ]; then continue; fi
    size=$(stat -c %s "$output")
    if [ "$size" -le $kept ]; then continue; fi
    true >"$number.big"
    surplus=$((size - 2 * kept))
    if [ "$surplus" -gt 0 ]; then fallocate --punch-hole --offset $kept --length $surplus "$output"; fi
  done
}

# now_ms   sets `now`, in milliseconds since the host started
now_ms() {
  read -r uptime _ </proc/uptime
  now=$((${uptime%.*} * 1000 + (1${uptime#*.} - 100) * 10))
}

shared=$(sed -n '/^exec_as()/,/^}/p' "$dir/runner")
main
