#!/bin/bash
# Everything that can be said of the code without running it: types, lint and format of TypeScript and JSON,
# lint and format of every shell file, the layer rule. Prints `N passed, N failed` at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=scripts/sections.sh
. scripts/sections.sh
PATH=$PWD/node_modules/.bin:$PATH

main() {
  mapfile -t shell_files < <(shell_files)
  section 'types' tsc -p .
  section 'lint and format' biome check --error-on-warnings .
  section 'shellcheck' lint_shell
  section 'shfmt' shfmt -d "${shell_files[@]}"
  section 'layers' node --disable-warning=ExperimentalWarning scripts/test.ts test/house/layers.test.ts
  summary
}

# Every file of ours that is a shell program, by its name or its first line.
shell_files() {
  git ls-files --cached --others --exclude-standard | while read -r file; do
    case ${file##*/} in
    *.sh) printf '%s\n' "$file" ;;
    *.*) ;;
    *) head -n 1 "$file" 2>/dev/null | grep -Eq '^#!.*\b(ba|da)?sh\b' && printf '%s\n' "$file" ;;
    esac
  done
}

# A file whose first line does not name bash must be plain POSIX.
lint_shell() {
  local file status=0
  for file in "${shell_files[@]}"; do
    if head -n 1 "$file" | grep -q bash; then
      shellcheck -x -s bash "$file" || status=1
    else
      shellcheck -x -s sh "$file" || status=1
    fi
  done
  return "$status"
}

main "$@"
