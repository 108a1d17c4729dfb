"""Caps: a person enters as often as is allowed, what waits is told, and exits never wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

CUSTOMERIO = {"name": "customerio", "segment": "carts", "on_enter": {"event": "entered"}}


def carts(**more: Any) -> Model:
    return Model(
        name="seg_carts",
        query="select person_id from carts",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "initial": "send",
            "destinations": [{**CUSTOMERIO, "update_only": False}],
            **more,
        },
    )


def orders(**more: Any) -> Model:
    return Model(
        name="orders",
        query="select order_id, person_id, happened from ordered",
        columns={"order_id": "varchar", "person_id": "varchar", "happened": "timestamp"},
        activation={
            "kind": "events",
            "identity": "person_id",
            "event": "ordered",
            "event_id": "order_id",
            "occurred_at": "happened",
            "initial": "send",
            "destinations": ["customerio"],
            **more,
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run(
        "create table carts (person_id varchar)",
        "create table ordered (order_id varchar, person_id varchar, happened timestamp)",
    )
    return project


def has(shop: SmallProject, *people: str) -> None:
    shop.warehouse.run("delete from carts")
    for person in people:
        shop.warehouse.run(f"insert into carts values ('{person}')")


def grow_old(shop: SmallProject, days: int) -> None:
    """As if the entries so far had been so long ago."""
    table = f"{shop.state_schema}.entries"
    shop.warehouse.run(f"update {table} set entered_at = entered_at - interval '{days} days'")


def events(shop: SmallProject) -> list[str]:
    return [one["identity"] for one in shop.applied() if one["action"] == "event"]


def test_a_person_who_comes_back_too_soon_waits_until_the_cap_lets_them_in(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(carts(cap={"entries": 1, "per": "30 days"}))
    has(shop, "a", "b")
    run("apply")
    has(shop, "b")
    run("apply")
    has(shop, "a", "b", "c")
    told = run("plan").text
    assert "deferred: 1 by their cap" in told
    assert "1 to add" in told
    assert "1 deferred" in told
    run("apply")
    assert shop.counts()["seg_carts"]["deferred"] == 1
    assert shop.results()["results"][0]["deferred"] == {"cap": 1}
    why = run("why", "a").text
    assert "Next run: add (returned) waits: no more than 1 entry in 30 days, due on 20" in why
    has(shop, "b", "c")
    assert "No changes" in run("apply").text
    has(shop, "a", "b", "c")
    grow_old(shop, 29)
    assert "deferred: 1 by their cap" in run("apply").text
    grow_old(shop, 1)
    run("apply")
    assert shop.counts()["seg_carts"]["deferred"] == 0
    assert events(shop).count("a") == 2


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


@on_duckdb
def test_of_the_events_of_a_person_only_as_many_go_as_the_cap_allows(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(orders(cap={"entries": 1, "per": "24 hours"}))
    for i in (1, 2, 3):
        shop.warehouse.run(
            f"insert into ordered values ('o{i}', 'a', timestamp '2026-11-2{i} 08:00:00')"
        )
    run("apply")
    assert shop.counts()["orders"] == {**shop.counts()["orders"], "deferred": 2, "delivered": 1}
    why = run("why", "a").text
    assert "o2: add (new) waits: no more than 1 entry in 24 hours, due on 20" in why
    grow_old(shop, 1)
    run("apply")
    assert shop.counts()["orders"]["unchanged"] == 1
    assert len(events(shop)) == 2


@on_duckdb
def test_what_is_adopted_has_not_entered(shop: SmallProject, run: Runs) -> None:
    shop.define(carts(cap={"entries": 1, "per": "30 days"}))
    has(shop, "a")
    run("state", "adopt", "--select", "seg_carts", "--yes")
    has(shop, "b")
    run("apply", "--allow-removes")
    has(shop, "a", "b")
    run("apply")
    assert events(shop) == ["b", "a"]


@on_duckdb
def test_what_is_reset_is_sent_again_though_the_cap_is_full(shop: SmallProject, run: Runs) -> None:
    shop.define(carts(cap={"entries": 1, "per": "30 days"}))
    has(shop, "a")
    run("apply")
    run("state", "reset", "--select", "seg_carts", "--yes")
    before = len(shop.applied())
    run("apply")
    assert [one["identity"] for one in shop.applied(before) if one["action"] == "identify"] == ["a"]
    has(shop)
    run("apply", "--allow-removes", "--allow-empty")
    has(shop, "a")
    assert "deferred: 1 by their cap" in run("plan").text


@on_duckdb
def test_a_lost_table_of_entries_is_filled_from_the_snapshot(shop: SmallProject, run: Runs) -> None:
    shop.define(carts(cap={"entries": 1, "per": "30 days"}))
    has(shop, "a", "b")
    run("apply")
    shop.warehouse.run(f"drop table {shop.state_schema}.entries")
    run("apply", expect=7)
    run("state", "recreate", "--yes")
    has(shop, "b")
    run("apply")
    has(shop, "a", "b")
    assert "deferred: 1 by their cap" in run("apply").text
    assert events(shop).count("a") == 1


@on_duckdb
def test_the_entries_of_a_wrong_run_can_be_forgiven(shop: SmallProject, run: Runs) -> None:
    shop.define(carts(cap={"entries": 1, "per": "30 days"}))
    has(shop, "a", "b")
    run("apply")
    wrong = shop.results()["metadata"]["run_id"]
    has(shop, "b")
    run("apply")
    has(shop, "a", "b")
    assert "1 deferred" in run("plan").text
    assert "no run `other`" in run("state", "forgive", "--run", "other", "--yes", expect=2).text
    assert "2 entries of run" in run("state", "forgive", "--run", wrong, "--yes").text
    assert "0 entries of run" in run("state", "forgive", "--run", wrong, "--yes").text
    run("apply")
    assert events(shop).count("a") == 2
    assert "No changes" in run("plan").text


@on_duckdb
def test_entries_follow_a_sync_to_its_new_name(shop: SmallProject, run: Runs) -> None:
    shop.define(carts(cap={"entries": 1, "per": "30 days"}))
    has(shop, "a", "b")
    run("apply")
    has(shop, "b")
    run("apply")
    shop.define(replace(carts(cap={"entries": 1, "per": "30 days"}), name="seg_baskets"))
    run("state", "move", "seg_carts__customerio", "seg_baskets__customerio", "--yes")
    has(shop, "a", "b")
    assert "deferred: 1 by their cap" in run("plan").text


@on_duckdb
def test_a_capped_segment_behind_another_sync_counts_each_entry_once(
    shop: SmallProject, run: Runs
) -> None:
    shop.connect("launchdarkly")
    behind = carts(cap={"entries": 1, "per": "30 days"})
    behind.activation["destinations"][0]["after"] = "launchdarkly"
    behind.activation["destinations"].append("launchdarkly")
    shop.define(behind)
    has(shop, "a", "b")
    run("apply")
    has(shop, "b", "c")
    run("apply")
    has(shop, "a", "b", "c")
    run("apply")
    assert shop.counts()["seg_carts"]["deferred"] == 1
    rows = shop.state(
        "select person, is_reserved from {state}.entries"
        " where sync = 'seg_carts__customerio' order by person"
    )
    assert rows == [("a", False), ("b", False), ("c", False)]
