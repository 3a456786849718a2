# Two commands for a user: `make demo`, `make test`. The rest is for those who work on the code.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: demo test lint pages bench bench-page clean

demo: $(VENV)/installed
	$(RUN)/provtap demo

test: $(VENV)/installed-for-work
	$(RUN)/pytest -n auto

lint: $(VENV)/installed-for-work
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# The reference pages that are made from the code and the metadata.
pages: $(VENV)/installed-for-work
	$(RUN)/python -c 'from provtap.adql.reference import *; print(functions_page(), end="")' > docs/reference/functions.md
	$(RUN)/python -c 'from provtap.metadata import *; print(reference_page(load()), end="")' > docs/reference/tables.md

bench: $(VENV)/installed-for-work
	@for script in benchmarks/bench_*.py; do $(RUN)/python $$script || exit 1; done

# The tables of the page measured anew.
bench-page: $(VENV)/installed-for-work
	sed '/^<!-- make bench-page/q' benchmarks/README.md > benchmarks/README.new
	$(MAKE) -s bench >> benchmarks/README.new
	mv benchmarks/README.new benchmarks/README.md

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("ProvTAP needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install -qq --only-binary :all: --upgrade "pip>=23" "setuptools>=68" wheel
	$(RUN)/pip install -qq --only-binary :all: --no-build-isolation --editable .
	touch $@

$(VENV)/installed-for-work: $(VENV)/installed
	$(RUN)/pip install -qq --only-binary :all: --no-build-isolation --editable '.[test,lint]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
