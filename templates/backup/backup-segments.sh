#!/bin/bash
# Names of WAL segments and places in the WAL. Sourced, never run.

# usage: segment_number SEGMENT SIZE; the how-manieth it is, whatever its timeline
segment_number() {
  printf '%d' $((16#${1:8:8} * (0x100000000 / $2) + 16#${1:16:8}))
}

# usage: segment_name TIMELINE NUMBER SIZE
segment_name() {
  local per_log=$((0x100000000 / $3))
  printf '%08X%08X%08X' "$1" $(($2 / per_log)) $(($2 % per_log))
}

# usage: segment_after SEGMENT SIZE
segment_after() {
  segment_name $((16#${1:0:8})) $(($(segment_number "$1" "$2") + 1)) "$2"
}

# usage: segment_before SEGMENT SIZE
segment_before() {
  segment_name $((16#${1:0:8})) $(($(segment_number "$1" "$2") - 1)) "$2"
}

# usage: byte_of LSN; as one number
byte_of() {
  printf '%d' $(((16#${1%/*} << 32) + 16#${1#*/}))
}
