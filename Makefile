# Two commands do all: `make demo` installs and runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint tables goldens conformance mutants proofs fuzz torch-versions benchmarks clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[examples,dev]"
	touch $@

demo: $(VENV)/installed
	$(BIN)/symc check specs
	$(BIN)/python examples/objects.py --seconds 10
	$(BIN)/python examples/nbody.py --seconds 18 --train 500 --test 500

# A thread a worker: two workers of two threads each wait for one another on two cores.
test: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

tables: $(VENV)/installed
	$(BIN)/python -m symc.syntax.parse.tables

goldens: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --update-goldens

# Long runs: a million samples of the laws, planted defects, verdicts on a thousand random specs,
# texts that nobody wrote, what symmetrization costs.
conformance: $(VENV)/installed
	cd tests && ../$(BIN)/python -m conformance --samples 1000000 --jobs 2

mutants: $(VENV)/installed
	cd tests && ../$(BIN)/python -m mutants

proofs: $(VENV)/installed
	cd tests && OMP_NUM_THREADS=1 ../$(BIN)/python -m prooforacle --specs 1000 --finite 500 --powers 500

fuzz: $(VENV)/installed
	cd tests && OMP_NUM_THREADS=1 ../$(BIN)/python -m fuzzing --inputs 200000

# The smoke test on the oldest torch that is supported and on the newest, for a nightly run: wheels of
# several gigabytes each, and half an hour or more of tracing. For others: VERSIONS="--torch 2.8.0".
torch-versions: $(VENV)/installed
	cd tests && ../$(BIN)/python -m versions $(VERSIONS)

benchmarks: $(VENV)/installed
	for name in check_time bulk_check editor_latency overhead images plain_formulation growth memory separation; do \
		OMP_NUM_THREADS=1 $(BIN)/python benchmarks/$$name.py || exit 1; done

clean:
	rm -rf $(VENV) out
