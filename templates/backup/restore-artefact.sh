#!/bin/bash
# Where restore-blockchain.sh and restore-config.sh find a backup: in the archive here (local), or in S3 (s3), where each node has a folder of
# its own. Sourced after backup-artefact.sh and backup-s3.sh, never run; STAGE is removed by who sources it.

SOURCES='' NODE=''
# Of what was found in S3, its key, and the room that it takes here; empty where it is here.
S3_KEY='' FETCH_BYTES=0

# usage: source_option OPTION VALUE; --sources and --node; 1 where it is neither
source_option() {
  case $1 in
  --sources | --node) [ -n "${2-}" ] || die 2 "$1 wants a value" ;;
  *) return 1 ;;
  esac
  if [ "$1" = --node ]; then
    [[ $2 =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || die 2 "--node: expected the name of a node, found \"$2\""
    NODE=$2
  else
    [[ $2 =~ ^(local|s3|local,s3)$ ]] || die 2 "--sources: expected local, s3 or local,s3, found \"$2\""
    SOURCES=$2
  fi
}

# usage: locate_artefact DIRECTORY PREFIX NAME; a path, a name, or latest; sets ARTEFACT, or what fetch_artefact takes from S3. Without
# --sources: here, and what is not here, in S3. What is another node's is in S3 only.
locate_artefact() {
  local sources=${SOURCES:-local${S3_BUCKET:+,s3}}
  [[ $sources != local,* || -n $S3_BUCKET ]] || sources=local
  if [[ $3 != */* && -n $NODE && $NODE != "$NODE_NAME" ]]; then
    [ "$SOURCES" != local ] || die 2 "--sources local: the archive here is of $NODE_NAME, what $NODE has made is looked for in S3 only"
    sources=s3
  fi
  if [[ $3 == */* || $sources == local ]] || { [[ $sources == local,* ]] && is_here "$@"; }; then
    find_artefact "$@"
  else
    find_in_s3 "$@"
  fi
}

# usage: is_here DIRECTORY PREFIX NAME
is_here() {
  local file
  for file in "$BACKUP_ROOT/$1/$([ "$3" = latest ] && printf '%s_' "$2" || printf '%s' "$3")"*; do
    [[ $file != *.tar.gz || ! -e $file.json ]] || return 0
  done
  return 1
}

# usage: find_in_s3 DIRECTORY PREFIX NAME; latest: the newest that there is, in S3 or, of this node, here: an older state must not replace a
# newer one because only S3 holds it. That may be what retention deleted here, or what went with an archive that was lost, before what was made
# since: which of them is wanted nobody can tell from here, so that it is said, and taken by its name.
find_in_s3() {
  local base key name newest='' lost='' nodes=() node=${NODE:-$NODE_NAME} own=() days=RETENTION_${1^^}_DAYS kept
  printf -v kept '%s_%(%Y%m%d_%H%M%S)T' "$2" $(($(printf '%(%s)T' -1) - ${!days} * 86400))
  [ "$node" != "$NODE_NAME" ] || mapfile -t own < <(names_here "$1" "$2")
  require_s3
  base=$(s3_key "$1/")
  list_objects "$base" '' || die 9 "S3 does not say what it holds"
  for key in "${!THERE[@]}"; do
    name=${key#"$base"}
    [[ $name =~ ^([^/]+)/${2}_[0-9]{8}_[0-9]{6}\.tar\.gz(\.enc)?$ && -n ${THERE[$key.json]-} ]] || continue
    nodes+=("${BASH_REMATCH[1]}")
    [ "${BASH_REMATCH[1]}" = "$node" ] || continue
    name=${name#*/}
    name=${name%.enc}
    [[ $3 == latest || $3 == "$name" ]] || continue
    if [[ ${key##*/} > ${newest##*/} ]]; then newest=$key; fi
    if [[ ${#own[@]} -gt 0 && $name < ${own[0]} && $name > $kept && $name > $lost ]]; then lost=$name; fi
  done
  name=${newest##*/}
  if [[ $3 == latest && ${#own[@]} -gt 0 && ${own[-1]} > ${name%.enc} ]]; then
    ARTEFACT=$BACKUP_ROOT/$1/${own[-1]}
    said_of_latest "$lost" "$base$node"
    return
  fi
  S3_KEY=$newest
  [ -n "$S3_KEY" ] || die 10 "there is no $([ "$3" = latest ] && printf '%s' "$2" || printf '%s' "$3") of $node in s3://$S3_BUCKET/$base$(
    [ ${#nodes[@]} -eq 0 ] || printf '; there are of %s (--node)' "$(printf '%s\n' "${nodes[@]}" | sort -u | paste -sd ' ')"
  )"
  # shellcheck disable=SC2034 # read by the scripts
  FETCH_BYTES=${THERE[$S3_KEY]%% *}
  ARTEFACT=s3://$S3_BUCKET/$S3_KEY
  [ "$3" != latest ] || said_of_latest "$lost" "$base$node"
}

# usage: said_of_latest LOST FOLDER; which it is, and what it may not be
said_of_latest() {
  log info "latest is $ARTEFACT"
  [ -z "$1" ] || log warning "s3://$S3_BUCKET/$2/ holds $1, older than all that the archive here holds, and too young for retention to have deleted it: of an archive that was lost? latest is the newest of all, ${ARTEFACT##*/}; name the other one to take it"
}

# What locate_artefact found in S3 is here afterwards, in STAGE, which must have room for it.
fetch_artefact() {
  local ending
  [ -n "$S3_KEY" ] || return 0
  log info "fetching $ARTEFACT"
  mkdir "$STAGE/fetched"
  ARTEFACT=$STAGE/fetched/${S3_KEY##*/}
  for ending in '' .json; do
    s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$S3_KEY$ending" - >"$ARTEFACT$ending" || die 9 "s3://$S3_BUCKET/$S3_KEY$ending could not be read"
  done
}
