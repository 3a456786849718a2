# Two commands for a user: `make demo`, `make test`. The rest is for those who work on the code.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
BENCH = for script in benchmarks/bench_*.py; do $(RUN)/python $$script || exit 1; done

.PHONY: demo test check check-lowest lint docs pages screenshots bench bench-page bench-large ha-demo \
	wheels clean

demo: $(VENV)/installed
	$(RUN)/provtap demo

test: $(VENV)/installed-for-work
	$(RUN)/pytest -n auto --dist worksteal

lint: $(VENV)/installed-for-work
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# What needs no database: before each commit.
UNIT = -m "not database and not exhaustive" --ignore=tests/acceptance --ignore=tests/browser
check: lint
	$(RUN)/pytest -n auto -q $(UNIT)

# The same tests on the lowest versions of the dependencies that setup.cfg declares, and their coverage.
check-lowest: .venv-lowest/installed
	.venv-lowest/bin/pytest -n auto -q $(UNIT) --cov --cov-report=
	@echo "Coverage by the tests without a database: $$(.venv-lowest/bin/coverage report --format=total) %"

.venv-lowest/installed: setup.cfg .ci/lowest.py
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/pip install -qq --only-binary :all: --upgrade "pip>=23" "setuptools>=68" wheel
	$(PYTHON) .ci/lowest.py > .venv-lowest/lowest.txt
	.venv-lowest/bin/pip install -qq --only-binary :all: --no-build-isolation --constraint .venv-lowest/lowest.txt \
		--editable '.[test]'
	touch $@

# The documentation site, of the pages as they are, in build/site.
docs: $(VENV)/installed-for-work
	rm -rf build/site build/doctrees
	$(RUN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -d build/doctrees . build/site
	@echo "Open build/site/index.html"

# The reference pages and schemas that are made from the code and the metadata.
pages: $(VENV)/installed-for-work
	$(RUN)/python -c 'from provtap.adql.functions.reference_page import *; print(functions_page(), end="")' > docs/reference/functions.md
	$(RUN)/python -c 'from provtap.metadata import *; print(reference_page(load()), end="")' > docs/reference/tables.md
	$(RUN)/python -c 'from provtap.ingest.readers.records.reference_page import *; print(records_page(), end="")' > docs/reference/records.md
	$(RUN)/provtap describe --json-schema > provtap/ingest/descriptions.schema.json
	$(RUN)/python -c 'from provtap.ingest.readers.records.client_module import *; print(client_module(), end="")' > verbs.tmp  # provtap itself imports the module
	mv verbs.tmp provtap/client/verbs.py

# The pictures of the web site in the documents; needs chromium.
screenshots: $(VENV)/installed-for-work
	$(RUN)/python docs/images/screenshots.py

bench: $(VENV)/installed-for-work
	@$(BENCH)

# The tables of the pages measured anew: in minutes, and in an hour with 35 GB of disk.
bench-page: $(VENV)/installed-for-work
	$(call print_below,benchmarks/README.md,$(BENCH))

bench-large: $(VENV)/installed-for-work
	$(call print_below,benchmarks/large.md,$(RUN)/python benchmarks/bench_stream.py --rows 1000000 \
		&& $(RUN)/python benchmarks/bench_load.py --activities 100000 --rounds 1 \
		&& $(RUN)/python benchmarks/bench_pages.py --activities 1000000 \
		&& $(RUN)/python benchmarks/bench_growth.py --activities 42000 420000 4200000)

define print_below
	sed '/^<!-- make bench/q' $(1) > $(1).new
	($(2)) >> $(1).new
	mv $(1).new $(1)
endef

# Machines of a highly available service are lost, in three to four minutes; needs etcd (Debian: etcd-server).
ha-demo: $(VENV)/installed .venv-patroni/installed
	$(RUN)/python benchmarks/ha_demo.py

# By the Python of the system: PostgreSQL, and so Patroni, does not run as root, whose own Python others cannot run.
.venv-patroni/installed:
	/usr/bin/python3 -m venv --clear .venv-patroni
	.venv-patroni/bin/pip install -qq --upgrade pip
	.venv-patroni/bin/pip install -qq 'patroni[etcd3]>=4.1' psycopg2-binary
	touch $@

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("ProvTAP needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install -qq --only-binary :all: --upgrade "pip>=23" "setuptools>=68" wheel
	$(RUN)/pip install -qq --only-binary :all: --no-build-isolation --editable .
	touch $@

$(VENV)/installed-for-work: $(VENV)/installed
	$(RUN)/pip install -qq --only-binary :all: --no-build-isolation --editable '.[test,lint,docs]'
	touch $@

# provtap contains everything; provtap-client is for environments without the service, and plugins need it.
wheels: $(VENV)/installed
	rm -rf build dist deploy/client/build plugins/*/build
	$(RUN)/pip wheel -q --no-deps --no-build-isolation --wheel-dir dist . ./deploy/client ./plugins/*

clean:
	rm -rf $(VENV) .venv-* build dist *.egg-info deploy/client/build deploy/client/*.egg-info \
		plugins/*/build plugins/*/*.egg-info
