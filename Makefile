# Everything runs in .venv, made from pyproject.toml with the versions of constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e
READY := .venv/.ready
DEV_READY := .venv/.ready-dev

.PHONY: demo test test-lowest test-newest check lint types arch unit docs presence strings reference fuzz bench clean

$(READY): pyproject.toml constraints.txt  # what the demo needs
	$(PYTHON) -m venv .venv
	$(INSTALL) '.[synth]'
	touch $@

$(DEV_READY): $(READY)  # tools and every extra on top
	$(INSTALL) '.[dev]'
	touch $@

demo: $(READY)  ## the whole line on an invented corpus
	$(BIN)/imrml demo

test: check  ## what CI runs

check: lint types arch unit docs

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/numpydoc lint $$(git ls-files 'imrml/*.py')

types: $(DEV_READY)
	$(BIN)/mypy

arch: $(DEV_READY)  ## the order of rooms, and what never reaches features, models, scoring
	$(BIN)/lint-imports

SIDE_BY_SIDE := --numprocesses 2 --dist loadfile
unit: $(DEV_READY)  ## tests and doctests
	$(BIN)/pytest $(SIDE_BY_SIDE)

FUZZED ?= text pdf archive notes requests
RUNS ?= 20000
fuzz: $(DEV_READY)  ## bytes that nobody would send, RUNS at each of FUZZED; a fault ends it and is kept in build/fuzz
	$(INSTALL) '.[dev,fuzz]'
	for entry in $(FUZZED); do $(BIN)/python tests/support/fuzz.py $$entry --runs $(RUNS) || exit 1; done

# Other versions than those of constraints.txt, resolved by uv. Warnings are no errors here: most are libraries'
# about each other (matplotlib's floor uses names that pyparsing has renamed), and no code of ours can end them.
RESOLVE = $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv
TESTS ?=
test-lowest:  ## the lowest versions that pyproject.toml allows
	$(RESOLVE) && build/uv/bin/uv venv --quiet --clear --python $(PYTHON) build/lowest
	build/uv/bin/uv pip install --quiet --python build/lowest/bin/python --resolution lowest-direct -e '.[dev]'
	build/lowest/bin/python -m pytest $(SIDE_BY_SIDE) -o filterwarnings=default $(TESTS)

test-newest:  ## the newest
	$(RESOLVE) && build/uv/bin/uv venv --quiet --clear --python $(PYTHON) build/newest
	build/uv/bin/uv pip install --quiet --python build/newest/bin/python --resolution highest -e '.[dev]'
	build/newest/bin/python -m pytest $(SIDE_BY_SIDE) -o filterwarnings=default $(TESTS)

PEERS := experiments/087-peers/README.md
bench: $(DEV_READY)  ## ours beside bare parts and what others would pick; LETTERS=FOLDER and DMHC=FILE are your own
	$(RESOLVE)
	$(BIN)/python experiments/benchmarks/peers/run.py $(if $(LETTERS),--letters $(LETTERS)) $(if $(DMHC),--dmhc $(DMHC)) $(if $(SHOW),--show $(PEERS))

clean:
	rm -rf .venv .cache build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

DOCS_READY := .venv/.ready-docs
$(DOCS_READY): $(READY)
	$(INSTALL) '.[docs]'
	touch $@

docs: $(DOCS_READY)  ## the site, strictly, into build/site; no network is needed
	$(BIN)/zensical build --clean --strict

strings: $(READY)  ## derive anew what the patterns of our tables need (after a change of them)
	$(BIN)/python -m imrml.features.derive_strings

presence: $(READY)  ## fit anew what judged sentences teach of documents (after a change of the lists)
	$(BIN)/python experiments/091-learned-veto/run.py --write

reference: $(READY)  ## write the generated pages of docs/reference anew
	$(BIN)/python docs/generate_reference.py
