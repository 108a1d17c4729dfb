"""A plan that a guard holds is approved by its id: exactly that one, once, and on record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

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


BOUNDED = people(guard={"max_adds": 5})


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run("create table rows (person_id varchar, email varchar, plan varchar)")
    return project


@pytest.fixture
def small(shop: SmallProject, run: Runs) -> SmallProject:
    """Three people are there, and six more are about to be added, of whom five may be."""
    shop.define(BOUNDED)
    add(shop, 1, 3)
    run("apply")
    add(shop, 4, 9)
    return shop


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def add(shop: SmallProject, first: int, last: int) -> None:
    shop.warehouse.run(
        "insert into rows select 'p' || i, 'p' || i || '@example.com', 'pro'"
        f" from generate_series({first}, {last}) as g(i)"
    )


def plan_id(text: str) -> str:
    found = set(re.findall(r"--approve ([0-9a-f]{6}-[0-9a-f]{8})", text))
    assert len(found) == 1, text
    return found.pop()


def held_rows(shop: SmallProject) -> int:
    return int(shop.state("select count(*) from {state}.held_rows")[0][0])


def test_a_held_plan_is_sent_once_it_is_approved(small: SmallProject, run: Runs) -> None:
    named = plan_id(run("plan", expect=3).text)
    assert json.loads(run("plan", "--json", expect=3).stdout)["results"][0]["plan_id"] == named
    assert small.state("select count(*) from {state}.held_plans") == [(0,)]
    held = run("apply", expect=3)
    assert plan_id(held.text) == named
    assert "6 would be added to 3, and 5 may be" in held.text
    assert plan_id(run("apply", expect=3).text) == named
    assert small.attributes("p4") == {}
    assert held_rows(small) == 6
    assert small.results()["results"][0]["plan_id"] == named
    run("apply", "--approve", named, "--as", "ana")
    assert small.attributes("p9") == {"plan": "pro"}
    assert held_rows(small) == 0
    assert small.results()["results"][0]["approved_by"] == "ana"
    kept = small.state(
        "select plan_id, adds, changes, removes, approved_by, approved_at is null,"
        " finished_at is null from {state}.held_plans"
    )
    assert kept == [(named, 6, 0, 0, "ana", False, False)]
    assert "No changes" in run("apply").text


def test_an_approved_plan_goes_without_a_run_that_has_held_it(
    small: SmallProject, run: Runs
) -> None:
    run("apply", "--approve", plan_id(run("plan", expect=3).text))
    assert small.attributes("p9")["plan"] == "pro"


def test_a_plan_that_is_approved_twice_is_sent_once(small: SmallProject, run: Runs) -> None:
    named = plan_id(run("plan", expect=3).text)
    run("apply", "--approve", named, "--as", "ana")
    sent = small.requests()
    again = run("apply", "--approve", named, expect=3)
    assert f"plan {named} of {SYNC} was approved already" in again.text
    assert "by ana" in again.text
    assert small.requests() == sent


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("insert into rows values ('p10', null, 'pro')", "the model moved: 1 new"),
        ("delete from rows where person_id = 'p9'", "the model moved: 1 gone"),
        ("update rows set plan = 'free' where person_id = 'p9'", "the model moved: 1 changed"),
        ("update rows set email = 'new' where person_id = 'p9'", "the model moved: 1 changed"),
    ],
)
def test_a_plan_whose_model_has_moved_is_refused(
    small: SmallProject, run: Runs, edit: str, told: str
) -> None:
    named = plan_id(run("apply", expect=3).text)
    small.warehouse.run(edit)
    sent = small.requests()
    refused = run("apply", "--approve", named, expect=3)
    assert f"plan {named} of {SYNC} is not what would be sent now: {told}" in refused.text
    assert small.requests() == sent


@on_duckdb
def test_what_is_held_after_a_refusal_can_be_approved_in_turn(
    small: SmallProject, run: Runs
) -> None:
    old = plan_id(run("apply", expect=3).text)
    add(small, 10, 10)
    new = plan_id(run("apply", "--approve", old, expect=3).text)
    assert new != old
    refused = run("apply", "--approve", old, expect=3)
    assert "the model moved: 1 new" in refused.text
    run("apply", "--approve", new)
    assert small.attributes("p10")["plan"] == "pro"


@on_duckdb
def test_a_plan_whose_metadata_has_moved_is_refused(small: SmallProject, run: Runs) -> None:
    named = plan_id(run("apply", expect=3).text)
    changed = people(guard={"max_adds": 5}, min_interval="1 hour")
    small.define(changed)
    for _ in range(2):
        told = run("apply", "--approve", named, expect=3).text
        assert told.count("the metadata moved") == 1, told
    small.define(people(guard={"max_adds": 4}))
    run("apply", "--approve", named)


@on_duckdb
def test_a_plan_whose_snapshot_has_moved_is_refused(small: SmallProject, run: Runs) -> None:
    named = plan_id(run("apply", expect=3).text)
    run("apply", "--allow-adds")
    small.warehouse.run("delete from rows where person_id in ('p8', 'p9')")
    run("apply")
    refused = run("apply", "--approve", named, expect=3)
    assert "a later run was complete" in refused.text
    small.warehouse.run("delete from rows")
    add(small, 1, 9)
    run("state", "doubt", SYNC, "--yes")
    small.define(people(guard={"max_adds": 0, "max_changes": 3}))
    named = plan_id(run("apply", expect=3).text)
    small.warehouse.run(
        f"update {small.state_schema}.snapshot_{SYNC} set unconfirmed = null, unsure = null,"
        " written_epoch = 99 where identity = 'p1'"
    )
    assert "the snapshot moved: 1 gone" in run("apply", "--approve", named, expect=3).text


@on_duckdb
def test_at_most_as_many_go_where_rows_have_moved(small: SmallProject, run: Runs) -> None:
    named = plan_id(run("apply", expect=3).text)
    add(small, 10, 10)
    assert "approval-moved" in run("apply", "--approve", named, "--at-most", expect=3).text
    named = plan_id(run("apply", expect=3).text)
    small.warehouse.run("update rows set plan = 'free' where person_id = 'p10'")
    run("apply", "--approve", named, "--at-most")
    assert small.attributes("p10")["plan"] == "free"


@on_duckdb
def test_an_id_that_is_not_known_is_refused_with_what_to_do(small: SmallProject, run: Runs) -> None:
    told = run("apply", "--approve", "abcdef-01234567", expect=2).text
    assert "no sync of this project has a plan abcdef-01234567" in told
    begins = plan_id(run("plan", expect=3).text).partition("-")[0]
    told = run("apply", "--approve", f"{begins}-01234567", expect=3).text
    assert "no run has held such a plan" in told
    assert "--at-most says how a plan is approved" in run("apply", "--at-most", expect=2).text


@on_duckdb
def test_somebody_who_is_suppressed_meanwhile_is_left_out_of_an_approved_plan(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "create table stopped (person_id varchar)", "insert into stopped values ('x')"
    )
    stopped = Model(
        name="stopped_people",
        query="select person_id from stopped",
        columns={"person_id": "varchar"},
        activation={"kind": "suppression", "identity": "person_id"},
    )
    shop.define(people(guard={"max_adds": 5}, suppress=["stopped_people"]), stopped)
    add(shop, 1, 3)
    run("apply")
    add(shop, 4, 10)
    named = plan_id(run("apply", expect=3).text)
    shop.warehouse.run("insert into stopped values ('p4')")
    run("apply", "--approve", named)
    assert shop.attributes("p4") == {}
    assert shop.attributes("p10")["plan"] == "pro"


@on_duckdb
def test_no_other_sync_is_run_by_an_approval(small: SmallProject, run: Runs) -> None:
    other = Model(
        name="seg_people",
        query="select person_id from rows",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": [{"name": "customerio", "segment": "people", "update_only": False}],
        },
    )
    small.define(BOUNDED, other)
    named = plan_id(run("plan", "--select", "traits_people", expect=3).text)
    run("apply", "--approve", named)
    assert [one["sync"] for one in small.results()["results"]] == [SYNC]


@on_duckdb
def test_the_history_says_who_approved_what(small: SmallProject, run: Runs) -> None:
    named = plan_id(run("apply", expect=3).text)
    run("apply", "--approve", named, "--as", "ana")
    told = run("status", "--history").text
    assert told.count(named) == 2
    assert f"{named} by ana" in told


@on_duckdb
def test_too_many_removals_go_once_they_are_approved(shop: SmallProject, run: Runs) -> None:
    shop.define(people())
    add(shop, 1, 20)
    run("apply")
    shop.warehouse.run("delete from rows where person_id <> 'p1'")
    named = plan_id(run("apply", expect=3).text)
    run("apply", "--approve", named)
    assert shop.attributes("p2") == {}


def behind(**more: Any) -> Model:
    """A segment that Customer.io gets of people whom LaunchDarkly has."""
    customerio = {"name": "customerio", "segment": "people", "update_only": False}
    return Model(
        name="seg_people",
        query="select person_id from rows",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": ["launchdarkly", {**customerio, "after": "launchdarkly"}],
            **more,
        },
    )


@on_duckdb
def test_what_waits_for_another_sync_is_not_held_for_its_number(
    shop: SmallProject, run: Runs
) -> None:
    shop.connect("launchdarkly")
    shop.define(behind(guard={"max_adds": 5}))
    add(shop, 1, 3)
    run("apply")
    add(shop, 4, 9)
    told = run("apply", expect=3).text
    counts = {one["sync"]: one["counts"] for one in shop.results()["results"]}
    assert counts["seg_people__customerio"]["deferred"] == 6
    assert told.count("6 would be added to 3") == 1
    run("apply", "--approve", plan_id(told))
    run("apply", "--approve", plan_id(run("apply", expect=3).text))
    assert shop.attributes("p9") == {"people": True}


@on_duckdb
def test_removals_of_syncs_in_waves_go_once_both_plans_are_approved(
    shop: SmallProject, run: Runs
) -> None:
    shop.connect("launchdarkly")
    shop.define(behind())
    add(shop, 1, 20)
    run("apply")
    shop.warehouse.run("delete from rows where person_id not in ('p1', 'p2')")
    add(shop, 21, 22)
    named = set(re.findall(r"--approve ([0-9a-f]{6}-[0-9a-f]{8})", run("plan", expect=3).text))
    held = set(re.findall(r"--approve ([0-9a-f]{6}-[0-9a-f]{8})", run("apply", expect=3).text))
    assert len(held) == 2
    assert len(held & named) >= 1
    run("apply", *(part for one in held for part in ("--approve", one)), "--as", "ana")
    assert (shop.attributes("p3"), shop.attributes("p22")) == ({"people": False}, {"people": True})
    by = "select sync, approved_by from {state}.run_syncs order by started_at desc, sync limit 2"
    assert sorted(shop.state(by)) == [
        ("seg_people__customerio", "ana"),
        ("seg_people__launchdarkly", "ana"),
    ]


@on_duckdb
def test_an_approval_is_not_used_up_while_something_else_holds_the_plan(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "create table stopped (person_id varchar)", "insert into stopped values ('x')"
    )
    stopped = Model(
        name="stopped_people",
        query="select person_id from stopped",
        columns={"person_id": "varchar"},
        activation={"kind": "suppression", "identity": "person_id"},
    )
    shop.define(people(guard={"max_adds": 5}, suppress=["stopped_people"]), stopped)
    add(shop, 1, 3)
    run("apply")
    add(shop, 4, 10)
    named = plan_id(run("apply", expect=3).text)
    shop.warehouse.run("delete from stopped")
    assert "list-" in run("apply", "--approve", named, expect=3).text
    assert shop.attributes("p4") == {}
    assert shop.state("select approved_by from {state}.held_plans") == [(None,)]
    shop.warehouse.run("insert into stopped values ('x')")
    run("apply", "--approve", named)
    assert shop.attributes("p4")["plan"] == "pro"


@on_duckdb
def test_the_same_change_again_needs_an_approval_of_its_own(shop: SmallProject, run: Runs) -> None:
    shop.define(people(guard={"max_changes": 0}))
    add(shop, 1, 3)
    run("apply")
    used = []
    for plan in ("free", "pro", "free"):
        shop.warehouse.run(f"update rows set plan = '{plan}'")
        used.append(plan_id(run("apply", expect=3).text))
        run("apply", "--approve", used[-1])
    assert len(set(used)) == 3
    assert "was approved already" in run("apply", "--approve", used[0], expect=3).text


def test_an_approved_plan_goes_later_when_the_destination_refuses_the_credentials(
    small: SmallProject, run: Runs
) -> None:
    named = plan_id(run("apply", expect=3).text)
    small.write_profiles(api_key="wrong")
    run("apply", "--approve", named, "--as", "ana", expect=6)
    assert small.attributes("p9") == {}
    small.write_profiles(api_key="sandbox-track-key")
    assert "would be held" not in run("plan").text
    add(small, 10, 10)
    run("apply")
    assert (small.attributes("p9")["plan"], small.attributes("p10")["plan"]) == ("pro", "pro")
    told = run("status", "--history").text
    assert told.count(f"{named} by ana") == 2


@on_duckdb
def test_approved_adds_let_no_removals_go_that_are_held_since(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(BOUNDED)
    shop.warehouse.run("delete from rows")
    for first, last in ((1, 5), (6, 10), (11, 15), (16, 20)):
        add(shop, first, last)
        run("apply")
    add(shop, 21, 26)
    named = plan_id(run("apply", expect=3).text)
    shop.warehouse.run(
        "delete from rows where person_id in (select 'p' || i from generate_series(1, 15) as g(i))"
    )
    for more in ([], ["--at-most"]):
        told = run("apply", "--approve", named, *more, expect=3).text
        assert "is not what would be sent now: other changes are held" in told
        assert (shop.attributes("p1"), shop.attributes("p21")) == ({"plan": "pro"}, {})
