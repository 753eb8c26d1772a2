#!/bin/bash
# Common ground of the backup scripts: settings, messages, locks, checks of this host. Sourced, never run.
# Settings: docs/backup-conf.md. What is written and how: backup-format.sh and docs/backup-format.md.
#
# Exit statuses of every script that sources this:
#   0 done, or nothing to do here   1 failed                    2 wrong arguments
#   3 settings, key, tools, directories or S3 not in order      4 another run holds the lock
#   5 made and kept here, but not uploaded                      6 what is stored does not verify
#   7 no space                      8 made with another key     9 a source or server cannot be reached
#   10 something that is needed is missing                      11 refused: it would endanger what is there
#   12 the schedule is frozen, or a restore is in progress: nothing is done
set -Eeuo pipefail
umask 077
export LC_ALL=C TZ=UTC

# shellcheck disable=SC2034 # read by the scripts
readonly TOOL_VERSION=0.1.0
readonly SQL_SECONDS=120
readonly SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PATH=$SYSTEM_PATH

# shellcheck source=templates/backup/backup-frozen.sh
. "${BASH_SOURCE[0]%/*}/backup-frozen.sh"

LOG_FILE=
# With `yes` only warnings and errors reach stderr; PostgreSQL's log takes what an archiver says.
QUIET=no

# usage: load_settings LOG_NAME; reads backup.conf over the defaults and refuses what cannot be right
load_settings() {
  local log_name=$1 file=${FANATICO_BACKUP_CONF:-/etc/fanatico/backup.conf}
  default_settings
  [ -r "$file" ] || die 3 "cannot read the settings $file as $(id -un): apply install.yml, or name another in FANATICO_BACKUP_CONF"
  # shellcheck source=/dev/null
  . "$file" || die 3 "$file is not plain KEY=\"value\" lines"
  check_settings "$file"
  PATH=$PG_BIN:$SYSTEM_PATH
  # A dry run changes nothing, not even a log.
  [ "${DRY_RUN:-no}" = yes ] || LOG_FILE=$LOG_DIR/$log_name.log
  export PGCONNECT_TIMEOUT=10 PGAPPNAME=$log_name
  PSQL=(psql -XAtq --no-password -v ON_ERROR_STOP=1 -h "$PG_HOST" -p "$PG_PORT" -U "$PG_USER" -d postgres)
}

# shellcheck disable=SC2034 # read by the scripts
default_settings() {
  CLUSTER_NAME='' NODE_NAME=''
  BACKUP_ROOT=/var/backups/fanatico LOG_DIR=/var/log/fanatico STATE_DIR=/var/lib/fanatico
  ENCRYPTION=yes KEY_FILE=/etc/fanatico/backup.key
  COMPRESSOR=auto COMPRESSION_LEVEL=1
  PG_BIN=/usr/lib/postgresql/15/bin PG_HOST=/var/run/postgresql PG_PORT=5432 PG_USER=postgres
  PATRONI_URL='' PATRONI_MEMBERS=''
  VERIFY_MAX_AGE_HOURS=26 VERIFY_MAX_LAG_MINUTES=60
  BLOCKCHAIN_DB='' BLOCKCHAIN_CONTRACTS='' BLOCKCHAIN_CONFIG='' BLOCKCHAIN_LOGS=''
  BLOCKCHAIN_HEIGHT_SQL='select max(height) from blocks' BLOCKCHAIN_TIMEOUT_SECONDS=1800
  CONFIG_PATHS='/etc/patroni /etc/default/etcd /etc/fanatico /etc/cron.d/fanatico-backup /etc/logrotate.d/fanatico-backup'
  CONFIG_PATHS+=' /etc/systemd/system/patroni.service.d /etc/systemd/system/etcd.service.d /var/spool/cron/crontabs/postgres'
  ETCD_ENDPOINT=''
  RPO_SECONDS=300 RETENTION_WAL_DAYS=7 RETENTION_FULL_DAYS=30 RETENTION_BLOCKCHAIN_DAYS=30 RETENTION_CONFIG_DAYS=90 RETENTION_ETCD_DAYS=30
  PATRONI_CONFIG=/etc/patroni/config.yml DATA_DIR='' GATHERED_DIR=''
  S3_BUCKET='' S3_PREFIX='' S3_ENDPOINT_URL='' S3_REGION='' S3_CREDENTIALS_FILE='' S3_TIMEOUT_SECONDS=14400
  S3_PENDING_ALARM_SECONDS=900 FULL_TIMEOUT_SECONDS=21600
}

