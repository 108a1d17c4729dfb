"""An e-mail address in another letter case is the same person to every guardrail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

from sync.plan.buckets import bucket_of

ANN, SHOUTED = "ann@shop.example", "Ann@Shop.Example"
on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def segment(name: str, more: Any = None, **ours: Any) -> Model:
    customerio = {"name": "customerio", "update_only": False, "on_enter": {"event": name}}
    return Model(
        name=name,
        query=f"select login from people where model = '{name}'",
        columns={"login": "varchar"},
        activation={
            "kind": "segment",
            "identity": "login",
            "initial": "send",
            "destinations": [{**customerio, **(more or {})}],
            **ours,
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("launchdarkly")
    project.warehouse.run("create table people (model varchar, login varchar)")
    return project


def agree(shop: SmallProject, *lines: str) -> None:
    written = "".join(f"    {line}\n" for line in lines)
    (shop.dir / "dbt_project.yml").write_text(
        f"name: {shop.name}\nprofile: small\nmodel-paths: [models]\nvars:\n  activation:\n{written}"
    )


def put(shop: SmallProject, model: str, *logins: str) -> None:
    for login in logins:
        shop.warehouse.run(f"insert into people values ('{model}', '{login}')")


def out(shop: SmallProject, model: str) -> None:
    shop.warehouse.run(f"delete from people where model = '{model}'")


def messages(shop: SmallProject) -> list[tuple[str, str]]:
    return sorted((event["name"], event["who"]) for event in shop.sandbox.events())


def test_who_is_held_out_stays_so_in_other_letters(shop: SmallProject, run: Runs) -> None:
    agree(shop, "holdouts: {summer: {percent: 100}}")
    shop.define(segment("one", holdout="summer"), segment("two", holdout="summer"))
    put(shop, "one", ANN, "7")
    run("apply")
    agree(shop, "holdouts: {summer: {percent: 0}}")
    put(shop, "two", SHOUTED, "7")
    shop.warehouse.run(f"update people set login = '{SHOUTED}' where login = '{ANN}'")
    run("apply")
    assert messages(shop) == []
    drawn = "select identity, arm, bucket from {state}.holdouts order by identity"
    expected = [(who, "control", bucket_of("holdout:summer", who)) for who in ("7", ANN)]
    assert shop.state(drawn) == expected
    assert "held out by summer since" in run("why", SHOUTED, "--select", "two").text


def test_a_cap_and_a_cadence_count_entries_in_any_letters(shop: SmallProject, run: Runs) -> None:
    agree(shop, "cadences: {promo: {entries: 1, per: 7 days, priority: [two, one]}}")
    shop.define(
        segment("capped", cap={"entries": 1, "per": "30 days"}),
        segment("one", cadence="promo"),
        segment("two", cadence="promo"),
    )
    put(shop, "capped", ANN)
    put(shop, "one", SHOUTED)
    put(shop, "two", ANN, "bob@shop.example")
    first = [("capped", ANN), ("two", ANN), ("two", "bob@shop.example")]
    run("apply")
    assert messages(shop) == first
    for model in ("capped", "two"):
        out(shop, model)
    run("apply", "--allow-removes", "--allow-empty")
    put(shop, "capped", SHOUTED)
    put(shop, "one", "BOB@shop.example")
    put(shop, "two", SHOUTED)
    run("apply")
    assert messages(shop) == first
    for model, rule in (("capped", "1 entry in 30 days"), ("one", "1 entry in 7 days under the")):
        why = run("why", SHOUTED, "--select", model).text
        assert f"waits: no more than {rule}" in why


def test_a_person_is_in_one_segment_of_a_group_in_any_letters(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(
        segment("nps", exclusive={"group": "surveys", "priority": 1}),
        segment("churn", exclusive={"group": "surveys", "priority": 2}),
    )
    put(shop, "nps", ANN)
    put(shop, "churn", SHOUTED, "b")
    assert "1 outranked" in run("plan").text
    run("apply")
    assert messages(shop) == [("churn", "b"), ("nps", ANN)]
    put(shop, "nps", "B")  # no address: another person
    run("apply")
    assert messages(shop) == [("churn", "b"), ("nps", "B"), ("nps", ANN)]
    out(shop, "nps")
    run("apply", "--allow-removes", "--allow-empty")
    run("apply")
    assert ("churn", SHOUTED) in messages(shop)


def test_the_group_waits_for_the_exit_in_any_letters(shop: SmallProject, run: Runs) -> None:
    shop.define(
        segment("nps", exclusive={"group": "surveys", "priority": 1}),
        segment("churn", exclusive={"group": "surveys", "priority": 2}),
    )
    put(shop, "churn", SHOUTED)
    run("apply")
    put(shop, "nps", ANN)
    run("apply", "--select", "nps")
    assert messages(shop) == [("churn", SHOUTED)]
    assert "of the group surveys has the person until" in run("why", ANN, "--select", "nps").text


@on_duckdb
def test_the_rollout_draws_all_spellings_alike(shop: SmallProject, run: Runs) -> None:
    people = [f"p{n}@shop.example" for n in range(40)]
    share = {p for p in people if bucket_of("rollout:one", p) < 4000}
    shop.define(segment("one", rollout={"percent": 40}))
    put(shop, "one", *(p.upper() for p in people))
    run("apply")
    assert {who.lower() for _, who in messages(shop)} == share


@on_duckdb
def test_the_first_destination_may_know_the_person_in_other_letters(
    shop: SmallProject, run: Runs
) -> None:
    first = segment("first")
    first.activation["destinations"] = [{"name": "launchdarkly"}]
    shop.define(
        first, segment("second", {"after": {"model": "first", "destination": "launchdarkly"}})
    )
    put(shop, "first", ANN)
    put(shop, "second", SHOUTED, "Bob@shop.example")
    run("apply")
    assert messages(shop) == [("second", SHOUTED)]
    assert "deferred: 1" in run("plan").text


@on_duckdb
def test_a_list_names_addresses_in_any_letters_whatever_its_column_is_called(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "create table blocked (login varchar)", f"insert into blocked values ('{ANN}')"
    )
    agree(shop, "suppress: [blocked]")
    blocked = Model(
        name="blocked_people",
        query="select login from blocked",
        columns={"login": "varchar"},
        activation={"kind": "suppression", "identity": "login"},
    )
    agree(shop, "suppress: [blocked_people]")
    shop.define(segment("one"), blocked)
    put(shop, "one", SHOUTED, "b")
    run("apply")
    assert messages(shop) == [("one", "b")]


@pytest.mark.parametrize("rule", [{"cap": {"entries": 1, "per": "30 days"}}, {"cadence": "promo"}])
def test_two_spellings_in_one_model_enter_once(
    shop: SmallProject, run: Runs, rule: dict[str, Any]
) -> None:
    if "cadence" in rule:
        agree(shop, "cadences: {promo: {entries: 1, per: 7 days, priority: [one]}}")
    shop.define(segment("one", **rule))
    put(shop, "one", ANN, SHOUTED, "b")
    run("apply")
    assert messages(shop) == [("one", SHOUTED), ("one", "b")]
    run("apply")
    assert messages(shop) == [("one", SHOUTED), ("one", "b")]


def test_a_stay_at_one_destination_lets_no_other_spelling_in_at_another(
    shop: SmallProject, run: Runs
) -> None:
    """Two spellings in one model, and then another one each day: one entry, and no second."""
    agree(shop, "cadences: {promo: {entries: 1, per: 7 days, priority: [one]}}")
    one = segment("one", cadence="promo")
    one.activation["destinations"].append("launchdarkly")
    shop.define(one)
    put(shop, "one", ANN, SHOUTED, "b")
    assert run("plan").text.count("[+ 2 in ") == 2
    for written in ((ANN, SHOUTED), (ANN, SHOUTED), (ANN,), (ANN.upper(),), (SHOUTED,)):
        out(shop, "one")
        put(shop, "one", "b", *written)
        run("apply", "--allow-removes")
        assert messages(shop) == [("one", SHOUTED), ("one", "b")]


@pytest.mark.parametrize(
    ("written", "other"), [("müller@shop.example", "MÜLLER@shop.example"), ("ς@x.example",) * 2]
)
def test_who_is_forgotten_stays_so_whatever_letters_the_engine_knows(
    shop: SmallProject, run: Runs, written: str, other: str
) -> None:
    shop.define(segment("one"))
    put(shop, "one", other, "b")
    run("apply")
    out(shop, "one")
    put(shop, "one", "b")
    run("forget", other, "--yes", expect=None)
    run("apply")
    run("forget", other, "--yes", expect=None)
    put(shop, "one", other)
    run("apply")
    sent = messages(shop)
    assert sent == sorted([("one", other), ("one", "b")])
    if shop.warehouse.rows(f"select lower('{other}')") == [(written,)]:
        put(shop, "one", written)
        run("apply")
        assert messages(shop) == sent


def test_arms_that_an_older_version_stored_in_capitals_stay(shop: SmallProject, run: Runs) -> None:
    agree(shop, "holdouts: {summer: {percent: 50}}")
    shop.define(segment("one", holdout="summer"))
    people = [f"P{n}@Shop.example" for n in range(12)]
    put(shop, "one", *people)
    run("apply")
    there = "select identity, arm, bucket from {state}.holdouts order by identity"
    stored = [(person, "control", bucket_of("holdout:summer", person)) for person in people]
    shop.warehouse.run(f"delete from {shop.state_schema}.holdouts")
    for person, arm, bucket in stored:  # as an older version has drawn them
        shop.warehouse.run(
            f"insert into {shop.state_schema}.holdouts (holdout, identity, arm, bucket, percent,"
            f" assigned_at) values ('summer', '{person}', '{arm}', {bucket}, 50, now())"
        )
    known = messages(shop)
    put(shop, "one", *(person.lower() for person in people))
    assert "No changes" in run("plan").text
    run("apply")
    assert messages(shop) == known
    assert shop.state(there) == sorted(stored)
