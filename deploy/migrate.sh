#!/usr/bin/env bash
# The deploy step: every service's schema, then the broker's exchange, queues and bindings. Safe to repeat.
# Reads DATABASE_ADMIN_URL, RABBITMQ_URL and one URL per service, whose user and password become that service's role.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for name in DATABASE_ADMIN_URL RABBITMQ_URL GATEWAY_DATABASE_URL SUBSCRIPTION_DATABASE_URL AUDIT_DATABASE_URL; do
  [ -n "${!name:-}" ] || missing+=("$name")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "migrate needs these to be set (see .env.example, make migrate): ${missing[*]}" >&2
  exit 1
fi

for service in gateway subscription audit; do
  url=${service^^}_DATABASE_URL
  DATABASE_URL=${!url} node "dist/apps/$service/src/migrate.command.js"
done
node dist/apps/webhook-ingress/src/declare-topology.command.js
