"""The SaaS example: installed, built by dbt, synced to a sandbox, and again a day later.

`make dbt-tests` builds it on DuckDB with all its tests, and asks its personas; this is the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox
from e2e.project import Project
from e2e.repository import copy_repository
from e2e.warehouses import AnyWarehouse, DuckDBFile, PostgresSchema

TOMORROW = ("--vars", "as_of: 2026-03-17")
SEGMENT = {"": "BOOLEAN", "_reason": "STRING", "_tier": "STRING"}
PX_USERS = {
    "saas_plan": "STRING",
    "saas_setup_step": "STRING",
    **{f"saas_stuck_in_setup{end}": kind for end, kind in SEGMENT.items()},
    **{f"saas_churn_risk{end}": kind for end, kind in SEGMENT.items()},
}
PX_ACCOUNTS = {
    "saas_subscription_status": "STRING",
    "saas_seat_use": "STRING",
    "saas_project_use": "STRING",
    "saas_mrr": "NUMBER",
}
RECOVERED = {"u_0110", "u_0114", "u_0130"}
"""Of those at risk on the first day: two use it again, one has paid."""
CHANGED = {"stuck in the setup", "ineligible"}
"""Personas of the first day that are somebody else on the second: one has gone on, and an account
that lacked five points is a lead."""
LEFT_ALONE = {"u_0055", "u_0107"}
"""Who asked for it, says the script that made the seeds."""


def installed(directory: Path, warehouse: AnyWarehouse, url: str) -> Project:
    """The example in its folder, with what somebody creates by hand at the vendors."""
    example = copy_repository(directory) / "examples" / "saas"
    profiles = yaml.safe_load((example / "profiles.yml").read_text())
    profiles["saas"]["outputs"]["dev"] = {**warehouse.output()}
    (example / "profiles.yml").write_text(yaml.safe_dump(profiles))
    SandboxControl(url, "gainsight_px").set_switch("user_attributes", PX_USERS)
    SandboxControl(url, "gainsight_px").set_switch("account_attributes", PX_ACCOUNTS)
    SandboxControl(url, "qualtrics").seed({"lists": {"CG_churn": "Churn risk"}})
    project = Project(example, warehouse, SandboxControl(url, "customerio"))
    project.dbt("deps")
    return project


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def saas(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The example on the first day, with all tests of its models passed, before any sync."""
    directory = tmp_path_factory.mktemp("saas")
    if request.param == "duckdb":
        warehouse: AnyWarehouse = DuckDBFile(directory / "saas.duckdb")
    else:
        warehouse = PostgresSchema(request.getfixturevalue("postgres_uri"), "saas")
    with Sandbox() as sandbox:
        project = installed(directory / "checkout", warehouse, sandbox.url)
        project.dbt("build", "--warn-error")
        yield project
    if isinstance(warehouse, PostgresSchema):
        warehouse.drop()


def personas(project: Project, expect: int, *arguments: str) -> dict[str, bool]:
    """By name, whether each persona of the example gets what it should."""
    told = project.run("personas", "--json", *arguments, expect=expect).stdout
    return {persona["name"]: persona["is_met"] for persona in json.loads(told)["personas"]}


def apply(project: Project) -> None:
    """A run that sends all there is."""
    finished = project.start().wait(600)
    assert finished.code == 0, finished.text


def ids(project: Project, query: str) -> set[str]:
    return {row[0] for row in project.warehouse.rows(query)}


def at(project: Project, vendor: str) -> SandboxControl:
    return SandboxControl(project.sandbox.url.rsplit("/customerio", 1)[0], vendor)


def having(project: Project, vendor: str, attribute: str) -> set[str]:
    people = at(project, vendor).people()
    return {p["identifiers"]["id"] for p in people if p["attributes"].get(attribute) is True}


def requests(project: Project) -> Any:
    vendors = ("customerio", "gainsight_px", "launchdarkly", "qualtrics", "webhook")
    return [at(project, vendor).counters()["requests"] for vendor in vendors]


@pytest.mark.torture
def test_the_personas_get_what_they_should(saas: Project) -> None:
    assert set(personas(saas, 0).values()) == {True}


@pytest.mark.torture
def test_two_days(saas: Project) -> None:
    apply(saas)
    risk, stuck = ids(saas, "select user_id from seg_churn_risk"), "stuck_in_setup"
    assert risk == {f"u_0{n}" for n in (110, 114, 118, 122, 126, 130, 134, 138)}
    for vendor, name in (("customerio", "churn_risk"), ("gainsight_px", "saas_churn_risk")):
        assert having(saas, vendor, name) == risk
    assert at(saas, "webhook").counters()["applied"] == 8
    in_rollout = having(saas, "customerio", stuck)
    assert "u_0051" in in_rollout, "a pilot account comes first"
    assert in_rollout < ids(saas, "select user_id from seg_stuck_in_setup") - LEFT_ALONE
    no_consent = ids(saas, "select user_id from user_consents where not marketing_opt_in")
    offered = having(saas, "customerio", "expansion_ready")
    assert offered == ids(saas, "select user_id from seg_expansion_ready") - no_consent
    team = saas.attributes("u_0145")
    held = {name: team.get(name) for name in ("plan_key", "mrr", "project_use")}
    assert held == {"plan_key": "team", "mrr": 160, "project_use": "80 to under 100"}
    for who in LEFT_ALONE:
        assert saas.sandbox.person(who) is None, "who is left alone is not even created"
    owners = dict(saas.warehouse.rows("select account_id, rep_id from account_owners"))
    assert set(owners.values()) == {"rep_1", "rep_2", "rep_3"}

    before = requests(saas)
    apply(saas)
    assert requests(saas) == before
    assert set(personas(saas, 0).values()) == {True}, "what was sent changes nothing"

    saas.dbt("run", *TOMORROW)
    apply(saas)
    now = having(saas, "customerio", "churn_risk")
    assert risk - now == RECOVERED == risk - having(saas, "gainsight_px", "saas_churn_risk")
    left = {e["who"] for e in saas.sandbox.events() if e["name"] == "churn_risk_over"}
    assert left == RECOVERED
    went_on = {e["who"] for e in saas.sandbox.events() if e["name"] == "went_on_with_setup"}
    assert went_on == {"u_0059"}
    gone = {
        "u_0163": "asked to be left alone",
        "u_0176": "takes offers no more",
        "u_0202": "upgraded",
    }
    assert offered - having(saas, "customerio", "expansion_ready") == set(gone)
    kept = dict(saas.warehouse.rows("select account_id, rep_id from account_owners"))
    assert owners.items() <= kept.items() and len(kept) == len(owners) + 1
    leads = ids(saas, "select account_id from seg_product_qualified_leads")
    assert leads == set(kept) - {"a_030"}, "who bought is no lead any more, and keeps the owner"
    differing = {name for name, is_met in personas(saas, 1).items() if not is_met}
    assert differing == CHANGED
    saas.dbt("docs", "generate", "--warn-error")


def test_the_seeds_are_what_the_script_writes(tmp_path: Path) -> None:
    import importlib.util

    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("saas_seeds", root / "scripts" / "saas_seeds.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.write(script.company().rows, tmp_path)
    for file in tmp_path.iterdir():
        assert file.read_text() == (root / "examples/saas/seeds" / file.name).read_text()
