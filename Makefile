# One word to set up, one word to check. Every target makes the environment it needs.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
READY := $(VENV)/.ready
# a worker for each core, four at most; tests of one group (`xdist_group`) stay together
WORKERS ?= -n logical --maxprocesses 4 --dist loadgroup

.PHONY: demo test quick bounds check changelog reference docs bench mutants lock clean

demo: $(CORE)             ## the tutorial's run: figures, verdict, plots, run folder
	$(BIN)/steepest demo

test: $(READY)            ## all tests that this machine can run
	$(BIN)/python -m pytest $(WORKERS)

quick: $(READY)           ## those that start no process and take a second at most
	$(BIN)/python -m pytest $(WORKERS) -m "not (process or cluster or browser or slow)"

bounds:                   ## the quick ones with the lowest and the newest versions that pyproject.toml allows, in .venv-bounds
	PYTHON=$(PYTHON) bash .ci/bounds $(WORKERS) -m "not (process or cluster or browser or slow)"

check: $(READY)           ## style, types, import contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

changelog: $(READY)       ## write CHANGELOG.md from the notes in changelog.d; what is released stays
	{ $(BIN)/towncrier build --draft; sed -n '/^<!-- released -->/,$$p' CHANGELOG.md; } > CHANGELOG.md.new
	mv CHANGELOG.md.new CHANGELOG.md

reference: $(READY)       ## write docs/commands.md and docs/names.md from the package
	$(BIN)/python docs/reference.py

docs: $(READY)            ## the site, in site/: open site/index.html; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -j auto -b html docs site

bench: $(READY)           ## figures of docs/figures.md, as ratios beside a peer
	$(BIN)/python -m benchmarks

mutants: $(READY)         ## break the numerics a hundred times and list what no test sees
	$(BIN)/python -m tests.support.mutants

# The environment is made from hashed locks, without looking at any index configuration of ours: the core is what a user of
# the package gets and all that the demo needs, the rest is for tests and checks.
$(CORE): requirements-core.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python .ci/install.py "the core" requirements-core.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(CORE)

$(READY): $(CORE) requirements.lock
	$(BIN)/python .ci/install.py "the core and what tests and checks need" requirements.lock
	touch $(READY)

COMPILE = $(VENV)-lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header

lock:                     ## write both locks from pyproject.toml; UPGRADE=--upgrade moves all versions, else none moves without need
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(COMPILE) $(UPGRADE) --extra dev --output-file requirements.lock pyproject.toml
	$(COMPILE) --no-annotate --build-deps-for wheel --constraint requirements.lock --output-file requirements-core.lock pyproject.toml
	rm -rf $(VENV)-lock

clean:
	rm -rf .venv* dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
