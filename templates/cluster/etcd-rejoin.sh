#!/bin/sh
# Makes room in a running etcd cluster for a member that lost its data directory: takes its old entry out and
# enters it anew. Run it on the lost member before its etcd starts; it needs a quorum of the others. Which members there
# are then is left for its first start: where some machines are gone for good, they are fewer than /etc/default/etcd has.
#
# usage: etcd-rejoin.sh NAME PEER_URL ENDPOINTS
#   NAME       the member's name (ETCD_NAME)
#   PEER_URL   where the others reach it, http://ADDRESS:2380
#   ENDPOINTS  client URLs of the others, separated by commas
# exit status: 0 the member may start; 1 otherwise; 2 usage
set -eu

export ETCDCTL_API=3
export LC_ALL=C
INITIAL=${ETCD_REJOIN_INITIAL:-/run/fanatico-etcd-initial.env}

main() {
  [ $# -eq 3 ] || {
    printf 'usage: etcd-rejoin.sh NAME PEER_URL ENDPOINTS\n' >&2
    return 2
  }
  name=$1
  peer_url=$2
  export ETCDCTL_ENDPOINTS="$3"

  wait_for_quorum
  members=$(etcdctl member list)
  id=$(printf '%s\n' "$members" | member_id "$peer_url")
  if [ -n "$id" ] && printf '%s\n' "$members" | is_waiting_to_start "$id"; then
    printf '%s is entered and has not started yet\n' "$name"
  else
    [ -z "$id" ] || etcdctl member remove "$id"
    etcdctl member add "$name" --peer-urls="$peer_url"
  fi
  members=$(etcdctl member list)
  printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=existing\n' \
    "$(printf '%s\n' "$members" | initial_cluster "$name" "$peer_url")" >"$INITIAL"
}

# When the lost member led, the others elect a leader first, for which they take their election timeout or two. A
# change of members sent meanwhile would time out, and nobody could say whether it was made.
wait_for_quorum() {
  tries=${ETCD_REJOIN_TRIES:-30}
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

# usage: is_waiting_to_start ID <MEMBERS
is_waiting_to_start() {
  awk -F ', ' -v id="$1" '$1 == id && $2 == "unstarted" { found = 1 } END { exit !found }'
}

# usage: initial_cluster NAME PEER_URL <MEMBERS; a member that has not started has no name yet
initial_cluster() {
  awk -F ', ' -v name="$1" -v url="$2" '{ printf "%s%s=%s", sep, ($4 == url ? name : $3), $4; sep = "," }'
}

main "$@"
