"""A stranger's project that installs the package, on each warehouse that runs here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from e2e.project import Project
from e2e.repository import copy_stranger
from e2e.warehouses import AnyWarehouse, DuckDBFile, PostgresSchema

ROOT = Path(__file__).parents[2]


@dataclass
class ForeignProject(Project):
    """A copy of integration_tests/, which chooses its warehouse by the environment."""

    @property
    def environ(self) -> dict[str, str]:
        common = {**super().environ, "ACTIVATION_TARGET": self.warehouse.adapter}
        if isinstance(self.warehouse, DuckDBFile):
            return {**common, "ACTIVATION_DUCKDB": str(self.warehouse.path)}
        assert isinstance(self.warehouse, PostgresSchema)
        output: dict[str, Any] = dict(self.warehouse.output())
        return {
            **common,
            "PGHOST": output["host"],
            "PGPORT": str(output["port"]),
            "PGUSER": output["user"],
            "PGDATABASE": output["dbname"],
            "PGSCHEMA": self.warehouse.schema,
        }


@pytest.fixture
def installed(
    tmp_path: Path, sandbox: SandboxControl, warehouse_of: Callable[[str], AnyWarehouse]
) -> Callable[[str], ForeignProject]:
    """Make the project, installed, by the name of its adapter."""
    return lambda adapter: _installed(tmp_path, sandbox, warehouse_of(adapter))


def _installed(tmp_path: Path, sandbox: SandboxControl, warehouse: AnyWarehouse) -> ForeignProject:
    project = ForeignProject(copy_stranger(tmp_path / "elsewhere"), warehouse, sandbox)
    project.dbt("deps")
    return project


@pytest.fixture(params=["duckdb", "postgres"])
def foreign(
    request: pytest.FixtureRequest, installed: Callable[[str], ForeignProject]
) -> ForeignProject:
    """The project, installed and built."""
    project = installed(request.param)
    project.dbt("build", "--warn-error")
    return project


def test_a_project_that_installs_the_package_sends_its_own_models_only(
    foreign: ForeignProject,
) -> None:
    compiled = (foreign.dir / "target" / "compiled").rglob("wrap_stable_bucket.sql")
    assert next(compiled).read_text().count("0 + cast(") == 2, (
        "the project's own macro was passed over"
    )

    nodes = json.loads((foreign.dir / "target" / "manifest.json").read_text())["nodes"].values()
    packaged = [node for node in nodes if node["unique_id"].startswith("model.activation.")]
    assert packaged
    assert all(node["config"]["contract"]["enforced"] for node in packaged)

    foreign.run(expect=0)
    own = {file.stem for file in (foreign.dir / "models").rglob("*.sql")}
    assert {"traits_people", "seg_trial_ending"} <= foreign.counts().keys() <= own

    people = foreign.warehouse.rows("select person_id, seats, seat_tier, email from traits_people")
    for person_id, seats, seat_tier, email in people:
        held = foreign.sandbox.person(person_id)
        assert held is not None
        assert held["attributes"]["seats"] == (seats or 0)
        assert held["attributes"].get("seat_tier") == seat_tier
        assert held["identifiers"].get("email") == email
        assert "demo_bucket" not in held["attributes"]
    members = {row[0] for row in foreign.warehouse.rows("select person_id from seg_trial_ending")}
    assert members == {
        p["identifiers"]["id"]
        for p in foreign.sandbox.people()
        if p["attributes"].get("trial_ending") is True
    }

    before = foreign.sandbox.counters()["requests"]
    foreign.run(expect=0)
    assert foreign.sandbox.counters()["requests"] == before

    foreign.run("contract", expect=0)
    foreign.run("exposures", expect=0)
    reading_the_state = ("test_name:size_within_band", "wrap_held_out", "tag:activation_monitoring")
    seen_from = f"as_of_time: {datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
    foreign.dbt("build", "--warn-error", "--vars", seen_from, "--select", *reading_the_state)
    compiled = (foreign.dir / "target" / "compiled").rglob(
        "*size_within_band_seg_trial_ending_.sql"
    )
    assert "run_syncs" in next(compiled).read_text()
    compiled = (foreign.dir / "target" / "compiled").rglob("wrap_held_out.sql")
    assert "holdouts" in next(compiled).read_text()
    later = '{as_of_time: "2099-01-01 00:00:00"}'
    foreign.dbt("build", "--warn-error", "--select", "tag:activation_measurement", "--vars", later)
    counted = "measure, verdict, refusal, treated_people, treated_reached, is_verdict"
    size = len(people)
    assert foreign.warehouse.rows(f"select {counted} from activation__lift order by measure") == [
        ("rate", "too_few", "few_people", size, size, True),
        ("value", "too_few", "few_people", size, size, False),
    ]
    told = foreign.run("lift", expect=0).stdout
    assert told.startswith("onboarding: too few to tell\n")
    assert f"of {size} against 0 of 0, early reading, 99 %: fewer than 100 people" in told
    (answer,) = map(json.loads, foreign.run("lift", "onboarding", "--json").stdout.splitlines())
    (holdout,) = answer["holdouts"]
    assert [one["treated_people"] for one in holdout["readings"]] == [size, size]
    assert holdout["verdict"] == "too_few"
    wrong = foreign.run("lift", "onbording", expect=2)
    assert "did you mean `onboarding`?" in wrong.stderr
    assert exposed(foreign) == {
        "seg_trial_ending__customerio": {"seg_trial_ending", "consents"},
        "traits_people__customerio": {"traits_people"},
    }
    foreign.run("contract", "--check", expect=0)
    foreign.run("exposures", "--check", expect=0)
    _assert_monitored(foreign, {"traits_people": len(people), "seg_trial_ending": len(members)})
    foreign.dbt("docs", "generate", "--warn-error")


def _assert_monitored(foreign: ForeignProject, sizes: dict[str, int]) -> None:
    """Two runs were made: one that sent everybody, and one that found nothing to send."""
    inside = "select sync, count(*) from activation__memberships where is_member group by sync"
    expected = {(f"{model}__customerio", size) for model, size in sizes.items()}
    assert expected <= set(foreign.warehouse.rows(inside))
    runs = "select model, unchanged, delivered, status from activation__runs order by started_at"
    told = foreign.warehouse.rows(runs)
    for model, size in sizes.items():
        first, second = [row[1:] for row in told if row[0] == model]
        assert first == (0, size, "success")
        assert second == (size, 0, "success")
    versions = "select distinct model, contract_version, approved_by from activation__runs"
    assert set(foreign.warehouse.rows(versions)) == {
        ("traits_people", 2, None),
        ("seg_trial_ending", 1, None),
    }
    sla = "select sla from activation__freshness where model = 'seg_trial_ending'"
    assert foreign.warehouse.rows(sla) == [("1 hour",)]

    if isinstance(foreign.warehouse, DuckDBFile):
        foreign.warehouse.run("delete from main_activation.deliveries")
        changes = "activation__membership_changes"
        foreign.dbt("run", "--full-refresh", "--select", changes)
        kept = foreign.warehouse.rows(f"select count(*) from {changes}")
        assert kept[0][0] >= sum(sizes.values())


def exposed(foreign: ForeignProject) -> dict[str, set[str]]:
    """The models below each exposure, as dbt understood the file."""
    manifest = json.loads((foreign.dir / "target" / "manifest.json").read_text())
    return {
        one["name"]: {node.rpartition(".")[2] for node in one["depends_on"]["nodes"]}
        for one in manifest["exposures"].values()
    }


def test_dbt_reads_what_is_written_into_the_project_also_after_a_model_was_deleted(
    installed: Callable[[str], ForeignProject],
) -> None:
    foreign = installed("duckdb")
    with (foreign.dir / "dbt_project.yml").open("a") as file:
        file.write("docs-paths: [docs, models]\n")
    model = foreign.dir / "models" / "app" / "seg_trial_ending.yml"
    odd = """'Of "quotes", {% raw %}{{ this }} {% docs x %}{% endraw %}: - # and | more'"""
    model.write_text(model.read_text().replace("Turn trials into customers.", odd))
    foreign.dbt("parse")
    foreign.run("contract", expect=0)
    foreign.run("exposures", expect=0)
    name = "seg_trial_ending__customerio"
    code, listed = foreign.try_dbt(
        "ls", "--warn-error", "--quiet", "--select", f"+exposure:{name}", "--resource-type", "model"
    )
    assert code == 0, listed
    below = {line.rpartition(".")[2] for line in listed.split()}
    assert below == {"seg_trial_ending", "traits_people", "consents"}
    manifest = json.loads((foreign.dir / "target" / "manifest.json").read_text())
    (description,) = [
        one["description"] for one in manifest["exposures"].values() if one["name"] == name
    ]
    assert description.startswith('Of "quotes", {{ this }} {% docs x %}: - # and | more')

    for file in [model, model.with_suffix(".sql")]:
        file.unlink()
    code, refused = foreign.try_dbt("parse")
    assert code != 0 and name in refused
    foreign.run("exposures", expect=0)
    foreign.dbt("parse", "--warn-error")
    assert set(exposed(foreign)) == {"traits_people__customerio"}
