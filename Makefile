# Two commands do everything: `make demo` and `make test`. Both set the project up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCHES := $(addprefix benches/,asgi_dispatch.py calls.py crate_modules.py gateway.py log_collection.py start_up.py terminal.py)
CORE := $(wildcard pywatt_fast/*.py pywatt_fast/*/*.py)

.PHONY: help setup demo test check fuzz bench bench-core bench-gate wheels clean

help:
	@echo "make demo            set up, start the example shop, tour it, stay up   (ARGS=--once: stop after the tour)"
	@echo "make test            set up and run the whole suite                     (ARGS='-k name': a part of it)"
	@echo "make check           formatting, lint, types and the floors, without the suite"
	@echo "make fuzz            hostile inputs for every decoder                 (ARGS='--target json --executions 1000000')"
	@echo "make bench-core      hold the core to its goals, beside its rivals       (ARGS='--suite framing': one suite)"
	@echo "make bench           the same, then calls, the gateway, start-up and dispatch"
	@echo "make bench-gate      compare the core's speed with main's   (BASE=revision: with that)"
	@echo "make wheels          build every wheel, and test each one as installed  (ARGS='--tests tests/wire')"
	@echo "make clean           remove the virtual environment and everything built"
	@echo
	@echo "PYTHON=python3.12 make ... picks the interpreter; PYWATT_BUILD_EXT=require|forbid|auto the core."

setup: $(INSTALLED)

# The compiled core lies beside its source, so a change of either rebuilds it.
$(INSTALLED): pyproject.toml setup.py $(CORE)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"pywatt needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Try: PYTHON=python3.12 make $(MAKECMDGOALS)")'
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): packages, then the core (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Could not make a virtual environment (on Debian: apt install python3-venv)"; rm -rf $(VENV); exit 1; }
	@rm -f pywatt_fast/*.so pywatt_fast/*/*.so *__mypyc*.so
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@$(BIN)/pywatt version
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/python examples/shop/tour.py $(ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-core: $(INSTALLED)
	@$(BIN)/python -m pytest -c benches/pytest.ini benches/core --benchmark-quiet -q $(ARGS)

fuzz: $(INSTALLED)
	$(BIN)/python tests/fuzz/run.py $(ARGS)

# A goal that the core misses is told at the end, after what else there is to measure.
bench: $(INSTALLED)
	@core=0; $(MAKE) --no-print-directory bench-core || core=1; \
	for file in $(BENCHES); do echo; echo "== $$file"; $(BIN)/python $$file || exit 1; done; exit $$core

# Not a part of `make test`: it builds two cores and wants a quiet machine.
bench-gate:
	$(PYTHON) benches/regression $(if $(BASE),--base $(BASE)) $(ARGS)

wheels:
	$(PYTHON) .github/wheels $(ARGS)

clean:
	rm -rf $(VENV) .benchmarks build dist *.egg-info pywatt_fast/*.so pywatt_fast/*/*.so *__mypyc*.so .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis fuzz-finds
