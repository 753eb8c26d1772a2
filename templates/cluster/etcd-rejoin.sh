#!/bin/sh
# Makes room in a running etcd cluster for a member that lost its data directory: takes its old entry out and enters it anew, as a
# learner. A learner is not counted in the quorum, so that one that does not start costs the others nothing: a voter entered beside a
# single member would stop it until both run. Which members there are then is left for its first start: where some machines are gone for
# good, they are fewer than /etc/default/etcd has. With --promote, when it runs, it gets its vote.
#
# usage: etcd-rejoin.sh NAME PEER_URL ENDPOINTS       on the lost member, before its etcd starts; needs a quorum of the others
#        etcd-rejoin.sh --promote PEER_URL ENDPOINTS  afterwards; waits until it has caught up; a voter is left as it is
#   NAME       the member's name (ETCD_NAME)
#   PEER_URL   where the others reach it, http://ADDRESS:2380
#   ENDPOINTS  client URLs of the others, separated by commas
# exit status: 0 the member may start, or votes; 1 otherwise; 2 usage
set -eu

export ETCDCTL_API=3
export LC_ALL=C
INITIAL=${ETCD_REJOIN_INITIAL:-/run/fanatico-etcd-initial.env}
TRIES=${ETCD_REJOIN_TRIES:-30}

main() {
  [ $# -eq 3 ] || {
    printf 'usage: etcd-rejoin.sh NAME|--promote PEER_URL ENDPOINTS\n' >&2
    return 2
  }
  name=$1
  peer_url=$2
  export ETCDCTL_ENDPOINTS="$3"
  if [ "$name" = --promote ]; then promote; else enter; fi
}

enter() {
  members=$(etcdctl member list)
  if printf '%s\n' "$members" | is_waiting_to_start "$peer_url"; then
    # One that was entered as a voter may be what the quorum waits for: none is asked for here.
    printf '%s is entered and has not started yet\n' "$name"
  else
    wait_for_quorum
    enter_anew
  fi
  members=$(etcdctl member list)
  printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=existing\n' \
    "$(printf '%s\n' "$members" | initial_cluster "$name" "$peer_url")" >"$INITIAL"
}

enter_anew() {
  members=$(etcdctl member list)
  learner=$(printf '%s\n' "$members" | other_learner "$peer_url")
  [ -z "$learner" ] || {
    printf 'another member (%s) is entered and does not vote yet: start it first, or take it out (etcdctl member remove %s)\n' \
      "${learner#* }" "${learner%% *}" >&2
    return 1
  }
  id=$(printf '%s\n' "$members" | member_id "$peer_url")
  [ -z "$id" ] || etcdctl member remove "$id"
  etcdctl member add "$name" --learner --peer-urls="$peer_url"
}

promote() {
  tries=$TRIES
  until members=$(etcdctl member list) && printf '%s\n' "$members" | votes "$peer_url"; do
    id=$(printf '%s\n' "$members" | member_id "$peer_url")
    # Until it has caught up it is refused.
    ! said=$(etcdctl member promote "${id:-unknown}" 2>&1) || continue
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || {
      printf '%s\n%s does not vote yet: look at "journalctl -u etcd" there\n' "$said" "$peer_url" >&2
      return 1
    }
    sleep 2
  done
}

# When the lost member led, the others elect a leader first, for which they take their election timeout or two. A
# change of members sent meanwhile would time out, and nobody could say whether it was made.
wait_for_quorum() {
  tries=$TRIES
  until etcdctl get --keys-only --limit=1 / >/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || {
      printf 'the other members (%s) have no quorum: make another one run first\n' "$ETCDCTL_ENDPOINTS" >&2
      return 1
    }
    sleep 2
  done
}

# usage: member_id PEER_URL <MEMBERS; the lines are "ID, status, name, peer URLs, client URLs, learner"
member_id() {
  awk -F ', ' -v url="$1" '$4 == url { print $1 }'
}

# usage: is_waiting_to_start PEER_URL <MEMBERS
is_waiting_to_start() {
  awk -F ', ' -v url="$1" '$4 == url && $2 == "unstarted" { found = 1 } END { exit !found }'
}

# usage: votes PEER_URL <MEMBERS
votes() {
  awk -F ', ' -v url="$1" '$4 == url && $6 == "false" { found = 1 } END { exit !found }'
}

# usage: other_learner PEER_URL <MEMBERS; "ID PEER_URL" of a learner other than that: etcd takes one at a time
other_learner() {
  awk -F ', ' -v url="$1" '$4 != url && $6 == "true" { print $1, $4; exit }'
}

# usage: initial_cluster NAME PEER_URL <MEMBERS; a member that has not started has no name yet
initial_cluster() {
  awk -F ', ' -v name="$1" -v url="$2" '{ printf "%s%s=%s", sep, ($4 == url ? name : $3), $4; sep = "," }'
}

main "$@"
