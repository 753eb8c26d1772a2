#!/bin/bash
# Shows what a backup of the configuration holds against what is there now, and puts it back on demand. Nothing is
# reloaded or restarted; the dynamic configuration is never put into the DCS by itself: the command for that is said.
#
# usage: restore-config.sh FILE|latest [--target-dir DIR | --apply] [--only PATH]... [--verify-only] [--sources LIST] [--node NODE]
#                            without more: the differences, nothing is changed
#   --target-dir DIR         unpacks all of it into DIR, which must be empty
#   --apply                  puts the files back in their places; what was there is moved aside
#   --only PATH              this file only, as it lies below /
#   --verify-only            proves the backup, to its last byte
#   --sources LIST           where it is: local, s3, or local,s3: in S3 where it is not here, which is the default with S3. latest of s3 is
#                            the newest of this node there, or here where that is newer
#   --node NODE              of this node, in S3; otherwise of this one
#   --help
# exit status: 11 the target is not empty; others see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-artefact.sh
. "${lib%/*}/backup-artefact.sh"
# shellcheck source=templates/backup/backup-s3.sh
. "${lib%/*}/backup-s3.sh"
# shellcheck source=templates/backup/restore-artefact.sh
. "${lib%/*}/restore-artefact.sh"

MODE=diff FILE='' TARGET='' ONLY=()

main() {
  read_options "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$STAGE" ] || rm -rf "$STAGE"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings restore-config
  [ "$MODE" = apply ] || LOG_FILE=''
  derive_keys
  locate_artefact config config_backup "$FILE"
  [ -z "$TARGET" ] || [ ! -e "$TARGET" ] || [ -z "$(ls -A "$TARGET")" ] || die 11 "$TARGET is not empty"
  make_stage /run/lock restore-config $((FETCH_BYTES * 2))
  fetch_artefact
  prove_artefact config
  log info "$ARTEFACT is whole: of ${FIELD[node]}, made at ${FIELD[created_at]}"
  [ -z "${FIELD[earlier]-}" ] || log warning "what it holds of ${FIELD[earlier]// / and } is older: that did not answer then"
  [ "${FIELD[node]}" = "$NODE_NAME" ] || log warning "it is the configuration of ${FIELD[node]}, and this is $NODE_NAME"
  [ "$MODE" != verify-only ] || return 0
  unpack_artefact "$STAGE/content"
  case $MODE in
  diff) show_differences ;;
  target) cp -a -T "$STAGE/content" "$TARGET" && log info "unpacked into $TARGET" ;;
  apply) put_back ;;
  esac
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --apply) MODE=apply ;;
    --verify-only) MODE=verify-only ;;
    --target-dir | --only)
      [ $# -gt 1 ] || die 2 "$1 wants a path"
      if [ "$1" = --only ]; then ONLY+=("$2"); else MODE=target TARGET=$(realpath -m -- "$2"); fi
      shift
      ;;
    --sources | --node)
      source_option "$1" "${2-}"
      shift
      ;;
    -*) show_help "$lib" "$1" && exit 0 ;;
    *)
      [ -z "$FILE" ] || die 2 "expected one backup, found \"$1\" after \"$FILE\""
      FILE=$1
      ;;
    esac
    shift
  done
  [ -n "$FILE" ] || die 2 "expected a backup, or latest: see ${lib##*/} --help"
}

# The paths of the backup, as they lie below /, that --only lets through. A key in it is neither shown nor put back.
wanted_files() {
  local path only
  while IFS= read -r path; do
    ! is_key "$path" "$STAGE/content/files$path" || { log warning "$path is a key of backups: left as it is" && continue; }
    [ ${#ONLY[@]} -gt 0 ] || { printf '%s\n' "$path" && continue; }
    for only in "${ONLY[@]}"; do
      [ "$only" != "$path" ] || printf '%s\n' "$path"
    done
  done < <(find "$STAGE/content/files" -type f -printf '/%P\n' | sort)
}

# Only names of files that hold passwords: what differs in them is not for a screen.
show_differences() {
  local path same=0
  while IFS= read -r path; do
    if cmp -s "$STAGE/content/files$path" "$path"; then
      same=$((same + 1))
    elif [ ! -e "$path" ]; then
      printf 'missing: %s\n' "$path"
    elif grep -qiE 'passw|secret|_key' "$path" "$STAGE/content/files$path"; then
      printf 'differs: %s (holds passwords: not shown)\n' "$path"
    else
      diff -u --label "$path (now)" --label "$path (backup)" "$path" "$STAGE/content/files$path" || true
    fi
  done < <(wanted_files)
  printf '%d files are as in the backup\n' "$same"
  say_dynamic
}

put_back() {
  local path now changed=0
  now=$(stamp)
  while IFS= read -r path; do
    ! cmp -s "$STAGE/content/files$path" "$path" || continue
    mkdir -p "$(dirname "$path")"
    cp -p -- "$STAGE/content/files$path" "$path.restoring"
    # Beside its directory's other files a copy might be read, too: cron.d leaves out names with dots, logrotate those in .bak.
    [ ! -e "$path" ] || cp -p -- "$path" "$path.before-restore.$now.bak"
    mv -T -- "$path.restoring" "$path"
    changed=$((changed + 1))
    log info "$path is put back"
  done < <(wanted_files)
  log info "$changed files were put back; nothing was reloaded"
  say_dynamic
}

say_dynamic() {
  [ -e "$STAGE/content/dynamic-configuration.json" ] || return 0
  printf 'the dynamic configuration is in the backup: unpack it with --target-dir DIR, look at it, then\n  patronictl edit-config --replace DIR/dynamic-configuration.json\n'
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
