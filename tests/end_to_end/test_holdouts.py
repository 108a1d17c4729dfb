"""Holdouts: who gets nothing is drawn once, by the same recipe everywhere, and stays so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

from sync.plan.buckets import bucket_of

PEOPLE = [f"p{i}" for i in range(1, 41)]


def traits(**more: Any) -> Model:
    return Model(
        name="traits_people",
        query="select person_id, plan from rows",
        columns={"person_id": "varchar", "plan": "varchar"},
        activation={
            "kind": "traits",
            "identity": "person_id",
            "destinations": ["customerio"],
            **more,
        },
    )


def segment(**more: Any) -> Model:
    return Model(
        name="seg_people",
        query="select person_id from rows where plan = 'pro'",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": [{"name": "customerio", "segment": "people", "update_only": False}],
            **more,
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run("create table rows (person_id varchar, plan varchar)")
    add(project, *PEOPLE[:20])
    return project


def add(project: SmallProject, *people: str) -> None:
    rows = ", ".join(f"('{person}', 'pro')" for person in people)
    project.warehouse.run(f"insert into rows values {rows}")


def hold_out(project: SmallProject, *written: str) -> None:
    """Define the holdouts; each is `name: {percent: ...}`."""
    listed = "".join(f"      {line}\n" for line in written)
    (project.dir / "dbt_project.yml").write_text(
        f"name: {project.name}\nprofile: small\nmodel-paths: [models]\n"
        f"vars:\n  activation:\n    holdouts:\n{listed or '      {}'}"
    )


def drawn(percent: float, people: list[str], salt: str = "summer") -> set[str]:
    return {p for p in people if bucket_of(f"holdout:{salt}", p) < percent * 100}


def reached(shop: SmallProject) -> set[str]:
    return {person["identifiers"]["id"] for person in shop.sandbox.people()}


def arms(shop: SmallProject, name: str = "summer") -> dict[str, tuple[str, float]]:
    rows = shop.state(
        f"select identity, arm, percent from {{state}}.holdouts where holdout = '{name}'"
    )
    assert len(rows) == len({row[0] for row in rows})
    return {person: (arm, float(percent)) for person, arm, percent in rows}


def test_who_is_held_out_gets_nothing_from_any_sync_and_is_drawn_once(
    shop: SmallProject, run: Runs
) -> None:
    hold_out(shop, "summer: {percent: 30}")
    shop.define(traits(holdout="summer"), segment(holdout=["summer"]))
    first = drawn(30, PEOPLE[:20])
    assert first
    assert f"{2 * len(first)} held out" in run("plan").text
    run("apply")
    assert reached(shop) == set(PEOPLE[:20]) - first
    told = shop.counts()
    assert {counts["held_out"] for counts in told.values()} == {len(first)}
    assert arms(shop) == {p: ("control" if p in first else "treated", 30.0) for p in PEOPLE[:20]}
    hold_out(shop, "summer: {percent: 80}")
    add(shop, *PEOPLE[20:])
    later = drawn(80, PEOPLE[20:])
    run("apply")
    assert reached(shop) == set(PEOPLE) - first - later
    assert arms(shop)[min(later)] == ("control", 80.0)
    one = min(first)
    shop.warehouse.run(f"delete from rows where person_id = '{one}'")
    hold_out(shop, "summer: {percent: 0}")
    run("apply")
    add(shop, one)
    run("apply")
    assert one not in reached(shop)
    assert "No changes" in run("apply").text
    assert "held out by summer since" in run("why", one).text
    hold_out(shop, "summer: {percent: 30, release: true}")
    run("apply")
    outside = {p for p in later if p not in drawn(30, PEOPLE)}
    assert reached(shop) == set(PEOPLE) - first - (later - outside)


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


@on_duckdb
def test_whom_a_sync_has_reached_before_is_never_held_out(shop: SmallProject, run: Runs) -> None:
    shop.define(traits(), segment())
    run("apply")
    hold_out(shop, "summer: {percent: 100}")
    shop.define(traits(holdout="summer"), segment())
    add(shop, "p21")
    shop.warehouse.run("update rows set plan = 'free' where person_id = 'p1'")
    run("apply")
    assert shop.attributes("p1")["plan"] == "free"
    assert arms(shop)["p1"] == ("prior", 100.0)
    assert arms(shop)["p21"] == ("control", 100.0)


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
            "destinations": ["customerio"],
            **more,
        },
    )


def order(shop: SmallProject, *numbers: str) -> None:
    rows = ", ".join(f"('{n}', '{n[:2]}', timestamp '2026-01-01')" for n in numbers)
    shop.warehouse.run(f"insert into ordered values {rows}")


@pytest.fixture
def ordered(shop: SmallProject) -> SmallProject:
    shop.warehouse.run(
        "create table ordered (order_id varchar, person_id varchar, happened timestamp)"
    )
    return shop


def sent(shop: SmallProject) -> list[str]:
    return [one["identity"] for one in shop.applied() if one["action"] == "event"]


def test_people_whose_events_were_only_taken_as_sent_are_drawn_like_new_people(
    ordered: SmallProject, run: Runs
) -> None:
    hold_out(ordered, "summer: {percent: 100}")
    ordered.define(orders(holdout="summer"))
    order(ordered, "p1-1", "p2-1")
    run("apply")
    order(ordered, "p1-2", "p3-1")
    run("apply")
    assert sent(ordered) == []
    assert arms(ordered) == {f"p{i}": ("control", 100.0) for i in (1, 2, 3)}


@on_duckdb
def test_people_whose_events_were_sent_are_prior(ordered: SmallProject, run: Runs) -> None:
    ordered.define(orders())
    order(ordered, "p1-1")
    run("apply")
    order(ordered, "p2-1")
    run("apply")
    hold_out(ordered, "summer: {percent: 100}")
    ordered.define(orders(holdout="summer"))
    order(ordered, "p1-2", "p2-2")
    run("apply")
    assert arms(ordered) == {"p1": ("control", 100.0), "p2": ("prior", 100.0)}
    assert len(sent(ordered)) == 2


@on_duckdb
def test_a_holdout_that_is_dropped_messages_nobody_until_it_is_said_what_becomes_of_them(
    shop: SmallProject, run: Runs
) -> None:
    hold_out(shop, "summer: {percent: 30}")
    held = drawn(30, PEOPLE[:20])
    shop.define(traits(holdout="summer"))
    run("apply")
    shop.define(traits())
    shop.warehouse.run("delete from rows where person_id = 'p1' and plan = 'pro'")
    for _ in range(2):
        told = run("apply", expect=3).text
        assert f"no longer under the holdout summer, which holds {len(held)} people" in told
    hold_out(shop, "summer: {percent: 30, ends: keep}")
    run("apply")
    assert not reached(shop) & held
    hold_out(shop, "summer: {percent: 30, ends: release}")
    run("apply")
    assert reached(shop) >= held - {"p1"}


@on_duckdb
def test_another_salt_under_the_same_name_draws_nobody_anew(shop: SmallProject, run: Runs) -> None:
    hold_out(shop, "summer: {percent: 30}")
    shop.define(traits(holdout="summer"))
    run("apply")
    before = arms(shop)
    hold_out(shop, "summer: {percent: 30, salt: other}")
    add(shop, *PEOPLE[20:])
    assert "the salt of the holdout summer is another one" in run("apply", expect=3).text
    assert arms(shop) == before
    assert reached(shop) == set(PEOPLE[:20]) - drawn(30, PEOPLE[:20])


COHORT = Model(
    name="testers",
    query="select person_id from testing",
    columns={"person_id": "varchar"},
    activation={"kind": "cohort", "identity": "person_id"},
)


def rolled_out(percent: float, people: list[str]) -> set[str]:
    found = {p: bucket_of("rollout:traits_people", p) for p in people}
    return {p for p, bucket in found.items() if bucket < percent * 100}


def test_a_rollout_reaches_the_cohort_first_then_a_share_that_only_grows(
    shop: SmallProject, run: Runs
) -> None:
    add(shop, *PEOPLE[20:])
    shop.warehouse.run(
        "create table testing (person_id varchar)", "insert into testing values ('p1 '), ('x9')"
    )

    def stage(**written: Any) -> None:
        shop.define(traits(rollout={"always": "testers", **written}), COHORT)

    stage()
    plan = run("plan").text
    more = len(rolled_out(5, PEOPLE) - {"p1"})
    assert f"a rollout of 5 % would let in {more} more row" in plan
    run("apply")
    assert reached(shop) == {"p1"}
    assert shop.counts()["traits_people"]["outside_rollout"] == 39
    assert "outside the rollout of 0 % and not in testers" in run("why", "p2").text
    stage(percent=40)
    run("apply")
    assert reached(shop) == rolled_out(40, PEOPLE) | {"p1"}
    stage(percent=30)
    assert "would shrink from 40 % to 30 %" in run("apply", expect=3).text
    assert members(shop) == rolled_out(40, PEOPLE) | {"p1"}
    stage(percent=30, shrink=True)
    assert "(shrunk)" in run("plan", "--show", "9").text
    run("apply")
    assert members(shop) == rolled_out(30, PEOPLE) | {"p1"}
    shop.warehouse.run("delete from testing")
    run("apply", expect=3)
    assert members(shop) == rolled_out(30, PEOPLE) | {"p1"}
    shop.define(traits())
    run("apply")
    assert members(shop) == set(PEOPLE)


@on_duckdb
def test_only_the_cohort_is_tried_when_that_is_asked(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run(
        "create table testing (person_id varchar)",
        "insert into testing values ('p1'), ('p2')",
    )
    shop.define(traits(rollout={"always": "testers", "percent": 100}), COHORT)
    planned = run("plan", "--only-cohort").text
    assert "18 not attempted" in planned
    assert "To send it: python -m sync apply --only-cohort --select traits_people\n" in planned
    assert "python -m sync apply --only-cohort\n" in run("apply", "--only-cohort").text
    assert members(shop) == {"p1", "p2"}
    assert "18 not attempted, 2 unchanged" in run("plan", "--only-cohort").text
    assert shop.counts()["traits_people"]["not_attempted"] == 18
    run("apply")
    shop.warehouse.run(
        "delete from rows where person_id = 'p3'",
        "update rows set plan = 'free' where person_id in ('p1', 'p4')",
    )
    run("apply", "--only-cohort")
    assert members(shop) == set(PEOPLE[:20])
    plans = [shop.attributes(p)["plan"] for p in ("p1", "p4")]
    assert plans == ["free", "pro"]
    run("apply")
    assert members(shop) == set(PEOPLE[:20]) - {"p3"}
    shop.define(traits(), COHORT)
    assert "has no cohort" in run("apply", "--only-cohort", expect=3).text


def members(shop: SmallProject) -> set[str]:
    people = shop.sandbox.people()
    return {p["identifiers"]["id"] for p in people if p["attributes"].get("plan")}


ORDERS = Model(
    name="orders",
    query="select person_id || '-1' as order_id, person_id, email, happened from rows",
    columns={
        "order_id": "varchar",
        "person_id": "varchar",
        "email": "varchar",
        "happened": "timestamp",
    },
    activation={
        "kind": "events",
        "identity": "person_id",
        "event": "ordered",
        "event_id": "order_id",
        "occurred_at": "happened",
        "initial": "send",
        "destinations": ["customerio"],
    },
    of_columns={"email": {"send": False}},
)
BY_MAIL = Model(
    name="by_mail",
    query="select person_id, email from rows",
    columns={"person_id": "varchar", "email": "varchar"},
    activation={
        "kind": "segment",
        "identity": "person_id",
        "destinations": [
            {"name": "customerio", "identify_by": {"email": "email"}, "update_only": False}
        ],
    },
    of_columns={"email": {"pii": True}},
)
CARTS = Model(
    name="carts",
    query="select 'cart of ' || person_id as cart_id, person_id, plan from rows",
    columns={"cart_id": "varchar", "person_id": "varchar", "plan": "varchar"},
    activation={
        "kind": "objects",
        "identity": "cart_id",
        "object_type": "1",
        "destinations": ["customerio"],
    },
)
LIST = Model(
    name="suppressions",
    query="select person_id from listed",
    columns={"person_id": "varchar"},
    activation={"kind": "suppression", "identity": "person_id"},
)


def test_every_kind_of_model_keeps_to_all_policies(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run(
        "alter table rows add column email varchar",
        "alter table rows add column happened timestamp",
        "update rows set email = person_id || '@example.com', happened = timestamp '2026-01-01'",
        "create table listed (person_id varchar)",
        "insert into listed values ('p1'), ('p2')",
    )
    (shop.dir / "dbt_project.yml").write_text(
        "name: small\nprofile: small\nmodel-paths: [models]\nvars:\n  activation:\n"
        "    suppress: [suppressions]\n    holdouts: {summer: {percent: 40}}\n"
    )
    for model in (ORDERS, BY_MAIL):
        model.activation.update(holdout="summer", rollout={"percent": 60})  # type: ignore[attr-defined]
    shop.define(ORDERS, BY_MAIL, CARTS, LIST)
    run("apply")
    told = shop.counts()
    held = len(drawn(40, PEOPLE[2:20]))
    assert {m: told[m]["suppressed"] for m in told} == {"orders": 2, "by_mail": 2, "carts": 2}
    assert {m: told[m]["held_out"] for m in told} == {"orders": held, "by_mail": held, "carts": 0}
    outside = [told[m]["outside_rollout"] for m in ("orders", "by_mail")]
    assert all(0 < n < 18 - held for n in outside)
    assert told["carts"]["delivered"] == 18
    assert "No changes" in run("apply").text
    shop.warehouse.run("insert into listed values ('p3'), ('p4')")
    run("apply")
    told = shop.counts()
    assert told["carts"]["removals"] == 2
    assert told["orders"]["removals"] == 0
