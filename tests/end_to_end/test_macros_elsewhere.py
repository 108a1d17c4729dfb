"""A stranger's project that installs the package, built by dbt on Spark and on emulators of other
warehouses.

Its unit tests bring rows, and expect what DuckDB and PostgreSQL make of them; its generic tests
find as many rows as there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e import bigquery, emulated, lakehouse, spark_itself
from e2e.project import Project
from e2e.repository import ROOT, copy_stranger
from e2e.warehouses import AnyWarehouse


@dataclass(frozen=True)
class Elsewhere:
    """An emulated warehouse, and what runs dbt beside its driver."""

    is_installed: bool
    dbt: Path
    opened: Callable[[Path], AbstractContextManager[AnyWarehouse]]
    lacks: tuple[str, ...]
    """Models and seeds, and what stands on them, that can't be tried on the emulator."""
    text: str = ""
    """The word for text of any length, where `varchar` is none; contracts are left out there."""


@contextmanager
def _snowflake(directory: Path) -> Iterator[AnyWarehouse]:
    with emulated.emulator(directory / "log") as port:
        yield emulated.Snowflake(port, "wrapped")


@contextmanager
def _bigquery(directory: Path) -> Iterator[AnyWarehouse]:
    with bigquery.emulator(directory) as port:
        yield bigquery.BigQuery(port, "wrapped")


BESIDE = emulated.PYTHON.with_name("dbt")
OWN_WORDS = ("odd_names+", "odd_vip_customers+", "odd_runs+", "agreements+")
"""What the project has written in words that are not Spark's."""
ELSEWHERE = {
    "snowflake": Elsewhere(emulated.PYTHON.exists(), BESIDE, _snowflake, ("nothing",)),
    "bigquery": Elsewhere(
        bigquery.IS_INSTALLED,
        BESIDE,
        _bigquery,
        # Where dbt expects a quote, the emulator keeps the backslash before it.
        ("wrap_gates", "wrap_qualified_because", "wrap_tier", "seg_trial_ending"),
        "string",
    ),
    "sail": Elsewhere(
        lakehouse.PYTHON.exists(),
        lakehouse.PYTHON.with_name("dbt"),
        lakehouse.lakehouse,
        (
            # Sail selects no `in (select ...)`, and takes seconds for microseconds.
            *("wrap_held_out+", "wrap_suppressed_by+", "wrap_escalation_ladder+"),
            *OWN_WORDS,
        ),
        "string",
    ),
    "spark": Elsewhere(
        spark_itself.PYTHON.exists(),
        spark_itself.PYTHON.with_name("dbt"),
        spark_itself.local,
        (*OWN_WORDS, "seg_trial_ending+"),
        "string",
    ),
}


@dataclass
class Stranger(Project):
    """A project that installs the package, whose dbt stands elsewhere."""

    there: Elsewhere = ELSEWHERE["snowflake"]

    @property
    def dbt_program(self) -> str:  # type: ignore[override]
        """The dbt beside the emulator's driver."""
        return str(self.there.dbt)


@pytest.mark.parametrize(
    "name",
    [
        *(
            pytest.param(name, marks=pytest.mark.warehouses)
            for name in ELSEWHERE
            if name != "spark"
        ),
        pytest.param("spark", marks=pytest.mark.torture),
    ],
)
def test_macros_models_and_tests_say_there_what_they_say_here(
    name: str, tmp_path: Path, sandbox: SandboxControl
) -> None:
    there = ELSEWHERE[name]
    if not there.is_installed:
        pytest.skip("not installed: `make emulators` and `make spark` do that")
    (tmp_path / "emulator").mkdir()
    with there.opened(tmp_path / "emulator") as warehouse:
        project = _installed(tmp_path / "elsewhere", warehouse, sandbox, there)
        project.dbt("build", "--exclude", *there.lacks)
    ran = json.loads((project.dir / "target" / "run_results.json").read_text())["results"]
    kinds = Counter(result["unique_id"].split(".")[0] for result in ran)
    assert kinds["unit_test"] >= 13
    assert kinds["test"] >= 75
    packaged = {r["unique_id"] for r in ran if r["unique_id"].startswith("model.activation.")}
    written = {path.stem for path in (ROOT / "models").rglob("activation__*.sql")}
    written.remove("activation__survey_responses")  # which that project does not switch on
    assert {one.split(".")[2] for one in packaged} == written


def _installed(
    directory: Path, warehouse: AnyWarehouse, sandbox: SandboxControl, there: Elsewhere
) -> Stranger:
    """A copy of integration_tests/ on the warehouse, with its words for types."""
    copy_stranger(directory)
    output = {"target": "dev", "outputs": {"dev": dict(warehouse.output())}}
    (directory / "profiles.yml").write_text(yaml.safe_dump({"integration_tests": output}))
    for path in directory.rglob("*"):
        if there.text and path.suffix in (".sql", ".yml"):
            text = re.sub(r"\bvarchar\b(\(\d+\))?", there.text, path.read_text())
            path.write_text(text.replace("{enforced: true}", "{enforced: false}"))
    project = Stranger(directory, warehouse, sandbox, there)
    project.dbt("deps")
    return project