# usage: check_settings FILE
check_settings() {
  local name
  for name in CLUSTER_NAME NODE_NAME; do
    matches "$name" '^[A-Za-z0-9][A-Za-z0-9._-]*$' "letters, digits, dot, dash and underscore" "$1"
  done
  for name in BACKUP_ROOT LOG_DIR STATE_DIR KEY_FILE PG_BIN; do
    matches "$name" '^/[A-Za-z0-9._/+-]+$' "an absolute path without spaces" "$1"
  done
  for name in PG_PORT VERIFY_MAX_AGE_HOURS VERIFY_MAX_LAG_MINUTES S3_TIMEOUT_SECONDS S3_PENDING_ALARM_SECONDS FULL_TIMEOUT_SECONDS \
    BLOCKCHAIN_TIMEOUT_SECONDS RPO_SECONDS RETENTION_{WAL,FULL,BLOCKCHAIN,CONFIG,ETCD}_DAYS; do
    matches "$name" '^[1-9][0-9]{0,5}$' "a whole number from 1" "$1"
  done
  for name in DATA_DIR GATHERED_DIR PATRONI_CONFIG BLOCKCHAIN_DB BLOCKCHAIN_CONTRACTS BLOCKCHAIN_CONFIG BLOCKCHAIN_LOGS; do
    matches "$name" '^(/[A-Za-z0-9._/+-]+)?$' "an absolute path without spaces, or nothing" "$1"
  done
  matches ENCRYPTION '^(yes|no)$' "yes or no" "$1"
  matches COMPRESSOR '^(auto|igzip|pigz|gzip)$' "auto, igzip, pigz or gzip" "$1"
  matches COMPRESSION_LEVEL '^[1-9]$' "1 to 9" "$1"
  matches ETCD_ENDPOINT '^(https?://[^[:space:]"]+)?$' "an http(s) address or nothing" "$1"
  matches PATRONI_URL '^(https?://[^[:space:]"]+)?$' "an http(s) address or nothing" "$1"
  matches PATRONI_MEMBERS '^(https?://[^[:space:]"]+( +https?://[^[:space:]"]+)*)?$' "http(s) addresses, separated by blanks, or nothing" "$1"
  matches S3_BUCKET '^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$' "a bucket's name or nothing" "$1"
  matches S3_PREFIX '^([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?$' "a prefix without slashes at its ends, or nothing" "$1"
}

# usage: matches NAME PATTERN EXPECTED FILE
matches() {
  [[ ${!1} =~ $2 ]] || die 3 "$1 in $4: expected $3, found \"${!1}\""
}

