#!/bin/bash
# What S3 holds, judged as the archive here is: whose it is, the newest full backup, the WAL since. Sourced by backup-verify.sh,
# never run. Objects are compared by the sums that S3 has of them, with the files that vouch for them here; where that says nothing, or
# with --deep, they are read back.

# A replica's archive is what it made while it led: the leader looks for all.
looks_into_s3() {
  [[ -n $S3_BUCKET && $LOCAL == no && $REPLICA != t ]]
}

# Adds results of its own to the report.
verify_s3() {
  local problem root
  root=s3://$S3_BUCKET/$(s3_key '')
  # shellcheck disable=SC2034 # read by open_spool
  OWN_SPOOL=$WORK/s3
  choose_sources s3
  problem=$(prefix_problem)
  result "${root}CLUSTER.json" identity "$problem"
  [ -z "$problem" ] || return 0
  problem=$(waiting_problem)
  result "$root" uploaded "$problem"
  verify_s3_full "${root}postgresql/full/"
  verify_s3_wal "${root}postgresql/wal/"
}

prefix_problem() {
  # shellcheck disable=SC2153 # PROBLEM is set by those who say no
  if ! trust_prefix; then
    printf '%s' "$PROBLEM"
  elif [[ -e $BACKUP_ROOT/CLUSTER.json ]] && ! cmp -s "$SPOOL/CLUSTER.json" "$BACKUP_ROOT/CLUSTER.json"; then
    printf 'it is of another system or key than %s' "$BACKUP_ROOT/CLUSTER.json"
  fi
}

waiting_problem() {
  local age
  count_pending
  [ -n "$OLDEST_PENDING" ] || return 0
  age=$(($(printf '%(%s)T' -1) - OLDEST_PENDING))
  ((age <= S3_PENDING_ALARM_SECONDS)) || printf '%d artefacts wait for their upload, the oldest for %d s: see backup-upload.log' "$PENDING" "$age"
}

# usage: verify_s3_full PLACE; the newest that has a sidecar, which goes into BACKED_UP
verify_s3_full() {
  local newest='' name problem
  BACKED_UP=()
  if ! list_s3 full; then
    result "$1" stored "$PROBLEM"
    return
  fi
  for name in "${LISTED[@]}"; do
    [[ $name != full_backup_[0-9]*.tar.gz.json || ! $name > $newest ]] || newest=$name
  done
  if [ -z "$newest" ]; then
    result "$1" freshness 'there is no full backup'
    return
  fi
  newest=${newest%.json}
  if ! fetch_sidecar "$newest" || ! trust_sidecar "s3://$S3_BUCKET/$KEY" "$SIDECAR_FILE" "$newest"; then
    result "$1$newest" stored "$PROBLEM"
    return
  fi
  remember_backup
  problem=$(age_problem "${SIDECAR_FILE%.json}")
  result "$1" freshness "$problem"
  if look_at "$KEY"; then problem=$(object_problem "$BACKUP_ROOT/full/$newest" "$SIDECAR_FILE"); else problem='it cannot be looked at'; fi
  result "s3://$S3_BUCKET/$KEY" stored "$problem"
}

# usage: object_problem FILE SIDECAR; after look_at or its like for KEY, and read_sidecar; FILE is the copy here, where there is one
object_problem() {
  if [ "$OBJECT_SIZE" = absent ]; then
    printf 'its sidecar is there, and it is not'
  elif [ "$OBJECT_SIZE" != "${FIELD[size]}" ]; then
    printf 'it has %s bytes, its sidecar says %s' "$OBJECT_SIZE" "${FIELD[size]}"
  elif [ "$DEEP" = yes ]; then
    reads_back "$KEY" "${FIELD[sha256]}" || printf 'its bytes, read back, are not those that its sidecar names: changed or damaged'
  elif [ "$OBJECT_SHA256" = "$(base64_of "${FIELD[sha256]}")" ]; then
    :
  elif [[ -e $1 && ${FIELD[kind]} == wal ]] && ! cmp -s "$1.json" "$2"; then
    # Two members may have uploaded it at one moment, and one of them died before it could see that.
    ! same_etag "$1" "$OBJECT_ETAG" || printf 'its bytes are those that this node uploaded, and its sidecar is of %s: nobody can read it' "${FIELD[node]}"
  elif [[ -e $1 ]] && cmp -s "$1.json" "$2"; then
    same_object "$1" "$KEY" "${FIELD[sha256]}" || printf 'its bytes are not those that its sidecar names: changed or damaged'
  elif [ "${FIELD[kind]}" = full ]; then
    reads_back "$KEY" "${FIELD[sha256]}" || printf 'its bytes, read back, are not those that its sidecar names: changed or damaged'
  fi
}

