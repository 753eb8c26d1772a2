#!/bin/bash
# Backs up this node's configuration: what CONFIG_PATHS names (Patroni, etcd, cron, backup.conf, …), PostgreSQL's own files
# in the data directory, and the cluster's dynamic configuration. Called by cron every five minutes, which sees the DCS, too,
# as no path unit does; content that is in the newest backup already makes no new one. Where PostgreSQL or Patroni does not answer, what
# the newest backup has of it is taken over, so that latest is never poorer for an outage. Every artefact is encrypted or, with
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
# shellcheck source=templates/backup/backup-proof.sh
. "${lib%/*}/backup-proof.sh"
# shellcheck source=templates/backup/backup-artefact.sh
. "${lib%/*}/backup-artefact.sh"

DIGEST=''
# Who does not answer, and of whom the newest backup's part is taken over.
SILENT=() EARLIER=()
readonly POSTGRESQL=(postgresql.conf postgresql.base.conf postgresql.auto.conf pg_hba.conf pg_ident.conf)
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
  remove_stages /run/lock config
  make_stage /run/lock config 0
  mkdir "$STAGE/files"
  copy_files
  export_dynamic
  [ ${#SILENT[@]} -eq 0 ] || take_over
  digest
  if [ "$DIGEST" = "$(newest_digest)" ]; then
    log info 'nothing changed since the newest backup of the configuration: none is made'
  elif [ "$DRY_RUN" = yes ]; then
    (cd "$STAGE" && find . -type f -printf '%P\n' | sort)
    log info "$NODE_NAME would back up its configuration now"
  else
    store_stage config config_backup "content_digest=$DIGEST" ${EARLIER:+"earlier=${EARLIER[*]}"}
    [ "$UPLOAD" = no ] || upload_stored
  fi
}

# The files as they lie below /, links followed: their content is what counts, and releases come and go.
copy_files() {
  local path data=''
  [ -z "$PG_HOST" ] || data=$(sql_as_postgres 'show data_directory' 2>/dev/null) || SILENT+=(PostgreSQL)
  while IFS= read -r path; do
    ! is_key "$path" || continue
    [ "$ENCRYPTION" = yes ] || ! [[ $path =~ $SECRETS ]] || { log warning "$path is left out: ENCRYPTION=\"no\"" && continue; }
    [ -r "$path" ] || { log warning "$(id -un) cannot read $path: left out" && continue; }
    mkdir -p "$STAGE/files$(dirname "$path")"
    cp -pL -- "$path" "$STAGE/files$path"
  done < <(config_files "$data")
}

# usage: config_files DATA_DIRECTORY; CONFIG_PATHS is a list of files and directories, separated by blanks; what is not there is not missed
config_files() {
  local paths=()
  read -r -a paths <<<"$CONFIG_PATHS"
  [ -z "$1" ] || paths+=("${POSTGRESQL[@]/#/$1/}")
  { find -L "${paths[@]}" -maxdepth 4 -type f -size -1024k 2>/dev/null || true; } | sort -u
}

# The dynamic configuration has no file: it lives in the DCS.
export_dynamic() {
  [ -n "$PATRONI_URL" ] || return 0
  curl --silent --fail --max-time 10 "$PATRONI_URL/config" | jq -eS . >"$STAGE/dynamic-configuration.json" ||
    { rm -f "$STAGE/dynamic-configuration.json" && SILENT+=(Patroni); }
}

# What does not answer goes into STAGE as the newest backup has it.
take_over() {
  local part newest problem
  newest=$(names_here config config_backup | tail -n 1)
  if [ -n "$newest" ]; then
    ARTEFACT=$BACKUP_ROOT/config/$newest
    problem=$(stored_problem "$ARTEFACT")
    [ -z "$problem" ] || log warning "$ARTEFACT: $problem"
    [ -n "$problem" ] || read_sidecar "$ARTEFACT.json"
    [ -n "$problem" ] || unpack_artefact "$STAGE/.newest"
  fi
  for part in "${SILENT[@]}"; do
    "take_${part,,}"
    if [[ " ${EARLIER[*]} " == *" $part "* ]]; then
      log warning "$part does not answer: what $newest has of it is taken over"
    else
      log warning "$part does not answer, and the newest backup has nothing of it: it is left out"
    fi
  done
  rm -rf "$STAGE/.newest"
}

# Regular files only, here and below: no link that somebody stored leads root elsewhere.
take_postgresql() {
  local name path
  for name in "${POSTGRESQL[@]}"; do
    while IFS= read -r path; do
      if [ -e "$STAGE/files$path" ] || is_key "$path" "$STAGE/.newest/files$path"; then continue; fi
      mkdir -p "$STAGE/files${path%/*}"
      mv -T "$STAGE/.newest/files$path" "$STAGE/files$path"
      EARLIER=(PostgreSQL)
    done < <(find "$STAGE/.newest/files" -type f -name "$name" -printf '/%P\n' 2>/dev/null)
  done
}

take_patroni() {
  local file=$STAGE/.newest/dynamic-configuration.json
  [[ -f $file && ! -L $file ]] || return 0
  mv "$file" "$STAGE/"
  EARLIER+=(Patroni)
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
  local newest
  newest=$(names_here config config_backup | tail -n 1)
  [ -n "$newest" ] && read_sidecar "$BACKUP_ROOT/config/$newest.json" || return 0
  [ -n "$(sidecar_problem "$newest")" ] || printf '%s' "${FIELD[content_digest]-}"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
