# Two commands do everything: `make demo` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint types pytest test-warehouses dbt-tests lowest emulators spark torture benchmark dist clean

help: ## Show this help.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(INSTALLED) ## Build the shop, sync it to the sandbox, let a day pass, sync the difference.
	$(BIN)/python scripts/demo.py

test: lint types pytest dbt-tests ## Everything that has to pass before a change lands.

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --disable-progress-bar models examples integration_tests

types: $(INSTALLED)
	$(BIN)/mypy

pytest: $(INSTALLED)
	$(BIN)/python -m pytest -q -m "not torture and not warehouses" --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test-warehouses: $(INSTALLED) $(VENV)/bigquery/bin ## The whole way on emulators of other warehouses; some ten minutes.
	$(BIN)/python -m pytest -q -m warehouses --numprocesses=auto --maxprocesses=4 --dist=load

$(VENV)/bigquery/bin:
	$(MAKE) emulators

dbt-tests: $(INSTALLED)
	mkdir -p target/test && cp profiles.yml.example target/test/profiles.yml
	SHOP_DUCKDB=target/test/shop.duckdb DBT_PROFILES_DIR=target/test \
		$(BIN)/dbt --quiet --warn-error build --target-path target/test
	SHOP_DUCKDB=target/test/shop.duckdb DBT_PROFILES_DIR=target/test \
		$(BIN)/python -m sync check --target-path target/test
	SHOP_DUCKDB=target/test/shop.duckdb DBT_PROFILES_DIR=target/test \
		$(BIN)/python -m sync personas examples/shop/personas.yml --quiet --target-path target/test
	SHOP_DUCKDB=target/test/shop.duckdb DBT_PROFILES_DIR=target/test \
		$(BIN)/dbt --quiet --warn-error docs generate --target-path target/test
	rm -f target/test/saas.duckdb
	$(BIN)/dbt --quiet deps --project-dir examples/saas
	SAAS_DUCKDB=$(CURDIR)/target/test/saas.duckdb $(BIN)/dbt --quiet --warn-error build \
		--project-dir examples/saas --profiles-dir examples/saas --target-path $(CURDIR)/target/test/saas
	cd examples/saas && SAAS_DUCKDB=$(CURDIR)/target/test/saas.duckdb \
		$(CURDIR)/$(BIN)/python -m sync check --target-path $(CURDIR)/target/test/saas
	cd examples/saas && SAAS_DUCKDB=$(CURDIR)/target/test/saas.duckdb \
		$(CURDIR)/$(BIN)/python -m sync personas --quiet --target-path $(CURDIR)/target/test/saas
	SAAS_DUCKDB=$(CURDIR)/target/test/saas.duckdb $(BIN)/dbt --quiet --warn-error docs generate \
		--project-dir examples/saas --profiles-dir examples/saas --target-path $(CURDIR)/target/test/saas

lowest: $(INSTALLED) ## Install the lowest dbt that is supported, for the tests that try it.
	$(PYTHON) -m venv $(VENV)/lowest
	$(VENV)/lowest/bin/python -m pip install --quiet dbt-core==1.10.8 dbt-duckdb==1.10.0

emulators: $(INSTALLED) ## Install the warehouses that are emulated, for `make test-warehouses`; about two minutes.
	$(PYTHON) -m venv $(VENV)/emulators
	$(VENV)/emulators/bin/python -m pip install --quiet 'fakesnow[server]==0.12.1' \
		snowflake-connector-python==4.8.1 dbt-core==1.11.16 dbt-snowflake==1.12.4 \
		dbt-redshift==1.11.2 dbt-bigquery==1.12.1 --editable '.[sandbox]'
	$(PYTHON) -m venv $(VENV)/lakehouse
	$(VENV)/lakehouse/bin/python -m pip install --quiet pysail==0.7.2 pyspark-client==4.1.3 \
		dbt-core==1.11.16 dbt-spark==1.11.0 dbt-databricks==1.10.9 --editable '.[sandbox]'
	$(PYTHON) -m venv $(VENV)/bigquery
	$(VENV)/bigquery/bin/python -m pip install --quiet bqemulator==1.4.0 duckdb==1.5.5 numpy \
		duckdb-extension-spatial==1.5.5 zetasql==0.1.5

spark: $(INSTALLED) ## Install Spark itself, half a gigabyte, for `make torture`; it needs Java 17.
	$(PYTHON) -m venv $(VENV)/spark
	$(VENV)/spark/bin/python -m pip install --quiet pyspark==4.1.1 dbt-core==1.11.16 \
		dbt-spark==1.11.0 pyarrow setuptools

torture: $(INSTALLED) ## The long runs: every crash history, many real kills; about an hour and a half on two cores.
	$(BIN)/python -m pytest -q -m torture --numprocesses=auto --maxprocesses=4 --dist=load

benchmark: $(INSTALLED) ## Measure the budgets; takes about ten minutes on two cores.
	$(BIN)/python -m benchmarks

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

dist: $(INSTALLED) ## Build the wheel and the source archive into dist/, and check them.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[release]'
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

clean: ## Remove what was built here; never your profiles.yml or your warehouse.
	rm -rf $(VENV) target dbt_packages logs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
