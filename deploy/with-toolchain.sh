#!/usr/bin/env bash
# Runs a command with everything the project needs in place, installing what is missing:
#   with-toolchain.sh [--build] [--browser] [--stripe-cli] COMMAND...
# Node 24 (from PATH if new enough, otherwise beside the project in .tools), npm packages as locked, with --build the
# compiled services in dist, with --browser a Chromium, with --stripe-cli Stripe's own CLI in .tools. Two at once wait for each
# other. What is in place costs no time.
set -euo pipefail
cd "$(dirname "$0")/.."

node_version=24.21.0 # what gets installed
node_needed=24.9     # Jest's support for ES modules needs this at least
stripe_cli_version=1.52.0

say() { echo "[setup] $*" >&2; }

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

# step TITLE COMMAND...: quiet while it works (a line every 10 s says so), its time when done, its last words when it fails.
step() {
  local title=$1 from=$EPOCHREALTIME log ticker rc=0
  shift
  log=$(mktemp)
  say "$title …"
  (
    waited=0
    while sleep 1 && kill -0 $$ 2>/dev/null; do
      waited=$((waited + 1))
      [ $((waited % 10)) -ne 0 ] || say "$title … ${waited} s"
    done
  ) 8>&- &
  ticker=$!
  "$@" >"$log" 2>&1 8>&- </dev/null || rc=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if [ "$rc" -ne 0 ]; then
    say "$title failed after $(seconds_since "$from") s:"
    tail -n 30 "$log" >&2
    rm -f "$log"
    exit "$rc"
  fi
  rm -f "$log"
  say "$title: done in $(seconds_since "$from") s"
}

node_is_new_enough() {
  command -v node >/dev/null || return 1
  local major minor needed_major=${node_needed%.*} needed_minor=${node_needed#*.}
  IFS=. read -r major minor _ <<<"$(node -p process.versions.node)"
  [ "$major" -gt "$needed_major" ] || { [ "$major" -eq "$needed_major" ] && [ "$minor" -ge "$needed_minor" ]; }
}

install_node() {
  local arch
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) arch=x64 ;;
    Linux-aarch64 | Linux-arm64) arch=arm64 ;;
    *) say "Node $node_needed or newer is needed: please install it"; exit 1 ;;
  esac
  command -v npm >/dev/null || { say "npm is needed (it comes with Node)"; exit 1; }
  # The package is the official binary; npm checks it against the registry's integrity hash.
  step "installing Node $node_version into .tools" \
    npm install --prefix .tools --no-audit --no-fund --loglevel=error "node-linux-$arch@$node_version"
}

ensure_node() {
  export PATH="$PWD/.tools/node_modules/.bin:$PATH"
  node_is_new_enough || install_node
  node_is_new_enough || { say "Node $node_needed or newer is needed, found $(node -v)"; exit 1; }
}

ensure_packages() {
  node deploy/packages-are-current.mjs || step 'installing npm packages' npm ci --no-audit --no-fund --loglevel=error
}

sources_fingerprint() {
  {
    find apps libs demo bench \( -name '*.ts' -o -name 'tsconfig*.json' \) ! -name '*.spec.ts' ! -name '*.spec-*.ts' -type f -print0
    printf '%s\0' package.json package-lock.json nest-cli.json tsconfig.json tsconfig.build.json
  } | sort -z | xargs -0 sha256sum 2>/dev/null | sha256sum
}

ensure_build() {
  local fingerprint
  fingerprint=$(sources_fingerprint)
  [ "$(cat dist/.sources 2>/dev/null)" = "$fingerprint" ] && return
  step 'building' npm run --silent build
  echo "$fingerprint" >dist/.sources
}

ensure_browser() {
  local found
  if [ -z "${CHROMIUM_PATH:-}" ]; then
    found=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
    if [ -z "$found" ]; then
      step 'installing Chromium with apt (CHROMIUM_PATH would name another)' bash deploy/apt-install.sh chromium
      found=$(command -v chromium)
    fi
    export CHROMIUM_PATH=$found
  fi
}

# Not in package.json: the lockfile would have to name its packages for every platform, and a registry that lacks one of
# them would fail `npm ci`. The binary comes in a package of the platform's own; no script fetches anything.
ensure_stripe_cli() {
  [ "$(.tools/node_modules/.bin/stripe --version 2>/dev/null)" = "stripe version $stripe_cli_version" ] && return
  step "installing Stripe's CLI $stripe_cli_version into .tools" \
    npm install --prefix .tools --no-audit --no-fund --loglevel=error --ignore-scripts "@stripe/cli@$stripe_cli_version"
}

build=no
browser=no
stripe_cli=no
while true; do
  case ${1:-} in
    --build) build=yes ;;
    --browser) browser=yes ;;
    --stripe-cli) stripe_cli=yes ;;
    *) break ;;
  esac
  shift
done

mkdir -p .tools
exec 8>.tools/lock
if command -v flock >/dev/null && ! flock -n 8; then
  say 'another run is installing or building: waiting for it …'
  flock 8
fi
ensure_node
ensure_packages
[ $build = no ] || ensure_build
[ $browser = no ] || ensure_browser
[ $stripe_cli = no ] || ensure_stripe_cli
exec 8>&-
exec "$@"
