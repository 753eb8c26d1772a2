#!/bin/sh
# The requests of the session's program that are about batches: put by, begin, follow, cancel, forget.

# stage ID KEY NUMBER SCRIPT KIND STDIN .   puts one command of a batch by; KIND is none, text, base64 or uploaded
stage() {
  whole 7 "$@"
  (
    umask 077
    dir=$R/staged/$2=$$
    mkdir -p "$dir" && printf '%s\n' "$4" >"$dir/$3.script" || exit 73
    case $5 in
    text) printf %s "$6" >"$dir/$3.stdin" ;;
    base64) printf %s "$6" | base64 -d >"$dir/$3.stdin" ;;
    uploaded) mv -f "$R/staged/$2=up=$6" "$dir/$3.stdin" ;;
    esac || {
      rm -f "$dir/$3.script" "$dir/$3.stdin"
      exit 73
    }
  ) </dev/null
  mark "$1" $?
}

# unstage ID KEY .   removes what was put by for a batch that will not begin
unstage() {
  whole 3 "$@"
  rm -rf "$R/staged/${2:?}="*
  mark "$1" $?
}

# start ID KEY BOOT RUNNER SPEC TOKEN .   begins the batch once; asking again is harmless
start() {
  whole 7 "$@"
  claim=$S/batches/$2
  dir=$R/batches/$2
  staged=$R/staged/$2=$$
  if [ -e "$claim" ]; then
    rm -rf "$staged"
    mark "$1" 0 again
    return
  fi
  if [ "$3" != "$B" ]; then
    rm -rf "$staged"
    mark "$1" 76 refused 'the host was restarted before the batch began'
    return
  fi
  other=$(other_run_at_work "${2%.*}" </dev/null)
  if [ "$other" ]; then
    rm -rf "$staged"
    mark "$1" 75 refused "$other, begun by another run, still works on this host: wait until it has ended"
    return
  fi
  problem=$(
    umask 077
    exec </dev/null 2>&1
    mkdir -p "$S/batches" "$S/handlers" "$R/batches" "$staged" || exit
    find "$S/batches" -type f -mtime +90 -exec rm -f {} +
    printf '%s\n' "$4" >"$staged/runner" && printf '%s\n' "$5" >"$staged/spec" || exit
    number=0
    while read -r _; do
      if [ ! -s "$staged/$number.script" ]; then exit; fi
      number=$((number + 1))
    done <"$staged/spec"
    if ! mv -T "$staged" "$dir" 2>/dev/null; then rm -rf "$staged"; fi
  )
  if [ ! -d "$dir" ]; then
    rm -rf "$staged"
    mark "$1" 73 refused "it could not be put by in $R: $problem"
    return
  fi
  id=$1 unit=-
  if [ "$Y" = systemd ]; then unit=fanops-$2-$$; fi
  set -- sh "$dir/runner" "$2" "$B" "$dir" "$S" "$unit" "$6"
  # The substitution ends when the runner has claimed the batch, or given up, and closed its output.
  case $unit in
  -) said=$(setsid "$@" </dev/null 2>&1 &) ;;
  *) said=$(setsid systemd-run --quiet --scope --collect --unit="$unit" -- "$@" </dev/null 2>&1 &) ;;
  esac
  case $said in
  claimed | again) mark "$id" 0 "$said" ;;
  *)
    if [ ! -e "$claim" ]; then rm -rf "$dir"; fi
    mark "$id" 75 refused "${said:-the runner gave no answer}"
    ;;
  esac
}

# other_run_at_work RUN   prints the batch of another run whose runner is alive: it survived its controller. A key is
# RUN.NUMBER; batches of one run may work side by side.
other_run_at_work() {
  for batch in "$R"/batches/*/; do
    batch=${batch%/}
    case ${batch##*/} in "$1" | "$1".*) continue ;; esac
    if [ ! -e "$batch/alive" ] || [ -e "$batch/over" ]; then continue; fi
    if ! flock -n -s "$batch/alive" true; then
      printf '%s\n' "${batch##*/}"
      return
    fi
  done
}

# from_claim CLAIM NUMBER   what the claim says of a command when its files are gone
from_claim() {
  words=$(sed -n "s/^end $2 //p" "$1" 2>/dev/null </dev/null)
  if [ "$words" ]; then
    printf 'end %s gone' "$words"
  elif grep -q "^begin $2 " "$1" 2>/dev/null </dev/null; then
    printf lost
  else
    printf none
  fi
}

# same_boot CLAIM   whether the claim was made since the host last started
same_boot() {
  boot=''
  read -r _ boot _ <"$1" || return 1
  [ "$boot" = "$B" ]
}

# until_begun DIR CLAIM NUMBER   waits for a command of a running batch; fails when it was not begun and will not be
until_begun() {
  until [ -s "$1/$3.begin" ]; do
    if [ ! -d "$1" ] || [ -e "$1/over" ] || ! same_boot "$2" 2>/dev/null; then return 1; fi
    # The runner holds this lock for its whole life.
    if flock -s -w 0.02 "$1/alive" true </dev/null 2>/dev/null; then
      [ -s "$1/$3.begin" ]
      return
    fi
  done
}

