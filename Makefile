# Two commands do all: `make demo` installs and runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint tables goldens clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[examples,dev]"
	touch $@

demo: $(VENV)/installed
	$(BIN)/symc check specs
	$(BIN)/python examples/nbody.py --seconds 20

test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

tables: $(VENV)/installed
	$(BIN)/python -m symc.syntax.parse.tables

goldens: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --update-goldens

clean:
	rm -rf $(VENV) out
