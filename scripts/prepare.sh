#!/bin/bash
# Installs what this project needs on a Debian 12 machine, as root: packages of Debian, then packages of npm.
# What is there already is left alone, so that running it again takes a second. It starts no service.
#   scripts/prepare.sh [packages|modules]     only the one half
set -euo pipefail
cd "$(dirname "$0")/.."

# The lab, the checks, and the programs that the tests run against.
PACKAGES=(
  age awscli busybox ca-certificates curl dash git iproute2 isal jq mmdebstrap openssh-client openssh-server
  pigz postgresql-15 procps shellcheck shfmt sqlite3 sudo systemd-container util-linux
)
POLICY=/usr/sbin/policy-rc.d

main() {
  case ${1:-all} in
  packages) install_packages ;;
  modules) install_modules ;;
  all)
    install_packages
    install_modules
    ;;
  *)
    printf 'prepare.sh: expected packages, modules or nothing, found "%s"\n' "$1" >&2
    return 1
    ;;
  esac
}

install_packages() {
  local missing=() name
  command -v npm >/dev/null || PACKAGES+=(nodejs npm)
  for name in "${PACKAGES[@]}"; do
    is_installed "$name" || missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    printf 'packages of Debian: nothing to install\n'
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    printf 'prepare.sh: these packages are missing: %s; install them or run this as root\n' "${missing[*]}" >&2
    return 1
  fi
  hold_services
  hold_clusters
  apt-get -o Acquire::Retries=3 update -q
  DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 \
    install -q -y --no-install-recommends "${missing[@]}"
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Debian starts what it installs; 101 says that it must not.
hold_services() {
  [ -e "$POLICY" ] && return
  trap 'rm -f "$POLICY"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
}

# Debian's PostgreSQL makes a cluster of its own when it is installed; the tests make theirs.
hold_clusters() {
  is_installed postgresql-15 && return
  mkdir -p /etc/postgresql-common/createcluster.d
  printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.d/fanops.conf
}

install_modules() {
  if [ -x node_modules/.bin/node ] && [ node_modules/.package-lock.json -nt package-lock.json ]; then
    printf 'packages of npm: nothing to install\n'
  else
    npm ci --no-audit --no-fund --loglevel=error
  fi
}

main "$@"
