# Everything a developer runs. On a bare machine (Node 20+ with npm, git, make) each target installs what it needs first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-once story test test-faults test-soak bench check build migrate maintain verify import rebuild format clean

# `exec`, so that the program is make's own child: it notices when make is killed, and stops what it started.
with := exec bash deploy/with-toolchain.sh
jest := node --experimental-vm-modules --disable-warning=ExperimentalWarning --import ./libs/testing/src/jest/prompt-exit.process.ts node_modules/jest/bin/jest.js
# JEST_ARGS reaches Jest, e.g. make test JEST_ARGS="--selectProjects spec"
JEST_ARGS ?=

help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: ## Start everything with the pretend Stripe and stay up until Ctrl-C
	@$(with) --build node dist/demo/src/main.js up

demo-once: ## Start everything, play the whole story, say what was seen, stop everything
	@$(with) --build node dist/demo/src/main.js once

story: ## Play the story against a system that is already up (make demo, docker compose up)
	@$(with) --build node dist/demo/src/main.js story

test: ## Run every test, on real PostgreSQL and RabbitMQ and in a real browser
	@$(with) --build --browser --stripe-cli $(jest) --maxWorkers=2 --ignoreProjects faults $(JEST_ARGS)

test-faults: ## Kill, freeze and cut everything, 500 histories long (SEED=, WAVE=, HISTORIES=, FULL=1)
	@$(with) --build $(jest) --maxWorkers=2 --selectProjects faults $(JEST_ARGS)

test-soak: ## Play a million lifecycles against the rules, then real services (LIFECYCLES=, SERVICE_LIFECYCLES=, SOAK_SEED=)
	@$(with) --build bash deploy/soak.sh

bench: ## Measure it on real servers, some 25 minutes (ONLY=part[,part]; FULL=1 at the sizes of the goals)
	@$(with) --build node dist/bench/src/main.js

check: ## Check format, types, lint and the boundaries between rooms
	@$(with) bash deploy/check.sh

build: ## Compile the services into dist
	@$(with) --build true

migrate: ## Migrate the schemas and declare the topology of the servers named in the environment
	@$(with) --build bash deploy/migrate.sh

maintain: ## Do the daily upkeep of the schemas: partitions ahead, retention, sent outbox rows
	@$(with) --build bash deploy/maintain.sh

verify: ## Verify an export of the audit trail without any service (FILE="export.ndjson checkpoints.ndjson" KEY=public.pem)
	@$(with) --build node dist/apps/audit/src/verify.command.js $(if $(KEY),--key $(KEY)) $(FILE)

rebuild: ## Apply the stored events again beside the live schema and compare (KEEP=1 leaves the shadow there)
	@$(with) --build node dist/apps/subscription/src/rebuild.command.js $(if $(KEEP),--keep)

import: ## Adopt existing Stripe customers, with the gateway's environment (FILE=customers.csv; APPLY=1, else a dry run)
	@$(with) --build node dist/apps/gateway/src/import-customers.command.js $(if $(FILE),"$(FILE)") $(if $(APPLY),--apply)

format: ## Format every file
	@$(with) npm run --silent format

clean: ## Remove what was installed and built (node_modules, .tools, dist)
	@rm -rf node_modules .tools dist coverage
