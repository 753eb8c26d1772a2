#!/bin/bash
# The full backup that is restored: found, trusted, read. Sourced after restore-sources.sh and restore-s3.sh, never run.
# Says no as restore-sources.sh does.

# What was found: the file, or its KEY in S3; the backup's name; its SIDECAR_FILE, whose fields go into BACKED_UP.
FILE='' NAME=''

# usage: find_backup WORD; WORD as BACKUP of restore-full.sh
find_backup() {
  local word=$1
  case $word in
  latest | latest.tar.gz | "$BACKUP_ROOT/full/latest.tar.gz") find_latest || return 1 ;;
  */*) find_file "$(readlink -f -- "$word" || printf '%s' "$word")" || return 1 ;;
  *) find_named "${word%.enc}" || return 1 ;;
  esac
  remember_backup
}

# usage: find_file PATH; a file anywhere; its sidecar beside it, in the archive, or in S3
find_file() {
  local file=$1 candidate candidates
  [[ -e $file ]] || refuse 10 "$file does not exist. $(newest_there)" || return 1
  [[ -f $file && -r $file ]] || refuse 3 "$file cannot be read as $(id -un): it must be a file of its own" || return 1
  FILE=$file NAME=${file##*/} NAME=${NAME%.enc} KEY=''
  mapfile -t candidates < <(printf '%s\n' "$file.json" "${file%.enc}.json" && list_directories full | sed "s|$|/$NAME.json|")
  SIDECAR_FILE=''
  for candidate in "${candidates[@]}"; do
    if [[ -z $SIDECAR_FILE && -e $candidate ]]; then SIDECAR_FILE=$candidate; fi
  done
  if [[ -z $SIDECAR_FILE ]] && has_source s3; then fetch_sidecar "$NAME" || return 1; fi
  [ -n "$SIDECAR_FILE" ] || refuse 10 "$file has no sidecar beside it ($file.json): without it nothing vouches for the backup. Bring it, too: it lies beside the object or file this one was copied from" || return 1
  trust_sidecar "$FILE" "$SIDECAR_FILE" "$NAME"
}

# usage: find_named NAME; in the archives, then in S3; what is spoilt in one may be whole in the next
find_named() {
  local name=$1 directory first='' worst=10
  while IFS= read -r directory; do
    [ -e "$directory/$name" ] || continue
    if find_file "$directory/$name"; then return 0; fi
    [ -n "$first" ] || first=$PROBLEM worst=$STATUS
  done < <(list_directories full)
  if has_source s3; then
    if find_in_s3 "$name"; then return 0; fi
    [ -n "$first" ] || first=$PROBLEM worst=$STATUS
  fi
  refuse "$worst" "${first:-$name is in none of the sources (${SOURCES[*]}). $(newest_there)}"
}

# Prints what could be meant instead of a backup that is not there.
newest_there() {
  local newest
  newest=$(list_fulls 2>/dev/null | sort -u | tail -n 1) || newest=''
  printf 'The newest there is: %s' "${newest:-none at all}"
}

# usage: find_in_s3 NAME
find_in_s3() {
  [[ " ${LISTED[*]} " == *" $1 "* ]] || list_s3 full || return 1
  [[ " ${LISTED[*]} " == *" $1 "* && " ${LISTED[*]} " == *" $1.json "* ]] || refuse 10 "$1 is in none of the sources (${SOURCES[*]})" || return 1
  FILE='' NAME=$1
  fetch_sidecar "$1" && trust_sidecar "s3://$S3_BUCKET/$KEY" "$SIDECAR_FILE" "$1"
}

# The newest that is complete and can be trusted; with a time or a place as target, the newest that ended before it.
find_latest() {
  local name names first='' late='' worst=10
  # Who could not list them has said why.
  names=$(list_fulls | sort -ru) || exit $?
  for name in $names; do
    if find_named "$name" && fits_timeline; then
      ended_after_target || return 0
      # The last one that is looked at is the oldest.
      late="none of the backups ended before ${RECOVERY_TIME:+$RECOVERY_TIME UTC}$RECOVERY_LSN: the oldest is $name, which ended at ${FIELD[stop_lsn]}, $(ended_at) UTC"
    else
      log warning "$name is left out: $PROBLEM"
      [ -n "$first" ] || first=$PROBLEM worst=$STATUS
    fi
  done
  [ -z "$late" ] || refuse 10 "$late${first:+. One was left out: $first}" || return 1
  refuse "$worst" "${first:-there is no full backup in any of the sources (${SOURCES[*]})}"
}

