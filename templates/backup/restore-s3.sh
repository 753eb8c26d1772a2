#!/bin/bash
# Reads from S3 with awscli. A start of awscli costs about a second, so that WAL comes in batches, and the next batch in the
# background while PostgreSQL replays the last. Sourced after backup-s3.sh and restore-sources.sh, never run.

readonly WAL_BATCH=16 S3_TRIES=4
LISTED=()
# What fetch_sidecar found.
KEY='' SIDECAR_FILE=''

# usage: from_s3 ARGUMENT...; awscli, tried again with growing pauses; its output in ANSWER
from_s3() {
  local try
  for ((try = 1; try <= S3_TRIES; try++)); do
    if ANSWER=$(s3 "$@" 2>"$SPOOL/errors"); then return 0; fi
    # What S3 has decided it decides again.
    ! grep -Eq 'AccessDenied|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch|NoSuchBucket|\(40[134]\)' "$SPOOL/errors" || break
    ((try == S3_TRIES)) || sleep $((1 << (try - 1)))
  done
  refuse 9 "S3 does not give s3://$S3_BUCKET/${S3_PREFIX:+$S3_PREFIX/}: $(tail -n 1 "$SPOOL/errors")"
}

# usage: open_spool; where batches arrive: one for all restores on this host, or a caller's OWN_SPOOL
open_spool() {
  SPOOL=${OWN_SPOOL:-$STATE_DIR/restore-wal.spool}
  mkdir -p "$SPOOL"
}

# usage: clear_spool; what another restore left says nothing of this one
clear_spool() {
  rm -rf "$STATE_DIR/restore-wal.spool"
}

# The prefix is this cluster's: only then does "it is not there" mean that it was never there.
trust_prefix() {
  local key
  open_spool
  [ ! -e "$SPOOL/trusted" ] || return 0
  key=$(s3_key CLUSTER.json)
  from_s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$key" - || return 1
  printf '%s\n' "$ANSWER" >"$SPOOL/CLUSTER.json"
  read_sidecar "$SPOOL/CLUSTER.json" || refuse 6 "s3://$S3_BUCKET/$key: ${FIELD[problem]}" || return 1
  [ "${FIELD[cluster]-}" = "$CLUSTER_NAME" ] ||
    refuse 11 "s3://$S3_BUCKET/$key is of the cluster \"${FIELD[cluster]-}\", not of $CLUSTER_NAME" || return 1
  : >"$SPOOL/trusted"
}

# usage: list_s3 full|wal; the names in S3 into LISTED, without .enc
list_s3() {
  local prefix
  prefix=$(s3_key "postgresql/$1/")
  trust_prefix || return 1
  from_s3 s3api list-objects-v2 --bucket "$S3_BUCKET" --prefix "$prefix" --query 'Contents[].[Key]' --output text || return 1
  # shellcheck disable=SC2034 # read by the callers
  mapfile -t LISTED < <(sed -n "s|^${prefix//./\\.}\([^/]*\)$|\1|p" <<<"$ANSWER" | sed 's/\.enc\(\.json\|\.sha256\|\)$/\1/')
}

# usage: fetch_sidecar NAME; from S3, where the object may end with .enc or not; sets KEY
fetch_sidecar() {
  local ending
  trust_prefix || return 1
  for ending in .enc ''; do
    KEY=$(s3_key "postgresql/full/$1$ending") SIDECAR_FILE=$WORK/$1.json
    if from_s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$KEY.json" "$SIDECAR_FILE"; then return 0; fi
    [[ $PROBLEM == *'(404)'* ]] || return 1
  done
  refuse 10 "$1 has no sidecar in S3"
}

# usage: take_wal_from_s3 NAME TARGET
take_wal_from_s3() {
  local name=$1 target=$2
  trust_prefix || return 1
  if [ ! -e "$SPOOL/$name.gz.json" ]; then fetch_batch "$name" wait || return 1; fi
  take_wal "$name" "$SPOOL/$name.gz" "$target" || { spoil "$name" && return 1; }
  [[ ! $name =~ ^[0-9A-F]{24}$ ]] || fetch_ahead "$name" "$(stat -c %s "$target")"
}

# usage: spoil NAME; a copy that does not verify is not kept: it may have been damaged on its way
spoil() {
  rm -f "$SPOOL/$1.gz" "$SPOOL/$1.gz.json"
}

# usage: fetch_batch NAME wait|try [SEGMENT_SIZE]; NAME and, when it is a segment, those after it, into the spool; with FETCH_BACK=yes
# those before it, for who goes backwards
fetch_batch() {
  local name=$1 size=${3:-16777216} include=() arrived file i lock
  exec {lock}>"$SPOOL/lock"
  if [ "$2" = try ]; then flock -n "$lock" || return 0; else flock "$lock"; fi
  if [ ! -e "$SPOOL/$name.gz.json" ]; then
    arrived=$SPOOL/arriving
    rm -rf "$arrived" && mkdir "$arrived"
    for ((i = 0; i < WAL_BATCH; i++)); do
      include+=(--include "$name.gz" --include "$name.gz.*")
      [[ $name =~ ^[0-9A-F]{24}$ ]] || break
      name=$(if [ "${FETCH_BACK:-no}" = yes ]; then segment_before "$name" "$size"; else segment_after "$name" "$size"; fi)
    done
    from_s3 s3 cp --only-show-errors --recursive "s3://$S3_BUCKET/$(s3_key postgresql/wal/)" "$arrived" \
      --exclude '*' "${include[@]}" || return 1
    # The sidecar comes last, as in the archive.
    for file in "$arrived"/*.gz "$arrived"/*.gz.enc "$arrived"/*.json; do
      [ ! -e "$file" ] || { name=${file##*/} && mv -T "$file" "$SPOOL/${name/.gz.enc/.gz}"; }
    done
  fi
  exec {lock}>&-
}

# usage: forget_passed SEGMENT; what was gone past leaves the spool
forget_passed() {
  local file
  for file in "$SPOOL/${1:0:8}"????????????????.gz; do
    if [ "${FETCH_BACK:-no}" = yes ]; then
      [[ $file > $SPOOL/$1.gz ]] || continue
    else
      [[ $file < $SPOOL/$1.gz ]] || continue
    fi
    rm -f "$file" "$file.json"
  done
}

# usage: fetch_ahead SEGMENT SIZE; what comes next is fetched in the background. Not with FETCH_AHEAD=no: who only looks leaves
# nothing running behind.
fetch_ahead() {
  local next=$1 i
  forget_passed "$1"
  [ "${FETCH_AHEAD:-yes}" = yes ] || return 0
  for ((i = 1; i <= WAL_BATCH / 2; i++)); do
    next=$(segment_after "$next" "$2")
    [ -e "$SPOOL/$next.gz.json" ] || break
  done
  ((i <= WAL_BATCH / 2)) || return 0
  setsid -f "${BASH_SOURCE[0]%/*}/restore-wal.sh" --fetch-ahead "$next" "$2" </dev/null >/dev/null 2>&1
}
