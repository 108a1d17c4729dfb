"""Three syncs go the whole way on Delta tables behind Spark Connect, as they do on DuckDB.

What only Spark itself does is not tried here: see docs/warehouses.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from activation_sandbox.client import SandboxControl
from e2e.lakehouse import DATABRICKS, PYTHON, DatabricksSchema, SparkSchema, lakehouse
from e2e.sixty import Shop, shop
from e2e.warehouses import AnyWarehouse, DuckDBFile

pytestmark = [
    pytest.mark.warehouses,
    pytest.mark.skipif(not PYTHON.exists(), reason=f"no {PYTHON}; `make emulators` installs it"),
]


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[SparkSchema]:
    directory = tmp_path / "delta"
    directory.mkdir()
    with lakehouse(directory) as found:
        yield found


def days_on(warehouse: AnyWarehouse, directory: Path, sandbox: SandboxControl) -> list[list[str]]:
    """What is sent on the first day, and on both."""
    sandbox.reset(switches=True)
    made = shop(directory, warehouse, sandbox)
    try:
        if isinstance(warehouse, SparkSchema):
            _look(made)
        made.sync("apply")
        first = made.sent()
        assert made.attributes("p_007")["mrr"] == 7.07
        made.silent()
        made.second_day()
        told = made.sync("verify").stdout
        assert told.count("100.0 % match") == 2, told
        return [first, made.sent()]
    finally:
        made.end()


def _look(made: Shop) -> None:
    """Nothing is sent, and it is said what is known of the warehouse."""
    assert "run on an emulator of spark only" in made.sync("check").text
    told = made.sync("debug", "--full").text
    assert "3 models built" in told and "trial, holdout" in told and "FAILED" not in told
    assert "Plan: 90 to add. 5 held out." in made.sync("plan").stdout
    assert not made.batches()


def test_two_days_and_a_kill_send_what_duckdb_sends(
    tmp_path: Path, spark: SparkSchema, sandbox: SandboxControl
) -> None:
    on_duckdb = days_on(DuckDBFile(tmp_path / "small.duckdb"), tmp_path / "duckdb", sandbox)
    assert days_on(spark, tmp_path / "spark", sandbox) == on_duckdb
    left = [name for _, name, _ in spark.rows("show tables in shop_activation")]
    assert "leases" in left
    assert not [name for name in left if name.startswith("scratch_")]


@pytest.mark.skipif(not DATABRICKS, reason="no dbt-databricks: run `make emulators`")
def test_what_dbt_databricks_opens_is_told_statements_that_delta_takes(
    tmp_path: Path, spark: SparkSchema, sandbox: SandboxControl
) -> None:
    """Its login and handle are real, its driver is played; what is told to that goes to Sail."""
    made = shop(tmp_path / "databricks", DatabricksSchema(spark), sandbox)
    try:
        made.sync("apply", "--select", "traits_people")
        assert made.attributes("p_008")["company"] == 'O\'Brien \\ & "Söhne" 8'
        assert "No changes" in made.sync("apply", "--select", "traits_people").stdout
    finally:
        made.end()
