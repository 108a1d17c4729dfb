"""`plan --out FILE`, then `apply FILE`: exactly that plan, once, or nothing and what has moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

from sync.commands import plan_file

SYNC = "traits_people__customerio"


def people(**more: Any) -> Model:
    return Model(
        name="traits_people",
        query="select person_id, email, plan from rows",
        columns={"person_id": "varchar", "email": "varchar", "plan": "varchar"},
        activation={
            "kind": "traits",
            "identity": "person_id",
            "destinations": [{"name": "customerio", "traits": ["plan", "email"]}],
            **more,
        },
        of_columns={"email": {"pii": True}},
    )


def trials(**more: Any) -> Model:
    return Model(
        name="seg_trials",
        query="select person_id from trials",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": ["customerio"],
            **more,
        },
    )


def after_people() -> Model:
    after = {"destination": "customerio", "model": "traits_people"}
    return trials(destinations=[{"name": "customerio", "after": after}])


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run("create table rows (person_id varchar, email varchar, plan varchar)")
    project.warehouse.run("create table trials (person_id varchar)")
    project.define(people(), trials())
    add(project, 1, 3)
    project.warehouse.run("insert into trials values ('p1')")
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def add(shop: SmallProject, first: int, last: int) -> None:
    shop.warehouse.run(
        "insert into rows select 'p' || i, 'p' || i || '@example.com', 'pro'"
        f" from generate_series({first}, {last}) as g(i)"
    )


def test_a_plan_is_sent_as_the_file_has_it_and_once(shop: SmallProject, run: Runs) -> None:
    told = run("plan", "--out", "today.plan")
    assert "python -m sync apply today.plan" in told.text
    assert shop.requests() == 0
    run("apply", "today.plan", "--as", "ana")
    assert shop.attributes("p3")["plan"] == "pro"
    add(shop, 4, 4)
    shop.warehouse.run("insert into trials values ('p2')")
    run("plan", "--out", "today.plan")
    run("apply", "today.plan", "--as", "ana")
    assert shop.attributes("p4")["plan"] == "pro"
    sent = shop.requests()
    again = run("apply", "today.plan", expect=3)
    assert again.text.count("it was applied already, ") == 2
    assert " UTC by ana" in again.text
    assert shop.requests() == sent
    plans = shop.state("select approved_by, finished_at is null from {state}.held_plans")
    assert plans == [("ana", False)] * 4
    assert shop.state("select count(*) from {state}.held_rows") == [(0,)]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            "insert into rows values ('p5', null, 'pro')",
            "adds were 1, and are 2",
        ),
        ("delete from rows where person_id = 'p4'", "adds were 1, and are 0"),
        ("update rows set plan = 'x' where person_id = 'p4'", "of other rows or with other values"),
        ("delete from rows where person_id = 'p1'", "removes were 0, and are 1"),
    ],
)
def test_nothing_is_sent_of_a_file_one_of_whose_plans_has_moved(
    shop: SmallProject, run: Runs, edit: str, told: str
) -> None:
    run("apply")
    add(shop, 4, 4)
    shop.warehouse.run("insert into trials values ('p2')")
    run("plan", "--out", "today.plan")
    shop.warehouse.run(edit)
    sent = shop.requests()
    refused = run("apply", "today.plan", expect=3)
    assert f"the plan of {SYNC} is not the one in today.plan" in refused.text
    assert told in refused.text
    assert "the plan of seg_trials__customerio is not" not in refused.text
    assert shop.requests() == sent
    answer = json.loads(run("apply", "today.plan", "--json", expect=3).stdout)
    assert [p["code"] for p in answer["problems"]] == ["plan-moved"]


def test_what_another_run_has_sent_is_told(shop: SmallProject, run: Runs) -> None:
    run("apply")
    add(shop, 4, 4)
    run("plan", "--out", "today.plan")
    run("apply")
    refused = run("apply", "today.plan", expect=3)
    assert "the snapshot moved: a run has planned since" in refused.text


@on_duckdb
def test_metadata_version_and_gates_that_moved_are_told_for_each_sync(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("plan", "--out", "today.plan")
    shop.define(people(min_interval="1 hour"), trials())
    monkeypatch.setattr("sync.commands.filing.__version__", "9.9.9")
    refused = run("apply", "today.plan", expect=3)
    assert refused.text.count("and this is 9.9.9") == 2
    assert refused.text.count("the metadata moved") == 1
    monkeypatch.undo()
    shop.define(people())
    shop.warehouse.run("drop view traits_people")
    refused = run("apply", "today.plan", expect=3)
    assert "the sync was not refused then, and is refused (relation-missing) now" in refused.text
    assert "the plan of seg_trials__customerio is not the one in" in refused.text
    assert "the project has no such sync" in refused.text
    run("plan", "--out", "today.plan", expect=3)
    assert "relation-missing" in run("apply", "today.plan", expect=3).text
    shop.define(people())
    refused = run("apply", "today.plan", expect=3)
    assert "was refused (relation-missing) then, and is not now" in refused.text
    assert shop.requests() == 0


def edited(text: str) -> str:
    return text.replace('"model_rows": 3', '"model_rows": 4')


@on_duckdb
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda text: text[:-200], "plan-file-edited"),
        (edited, "plan-file-edited"),
        (lambda _: "{}", "plan-file"),
        (lambda _: "[]", "plan-file"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "plan-file-format"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused(
    shop: SmallProject, run: Runs, spoil: Callable[[str], str], code: str
) -> None:
    run("plan", "--out", "today.plan")
    path = shop.dir / "today.plan"
    assert spoil(path.read_text()) != path.read_text()
    path.write_text(spoil(path.read_text()))
    refused = run("apply", "today.plan", expect=2)
    assert f"error[{code}]" in refused.text
    assert shop.requests() == 0
    assert "error[plan-file]: gone.plan can't be read" in run("apply", "gone.plan", expect=2).text


@on_duckdb
def test_a_file_of_another_project_or_target_is_refused(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("plan", "--out", "today.plan")
    path = shop.dir / "today.plan"
    found = plan_file.read_file(path, "today.plan")
    plan_file.write_file(path, replace(found, project="other", target="prod"))
    refused = run("apply", "today.plan", expect=2)
    assert "today.plan is a plan of project other, not small, target prod, not dev" in refused.text


@on_duckdb
def test_a_file_holds_what_was_selected_and_allowed_and_nobody(
    shop: SmallProject, run: Runs
) -> None:
    run("plan", "--select", "traits_people", "--allow-removes", "--out", "today.plan")
    text = (shop.dir / "today.plan").read_text()
    assert "p1" not in text and "example.com" not in text
    found = json.loads(text)
    assert [one["sync"] for one in found["syncs"]] == [SYNC]
    assert found["options"]["allow_removes"] is True
    assert found["syncs"][0]["plan"]["ops"] == {"add": 3}
    usage = run("apply", "today.plan", "--select", "traits_people", expect=2)
    assert "FILE says what is sent, and so does --select" in usage.text
    run("apply", "today.plan")
    planned = json.loads(run("plan", "--json").stdout)
    assert planned["changes"] == 1


@on_duckdb
def test_only_a_file_of_its_own_is_overwritten(shop: SmallProject, run: Runs) -> None:
    (shop.dir / "notes.txt").write_text("mine")
    told = run("plan", "--out", "notes.txt", expect=2).text
    assert "file-not-ours" in told and "choose another file with --out\n" in told
    assert (shop.dir / "notes.txt").read_text() == "mine"
    assert "PLAN" not in told, "a plan was made that has no place"
    run("plan", "--out", "today.plan")
    assert json.loads(run("plan", "--out", "today.plan", "--json").stdout)["file"] == "today.plan"


def test_what_a_guard_holds_of_a_file_stays_held(shop: SmallProject, run: Runs) -> None:
    run("apply")
    shop.define(people(guard={"max_adds": 1}), trials())
    add(shop, 4, 6)
    shop.warehouse.run("insert into trials values ('p2')")
    run("plan", "--out", "today.plan", expect=3)
    held = run("apply", "today.plan", expect=3)
    assert "too-many-adds" in held.text and "plan-moved" not in held.text
    assert shop.attributes("p4") == {}
    run("plan", "--allow-adds", "--out", "next.plan")
    run("apply", "next.plan")
    assert shop.attributes("p6")["plan"] == "pro"


def test_what_waits_for_another_sync_of_the_file_waits_for_the_next_run(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(people(), after_people())
    run("plan", "--out", "today.plan")
    run("apply", "today.plan")
    assert planned(run) == {SYNC: {}, "seg_trials__customerio": {"add": 1}}
    run("apply")
    shop.warehouse.run("delete from trials where person_id = 'p1'")
    shop.warehouse.run("insert into trials values ('p2'), ('p4')")
    add(shop, 4, 4)
    run("plan", "--out", "today.plan")
    run("apply", "today.plan")
    assert planned(run) == {SYNC: {}, "seg_trials__customerio": {"add": 1}}


@on_duckdb
def test_who_leaves_a_segment_of_a_group_enters_the_other_by_the_next_run(
    shop: SmallProject, run: Runs
) -> None:
    group = {"group": "offers", "priority": 2}
    first = Model(
        name="seg_first",
        query="select person_id from rows where plan = 'first'",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": ["customerio"],
            "exclusive": {"group": "offers", "priority": 1},
        },
    )
    shop.define(first, trials(exclusive=group))
    run("apply")
    shop.warehouse.run("update rows set plan = 'first' where person_id = 'p1'")
    run("plan", "--out", "today.plan")
    run("apply", "today.plan")
    assert planned(run) == {"seg_first__customerio": {"add": 1}, "seg_trials__customerio": {}}


def planned(run: Runs) -> dict[str, dict[str, int]]:
    """What a plan would do now, by sync."""
    results = json.loads(run("plan", "--json").stdout)["results"]
    return {one["sync"]: {op: n for op, n in one["planned"].items() if n} for one in results}
