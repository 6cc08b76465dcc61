# make demo: install the package and train a model.  make test: linters, type checker and tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q -c constraints.txt
PACKAGE := .venv/.package
DEV := .venv/.dev
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(shell find csrc -type f)

.PHONY: install demo lint test test-all test-elsewhere cases fuzz kills sanitize browser clean
.DEFAULT_GOAL := install

install: $(DEV)

# The package with its plots. torch is installed first and alone, so that every later install uses the pinned build.
$(PACKAGE): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --upgrade pip
	$(PIP) torch
	$(PIP) -e '.[plots]'
	touch $(PACKAGE)

# The package is given by name: it is installed already, and a path would build the extension again.
$(DEV): $(PACKAGE)
	$(PIP) 'unrolled[dev]'
	touch $(DEV)

demo: $(PACKAGE)
	$(BIN)/unrolled train lm --recipe stdlib-demo --out runs/demo --overwrite

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# One thread per test process: two of them share the two cores. Bytecode is written even if the environment says
# otherwise, because tests start many interpreters.
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

test: lint
	$(PYTEST) -m "not slow"

# Also the slow tests, and every property with more examples.
test-all: lint
	HYPOTHESIS_PROFILE=thorough $(PYTEST)

# The same tests with an unusual terminal, locale, time zone and temporary folder.
test-elsewhere: install
	mkdir -p "build/a folder with blanks/whose path is rather long, as it may be where people name folders"
	COLUMNS=60 TERM=dumb LANG=C TZ=Asia/Kolkata OMP_NUM_THREADS=1 \
	TMPDIR="$(CURDIR)/build/a folder with blanks/whose path is rather long, as it may be where people name folders" \
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Random layers, compared with float64 references; prints the seed of each case that differs.
CASES ?= 7000
SEED ?=
cases: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/random_cases.py --cases $(CASES) $(if $(SEED),--seed $(SEED))

# The compiled extension under sanitizers; continuous integration runs SANITIZE=quick.
SANITIZE ?= full
sanitize: install
	$(PIP) cmake ninja nanobind
	tests/sanitize/run.sh $(SANITIZE)

# Damaged files for every reader: no input may fail. The seed is printed; the same seed makes the same inputs.
SECONDS ?= 240
fuzz: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/fuzz.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# Report pages and exported web pages in a headless browser: needs an installed Chromium.
browser: install
	$(PIP) 'unrolled[browser]'
	$(BIN)/python -m pytest -m browser

# Kill commands at random moments for MINUTES, then resume them.
MINUTES ?= 3
kills: install
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python tests/robustness/kills.py --minutes $(MINUTES)

clean:
	rm -rf .venv build runs
