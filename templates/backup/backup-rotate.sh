#!/bin/bash
# Puts another key in the place of the one that writes backups, for playbooks/rotate-key.yml, which makes it the same on every member.
# The key before it stays in KEY_FILE.d under its id, and reads what was made with it, for as long as that is kept.
#
# usage: backup-rotate.sh prepare    KEY_FILE.next and the key of today are both in KEY_FILE.d: this host reads what either has made
#        backup-rotate.sh switch     KEY_FILE.next becomes the key, and CLUSTER.json names it; no segment is archived in between
#        backup-rotate.sh back       the key before it is the key again, and the new one KEY_FILE.next; nothing is forgotten
#        backup-rotate.sh finish     the rotation is over: there is no going back any more, both keys stay
#        backup-rotate.sh name       CLUSTER.json names the key of this host, for a host that missed a rotation; it must hold the key
#                                    that is named there now
#        backup-rotate.sh s3         CLUSTER.json at the S3 prefix names the key that the archive here does
#        backup-rotate.sh --help
# As root, but s3: as postgres. Each may be done again. exit status: see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh"

NEXT=''

main() {
  case ${1-} in
  prepare | switch | back | finish | name | s3) ;;
  *) show_help "$lib" "${1:-nothing}" && return ;;
  esac
  [ "$1" != s3 ] || run_as_postgres "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  load_settings backup-rotate
  [ "$ENCRYPTION" = yes ] || die 3 'ENCRYPTION="no": there is no key to rotate'
  NEXT=$KEY_FILE.next
  case $1 in
  s3) name_at_prefix ;;
  *)
    # No segment is archived, and no second rotation begun, while keys are moved.
    take_lock backup-wal 60
    derive_keys
    "$1"
    ;;
  esac
}

# KEY_RING/before and KEY_RING/next are links to the keys that a rotation goes from and to, from prepare to finish.
prepare() {
  local id
  if is_switched; then return; fi
  id=$(id_of "$NEXT")
  [ "$id" != "$KEY_ID" ] || die 11 "$NEXT is the key of today, and no rotation to it is under way: move it aside"
  keep "$KEY_FILE" "$KEY_ID"
  keep "$NEXT" "$id"
  # In this order: broken off in between, the old target is no longer the key that is in use.
  ln -sfn "$id" "$KEY_RING/next"
  ln -sfn "$KEY_ID" "$KEY_RING/before"
  sync "$KEY_RING"
  log info "the keys $KEY_ID and $id are both in $KEY_RING"
}

switch() {
  local id
  if ! is_switched; then
    id=$(id_of "$NEXT")
    [[ -e $KEY_RING/$id && $(linked before) == "$KEY_ID" && $(linked next) == "$id" ]] ||
      die 11 "$KEY_RING does not hold both keys: backup-rotate.sh prepare comes first, on every member"
    install_key "$KEY_RING/$id"
  fi
  rm -f "$NEXT"
  place_words
  name_key
}

# The key in use is the one that this rotation brought. Where KEY_FILE.next is another one, the next rotation has begun.
is_switched() {
  [[ $KEY_ID == "$(linked next)" && $KEY_ID != "$(linked before)" ]] || return 1
  [[ ! -e $NEXT || $(id_of "$NEXT") == "$KEY_ID" ]]
}

back() {
  local before
  if is_switched; then
    before=$(linked before)
    [ "$(id_of "$KEY_RING/$before")" = "$before" ] || die 11 "$KEY_RING/$before is not the key of its name"
    copy_key "$KEY_FILE" "$NEXT"
    install_key "$KEY_RING/$before"
  elif [[ $KEY_ID != "$(linked before)" && ! -e $NEXT ]]; then
    die 10 "no rotation is under way: there is no going back from $KEY_ID. To write with another key, rotate again"
  fi
  place_words
  name_key
}

finish() {
  if [[ -e $NEXT && $(id_of "$NEXT") != "$KEY_ID" ]]; then die 11 "$NEXT is not the key yet: backup-rotate.sh switch comes first"; fi
  rm -f "$NEXT" "$KEY_RING/next" "$KEY_RING/before"
  place_words
  name_key
}

name() {
  if [ -e "$BACKUP_ROOT/CLUSTER.json" ]; then
    read_sidecar "$BACKUP_ROOT/CLUSTER.json" || die 3 "${FIELD[problem]}"
    use_key "${FIELD[key_id]-}" ||
      die 8 "$BACKUP_ROOT was written with the key \"${FIELD[key_id]-}\", and $KEY_RING does not hold it: fanops apply install.yml, or from escrow"
  fi
  name_key
}

# usage: linked before|next; prints the id of that key of this rotation, or nothing
linked() {
  readlink "$KEY_RING/$1" || true
}

# usage: id_of FILE; prints its key id, or dies
id_of() {
  local problem derived
  problem=$(key_problem "$1")
  [ -z "$problem" ] || die 3 "$problem"
  derived=$(derived_from "$1") || die 3 "openssl did not derive a key from $1"
  printf '%s' "${derived% *}"
}

