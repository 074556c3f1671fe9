# Everything a developer does. Needs Python 3.11 or later, make and git; after the first `make setup` no network,
# but for the layer of packages, which `make synth` and the tests build once for each lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIN = $(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade
CDK := npx --yes aws-cdk@2.1148.1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup dev test test-slow e2e e2e-smoke soak check format openapi lock wheel synth doctor diff deploy destroy clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Build the virtual environment in .venv

dev: $(STAMP) ## Serve Events API :4000, Config API :4001 (and :4002), the dashboard :4003 on this machine; pass flags with ARGS="--function …"
	@exec $(BIN)/event-gateway --dev $(ARGS)

test: $(STAMP) ## Run all tests that take seconds (at most 8 minutes in all)
	@$(BIN)/pytest -n 2 --dist loadgroup -m "not slow and not e2e" $(ARGS)

test-slow: $(STAMP) ## Run the tests that take minutes
	@$(BIN)/pytest -m slow --timeout 3600 $(ARGS)

e2e: $(STAMP) ## Deploy the stack to an emulator of AWS on this machine, use it, update it under traffic, and destroy it; needs Node.js
	@$(BIN)/pytest -m e2e tests/e2e $(ARGS)

e2e-smoke: $(STAMP) ## Deploy the stack to the emulator and emit a few events (at most 4 minutes)
	@$(BIN)/pytest -m e2e tests/e2e/test_smoke.py $(ARGS)

soak: $(STAMP) ## Emit 10,000 events to a local gateway, for a function that fails some calls, and count what is lost; pass options with ARGS="…"
	@$(BIN)/python -m benchmarks.soak $(ARGS)

check: $(STAMP) ## Check format, lint, types and the arrow of imports; runs no test
	@$(BIN)/ruff format --check --quiet . || { echo "Run 'make format'."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

format: $(STAMP) ## Format the sources and mend what the linter can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

openapi: $(STAMP) ## Write the description of the Config API to docs/openapi.json
	@$(BIN)/python -m eventgateway.web.openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

lock: $(STAMP) ## Pin the newest allowed versions of all dependencies, and in the same versions those of the functions' layer
	@$(PIN) --extra dev --output-file requirements.lock pyproject.toml
	@$(PIN) --constraint requirements.lock --output-file layers/dependencies/requirements.lock layers/dependencies/requirements.in

synth: $(STAMP) ## Write the CloudFormation template to cdk.out/; parameters of docs/deploy.md with ARGS="-c NAME=VALUE …"
	@$(CDK) synth --quiet --no-notices $(ARGS)

diff: $(STAMP) ## Show what a deployment would change
	@$(CDK) diff --no-notices $(ARGS)

doctor: $(STAMP) ## Check this machine and the AWS account before a deployment
	@$(BIN)/event-gateway doctor $(ARGS)

deploy: $(STAMP) ## Deploy the gateway to the AWS account of your credentials; see docs/deploy.md
	@$(CDK) deploy --no-notices $(ARGS)

destroy: $(STAMP) ## Delete the deployed gateway; data is kept, unless removal_policy=destroy
	@$(CDK) destroy --no-notices $(ARGS)

wheel: $(STAMP) ## Build the wheel in dist/, for pipx
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist

clean: ## Remove what can be made again, the local gateway's data too
	@rm -rf $(VENV) .build .eventgateway dist cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or later (Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: Python 3.11 or later is needed. Name another one with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Building the virtual environment in $(VENV) (once)…"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || { echo "The packages could not be installed: the first setup needs the network." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
