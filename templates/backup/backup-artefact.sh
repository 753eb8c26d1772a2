#!/bin/bash
# Collecting what becomes one artefact, as root or whoever may read it, and handing it to backup-store.sh; and the way
# back. Sourced after backup-lib.sh, never run; the sourcing script removes STAGE when it ends.

STAGE='' STORED=''
UPLOAD=no DRY_RUN=no

# usage: read_options SCRIPT ARGUMENT...; --upload-s3 and --dry-run; anything else is for show_help
# shellcheck disable=SC2034 # what it sets is read by the scripts
read_options() {
  local option script=$1
  for option in "${@:2}"; do
    case $option in
    --upload-s3) UPLOAD=yes ;;
    --dry-run) DRY_RUN=yes ;;
    *) show_help "$script" "$option" && exit 0 ;;
    esac
  done
}

# usage: make_stage DIRECTORY NAME BYTES; STAGE, for nobody else to read, on DIRECTORY's file system, where BYTES and a fifth
# more must be free; remove_stages comes first
make_stage() {
  local free
  free=$(df --output=avail -B1 "$1" | tail -n 1)
  ((free >= $3 * 6 / 5)) || die 7 "$1 has $((free / 1048576)) MiB free, and about $(($3 * 6 / 5 / 1048576 + 1)) MiB are needed"
  STAGE=$(mktemp -d "$1/$(stage_name "$2").XXXXXX")
}

# usage: remove_stages DIRECTORY NAME; those of killed runs, under the lock that all who make them hold
remove_stages() {
  remove_left "$1" "$(stage_name "$2")"
}

# usage: stage_name NAME; with the place of the lock: DIRECTORY may be everybody's
stage_name() {
  printf '.fanatico-%s%s' "$1" "${STATE_DIR//\//-}"
}

# usage: store_stage KIND PREFIX [FIELD=VALUE]...; all that lies in STAGE, MANIFEST.json last; sets STORED
store_stage() {
  local members=() kind=$1 prefix=$2 directory=$1 name
  shift 2
  [ "$kind" != etcd ] || directory=config
  name=$(free_name "$BACKUP_ROOT/$directory" "$prefix")
  STORED=$BACKUP_ROOT/$directory/$name
  mapfile -t members < <(cd "$STAGE" && printf '%s\n' *)
  write_manifest "$kind" "$@" >"$STAGE/MANIFEST.json"
  tar -C "$STAGE" --format=posix --pax-option=delete=atime,delete=ctime -cf - -- "${members[@]}" MANIFEST.json |
    "${BASH_SOURCE[0]%/*}/backup-store.sh" "$kind" "$name" "$@"
}

# usage: write_manifest KIND [FIELD=VALUE]...
write_manifest() {
  local field
  printf '{\n  "schema": "fanatico-manifest/1",\n  "kind": "%s",\n  "cluster": "%s",\n  "node": "%s",\n' "$1" "$CLUSTER_NAME" "$NODE_NAME"
  for field in "${@:2}"; do
    printf '  "%s": "%s",\n' "${field%%=*}" "${field#*=}"
  done
  printf '  "created_at": "%(%Y-%m-%dT%H:%M:%SZ)T"\n}\n' -1
}

upload_stored() {
  "${BASH_SOURCE[0]%/*}/backup-upload.sh" --only "$STORED" || die 5 "$STORED is made and kept; the upload failed and is tried again by fanatico-upload.timer"
}

# --- the way back: after backup-format.sh and backup-proof.sh --------------------------------------------------

# usage: find_artefact DIRECTORY PREFIX NAME; a path, a name in the archive's DIRECTORY, or latest; sets ARTEFACT
find_artefact() {
  local newest directory=$BACKUP_ROOT/$1
  case $3 in
  latest)
    newest=$(names_here "$1" "$2" | tail -n 1)
    [ -n "$newest" ] || die 10 "there is no $2 in $directory"
    ARTEFACT=$directory/$newest
    ;;
  */*) ARTEFACT=$(realpath -e -- "$3" 2>/dev/null) || die 10 "there is no $3" ;;
  *)
    ARTEFACT=$directory/$3
    [ -e "$ARTEFACT" ] || die 10 "there is no $ARTEFACT"
    ;;
  esac
}

# usage: prove_artefact KIND; ARTEFACT is authentic and whole. STAGE must be there: its pipes stand in it.
prove_artefact() {
  local problem
  problem=$(stored_problem "$ARTEFACT")
  [ -n "$problem" ] || problem=$(content_problem "$ARTEFACT" "$STAGE")
  [ -z "$problem" ] || die 6 "$ARTEFACT: $problem. Nothing is restored"
  read_sidecar "$ARTEFACT.json" || die 6 "$ARTEFACT.json cannot be read any more"
  [ "${FIELD[kind]-}" = "$1" ] || die 2 "$ARTEFACT is a backup of another kind: ${FIELD[kind]-}"
}

# usage: unpack_artefact DIRECTORY
unpack_artefact() {
  mkdir "$1"
  decrypt "${FIELD[cipher]}" "${FIELD[iterations]}" "${FIELD[key_id]-}" <"$ARTEFACT" | decompress | tar -C "$1" --same-permissions -xf -
}

# usage: move_aside PATH NEW_PATH; nothing is ever removed
move_aside() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  mv -n -T "$1" "$2"
  [ ! -e "$1" ] || die 1 "$1 cannot be moved aside: $2 is there already"
  log info "$1 was moved aside to $2"
}
