#!/usr/bin/env bash
# The upkeep of every schema, to be run once a day: partitions ahead, retention, sent outbox rows. Safe to repeat, at any time,
# beside running services. Reads DATABASE_ADMIN_URL, the services' URLs and, where set, the *_RETENTION_DAYS.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for name in DATABASE_ADMIN_URL GATEWAY_DATABASE_URL SUBSCRIPTION_DATABASE_URL AUDIT_DATABASE_URL; do
  [ -n "${!name:-}" ] || missing+=("$name")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "maintain needs these to be set (see .env.example, make maintain): ${missing[*]}" >&2
  exit 1
fi

for service in gateway subscription audit; do
  url=${service^^}_DATABASE_URL
  DATABASE_URL=${!url} node "dist/apps/$service/src/maintain.command.js"
done