# usage: verify_s3_wal PLACE; every WAL file since the newest full backup in S3 began, that none is missing, and none gone
verify_s3_wal() {
  local prefix first name problem
  first=${BACKED_UP[first_wal]-}
  [[ $first =~ ^[0-9A-F]{24}$ ]] || return 0
  prefix=$(s3_key postgresql/wal/)
  mkdir -p "$WORK/s3/sidecars"
  if ! list_objects "$prefix" "$first" ||
    ! from_s3 s3 cp --only-show-errors --recursive "s3://$S3_BUCKET/$prefix" "$WORK/s3/sidecars" --exclude '*' --include '*.json'; then
    result "$1" stored "it cannot be looked at: ${PROBLEM:-see backup-verify.log}"
    return
  fi
  while IFS= read -r KEY; do
    problem=$(wal_object_problem)
    result "s3://$S3_BUCKET/$KEY" stored "$problem"
  done < <([ ${#THERE[@]} -eq 0 ] || printf '%s\n' "${!THERE[@]}" | sed 's/\.json$//' | sort -u)
  problem=$(gone_problem "$prefix" "$first")
  result "$1" uploaded "$problem"
  problem=$(s3_chain_problem)
  result "$1" chain "$problem"
}

# After list_objects, for KEY.
wal_object_problem() {
  local name=${KEY##*/} sidecar problem
  sidecar=$WORK/s3/sidecars/$name.json name=${name%.enc}
  if ! trust_sidecar "$KEY" "$sidecar" "$name"; then
    printf '%s' "$PROBLEM"
    return
  fi
  # shellcheck disable=SC2034 # read by same_object
  read -r OBJECT_SIZE OBJECT_ETAG <<<"${THERE[$KEY]-absent}"
  OBJECT_SHA256=''
  problem=$(object_problem "$BACKUP_ROOT/wal/$name" "$sidecar")
  [ -n "$problem" ] || return 0
  printf '%s' "$problem"
  if [[ $REPORT_ONLY == no ]] && is_uploaded "$BACKUP_ROOT/wal/$name"; then
    unmark "$BACKUP_ROOT/wal/$name"
    printf '; the next upload compares it, and replaces it by the copy here'
  fi
}

# usage: gone_problem PREFIX FIRST; what was seen in S3 once, as a mark here says, must be there still
gone_problem() {
  local mark name gone=()
  for mark in "$(marks_of wal)"/*.json; do
    name=${mark##*/} name=${name%.json}
    [[ -e $mark && $name > $2 ]] || continue
    [ -n "${THERE[$1$name.enc]-}${THERE[$1$name]-}" ] || gone+=("$name")
  done
  [ ${#gone[@]} -eq 0 ] || printf '%d files that were uploaded are gone, the first is %s: to upload again what is here, remove %s' \
    ${#gone[@]} "${gone[0]}" "$(marks_of wal)"
}

s3_chain_problem() {
  if ! list_wal || ! trace_timelines "${BACKED_UP[timeline]}" latest || ! follow_chain; then
    printf '%s' "$PROBLEM"
  elif [ -n "$HOLE" ]; then
    printf 'WAL is missing in S3: %s; nothing after it can be restored from there' "$HOLE"
  fi
}
