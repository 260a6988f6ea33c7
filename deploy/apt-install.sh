#!/usr/bin/env bash
# Installs Debian packages that the tests and the demo need: apt-install.sh PACKAGE...
# A package that brings a system service (RabbitMQ does) must not start it: a policy-rc.d that says no is in place while
# apt works, and whatever was there before comes back afterwards. Quiet; on failure the end of apt's output goes to stderr.
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then exec sudo -n bash "$0" "$@"; fi
  echo "installing $* takes root or password-less sudo: please run 'sudo apt-get install $*'" >&2
  exit 1
fi
command -v apt-get >/dev/null || { echo "there is no apt-get here: please install $* by hand" >&2; exit 1; }

# One at a time on this machine: the second would mistake the first one's policy-rc.d for the administrator's.
exec 9>/var/lock/billhook-apt.lock
flock 9

policy=/usr/sbin/policy-rc.d
saved=$(mktemp -d)
log=$saved/apt.log
restore() {
  rm -f "$policy"
  if [ -e "$saved/policy-rc.d" ]; then mv "$saved/policy-rc.d" "$policy"; fi
  rm -rf "$saved"
}
if [ -e "$policy" ]; then cp -p "$policy" "$saved/policy-rc.d"; fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >"$saved/new"
chmod 755 "$saved/new"
mv "$saved/new" "$policy"

export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 9>&- </dev/null; }
# What an earlier installation that was interrupted left half done comes first.
if ! { dpkg --configure -a >>"$log" 2>&1 9>&- </dev/null && apt update && apt install --no-install-recommends "$@"; }; then
  tail -n 5 "$log" >&2
  exit 1
fi
