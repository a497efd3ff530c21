# Everything a developer or an installer does. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DESTDIR ?=
PREFIX ?= /opt/roombridge
export PYTHON

.PHONY: help setup demo format lint test peers bench lock schemas install clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo      the whole system on loopback, with nothing to configure
demo: setup
	$(BIN)/roombridge demo

## make setup     the virtual environment, from the locked versions
setup: $(VENV)/.ready

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	scripts/need python:ensurepip python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

## make format    format and mend what can be mended by a tool
format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## make lint      formatting, lint, types and import directions
lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## make lock      choose versions anew and write them down with their hashes
lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/run.lock
	.venv-lock/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/dev.lock
	rm -rf .venv-lock
