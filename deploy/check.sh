#!/usr/bin/env bash
# All checks that need no server, one after the other, every one of them even if an earlier one fails.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
  local title=$1
  shift
  echo "── $title" >&2
  "$@" || failed+=("$title")
}
check format npm run --silent format:check
check types npm run --silent typecheck
check lint npm run --silent lint
check boundaries npm run --silent boundaries

if [ ${#failed[@]} -gt 0 ]; then
  echo "check failed: ${failed[*]}" >&2
  exit 1
fi
echo 'check passed: format, types, lint, boundaries' >&2
