"""A contract's version, and edits of query, contract and mapping: sent once, told and recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import events, fill, furnish, model, segment

SYNC = "plans__customerio"


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    return furnish(project_on(request.param))


def plans(version: int = 1, **entry: Any) -> Model:
    made = model("plans", {"tier": "varchar"}, **{"version_trait": "contract", **entry})
    return replace(made, activation={**made.activation, "version": version})


def numbers(shop: SmallProject, table: str) -> list[int]:
    return [
        n for (n,) in shop.state(f"select definition_version from {{state}}.{table} order by 1")
    ]


def test_a_raised_version_travels_to_everybody_once(shop: SmallProject, run: Runs) -> None:
    shop.define(plans())
    run("apply")
    assert shop.attributes("a") == {"tier": "gold", "contract": 1}
    assert "No changes" in run("plan").text
    shop.define(plans(2))
    planned = run("plan")
    assert "version 2 of the contract, which was 1; `contract` tells everybody" in planned.text
    assert "Plan: 2 to change" in planned.text
    run("apply")
    assert [shop.attributes(x)["contract"] for x in "ab"] == [2, 2]
    assert numbers(shop, "deliveries") == [1, 1, 2, 2]
    assert numbers(shop, "run_syncs") == [1, 2]
    assert numbers(shop, f"snapshot_{SYNC}") == [2, 2]
    again = run("plan")
    assert "No changes" in again.text
    assert "of the contract" not in again.text


def test_without_the_key_a_raised_version_sends_nothing(shop: SmallProject, run: Runs) -> None:
    shop.define(plans(version_trait=None))
    run("apply")
    shop.define(plans(2, version_trait=None))
    planned = run("plan")
    assert "version 2 of the contract, which was 1" in planned.text
    assert "tells everybody" not in planned.text
    assert "No changes" in planned.text


def test_who_leaves_loses_it_and_events_that_were_sent_keep_theirs(
    shop: SmallProject, run: Runs
) -> None:
    ordered = events("orders")
    entry = {"name": "customerio", "version_trait": "contract"}
    ordered = replace(ordered, activation={**ordered.activation, "destinations": [entry]})
    shop.define(plans(), ordered)
    run("apply")
    sent = [x for x in shop.applied() if x["action"] == "event"]
    assert [x["names"] for x in sent] == [["n", "contract"], ["n", "contract"]]
    raised = replace(ordered, activation={**ordered.activation, "version": 2})
    shop.warehouse.run("delete from people where id = 'b'")
    shop.define(plans(), raised)
    run("apply", "--allow-removes")
    assert len([x for x in shop.applied() if x["action"] == "event"]) == 2
    assert "contract" not in shop.attributes("b")


EDITED = "the definition changed since the last complete run: "


def test_what_was_edited_is_told_by_plan_and_history_and_recorded_with_both_definitions(
    shop: SmallProject, run: Runs
) -> None:
    first = plans(version_trait=None)
    shop.define(first)
    run("apply")
    assert EDITED not in run("plan").text
    stages = [
        (replace(first, query=f"{first.query} and n > 0"), "query"),
        (
            replace(plans(version_trait=None, on_drop="unset"), query=f"{first.query} and n > 0"),
            "mapping",
        ),
        (plans(2, version_trait=None, traits={"tier": "tier"}), "query, mapping"),
    ]
    for made, told in stages:
        shop.define(made)
        assert f"{EDITED}{told}\n" in run("plan").text
        run("apply")
    (_, *edited) = shop.state(
        "select definition, definition_before, definition_version, version_before"
        " from {state}.run_syncs order by started_at"
    )
    before = [
        row[0] for row in shop.state("select definition from {state}.run_syncs order by started_at")
    ]
    assert [row[1] for row in edited] == before[:-1]
    assert [row[2:] for row in edited] == [(1, 1), (1, 1), (2, 1)]
    (told_of,) = json.loads(run("status", "--history", "--json").stdout)["syncs"]
    history = told_of["history"]
    assert [one["edited"] for one in history] == [
        "query, mapping, version 1 to 2",
        "mapping",
        "query",
        "",
    ]
    assert "query, mapping, version 1 to 2" in run("status", "--history").text
    run("report", "--out", "page.html")
    page = (shop.dir / "page.html").read_text()
    assert "a changed definition, the last time of query, mapping, version 1 to 2." in page


def test_a_contract_that_changes_its_types_is_told_as_one(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans", {"n": "integer"}, traits=["n"]))
    run("apply")
    shop.define(model("plans", {"n": "integer", "tier": "varchar"}, traits=["n"]))
    assert f"{EDITED}query, contract\n" in run("plan").text


def test_a_run_that_was_held_is_no_complete_one_so_the_edit_is_told_again(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(plans())
    run("apply")
    made = plans(2)
    shop.define(replace(made, activation={**made.activation, "guard": {"max_changes": 1}}))
    for _ in range(2):
        run("apply", expect=3)
    rows = shop.state("select version_before from {state}.run_syncs order by started_at")
    assert rows == [(None,), (1,), (1,)]


def compiled(shop: SmallProject, made: Model, query: str = "") -> Model:
    """The model with names as dbt compiles them: with their schema."""
    schema = shop.warehouse.schema
    query = re.sub(r"\b(from|join) ", rf"\1 {schema}.", query or made.query)
    return replace(made, query=query)


def moves(text: str) -> str:
    (line,) = [line.strip() for line in text.splitlines() if "by the edit" in line]
    return line


def test_a_plan_after_an_edit_says_who_moves_by_it_and_who_by_the_data(
    shop: SmallProject, run: Runs
) -> None:
    first = compiled(shop, segment("seg_cart"))
    shop.define(first)
    run("apply")
    fill(shop, "'b', 'free', 2", "'c', 'free', 3", "'d', 'free', 4", "'e', 'gold', 5")
    assert "by the edit" not in run("plan").text, "no edit, no question"
    shop.define(replace(first, query=f"{first.query} and n <> 4 -- only these"))
    planned = run("plan")
    assert moves(planned.text) == "by the edit: 1 to remove; by the data: 3 to add, 1 to remove"
    assert "Plan: 1 to remove, 2 to add" in planned.text
    (told,) = json.loads(run("plan", "--json").stdout)["results"]
    assert told["by_edit"] == {"adds": 0, "removes": 1, "changes": 0}
    assert told["by_data"] == {"adds": 3, "removes": 1, "changes": 0}
    applied = run("apply", "--allow-removes")
    assert "by the edit" not in applied.text, "a run has no use for it"
    assert "by the edit" not in run("plan").text


def test_of_traits_each_row_that_differs_is_counted_for_what_made_it_differ(
    shop: SmallProject, run: Runs
) -> None:
    first = compiled(shop, model("plans", {"tier": "varchar"}))
    shop.define(first)
    run("apply")
    fill(shop, "'a', 'gold', 1", "'b', 'silver', 2")
    upper = "select id, upper(tier) as tier, n from people where n < 2"
    wider = model("plans", {"tier": "varchar", "n": "integer"})
    shop.define(compiled(shop, wider, upper))
    assert moves(run("plan").text) == (
        "by the edit: 1 to remove, 1 to change; by the data: 1 to change"
    )
    shop.define(compiled(shop, wider, "select id, tier, n from people"))
    assert moves(run("plan").text) == "by the edit: 2 to change; by the data: 1 to change"
    retyped = compiled(shop, first, "select id, length(tier) as tier from people")
    shop.define(replace(retyped, columns={"id": "varchar", "tier": "integer"}))
    assert moves(run("plan").text) == "by the edit: 2 to change; by the data: 1 to change"


def test_what_the_old_sql_read_may_be_gone_and_the_plan_says_so_and_goes_on(
    shop: SmallProject, run: Runs
) -> None:
    first = compiled(shop, model("plans"))
    shop.warehouse.run("create table listed (id varchar)", "insert into listed values ('a'), ('b')")
    shop.define(compiled(shop, first, "select id, tier from people join listed using (id)"))
    run("apply")
    shop.define(first)
    shop.warehouse.run("drop table listed")
    untold = "who moves by the edit can't be told: "
    planned = run("plan")
    (line,) = [x for x in planned.text.splitlines() if untold in x]
    assert "listed" in line
    assert planned.code == 0
    for kept, said in (
        (
            '{"sql": "select 1; select 2", "identity": "id", "related": null, "event_id": null,'
            ' "traits": []}',
            "can't be read: it is no single query",
        ),
        ("", "the SQL of the last complete run is not kept"),
    ):
        shop.warehouse.run(f"update {shop.state_schema}.syncs set compiled = '{kept}'")
        planned = run("plan")
        assert untold in planned.text
        assert said in planned.text
        assert planned.code == 0


def test_new_events_are_the_data_s_until_the_query_is_edited(shop: SmallProject, run: Runs) -> None:
    first = compiled(shop, events("orders"))
    shop.define(first)
    run("apply")
    fill(shop, "'a', 'gold', 3", "'b', 'free', 4")
    again = first.query.replace("'o'", "'x'")
    shop.define(replace(first, query=f"{first.query} where n = 3 union all {again}"))
    assert moves(run("plan").text) == "by the edit: 2 to add; by the data: 2 to add"


def test_personal_values_and_the_version_are_compared_as_they_are_held(
    shop: SmallProject, run: Runs
) -> None:
    first = replace(compiled(shop, plans(traits=["tier"])), of_columns={"tier": {"pii": True}})
    shop.define(first)
    run("apply")
    shop.warehouse.run("update people set tier = 'silver' where id = 'b'")
    raised = compiled(shop, plans(2, traits=["tier"]))
    shop.define(replace(first, activation=raised.activation))
    assert moves(run("plan").text) == "by the edit: 2 to change; by the data: 1 to change"