# usage: keep FILE KEY_ID; in KEY_RING, for postgres alone; never over another
keep() {
  [ -d "$KEY_RING" ] || install -d -m 0700 -o postgres -g postgres "$KEY_RING"
  if [ ! -e "$KEY_RING/$2" ]; then copy_key "$1" "$KEY_RING/$2"; fi
  [ "$(id_of "$KEY_RING/$2")" = "$2" ] || die 11 "$KEY_RING/$2 is not the key of its name: move it aside"
}

# usage: copy_key FILE TARGET; whole or not at all. Root neither reads nor writes what postgres may have made a link to anywhere.
copy_key() {
  local temporary=${2%/*}/.${2##*/}.tmp writer=()
  as_postgres test -r "$1" || die 3 "$1 cannot be read by postgres: it must be its own, mode 0600"
  if as_postgres test -w "${2%/*}"; then
    writer=(as_postgres)
    as_postgres install -m 0600 "$1" "$temporary"
  else
    as_postgres cat "$1" | install -m 0600 -o postgres -g postgres /dev/stdin "$temporary"
  fi
  "${writer[@]}" sync "$temporary"
  "${writer[@]}" mv -T "$temporary" "$2"
  sync "${2%/*}"
}

# usage: install_key FILE; as KEY_FILE, which may be a link
install_key() {
  copy_key "$1" "$(readlink -f -- "$KEY_FILE")"
  derive_keys
}

# A word (key-escrowed.json) says of a key that a copy of it was seen to decrypt. Each goes by the key that it names: that of KEY_FILE and that
# of KEY_FILE.next into their places, others keep their key's id in the name.
place_words() {
  local word=$STATE_DIR/key-escrowed id
  for id in before next ''; do
    file_word "$word${id:+.$id}.json"
  done
  take_word "$KEY_ID" "$word.json"
  if [ -e "$NEXT" ]; then take_word "$(id_of "$NEXT")" "$word.next.json"; fi
}

# usage: file_word FILE
file_word() {
  local id
  id=$(sed -n 's/^ *"key_id": "\([0-9a-f]\{16\}\)".*/\1/p' "$1" 2>/dev/null) || return 0
  if [ -n "$id" ]; then mv -T "$1" "$STATE_DIR/key-escrowed.$id.json"; fi
}

# usage: take_word KEY_ID FILE
take_word() {
  if [ -e "$STATE_DIR/key-escrowed.$1.json" ]; then mv -T "$STATE_DIR/key-escrowed.$1.json" "$2"; fi
}

# CLUSTER.json of the archive here names the key that writes.
name_key() {
  local file=$BACKUP_ROOT/CLUSTER.json temporary=$BACKUP_ROOT/.CLUSTER.json.rotate.tmp
  if [ -e "$file" ]; then
    read_sidecar "$file" || die 3 "${FIELD[problem]}"
    [ "${FIELD[cluster]-}" = "$CLUSTER_NAME" ] || die 11 "$BACKUP_ROOT is of the cluster \"${FIELD[cluster]-}\", not of $CLUSTER_NAME"
    if [ "${FIELD[key_id]-}" != "$KEY_ID" ]; then
      # Root writes nothing in a directory of postgres: any name there may be a link to anywhere.
      as_postgres rm -f "$temporary"
      identity "${FIELD[system_identifier]}" | as_postgres tee "$temporary" >/dev/null
      as_postgres sync "$temporary"
      as_postgres mv -T "$temporary" "$file"
      sync "$BACKUP_ROOT"
    fi
  fi
  log info "$KEY_FILE is the key $KEY_ID"
}

# Of cluster and system the prefix must be ours; the key it names is the one thing that is ever changed there.
name_at_prefix() {
  local key theirs mine file=$BACKUP_ROOT/CLUSTER.json
  if [[ -z $S3_BUCKET || ! -e $file ]]; then
    log info 'nothing to say in S3: it is not configured, or nothing was written here yet'
    return
  fi
  require_s3
  key=$(s3_key CLUSTER.json)
  look_at "$key" || die 9 "s3://$S3_BUCKET/$key could not be looked at"
  if [ "$OBJECT_SIZE" = absent ]; then return; fi
  theirs=$(s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$key" -) || die 9 "s3://$S3_BUCKET/$key could not be read"
  mine=$(<"$file")
  [ "$(grep -v '"key_id"' <<<"$theirs")" = "$(grep -v '"key_id"' <<<"$mine")" ] ||
    die 11 "s3://$S3_BUCKET/$key is of another cluster or system than $file"
  [ "$theirs" = "$mine" ] || send "$file" "$key" "$(sha256_of "$file")" || die 5 "s3://$S3_BUCKET/$key could not be written"
  log info "s3://$S3_BUCKET/$key names the key of $file"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
