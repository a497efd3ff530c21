# Everything a developer or an installer does. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DESTDIR ?=
PREFIX ?= /opt/roombridge
export PYTHON
# Hundreds of processes are started by tests: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo format style types lint test tests faults soak peers bench lock schemas sbom audit install clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo      the whole system on loopback, with nothing to configure
demo: setup
	$(BIN)/roombridge demo

## make setup     the virtual environment, from the locked versions
setup: $(VENV)/.ready

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@test ! -L $(VENV) || { echo "$(VENV) is a link to an environment that others use too: make setup where it leads" >&2; exit 1; }
	scripts/need python:ensurepip python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements/dev.lock
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

## make format    format and mend what can be mended by a tool
format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## make lint      formatting, lint, types and import directions
lint: style types

style: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

## make test      every check: lint, types, layers, tests
test: style
	$(MAKE) --no-print-directory --jobs=2 types tests
	scripts/other-pythons

tests: setup
	scripts/need /usr/bin/chromium chromium
	scripts/need ip iproute2
	scripts/need systemd-analyze systemd
	$(BIN)/pytest --numprocesses $$(($$(nproc) + 2)) --dist loadfile --no-loadscope-reorder -m "not peers"

## make peers     tests against independent programs that apt and npm bring
peers: setup
	scripts/need npm npm
	scripts/need promtool prometheus
	scripts/need curl curl
	scripts/need /usr/sbin/kadmin.local krb5-admin-server krb5-kdc
	scripts/need kinit krb5-user
	scripts/need /etc/gss/mech.d/mech.ntlmssp.conf gss-ntlmssp
	scripts/need faketime faketime
	scripts/need /usr/sbin/mosquitto mosquitto
	scripts/need sipp sip-tester
	scripts/need baresip baresip-core
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/peers.lock
	$(MAKE) --no-print-directory build/kerberos/.ready
	cd tests/peers && npm ci --silent --no-audit --no-fund
	$(BIN)/pytest -m peers

# What the extra `kerberos` adds, built by the tools that peers.lock pins: on PYTHONPATH it is there
# for one process and not for the others, which have to do without.
build/kerberos/.ready: requirements/kerberos.lock
	scripts/need krb5-config libkrb5-dev
	scripts/need gcc gcc
	rm -rf build/kerberos
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation --target build/kerberos --requirement requirements/kerberos.lock
	touch $@

## make faults    what goes wrong at calendar services and room systems: one line a fault, and how many are borne
faults: setup
	$(BIN)/python -m pytest -q -p tests.faults.plugin -m "not peers"

## make soak      thirty days of five hundred rooms in virtual time, with changes, faults and restarts: an hour
soak: setup
	$(BIN)/python -m tests.soak

## make bench     ratios against baselines measured in the same run; writes bench/results.json
bench: setup
	$(BIN)/python -m bench

## make schemas   write config/*.schema.json anew
schemas: setup
	$(BIN)/python -m bridge.settings.schema config

## make lock      choose versions anew and write them down with their hashes
lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/run.lock
	.venv-lock/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/dev.lock
	.venv-lock/bin/uv pip compile requirements/audit.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/audit.lock
	.venv-lock/bin/uv pip compile requirements/peers.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/peers.lock
	.venv-lock/bin/uv pip compile requirements/kerberos.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements/kerberos.lock
	rm -rf .venv-lock

.venv-audit/.ready: requirements/audit.lock
	$(PYTHON) -m venv --clear .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/audit.lock
	touch $@

## make sbom      build/sbom.cdx.json: what the appliance consists of (CycloneDX), with hashes and licences
sbom: .venv-audit/.ready
	rm -rf build/sbom && mkdir -p build/sbom
	$(PYTHON) -m venv --without-pip build/sbom/installed
	.venv-audit/bin/pip --python build/sbom/installed/bin/python install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements/run.lock
	.venv-audit/bin/cyclonedx-py requirements --output-reproducible -o build/sbom/locked.json requirements/run.lock
	.venv-audit/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml -o build/sbom/installed.json build/sbom/installed/bin/python
	.venv-audit/bin/python scripts/sbom.py build/sbom/locked.json build/sbom/installed.json build/sbom.cdx.json

## make audit     known vulnerabilities of what the appliance consists of; needs PyPI or OSV, and says so where they are not
audit: .venv-audit/.ready
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/run.lock

## make install   DESTDIR= PREFIX=/opt/roombridge: the appliance, its units and example configuration
install: setup
	rm -rf build/wheel
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
	$(PYTHON) -m venv --clear "$(DESTDIR)$(PREFIX)"
	"$(DESTDIR)$(PREFIX)/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements/run.lock
	"$(DESTDIR)$(PREFIX)/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-compile --no-deps build/wheel/*.whl
	scripts/relocate "$(DESTDIR)" "$(PREFIX)"
	scripts/compile "$(DESTDIR)" "$(PREFIX)"
	scripts/manual "$(DESTDIR)" "$(PREFIX)"
	install -d "$(DESTDIR)/usr/bin" "$(DESTDIR)/etc/roombridge" "$(DESTDIR)$(PREFIX)/share/doc"
	ln -sf "$(PREFIX)/bin/roombridge" "$(DESTDIR)/usr/bin/roombridge"
	install -D -m 644 systemd/roombridge.service "$(DESTDIR)/usr/lib/systemd/system/roombridge.service"
	sed -i 's|/opt/roombridge|$(PREFIX)|g' "$(DESTDIR)/usr/lib/systemd/system/roombridge.service"
	install -D -m 644 systemd/roombridge.sysusers "$(DESTDIR)/usr/lib/sysusers.d/roombridge.conf"
	install -D -m 644 systemd/roombridge.tmpfiles "$(DESTDIR)/usr/lib/tmpfiles.d/roombridge.conf"
	install -m 644 config/bridge.yaml "$(DESTDIR)/etc/roombridge/bridge.yaml.example"
	install -m 644 config/rooms.yaml "$(DESTDIR)/etc/roombridge/rooms.yaml.example"
	install -m 644 config/bridge.schema.json config/rooms.schema.json "$(DESTDIR)/etc/roombridge/"
	install -d "$(DESTDIR)$(PREFIX)/share/doc/config"
	cp -r config/try "$(DESTDIR)$(PREFIX)/share/doc/config/"
	cp -r systemd/kiosk "$(DESTDIR)$(PREFIX)/share/doc/"
	cp -r README.md SECURITY.md CHANGELOG.md LICENSE NOTICE docs "$(DESTDIR)$(PREFIX)/share/doc/"

## make clean     all that was made, but nothing that was written
clean:
	rm -rf .venv .venv-* build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/peers/node_modules
