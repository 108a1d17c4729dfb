"""Two projects, or two targets, with one target schema and one model name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs, runner
from e2e.project import SmallProject

SYNC = "customers__customerio"


def customers(who: str) -> Model:
    """Three people of one project, whose names begin with its letter."""
    return Model(
        name="customers",
        query=f"select '{who}' || n as person_id, 'of {who}' as plan from generate_series(0, 2)"
        " as numbers(n)",
        columns={"person_id": "varchar", "plan": "varchar"},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )


class Pair(NamedTuple):
    """Two projects on one warehouse, with their command lines."""

    one: SmallProject
    two: SmallProject
    run_one: Runs
    run_two: Runs


def plans(project: SmallProject) -> dict[str, Any]:
    return {p["identifiers"]["id"]: p["attributes"].get("plan") for p in project.sandbox.people()}


@pytest.fixture
def pair(
    project: SmallProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Pair]:
    """Two projects on one warehouse with the same target; their models lie in other schemas."""
    made = []
    for name in ("one", "two"):
        directory = tmp_path / name
        directory.mkdir()
        schema = f"{project.warehouse.schema}_{name}"
        project.warehouse.run(f"create schema {schema}")
        made.append(
            SmallProject(
                directory, project.warehouse, project.sandbox, name=name, models_schema=schema
            )
        )
        made[-1].define(customers(name[0]))
    runs = [runner(one, monkeypatch, capsys) for one in made]
    yield Pair(*made, *runs)
    for one in made:
        project.warehouse.run(f"drop schema {one.models_schema} cascade")


def test_a_second_project_with_the_same_schema_and_model_is_refused_and_undoes_nothing(
    pair: Pair,
) -> None:
    pair.run_one("apply")
    for command in ("plan", "apply"):
        told = pair.run_two(command, expect=7).text
        assert "error[state-of-another]" in told
        assert "is that of project one, target dev; this run is for project two" in told
    pair.run_two("state", "reset", SYNC, "--yes", expect=7)
    pair.run_one("apply")
    assert plans(pair.one) == {f"o{n}": "of o" for n in range(3)}
    assert pair.one.last_run_syncs()[SYNC]["unchanged"] == 3


def test_projects_that_share_a_schema_go_side_by_side_where_no_sync_has_one_name(
    pair: Pair,
) -> None:
    pair.run_one("apply")
    pair.two.define(replace(customers("t"), name="clients"))
    pair.run_two("apply")
    pair.run_one("apply")
    assert plans(pair.one) == {f"{who}{n}": f"of {who}" for who in "ot" for n in range(3)}


def test_projects_that_share_a_schema_and_a_trait_send_nothing_again(pair: Pair) -> None:
    pair.two.define(replace(customers("t"), name="clients"))
    pair.run_one("apply")
    pair.run_two("apply")
    more = replace(customers("o"), query=customers("o").query.replace("(0, 2)", "(0, 3)"))
    pair.one.define(more)
    pair.run_one("apply")
    sent = len(pair.one.applied())
    for run in (pair.run_two, pair.run_one, pair.run_two, pair.run_one):
        run("apply")
    assert len(pair.one.applied()) == sent


def test_a_renamed_project_takes_its_syncs_over_and_sends_nothing(pair: Pair) -> None:
    run = pair.run_one
    run("apply")
    sent = len(pair.one.applied())
    pair.one.name = "renamed"
    pair.one.write_artifacts()
    refused = run("apply", expect=7).text
    assert f"python -m sync state claim {SYNC} --from one:dev" in refused
    wrong = run("state", "claim", SYNC, "--from", "other:dev", "--yes", expect=7)
    assert "--from one:dev" in wrong.text
    assert "is that of project one" in run("apply", expect=7).text
    assert "taken over" in run("state", "claim", "--from", "one:dev", "--yes").text
    assert "No changes" in run("apply").text
    assert len(pair.one.applied()) == sent
    assert "belongs to:  project renamed, target dev" in run("state", "show").text


def test_another_target_on_the_same_schema_is_refused(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runner(project, monkeypatch, capsys)
    project.define(customers("o"))
    run("apply")
    profiles = json.loads((project.dir / "profiles.yml").read_text())
    profiles["small"]["outputs"]["prod"] = profiles["small"]["outputs"]["dev"]
    profiles["destinations"]["prod"] = profiles["destinations"]["dev"]
    (project.dir / "profiles.yml").write_text(json.dumps(profiles))
    (project.dir / "target" / "run_results.json").unlink()
    told = run("apply", "--target", "prod", expect=7).text
    assert (
        "is that of project small, target dev; this run is for project small, target prod" in told
    )
    run("state", "claim", "-t", "prod", "--from", "small:dev", "--yes")
    assert "No changes" in run("apply", "--target", "prod").text


def test_rows_that_belong_to_another_state_schema_are_refused(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when one table is restored from a backup of another database."""
    run = runner(project, monkeypatch, capsys)
    project.define(customers("o"))
    run("apply")
    project.warehouse.run(f"update {project.state_schema}.syncs set installation = 'elsewhere'")
    told = run("apply", expect=7).text
    assert "error[state-mixed]" in told
    assert SYNC in told
    run("state", "claim", SYNC, "--from", "small:dev", "--yes")
    assert "No changes" in run("apply").text