# usage: as_postgres PROGRAM ARGUMENT...; from root; whoever else runs this is postgres, or the owner of what is backed up
as_postgres() {
  if [ "$EUID" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi
}

# usage: append FILE LINE; to a file in a directory of postgres
append() {
  # Root never opens it for writing: it may be a link to anywhere.
  if [ "$EUID" -eq 0 ]; then
    (umask 027 && printf '%s\n' "$2" | as_postgres tee -a "$1" >/dev/null)
  else
    printf '%s\n' "$2" >>"$1"
  fi
}

# usage: log info|warning|error MESSAGE; to the script's log file and, as far as QUIET allows, to stderr
log() {
  local line
  printf -v line '%(%Y-%m-%dT%H:%M:%SZ)T [%d] %s: %s' -1 "$$" "$1" "$2"
  [ -z "$LOG_FILE" ] || append "$LOG_FILE" "$line" 2>/dev/null || LOG_FILE=
  [ "$QUIET" = yes ] && [ "$1" = info ] || printf '%s\n' "$line" >&2
}

# usage: die STATUS MESSAGE
die() {
  log error "$2"
  exit "$1"
}

# usage: fail_at STATUS LINE COMMAND; for `trap … ERR`: says where an unforeseen failure happened, and ends with 1, or 7 where
# a disk is full; only `die` in a subshell, which has spoken already, keeps its status
fail_at() {
  local full
  case $1 in
  [3-9] | 1[0-2]) exit "$1" ;;
  esac
  full=$(full_disk "${BACKUP_ROOT-}" "${STATE_DIR-}" "${LOG_DIR-}" "${STAGE-}")
  log error "line $2 of ${BASH_SOURCE[1]##*/} failed with $1: ${3%%$'\n'*}${full:+; the disk of $full is full}"
  exit $((${#full} > 0 ? 7 : 1))
}

# usage: full_disk DIRECTORY...; prints the first whose disk has next to nothing left: what failed meanwhile, failed for that
full_disk() {
  local directory free
  for directory in "$@"; do
    free=$(df --output=avail -B1 "$directory" 2>/dev/null | tail -n 1) || continue
    if [[ $free =~ [0-9] ]] && ((free < 4 << 20)); then
      printf '%s' "$directory"
      return 0
    fi
  done
}

# usage: show_help SCRIPT ARGUMENT; prints the comment at the head of SCRIPT for -h and --help, else dies with 2
show_help() {
  [[ $2 == -h || $2 == --help ]] || die 2 "did not expect \"$2\": see ${1##*/} --help"
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}

# usage: run_as_postgres "$@"; what root types goes on as postgres, who owns the archive
run_as_postgres() {
  local home self
  [ "$EUID" -eq 0 ] || return 0
  home=$(getent passwd postgres) || die 3 "there is no user postgres"
  home=${home%:*}
  self=$(readlink -f -- "$0")
  cd / && HOME=${home##*:} exec setpriv --reuid=postgres --regid=postgres --init-groups "$self" "$@"
}

# Of now, in an artefact's name.
stamp() {
  printf '%(%Y%m%d_%H%M%S)T' -1
}

# usage: free_name DIRECTORY PREFIX; prints the name of an artefact of now. It holds the second; where an earlier run has taken that, the next
# one is ours.
free_name() {
  local name
  while
    name=$2_$(stamp).tar.gz
    [ -e "$1/$name" ]
  do sleep 0.2; done
  printf '%s' "$name"
}

# usage: take_lock NAME WAIT_SECONDS; one run of a kind on this host. Children inherit it: what still writes still holds.
take_lock() {
  local file=$STATE_DIR/$1.lock holder=''
  { [ -f "$file" ] || as_postgres touch "$file"; } 2>/dev/null || die 3 "cannot write the lock $file: is $STATE_DIR there, owned by postgres?"
  # For reading is enough to lock it, and does no harm where root follows a link.
  exec {LOCK_FD}<"$file" || die 3 "cannot open the lock $file"
  if ! flock -w "$2" "$LOCK_FD"; then
    IFS= read -r holder <"$file" || true
    die 4 "another run holds $file (${holder:-unknown}): nothing is done"
  fi
  printf -v holder '%s, pid %d, since %(%Y-%m-%dT%H:%M:%SZ)T' "${0##*/}" "$$" -1
  if [ "$EUID" -ne 0 ]; then
    printf '%s\n' "$holder" >"$file"
  else
    as_postgres tee "$file" <<<"$holder" >/dev/null 2>&1 || die 3 "$file is not postgres' own: remove it"
  fi
}

# usage: remove_left DIRECTORY NAME; DIRECTORY/NAME.XXXXXX of runs that were killed: plaintext, mostly. Under a lock of all who make such.
remove_left() {
  local left
  for left in "$1/$2".??????; do
    # The directory may be everybody's.
    [[ -d $left && ($EUID -eq 0 || -O $left) ]] || continue
    log info "removing $left, which a killed run has left"
    rm -rf -- "$left" || log warning "$left cannot be removed"
  done
}

# usage: sql STATEMENT; prints the answer, columns separated by |. A server that accepts and never answers is a failure.
sql() {
  timeout "$SQL_SECONDS" "${PSQL[@]}" -c "$1"
}

# usage: sql_as_postgres STATEMENT; PostgreSQL knows postgres by its user, not root
sql_as_postgres() {
  as_postgres timeout "$SQL_SECONDS" "${PSQL[@]}" -c "$1"
}

# --- --check: is this host ready? ------------------------------------------------------------------------------

# usage: check_host TOOL...; changes nothing; prints a line for each thing looked at, dies with 3 when one is wrong
check_host() {
  CHECK_FAILURES=0
  check_tools "$@"
  check_key
  check_directories
  check_identity
  [ "$CHECK_FAILURES" -eq 0 ] || die 3 "$CHECK_FAILURES of these are not in order"
}

# usage: report ok|BAD MESSAGE
report() {
  printf '%-4s%s\n' "$1" "$2"
  [ "$1" = ok ] || CHECK_FAILURES=$((CHECK_FAILURES + 1))
}

check_tools() {
  local tool missing=()
  for tool in openssl flock sync stat od psql "$@"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    choose_compressor
    report ok "tools: all there; compressing with ${COMPRESS[*]:-}"
  else
    report BAD "tools: missing on the PATH $PATH: ${missing[*]}"
  fi
}

check_key() {
  local problem sample
  if [ "$ENCRYPTION" = no ]; then
    report ok 'key: none wanted (ENCRYPTION="no")'
    return
  fi
  problem=$(key_problem "$KEY_FILE")
  if [ -n "$problem" ]; then
    report BAD "key: $problem"
    return
  fi
  derive_keys
  sample=$(printf 'round trip' | encrypt | decrypt "$CIPHER" "$KDF_ITERATIONS" "$KEY_ID")
  if [ "$sample" = 'round trip' ]; then
    report ok "key: $KEY_FILE, key id $KEY_ID"
  else
    report BAD "key: what $KEY_FILE encrypts it does not decrypt"
  fi
}

check_directories() {
  local directory
  for directory in "$BACKUP_ROOT" "$BACKUP_ROOT/full" "$BACKUP_ROOT/wal" "$LOG_DIR" "$STATE_DIR"; do
    if [ ! -d "$directory" ]; then
      report BAD "directory $directory: missing"
    elif [ ! -w "$directory" ] || [ ! -x "$directory" ]; then
      report BAD "directory $directory: $(id -un) cannot write there"
    else
      report ok "directory $directory"
    fi
  done
}

# The archive is of this cluster, and the server (where it answers) is the one the archive was founded by.
check_identity() {
  local identifier='' problem
  identifier=$(sql 'select system_identifier from pg_control_system()' 2>/dev/null) || identifier=''
  if [ -z "$identifier" ]; then
    report ok 'server: does not answer, not compared'
  else
    report ok "server: system identifier $identifier"
  fi
  problem=$(archive_problem "$identifier")
  if [ -n "$problem" ]; then
    report BAD "archive: $problem"
  elif [ -e "$BACKUP_ROOT/CLUSTER.json" ]; then
    report ok "archive: $BACKUP_ROOT is of $CLUSTER_NAME"
  else
    report ok "archive: $BACKUP_ROOT is empty and will be founded by the first backup"
  fi
}
