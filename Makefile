# Every command that a person or CI runs. `make help` lists them.
# Set-up is a part of each: `.venv` is made from hashed requirements once and kept.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo desk test check fix bench docs spark lock clean

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
UV ?= uv
# For two cores: a third process works while others wait for a browser or a server. A file stays with one process: what
# its module makes once is made once.
JOBS ?= 3

help: ## list these commands
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1  \2/' \
	  | awk '{ printf "  %s %-6s", $$1, $$2; $$1 = $$2 = ""; print $$0 }'

demo: .venv/run.stamp ## find simulated funnels in real traffic, and write a report
	@$(BIN)/undertow demo

desk: .venv/run.stamp ## open the review desk with simulated cases in it, in a browser
	@$(BIN)/undertow demo --serve

test: check ## everything that must hold: `check`, then all tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: .venv/dev.stamp ## style, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: .venv/dev.stamp ## put in order what tools can put in order
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: .venv/dev.stamp ## measure time and memory on made-up events (N=1000000)
	@$(BIN)/python bench/run.py $(if $(N),--n $(N))

docs: .venv/dev.stamp ## write the generated reference pages anew
	@$(BIN)/python docs/generate.py

spark: .venv/spark.stamp ## add Spark to .venv (needs Java 17 to run)

lock: ## resolve the requirements anew (needs uv)
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate pyproject.toml requirements/build.in -o requirements/run.txt
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate --extra nats --extra oidc --extra postgres --group dev -c requirements/run.txt \
	  pyproject.toml requirements/build.in -o requirements/dev.txt
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate -c requirements/dev.txt \
	  requirements/spark-build.in -o requirements/spark-build.txt
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --no-header --no-annotate --extra spark -c requirements/dev.txt \
	  pyproject.toml -o requirements/spark.txt

clean: ## remove caches and output; remove .venv too with `rm -r .venv`
	@rm -rf build dist demo out .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache
	@find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python from 3.14 down to 3.11 that runs and can make a virtual environment.
.venv/bin/python:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
	    2>/dev/null; then \
	    echo "set-up: $$($$python --version) makes .venv"; exec $$python -m venv .venv; \
	  fi; \
	done; \
	echo "set-up: no Python 3.11 to 3.14 with the module venv was found." >&2; \
	echo "mend: install one (on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python" >&2; \
	exit 2

.venv/run.stamp: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "set-up: installing what running needs"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	@echo "set-up: installing what tests need"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

# PySpark comes as source alone: its wheel is made here, with build tools that are pinned as well.
.venv/spark.stamp: requirements/spark.txt requirements/spark-build.txt .venv/run.stamp
	@echo "set-up: installing Spark, some 450 MB"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/spark-build.txt
	@$(PIP) install --require-hashes --only-binary :all: --no-binary pyspark --no-build-isolation \
	  --use-pep517 -r requirements/spark.txt
	@touch $@
