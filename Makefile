# Everything a newcomer types. Needs Python 3.11 or newer and make; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROUNDS ?= 200
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: setup run check test bench chaos pictures lock clean

run: $(VENV)/.run      ## the product with the stand-in workspace, and a believable day of alerts
	$(BIN)/closeloop up --sandbox --demo

test: $(VENV)/.dev     ## every test; names what it skipped
	$(BIN)/python -m pytest -n 3 --dist loadscope $(ARGS)

check: $(VENV)/.dev    ## lint, format, types, import contracts, house numbers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

bench: $(VENV)/.dev    ## speed, as ratios against a reference run in the same minute
	$(BIN)/python bench/intake.py
	$(BIN)/python bench/intake.py --database postgres --connections 64
	$(BIN)/python bench/latency.py
	$(BIN)/python bench/latency.py --platform teams
	-$(BIN)/python bench/lanes.py
	-$(BIN)/python bench/lanes.py --platform teams
	-$(BIN)/python bench/due.py
	-$(BIN)/python bench/due.py --database postgres
	-$(BIN)/python bench/machines.py
	-$(BIN)/python bench/storm.py
	-$(BIN)/python bench/memory.py
	-$(BIN)/python bench/simulate.py

chaos: $(VENV)/.dev    ## seeded rounds of random load, kills and faults on both databases and in both chats: two hours (ROUNDS=5: minutes)
	$(BIN)/python bench/chaos.py --rounds $(ROUNDS) --database sqlite
	$(BIN)/python bench/chaos.py --rounds $(ROUNDS) --database postgres
	$(BIN)/python bench/chaos.py --rounds $(ROUNDS) --platform teams

pictures: $(VENV)/.dev ## the pictures of README and docs, made anew by walking through the stand-in workspace (needs Chromium and an emoji font)
	$(BIN)/python docs/pictures.py

setup: $(VENV)/.dev    ## everything the other targets need

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $@

lock:                  ## choose versions anew; writes no download addresses (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate pyproject.toml --group build -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate pyproject.toml --group build --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) .closeloop .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
