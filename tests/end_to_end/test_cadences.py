"""Cadences: how often a person enters several models together, and which of them goes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject


def segment(name: str, *destinations: Any) -> Model:
    customerio = {"name": "customerio", "update_only": False, "on_enter": {"event": name}}
    return Model(
        name=name,
        query=f"select person_id from people where model = '{name}'",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "initial": "send",
            "cadence": "promo",
            "destinations": [customerio, *destinations],
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("launchdarkly")
    project.warehouse.run("create table people (model varchar, person_id varchar)")
    return project


def allow(shop: SmallProject, entries: int, *models: str, more: str = "") -> None:
    (shop.dir / "dbt_project.yml").write_text(
        f"name: {shop.name}\nprofile: small\nmodel-paths: [models]\n"
        "vars:\n  activation:\n    cadences:\n"
        f"      promo: {{entries: {entries}, per: 7 days, priority: [{', '.join(models)}]{more}}}\n"
    )


def put(shop: SmallProject, model: str, *people: str) -> None:
    for person in people:
        shop.warehouse.run(f"insert into people values ('{model}', '{person}')")


def out(shop: SmallProject, model: str, person: str) -> None:
    where = f"model = '{model}' and person_id = '{person}'"
    shop.warehouse.run(f"delete from people where {where}")


def grow_old(shop: SmallProject, days: int) -> None:
    table = f"{shop.state_schema}.entries"
    shop.warehouse.run(f"update {table} set entered_at = entered_at - interval '{days} days'")


def messages(shop: SmallProject) -> list[tuple[str, str]]:
    return sorted((event["name"], event["who"]) for event in shop.sandbox.events())


def test_of_two_models_the_first_takes_the_slot_and_the_other_waits(
    shop: SmallProject, run: Runs
) -> None:
    allow(shop, 1, "seg_winback", "seg_cart")
    shop.define(segment("seg_cart"), segment("seg_winback"))
    put(shop, "seg_cart", "a", "b")
    put(shop, "seg_winback", "a")
    assert "deferred: 1 by a cadence" in run("plan").text
    run("apply", "--select", "seg_cart")
    assert messages(shop) == [("seg_cart", "b")]
    run("apply")
    assert messages(shop) == [("seg_cart", "b"), ("seg_winback", "a")]
    assert shop.counts()["seg_cart"]["deferred"] == 1
    assert shop.results()["results"][0]["deferred"] == {"cadence": 1}
    why = run("why", "a", "--select", "seg_cart").text
    assert "waits: no more than 1 entry in 7 days under the cadence promo, due on 20" in why
    grow_old(shop, 7)
    run("apply")
    assert messages(shop) == [("seg_cart", "a"), ("seg_cart", "b"), ("seg_winback", "a")]


def test_a_model_that_enters_two_destinations_today_goes_before_another(
    shop: SmallProject, run: Runs
) -> None:
    allow(shop, 1, "seg_cart", "seg_winback")
    shop.define(segment("seg_cart", "launchdarkly"), segment("seg_winback"))
    put(shop, "seg_cart", "a")
    put(shop, "seg_winback", "a", "b")
    assert "deferred: 1 by a cadence" in run("plan").text


def test_a_slot_is_kept_no_longer_than_is_reserved(shop: SmallProject, run: Runs) -> None:
    allow(shop, 1, "seg_winback", "seg_cart", more=", reserve: 2 days")
    shop.define(segment("seg_cart"), segment("seg_winback"))
    put(shop, "seg_cart", "a")
    put(shop, "seg_winback", "a")
    assert "deferred: 1 by a cadence" in run("apply", "--select", "seg_cart").text
    assert "under the cadence promo, due on 20" in run("why", "a").text
    table = f"{shop.state_schema}.waiting"
    for hours, sent in ((20, []), (48, [("seg_cart", "a")])):
        shop.warehouse.run(f"update {table} set since = since - interval '{hours} hours'")
        run("apply", "--select", "seg_cart")
        assert messages(shop) == sent
    assert "deferred: 1 by a cadence" in run("apply").text
    assert shop.state("select count(*) from {state}.waiting") == [(0,)]


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


@on_duckdb
def test_all_destinations_of_a_model_are_one_entry_during_one_stay(
    shop: SmallProject, run: Runs
) -> None:
    allow(shop, 2, "seg_cart", "seg_winback")
    shop.define(segment("seg_cart", "launchdarkly"), segment("seg_winback"))
    put(shop, "seg_cart", "a")
    run("apply")
    assert "deferred" not in run("plan").text
    put(shop, "seg_winback", "a")
    run("apply")
    assert messages(shop) == [("seg_cart", "a"), ("seg_winback", "a")]
    out(shop, "seg_cart", "a")
    run("apply", "--allow-removes", "--allow-empty")
    put(shop, "seg_cart", "a")
    assert "deferred: 1 by a cadence" in run("plan").text
    run("apply")
    assert len(messages(shop)) == 2


@on_duckdb
def test_the_slots_are_shared_and_a_model_that_leaves_the_list_counts_no_more(
    shop: SmallProject, run: Runs
) -> None:
    models = ("seg_cart", "seg_winback", "seg_survey")
    allow(shop, 2, *models)
    shop.define(*map(segment, models))
    for model in models:
        put(shop, model, "a")
    run("apply")
    assert messages(shop) == [("seg_cart", "a"), ("seg_winback", "a")]
    allow(shop, 2, *models[1:])
    alone = segment("seg_cart")
    del alone.activation["cadence"]
    shop.define(alone, *map(segment, models[1:]))
    run("apply")
    assert ("seg_survey", "a") in messages(shop)