# follow ID KEY NUMBER OUT ERR CAP .   prints a command's output from these bytes on, up to CAP, until it has ended
follow() {
  whole 7 "$@"
  id=$1 dir=$R/batches/$2 claim=$S/batches/$2 number=$3 out=$4 err=$5 cap=$6
  if ! until_begun "$dir" "$claim" "$number" || ! same_boot "$claim"; then
    mark "$id" 0 "$(from_claim "$claim" "$number")"
    return
  fi
  # Most commands end at once: the kernel wakes us, and no tail is needed.
  if [ -s "$dir/$number.end" ] || flock -s -w 0.1 "$dir/$number.lock" true </dev/null; then
    print_rest "$dir/$number.out" "$out" "$cap"
    print_rest "$dir/$number.err" "$err" "$cap" >&2
  else
    print_live "$dir/$number" "$out" "$err"
  fi
  words=''
  if [ -s "$dir/$number.end" ]; then read -r words <"$dir/$number.end"; fi
  mark "$id" 0 "${words:-lost}"
}

# print_rest FILE OFFSET CAP
print_rest() {
  if [ ! -s "$1" ] || [ "$2" -ge "$3" ]; then return; fi
  tail -c "+$(($2 + 1))" "$1" </dev/null 2>/dev/null | head -c "$(($3 - $2))"
}

# print_live FILES OUT ERR   until the command has ended; its output only until it has become big
print_live() {
  pid=1
  read -r pid <"$1.begin"
  tail -c "+$(($2 + 1))" -f -s 0.05 --pid="$pid" "$1.out" </dev/null 2>/dev/null &
  tail_out=$!
  # shellcheck disable=SC2069 # file to stderr, complaints away
  tail -c "+$(($3 + 1))" -f -s 0.05 --pid="$pid" "$1.err" 3>&2 2>/dev/null >&3 </dev/null &
  tail_err=$!
  until flock -s -w 0.5 "$1.lock" true </dev/null 2>/dev/null; do
    # Somebody has removed the files of a batch that ran: there is nothing left to wait for.
    if [ ! -e "$1.lock" ]; then break; fi
    if [ -e "$1.big" ]; then kill "$tail_out" "$tail_err" 2>/dev/null; fi
  done
  wait "$tail_out" "$tail_err"
}

# ends ID KEY NUMBER HEAD TAIL .   beginning and end of output that was too big to be followed; its sizes
ends() {
  whole 6 "$@"
  files=$R/batches/$2/$3
  {
    head_and_tail "$files.out" "$4" "$5"
    head_and_tail "$files.err" "$4" "$5" >&2
  } </dev/null
  mark "$1" 0 "$(stat -c %s "$files.out" "$files.err" 2>/dev/null </dev/null | tr '\n' ' ')"
}

# head_and_tail FILE HEAD TAIL
head_and_tail() {
  if [ "$(stat -c %s "$1")" -le "$(($2 + $3))" ]; then
    cat "$1"
  else
    head -c "$2" "$1"
    tail -c "$3" "$1"
  fi
}

# ending ID KEY .   waits for the runner's end; how the batch ended
ending() {
  whole 3 "$@"
  dir=$R/batches/$2 claim=$S/batches/$2
  if [ -e "$claim" ] && same_boot "$claim"; then
    flock -s "$dir/alive" true </dev/null 2>/dev/null
  fi
  words=$(sed -n 's/^over //p' "$claim" 2>/dev/null </dev/null)
  if [ ! -e "$claim" ]; then
    words=absent
  elif [ "$words" ]; then
    : # it says so itself
  elif [ -e "$dir/cancelled" ]; then
    words=cancelled
  elif same_boot "$claim"; then
    words='in-doubt the program that ran it on the host was killed'
  else
    words='in-doubt the host was restarted meanwhile'
  fi
  mark "$1" 0 "$words"
}

# cancel ID KEY SIGNAL .   begins nothing more of a running batch and signals every process of it; with the signal
# `none` what runs goes on to its own end
cancel() {
  whole 4 "$@"
  dir=$R/batches/$2
  if [ -d "$dir" ] && [ ! -e "$dir/over" ]; then
    (
      umask 077
      if [ "$3" = none ]; then
        true >"$dir/halted"
      else
        true >"$dir/cancelled"
        signal_batch "$3" "$2" "$dir"
      fi
    ) </dev/null >/dev/null 2>&1
  fi
  mark "$1" 0
}

# strike ID HANDLERS .   each handler as the words of `note_file`
strike() {
  whole 3 "$@"
  (for note in $2; do rm -f "$(note_file "$note")"; done) </dev/null
  mark "$1" $?
}

# forget ID KEY .   frees the output; the claim stays and says that it ran and how it ended
forget() {
  whole 3 "$@"
  rm -rf "$R/batches/${2:?}" "$R/staged/${2:?}="*
  mark "$1" $?
}
