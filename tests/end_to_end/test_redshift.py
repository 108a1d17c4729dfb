"""Redshift's own driver and login, on PostgreSQL behind a proxy.

Its SQL is not tried here; tests/unit/plan/test_statements.py has the rules for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox
from e2e.artifacts import Model
from e2e.command import Finished, until
from e2e.connections import CUSTOMERIO
from e2e.emulated import PROGRAM, PYTHON
from e2e.project import SmallProject
from e2e.redshift import CLOCK, STRTOL, RedshiftSchema, proxy
from e2e.twins import sent_to
from e2e.warehouses import AnyWarehouse, DuckDBFile

DRIVER = list(PYTHON.parents[1].glob("lib/*/site-packages/redshift_connector"))
pytestmark = [
    pytest.mark.warehouses,
    pytest.mark.skipif(not DRIVER, reason="no redshift_connector: run `make emulators`"),
]
LET_IN = {"SYNC_ALLOW_ADAPTER": "redshift"}
PEOPLE = """
create table people as
select 'p_' || n as id, (n + 0.07)::numeric(10, 2) as mrr, n as seats,
    repeat('O''Brien \\ 100 % ', 40) as about, n % 2 = 0 as is_paying, date '2024-01-31' as born_on
from generate_series(1, 60) as g(n)
"""
TYPES = {
    "id": "varchar",
    "mrr": "decimal(10, 2)",
    "seats": "integer",
    "about": "varchar",
    "is_paying": "boolean",
    "born_on": "date",
}


def defined(folder: Path, warehouse: AnyWarehouse, sandbox: SandboxControl) -> SmallProject:
    folder.mkdir()
    made = SmallProject(folder, warehouse, sandbox)
    activation = {"kind": "traits", "identity": "id", "destinations": [{"name": CUSTOMERIO}]}
    made.define(Model("traits", "select * from people", TYPES, activation))
    return made


@pytest.fixture
def project(tmp_path: Path, postgres_uri: str, sandbox: SandboxControl) -> Iterator[SmallProject]:
    warehouse = RedshiftSchema(postgres_uri, "small_redshift")
    warehouse.run(CLOCK, STRTOL, PEOPLE)
    with proxy(warehouse.host) as warehouse.port:
        made = defined(tmp_path / "there", warehouse, sandbox)
        yield made
        made.end()
    warehouse.drop()


def sync(project: SmallProject, *arguments: str) -> Finished:
    done = project.start(*arguments, program=PROGRAM, environ=LET_IN).wait()
    assert done.code == 0, done.text
    return done


def batches(project: SmallProject) -> int:
    counted: dict[str, int] = project.sandbox.counters()["requests"]
    return sum(n for route, n in counted.items() if "batch" in route)


def test_the_driver_goes_through_two_days_and_a_kill(project: SmallProject) -> None:
    tried = sync(project, "debug", "--full").text
    assert "trial, holdout" in tried and "FAILED" not in tried
    assert "Plan: 60 to add." in sync(project, "plan").stdout
    assert "60 delivered" in sync(project, "apply").stdout
    held = project.attributes("p_7")
    assert (held["mrr"], held["is_paying"]) == (7.07, False)
    assert held["about"] == "O'Brien \\ 100 % " * 40

    project.warehouse.run(
        "update people set mrr = mrr + 0.5 where seats <= 4", "delete from people where seats > 56"
    )
    before = batches(project)
    project.sandbox.add_fault("hang", {"path": "batch", "times": 1})
    apply = project.start("apply", program=PROGRAM, environ=LET_IN)
    until(lambda: batches(project) > before, "a request", apply)
    apply.kill()
    sync(project, "apply")
    assert project.attributes("p_1")["mrr"] == 1.57
    assert "No changes" in sync(project, "apply").stdout
    assert "100.0 % match; asked for 56" in sync(project, "verify").stdout


def test_its_requests_hold_duckdbs_items_byte_by_byte(
    project: SmallProject,
    tmp_path: Path,
    running_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("activation_sandbox.gate.KEPT_BYTES", 10**7)
    warehouse = DuckDBFile(tmp_path / "here.duckdb")
    warehouse.run(PEOPLE)
    here = defined(tmp_path / "here", warehouse, running_sandbox.control)
    running_sandbox.control.reset()
    sync(project, "apply")
    sent = sent_to(running_sandbox)
    running_sandbox.control.reset()
    here.run("apply", expect=0)
    assert sent and sent == sent_to(running_sandbox)
    here.end()
