# LuaTwin. `make demo` and `make test` each work from a fresh clone with Python >= 3.11 and pip.

# The interpreter that .venv is made from: the first of these that is new enough. `make PYTHON=... demo` chooses.
PYTHON  ?=
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
VENV    := .venv
PY      := $(VENV)/bin/python

# What `make demo` shows: the board joins, updates itself over HTTPS, restarts and runs the new firmware.
DEMO := run lua/demo/ota.lua --board N1ESP32-OTA --boot-log INFO

# What `make chaos` lets things happen to.
CHAOS := scenarios/power/updating_logger.lua --board WHITECAT-ESP32-LORA-GW-OTA --image-size 64K

.PHONY: help demo test fuzz stress mutants chaos repeat bench lint format install install-dev venv clean

help:
	@echo 'make demo    watch a virtual board update itself over the air'
	@echo 'make test    linters, types and all tests'
	@echo 'make fuzz    200,000 hostile inputs for everything that reads bytes: half an hour'
	@echo 'make stress  20 million requests of Lua threads that run out of memory: some minutes'
	@echo 'make mutants put defects into our own code, and see that each is found: some minutes'
	@echo 'make chaos   2000 mixtures of random faults for each profile: half an hour'
	@echo 'make repeat  one busy scenario, 1,000 times with every Python that is there: one hash'
	@echo 'make bench   measure, and print the table of the README'
	@echo 'make lint    linters and types only'
	@echo 'make format  lay out the code and mend what the linter can'
	@echo 'make clean   remove what the others made'

demo: install
	@$(VENV)/bin/luatwin $(DEMO)

test: lint
	@$(PY) -m pytest -n auto --dist worksteal

lint: install-dev
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy

fuzz: install-dev
	@$(PY) -m tests.fuzz --examples 200000

stress: install-dev
	@LUATWIN_STRESS=20 $(PY) -m pytest -p no:xdist tests/vm/test_machine.py tests/device/test_many_threads.py

mutants: install-dev
	@$(PY) -m tests.mutants

chaos: install
	@for profile in stock hardened; do \
	    echo "$$profile:"; \
	    $(VENV)/bin/luatwin sweep $(CHAOS) --profile $$profile --chaos 2000 || exit; \
	done

repeat: install-dev
	@$(PY) -m tests.repeat

bench: install-dev
	@$(PY) -m benchmarks

format: install-dev
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

install: venv
	@$(PY) -m simulator.install

install-dev: venv
	@$(PY) -m simulator.install --dev
	-@$(PY) -m tests.lua_suite

# An environment that cannot import pip is missing, half made, or made by a Python that has gone. Debian ships venv
# without the pip to put in it; then the pip of the system puts one in.
venv:
	@$(PY) -c 'import pip' 2>/dev/null && exit 0; \
	for python in $(or $(PYTHON),$(PYTHONS)); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    echo "luatwin: making $(VENV) with $$("$$python" -V)" >&2; \
	    "$$python" -m venv $(VENV) >/dev/null 2>&1 && exit 0; \
	    "$$python" -m venv --without-pip --clear $(VENV) && \
	    "$$python" -m pip -qq --python $(PY) install pip && exit 0; \
	    echo "luatwin: $$python can make no environment; with Debian: apt-get install python3-venv" >&2; exit 1; \
	done; \
	echo 'luatwin: needs Python 3.11 or newer; looked for $(or $(PYTHON),$(PYTHONS))' >&2; exit 1

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