# A timeline descends from lower ones only; from which of them, read_history tells.
fits_timeline() {
  [[ ! ${TIMELINE-} =~ ^[0-9]+$ ]] || [[ ${FIELD[timeline]} -le $TIMELINE ]] ||
    refuse 10 "it is of timeline ${FIELD[timeline]}, and timeline $TIMELINE does not descend from it"
}

ended_after_target() {
  [[ -n $RECOVERY_TIME && $(ended_at) > $RECOVERY_TIME ]] && return 0
  [ -n "$RECOVERY_LSN" ] && (($(byte_of "${FIELD[stop_lsn]}") > $(byte_of "$RECOVERY_LSN")))
}

ended_at() {
  date -u -d "${FIELD[ended_at]}" '+%Y-%m-%d %H:%M:%S.%6N'
}

# Prints the names of the full backups in all sources.
list_fulls() {
  local directory file name
  while IFS= read -r directory; do
    for file in "$directory"/full_backup_[0-9]*.tar.gz; do [ ! -e "$file" ] || printf '%s\n' "${file##*/}"; done
  done < <(list_directories full)
  has_source s3 || return 0
  list_s3 full || die "$STATUS" "$PROBLEM"
  for name in "${LISTED[@]}"; do [[ $name != full_backup_[0-9]*.tar.gz ]] || printf '%s\n' "$name"; done
}

# Prints which backup would do for a target that this one cannot reach. Called in a subshell: FIELD is another's afterwards.
earlier_backup() {
  if find_latest 2>/dev/null; then printf 'Take %s' "$NAME"; else printf '%s' "$PROBLEM"; fi
}

