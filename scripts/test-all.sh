#!/bin/bash
# Installs what is missing and runs all checks and all tests; the last line is `N passed, N failed`.
# For Debian 12, as root: the lab boots three hosts. It leaves the lab down.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=scripts/sections.sh
. scripts/sections.sh

main() {
  bash scripts/prepare.sh || return
  trap 'bin/fanops lab down >/dev/null 2>&1' EXIT
  section 'checks' npm run --silent check
  section 'unit tests' npm run --silent test
  section 'start-up' npm run --silent bench -- --limit=80
  section 'lab tests' npm run --silent test:lab
  section 'lab down' bin/fanops lab down
  summary
}

main "$@"
