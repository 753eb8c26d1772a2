#!/bin/bash
# Backs up this node's configuration: what CONFIG_PATHS names (Patroni, etcd, cron, backup.conf, …), PostgreSQL's own files
# in the data directory, and the cluster's dynamic configuration. Called by cron every five minutes, which sees the DCS, too,
# as no path unit does; content that is in the newest backup already makes no new one. Every artefact is encrypted or, with
# ENCRYPTION="no", leaves out what holds passwords. No key ever comes along, be it today's, the next or one before: it would lie beside
# what it opens.
#
# usage: backup-config.sh [--upload-s3] [--dry-run] [--help]
#   --upload-s3   to S3 at once, and not only with the next upload
#   --dry-run     says what would be backed up, and whether anything changed; changes nothing
# exit status: see backup-lib.sh
lib=$(readlink -f -- "${BASH_SOURCE[0]}") || exit 1
# shellcheck source=templates/backup/backup-lib.sh
. "${lib%/*}/backup-lib.sh"
# shellcheck source=templates/backup/backup-format.sh
. "${lib%/*}/backup-format.sh"
# shellcheck source=templates/backup/backup-artefact.sh
. "${lib%/*}/backup-artefact.sh"

DIGEST=''
readonly SECRETS='/(patroni|\.aws|secrets|\.pgpass[^/]*)(/|$)|/(config|patroni)\.yml$'

main() {
  read_options "$lib" "$@"
  trap 'fail_at $? $LINENO "$BASH_COMMAND"' ERR
  trap '[ -z "$STAGE" ] || rm -rf "$STAGE"' EXIT
  trap 'exit 1' HUP INT TERM
  load_settings backup-config
  cd /
  freeze_check
  derive_keys
  take_lock backup-config 60
  # In memory: no copy of a password touches the disk.
  make_stage /run/lock 0
  mkdir "$STAGE/files"
  copy_files
  export_dynamic
  digest
  if [ "$DIGEST" = "$(newest_digest)" ]; then
    log info 'nothing changed since the newest backup of the configuration: none is made'
  elif [ "$DRY_RUN" = yes ]; then
    (cd "$STAGE" && find . -type f -printf '%P\n' | sort)
    log info "$NODE_NAME would back up its configuration now"
  else
    store_stage config config_backup "content_digest=$DIGEST"
    [ "$UPLOAD" = no ] || upload_stored
  fi
}

# The files as they lie below /, links followed: their content is what counts, and releases come and go.
copy_files() {
  local path
  while IFS= read -r path; do
    ! is_key "$path" || continue
    [ "$ENCRYPTION" = yes ] || ! [[ $path =~ $SECRETS ]] || { log warning "$path is left out: ENCRYPTION=\"no\"" && continue; }
    [ -r "$path" ] || { log warning "$(id -un) cannot read $path: left out" && continue; }
    mkdir -p "$STAGE/files$(dirname "$path")"
    cp -pL -- "$path" "$STAGE/files$path"
  done < <(config_files)
}

# CONFIG_PATHS is a list of files and directories, separated by blanks; what is not there is not missed.
config_files() {
  local paths=() data
  read -r -a paths <<<"$CONFIG_PATHS"
  data=$(sql_as_postgres "show data_directory" 2>/dev/null) || data=''
  [ -z "$data" ] || paths+=("$data/postgresql.conf" "$data/postgresql.base.conf" "$data/postgresql.auto.conf" "$data/pg_hba.conf" "$data/pg_ident.conf")
  { find -L "${paths[@]}" -maxdepth 4 -type f -size -1024k 2>/dev/null || true; } | sort -u
}

# The dynamic configuration has no file: it lives in the DCS.
export_dynamic() {
  [ -n "$PATRONI_URL" ] || return 0
  curl --silent --fail --max-time 10 "$PATRONI_URL/config" | jq -S . >"$STAGE/dynamic-configuration.json" ||
    { log warning "Patroni at $PATRONI_URL does not answer: the dynamic configuration is left out" && rm -f "$STAGE/dynamic-configuration.json"; }
}

# Of names, modes and content; the time of no file counts.
digest() {
  DIGEST=$(cd "$STAGE" && find . -type f -printf '%P %m %U %G\n' | sort | {
    cat
    find . -type f -print0 | sort -z | xargs -0 -r openssl dgst -sha256 -r
  } | openssl dgst -sha256 -r)
  DIGEST=${DIGEST%% *}
  # A digest of a file that holds a password would let it be guessed.
  if [ "$CIPHER" != none ]; then
    mac_of "$DIGEST"
    DIGEST=$MAC
  fi
}

newest_digest() {
  local sidecar newest=''
  for sidecar in "$BACKUP_ROOT"/config/config_backup_[0-9]*.tar.gz.json; do
    [ ! -e "$sidecar" ] || newest=$sidecar
  done
  [ -n "$newest" ] || return 0
  read_sidecar "$newest" && [ -e "${newest%.json}" ] || return 0
  [ -n "$(sidecar_problem "$(basename "${newest%.json}")")" ] || printf '%s' "${FIELD[content_digest]-}"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
