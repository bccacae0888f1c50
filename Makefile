# `make demo` and `make test` are the two commands to know; each installs what it needs first.
.DEFAULT_GOAL := help
# Every stage is a process of its own: without compiled bytecode each would compile all it imports at every start.
export PYTHONDONTWRITEBYTECODE :=
SHELL := /bin/bash
PY := .venv/bin/python
PACKAGES := audit bench cli config consumers desk devstack docs documents erp policy producers samples schemas streams vault
# One share of the unit tests more than cores, since some wait, and at most four: more would read more documents than
# memory is worth.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$(( n > 3 ? 4 : n + 1 )))

# What needs neither a broker nor another process, and no more than a moment.
UNIT := not kafka and not postgres and not chaos and not data and not slow
# Properties get a first look here, with fewer examples; the tier that follows tries each in full.
RUN_UNIT := bash scripts/unit $(WORKERS) --hypothesis-profile quick -m "$(UNIT)" --ignore tests/e2e --ignore tests/chaos

.PHONY: help setup demo up down status test unit lint fmt bench contracts clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## install everything into .venv (and apt packages, when something is missing)
	@bash scripts/setup

demo: setup ## start everything, send sample documents through, show where each ended
	@.venv/bin/spendtrail demo

up: setup ## start Kafka, the registry and every stage on this machine
	@.venv/bin/spendtrail up

down: ## stop them; data stays
	@.venv/bin/spendtrail down

status: ## lag, rate and state of every stage
	@.venv/bin/spendtrail status

unit: setup ## tests without a broker, in seconds
	@$(RUN_UNIT)

test: setup ## every test: unit, contract, end to end, chaos
	@$(RUN_UNIT)
	@timeout 1200 $(PY) -m pytest -n 2 --dist loadfile -m "not ($(UNIT)) or property" --ignore tests/e2e --ignore tests/chaos --ignore tests/bench
	@timeout 1200 $(PY) -m pytest -n 2 --dist loadfile tests/e2e tests/chaos tests/bench -m "not ($(UNIT))"

lint: setup ## ruff, mypy strict, import-linter
	@timeout 120 .venv/bin/ruff check $(PACKAGES) tests conftest.py
	@timeout 120 .venv/bin/ruff format --check --quiet $(PACKAGES) tests conftest.py
	@timeout 600 .venv/bin/mypy $(PACKAGES) tests conftest.py
	@timeout 120 .venv/bin/lint-imports

fmt: setup ## format the code
	@.venv/bin/ruff format $(PACKAGES) tests conftest.py
	@.venv/bin/ruff check --fix --quiet $(PACKAGES) tests conftest.py

contracts: setup ## derive schemas/avro from the event types
	@$(PY) -m schemas.contracts

bench: setup ## the measurements, each beside its baseline
	@.venv/bin/spendtrail bench all

clean: ## remove what was built; stacks and their data stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
