"""The models that wrap the package's macros, built by dbt on emulators of other warehouses.

Their unit tests bring rows, and expect what DuckDB and PostgreSQL make of them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e import bigquery, emulated, lakehouse
from e2e.project import Project
from e2e.repository import MADE_BY_RUNS, ROOT
from e2e.warehouses import AnyWarehouse

WRAPPERS = "path:models/macro_wrappers"
SEEDS = ("opt_outs", "people")
"""Which a wrapper reads beside the rows that its test brings."""


@dataclass(frozen=True)
class Elsewhere:
    """An emulated warehouse, and what runs dbt beside its driver."""

    is_installed: bool
    dbt: Path
    opened: Callable[[Path], AbstractContextManager[AnyWarehouse]]
    text: str = "varchar"
    lacks: tuple[str, ...] = ()
    """Wrappers that can't be tried on the emulator."""


@contextmanager
def _snowflake(directory: Path) -> Iterator[AnyWarehouse]:
    with emulated.emulator(directory / "log") as port:
        yield emulated.Snowflake(port, "wrapped")


@contextmanager
def _bigquery(directory: Path) -> Iterator[AnyWarehouse]:
    with bigquery.emulator(directory) as port:
        yield bigquery.BigQuery(port, "wrapped")


BESIDE = emulated.PYTHON.with_name("dbt")
ELSEWHERE = {
    "snowflake": Elsewhere(emulated.PYTHON.exists(), BESIDE, _snowflake),
    "bigquery": Elsewhere(
        bigquery.IS_INSTALLED,
        BESIDE,
        _bigquery,
        "string",
        # It keeps the backslash before a quote in the rows that dbt expects.
        ("wrap_gates", "wrap_qualified_because", "wrap_tier"),
    ),
    "spark": Elsewhere(
        lakehouse.PYTHON.exists(),
        lakehouse.PYTHON.with_name("dbt"),
        lakehouse.lakehouse,
        "string",
        # Sail selects no `in (select ...)`, and takes seconds for microseconds in to_timestamp().
        ("wrap_held_out", "wrap_suppressed_by", "wrap_escalation_ladder"),
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


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_macros_say_there_what_they_say_here(
    name: str, tmp_path: Path, sandbox: SandboxControl
) -> None:
    there = ELSEWHERE[name]
    if not there.is_installed:
        pytest.skip("no emulator: `make emulators` installs it")
    (tmp_path / "emulator").mkdir()
    with there.opened(tmp_path / "emulator") as warehouse:
        project = _installed(tmp_path / "elsewhere", warehouse, sandbox, there)
        excluded = ["resource_type:test", *there.lacks]
        code, told = project.try_dbt("build", "--select", WRAPPERS, *SEEDS, "--exclude", *excluded)
    assert code == 0, told
    ran = json.loads((project.dir / "target" / "run_results.json").read_text())["results"]
    tried = {r["unique_id"].split(".")[2] for r in ran if r["unique_id"].startswith("unit_test.")}
    wrapped = {p.stem for p in (project.dir / "models" / "macro_wrappers").glob("wrap_*.sql")}
    assert tried == wrapped - set(there.lacks)


def _installed(
    directory: Path, warehouse: AnyWarehouse, sandbox: SandboxControl, there: Elsewhere
) -> Stranger:
    """A copy of integration_tests/ on the warehouse, with its words for types."""
    shutil.copytree(ROOT / "integration_tests", directory, ignore=MADE_BY_RUNS)
    output = {"target": "dev", "outputs": {"dev": dict(warehouse.output())}}
    (directory / "profiles.yml").write_text(yaml.safe_dump({"integration_tests": output}))
    (directory / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    for path in (directory / "seeds").glob("*.yml"):
        path.write_text(re.sub(r"varchar\(\d+\)", there.text, path.read_text()))
    project = Stranger(directory, warehouse, sandbox, there)
    project.dbt("deps")
    return project
