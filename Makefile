# make demo: the main job on a clean machine.  make test: everything that must hold.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(wildcard csrc/*)

.PHONY: install demo test fuzz browser kills clean
.DEFAULT_GOAL := install

install: $(STAMP)

# torch comes first and alone: the pin decides which build everything after it finds installed.
$(STAMP): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade -c constraints.txt pip
	$(BIN)/python -m pip install -q -c constraints.txt torch
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: install
	$(BIN)/unrolled train lm --recipe stdlib-demo --out runs/demo --overwrite

# One thread a test process: two of them share the two cores.
test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# Damaged files for every reader: 0 may fail. The seed is printed; the same seed makes the same inputs.
SECONDS ?= 240
SEED ?=
fuzz: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/fuzz.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# Report pages in a real headless browser: needs a Chromium on the machine.
browser: install
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[browser]'
	$(BIN)/python -m pytest -m browser

# Commands killed at random moments for MINUTES, then taken up again.
MINUTES ?= 3
kills: install
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python tests/robustness/kills.py --minutes $(MINUTES)

clean:
	rm -rf .venv build runs
