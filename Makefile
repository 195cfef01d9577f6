# Each target is something one wants; `make help` lists them.
# The interpreter that makes .venv:  make setup PY=python3.12
PY ?= python3
UV_VERSION := 0.13.9

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JS_STAMP := tests/javascript/node_modules/.installed
# A .venv whose interpreter has gone away is made anew.
$(shell test -x $(BIN)/python || rm -f $(STAMP))

# Containers often set it. Without compiled files every kernel, worker and `aws` compiles all that
# it imports again: 3 to 5 seconds each, more than most lessons take.
unexport PYTHONDONTWRITEBYTECODE

# Exercises are run by tests/course: they are committed without outputs.
NOTEBOOKS := $(wildcard notebooks/*.ipynb solutions/*.ipynb)
# The committed notebooks are those of the learner demo, who leaves no progress.
test test-all notebooks: export LABKIT_LEARNER := demo
NBVAL := $(if $(NOTEBOOKS),--nbval --nbval-current-env --nbval-cell-timeout=60)
# What `make test` runs (make test TESTS=tests/core), and more for pytest (make test PYTEST_ARGS=-x).
TESTS ?= tests $(NOTEBOOKS)
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: javascript setup lab test test-all lint bench notebooks exercises serve clean lock help

setup: $(STAMP) ## install everything into .venv

lab: $(STAMP) ## open JupyterLab on the first lesson (ARGS="--no-browser --port 8899")
	@$(BIN)/labkit lab $(ARGS)

PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile --durations=15 $(NBVAL) $(TESTS)

test: $(STAMP) javascript ## run the tests and compare the notebooks with their stored outputs
	@$(PYTEST) -m "not long" $(PYTEST_ARGS)

test-all: $(STAMP) javascript ## the same and what takes long: a real browser, every answer to every exercise
	@$(PYTEST) $(PYTEST_ARGS)

# Where Node.js is missing, or its packages can't be had, the tests in JavaScript say why they skip.
javascript: ## install AWS's JavaScript clients for the tests, where this machine has Node.js
	@if command -v npm >/dev/null; then $(MAKE) --silent --no-print-directory $(JS_STAMP) || \
		echo "AWS's JavaScript clients could not be installed; their tests are skipped." >&2; fi

$(JS_STAMP): tests/javascript/package-lock.json
	@npm ci --prefix tests/javascript --ignore-scripts --no-audit --no-fund --silent
	@touch $@

lint: $(STAMP) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy labkit $(wildcard benchmarks)

bench: $(STAMP) ## print the table of speeds: ours, a peer or a limit, the ratio
	@$(BIN)/python -m benchmarks $(ARGS)

notebooks: $(STAMP) ## execute the notebooks again and store their outputs
	@$(BIN)/python -m labkit.notebooks $(ARGS)

exercises: $(STAMP) ## make exercises/ from solutions/ (ARGS=--check compares)
	@$(BIN)/labkit course build $(ARGS)

serve: $(STAMP) ## answer AWS calls over HTTP on 127.0.0.1
	@$(BIN)/labkit serve $(ARGS)

clean: ## remove .venv, caches and build products
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

# The lock holds for every platform and Python >= 3.11. `make lock ARGS=--upgrade` takes newer releases.
lock: $(BIN)/uv ## write requirements.lock from pyproject.toml
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--all-extras --no-emit-index-url --no-emit-find-links $(ARGS) pyproject.toml --output-file requirements.lock

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{ printf "make %-11s %s\n", $$1, $$2 }'

$(BIN)/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "labkit needs Python 3.11 or newer; $(PY) is not. Name another one: make setup PY=python3.12" >&2; exit 1; }
	@$(PY) -m venv --clear $(VENV)

$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# uv takes seconds where pip takes minutes; pip does it where uv cannot be had.
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing labkit into $(VENV) ..."
	@if $(MAKE) --silent --no-print-directory $(BIN)/uv 2>/dev/null && $(UV_INSTALL) -r requirements.lock; then \
		$(UV_INSTALL) --no-deps -e .; \
	else \
		echo "uv did not work here; pip installs instead, which takes some minutes." >&2; \
		$(PIP_INSTALL) -r requirements.lock && $(PIP_INSTALL) --no-deps -e .; \
	fi
	@touch $@
