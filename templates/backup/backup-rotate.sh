#!/bin/bash
# Puts another key in the place of the one that writes backups, for playbooks/rotate-key.yml, which makes it the same on every member.
# The key before it stays in KEY_FILE.d under its id, and reads what was made with it, for as long as that is kept.
#
# usage: backup-rotate.sh prepare    KEY_FILE.next and the key of today are both in KEY_FILE.d: this host reads what either has made
#        backup-rotate.sh switch     KEY_FILE.next becomes the key, and CLUSTER.json names it; no segment is archived in between
#        backup-rotate.sh back       the key before it is the key again, and the new one KEY_FILE.next; nothing is forgotten
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
  prepare | switch | back | s3) ;;
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

prepare() {
  local id
  if is_switched; then return; fi
  id=$(id_of "$NEXT")
  keep "$KEY_FILE" "$KEY_ID"
  keep "$NEXT" "$id"
  ln -sfn "$KEY_ID" "$KEY_RING/before"
  log info "the keys $KEY_ID and $id are both in $KEY_RING"
}

switch() {
  local id
  if ! is_switched; then
    id=$(id_of "$NEXT")
    [[ -e $KEY_RING/$id && $(readlink "$KEY_RING/before") == "$KEY_ID" ]] ||
      die 11 "$KEY_RING does not hold both keys: backup-rotate.sh prepare comes first, on every member"
    install_key "$KEY_RING/$id"
    rm -f "$NEXT"
    move_word next before
  fi
  name_key
}

# KEY_FILE.next is the key already.
is_switched() {
  local before
  before=$(readlink "$KEY_RING/before") || before=$KEY_ID
  if [[ $before == "$KEY_ID" ]]; then return 1; fi
  if [[ -e $NEXT && $(id_of "$NEXT") != "$KEY_ID" ]]; then return 1; fi
  rm -f "$NEXT"
}

back() {
  local before
  before=$(readlink "$KEY_RING/before") ||
    die 10 "$KEY_RING/before does not say which key was the one before: where it is known, ln -s KEY_ID $KEY_RING/before"
  if [ "$before" != "$KEY_ID" ]; then
    [ "$(id_of "$KEY_RING/$before")" = "$before" ] || die 11 "$KEY_RING/$before is not the key of its name"
    copy_key "$KEY_FILE" "$NEXT"
    install_key "$KEY_RING/$before"
    move_word before next
  fi
  name_key
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

# usage: copy_key FILE TARGET; whole or not at all
copy_key() {
  local temporary=${2%/*}/.${2##*/}.tmp
  install -m 0600 -o postgres -g postgres "$1" "$temporary"
  sync "$temporary"
  mv -T "$temporary" "$2"
  sync "${2%/*}"
}

# usage: install_key FILE; as KEY_FILE, which may be a link
install_key() {
  copy_key "$1" "$(readlink -f -- "$KEY_FILE")"
  derive_keys
}

# usage: move_word FROM ASIDE; key-escrowed.json says of the key that a copy of it was seen to decrypt: that of FROM takes its place
move_word() {
  local word=$STATE_DIR/key-escrowed
  [ -e "$word.$1.json" ] || return 0
  if [ -e "$word.json" ]; then mv -T "$word.json" "$word.$2.json"; fi
  mv -T "$word.$1.json" "$word.json"
}

# CLUSTER.json of the archive here names the key that writes.
name_key() {
  local file=$BACKUP_ROOT/CLUSTER.json temporary=$BACKUP_ROOT/.CLUSTER.json.rotate.tmp
  if [ -e "$file" ]; then
    read_sidecar "$file" || die 3 "${FIELD[problem]}"
    [ "${FIELD[cluster]-}" = "$CLUSTER_NAME" ] || die 11 "$BACKUP_ROOT is of the cluster \"${FIELD[cluster]-}\", not of $CLUSTER_NAME"
    if [ "${FIELD[key_id]-}" != "$KEY_ID" ]; then
      write_identity "$temporary" "${FIELD[system_identifier]}"
      chown --reference="$file" "$temporary"
      mv -T "$temporary" "$file"
      sync "$BACKUP_ROOT"
    fi
  fi
  log info "$KEY_FILE is the key $KEY_ID; before it: $(readlink "$KEY_RING/before" || printf none)"
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
