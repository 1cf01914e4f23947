# Everything runs in .venv, made from pyproject.toml with the versions of constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check lint types arch unit clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)  ## the whole line on an invented corpus
	$(BIN)/imrml demo

test: check  ## what CI runs

check: lint types arch unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/numpydoc lint $$(git ls-files 'imrml/*.py')

types: $(READY)
	$(BIN)/mypy

arch: $(READY)  ## the order of rooms, and what never reaches features, models, scoring
	$(BIN)/lint-imports

unit: $(READY)  ## tests and doctests
	$(BIN)/pytest --numprocesses 2 --dist loadfile

clean:
	rm -rf .venv build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