# Version, key, size, and that its head decrypts to a gzip stream; the bytes themselves are hashed while they are unpacked.
check_backup() {
  local version head size number=${BACKED_UP[server_version_num]}
  version=$(postgres --version) || die 3 "no postgres in $PG_BIN"
  version=${version##*) } version=${version//[!0-9.]*/}
  [ "${version%%.*}" -eq $((number / 10000)) ] ||
    refuse 11 "$NAME is of PostgreSQL ${BACKED_UP[server_version]}, and $PG_BIN is version $version" || return 1
  [[ $ENCRYPTED_ONLY == no || ${BACKED_UP[cipher]} != none ]] || refuse 2 "--decrypt: $NAME is not encrypted" || return 1
  check_founder || return 1
  if [ -n "$FILE" ]; then
    size=$(stat -L -c %s "$FILE")
    [ "$size" = "${BACKED_UP[size]}" ] || refuse 6 "$FILE has $size bytes, its sidecar says ${BACKED_UP[size]}" || return 1
    head -c 65536 "$FILE" >"$WORK/head"
  else
    from_s3 s3api get-object --bucket "$S3_BUCKET" --key "$KEY" --range bytes=0-65535 "$WORK/head" || return 1
  fi
  [[ ${BACKED_UP[cipher]} == none || $(head -c 8 "$WORK/head") == Salted__ ]] || refuse 6 "$NAME should be encrypted and does not begin with Salted__" || return 1
  head=$({ decrypt "${BACKED_UP[cipher]}" "${BACKED_UP[iterations]}" "${BACKED_UP[key_id]-}" <"$WORK/head" 2>/dev/null || true; } | head -c 2 | od -An -tx1)
  [ "$head" = ' 1f 8b' ] || refuse 6 "the head of $NAME does not decrypt to a gzip stream"
}

# The archive here says whose it is, and so does the prefix in S3; a backup of another system is another cluster's, whatever its name.
check_founder() {
  local identifier
  if [ -z "$FILE" ]; then
    identifier=$(sed -n 's/^  "system_identifier": "\([0-9]*\)".*/\1/p' "$SPOOL/CLUSTER.json")
    [ "$identifier" = "${BACKED_UP[system_identifier]}" ] ||
      refuse 11 "several systems have written below s3://$S3_BUCKET/${S3_PREFIX:+$S3_PREFIX/}: $NAME (made on ${BACKED_UP[node]}) is of the system ${BACKED_UP[system_identifier]}, and CLUSTER.json there of $identifier. Find out which is wanted; a backup of $identifier is taken by its name: aws s3 ls s3://$S3_BUCKET/$(s3_key postgresql/full/)" || return 1
  fi
  [ -e "$BACKUP_ROOT/CLUSTER.json" ] && has_source local || return 0
  identifier=$(sed -n 's/^  "system_identifier": "\([0-9]*\)".*/\1/p' "$BACKUP_ROOT/CLUSTER.json")
  [ "$identifier" = "${BACKED_UP[system_identifier]}" ] ||
    refuse 11 "$NAME is of the system ${BACKED_UP[system_identifier]}, and the archive $BACKUP_ROOT of $identifier: it is another cluster's. If it is wanted, leave the archive here out: --sources gathered,s3"
}

# usage: stored_stream; the stored bytes
stored_stream() {
  if [ -n "$FILE" ]; then cat "$FILE"; else s3 s3 cp --only-show-errors "s3://$S3_BUCKET/$KEY" -; fi
}

# Unpacks into STAGING in one pass: what is hashed is what is unpacked, and nothing of it leaves STAGING before the hash was right.
unpack_backup() {
  local hasher failed=no
  log info "unpacking $NAME (${BACKED_UP[plain_size]} bytes) into $STAGING"
  mkfifo "$WORK/stored"
  openssl dgst -sha256 -r <"$WORK/stored" >"$WORK/stored.sha256" &
  hasher=$!
  stored_stream 2>"$WORK/source.errors" | tee "$WORK/stored" |
    { decrypt "${BACKED_UP[cipher]}" "${BACKED_UP[iterations]}" "${BACKED_UP[key_id]-}" | decompress | { tar --extract --file - --directory "$STAGING" --blocking-factor 512 && cat >/dev/null; }; } 2>"$WORK/unpack.errors" ||
    failed=yes
  if [ $failed = yes ]; then
    kill "$hasher" 2>/dev/null || true
    wait "$hasher" || true
    unpack_failed
  fi
  wait "$hasher"
  [ "$(cut -d ' ' -f 1 "$WORK/stored.sha256")" = "${BACKED_UP[sha256]}" ] ||
    die 6 "$NAME: its sha256 is not the one in its sidecar: the stored bytes were changed or damaged"
  [[ -e $STAGING/backup_label && -e $STAGING/backup_manifest && -e $STAGING/global/pg_control ]] ||
    die 6 "$NAME is not a whole base backup: backup_label, backup_manifest or global/pg_control is not in it"
}

unpack_failed() {
  if grep -q 'No space left' "$WORK/unpack.errors"; then
    die 7 "$PARENT is full: $NAME could not be unpacked"
  elif [ -s "$WORK/source.errors" ] && [ -z "$FILE" ]; then
    die 9 "S3 broke off: $(tail -n 1 "$WORK/source.errors")"
  fi
  die 6 "$NAME cannot be read to its end: it was changed or damaged ($(tail -n 1 "$WORK/unpack.errors"))"
}

# Reads all of it, as restore does, and lets tar list it.
verify_backup() {
  local found
  if [ -z "$FILE" ]; then
    log info "reading s3://$S3_BUCKET/$KEY"
    mkdir "$WORK/copy"
    [ "$(stored_stream | openssl dgst -sha256 -r | cut -d ' ' -f 1)" = "${BACKED_UP[sha256]}" ] || die 6 "s3://$S3_BUCKET/$KEY: its sha256 is not the one in its sidecar"
    log info "$NAME: the stored bytes are those that were written"
    return
  fi
  mkdir "$WORK/proof" "$WORK/copy"
  ln -s "$FILE" "$WORK/copy/$NAME"
  ln -s "$SIDECAR_FILE" "$WORK/copy/$NAME.json"
  found=$(stored_problem "$WORK/copy/$NAME")
  [ -n "$found" ] || found=$(content_problem "$WORK/copy/$NAME" "$WORK/proof")
  [ -z "$found" ] || die 6 "$NAME: $found"
  log info "$NAME: verified to its end"
}
