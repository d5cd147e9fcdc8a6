# A fresh clone needs Python 3.11 or newer and nothing else: every target sets itself up in $(VENV).

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
VENV    ?= .venv
DEMO    ?= run sunspots --seeds 10 --report sunspots.html
WORKERS ?= 2
BIN     := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup test demo lint slow pages bench models-table format clean

help:            ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

# Two stamps, so that `make demo` installs only what running needs, and a second call installs nothing.
$(VENV)/.runs: pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "hdsl needs Python 3.11 or newer; say which with: make PYTHON=path/to/python"; exit 2; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.runs
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $@

setup: $(VENV)/.tests  ## make $(VENV) with all that tests need

test: lint       ## lint, types and all tests but the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

demo: $(VENV)/.runs  ## learn the sunspots online; leaves sunspots.html
	$(BIN)/hdsl $(DEMO)

lint: $(VENV)/.tests  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/mypy

slow: $(VENV)/.tests  ## the slow tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

pages: $(VENV)/.tests  ## look at reports in a headless Chromium, which must be installed
	$(BIN)/python -m pytest -m browser

bench: $(VENV)/.runs  ## the tables of docs/speed.md, on an idle machine
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.large
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.start

models-table: $(VENV)/.runs  ## docs/models.md: every model that ships beside its trivial baseline
	$(BIN)/python -m benchmarks.models -o docs/models.md

format: $(VENV)/.tests  ## sort imports, mend what ruff can mend
	$(BIN)/ruff check --fix .

clean:           ## remove what these targets made
	rm -rf $(VENV) build dist sunspots.html .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
