"""Moves and removals that stand in dbt_project.yml: reviewed with the edit that they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from e2e.inside import Runs
from e2e.project import SmallProject
from e2e.shop import NO_MODELS, events, furnish, held, model, segment

OLD, NEW = "plans__customerio", "levels__customerio"
MOVED = {"moved": [{"from": "plans", "to": "levels"}]}


def removed(members: str) -> dict[str, Any]:
    return {"removed": [{"sync": "plans.customerio", "members": members}]}


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    return furnish(project_on("postgres"))


def declare(project: SmallProject, variables: dict[str, Any]) -> None:
    """Write the vars of dbt_project.yml."""
    path = project.dir / "dbt_project.yml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "vars": variables}))


def start(project: SmallProject, run: Runs) -> None:
    """Two people at the destination, sent by a model that has another name since."""
    project.define(model("plans"))
    run("apply")
    project.define(model("levels"))


def test_a_declared_move_is_done_before_the_plan_and_once(shop: SmallProject, run: Runs) -> None:
    start(shop, run)
    declare(shop, {"activation": MOVED})
    before = shop.requests()
    assert f"DONE {OLD} -> {NEW}" in run("apply").text
    assert shop.results()["carried"][0]["to"] == NEW
    assert "DONE" not in run("apply").text
    assert shop.requests() == before
    for command in (("status",), ("check", "--state")):
        told = run(*command).text
        assert "moved from plans to levels: nothing is recorded of it at target dev" in told
    assert json.loads(run("status", "--json").stdout)["spent"] == ["moved from plans to levels"]


def test_a_plan_shows_a_declared_move_as_if_it_were_done(shop: SmallProject, run: Runs) -> None:
    start(shop, run)
    declare(shop, {"activation": MOVED})
    plan = json.loads(run("plan", "--json").stdout)
    assert plan["changes"] == 0
    assert [(s["action"], s["sync"], s["members"], s["is_done"]) for s in plan["carried"]] == [
        ("move", OLD, 2, False)
    ]
    assert f"TO DO {OLD} -> {NEW}" in run("plan").text
    assert shop.state("select sync from {state}.syncs") == [(OLD,)]


@pytest.mark.parametrize("members", ["exit", "keep"])
def test_a_declared_removal_is_carried_out_once(
    shop: SmallProject, run: Runs, members: str
) -> None:
    shop.define(model("plans"))
    run("apply")
    shop.define(*NO_MODELS)
    declare(shop, {"activation": removed(members)})
    code = 2 if members == "exit" else 0
    told = run("plan", "--detailed-exitcode", expect=code).text
    assert "TO DO" in told
    is_exit = members == "exit"
    assert ("2 members to remove of plans__customerio" in told) == is_exit
    assert ("To send it: python -m sync apply" in told) == is_exit
    assert json.loads(run("plan", "--json").stdout)["changes"] == (2 if is_exit else 0)
    assert held(shop, "a") == {"a": {"tier": "gold"}}
    run("apply")
    assert held(shop, "a") == {"a": {} if members == "exit" else {"tier": "gold"}}
    before = shop.requests()
    run("apply")
    assert shop.requests() == before
    assert shop.state("select sync from {state}.syncs") == []


@pytest.mark.parametrize("is_last", [True, False])
def test_the_exits_of_a_removed_sync_count_in_the_summary(
    shop: SmallProject, run: Runs, is_last: bool
) -> None:
    others = () if is_last else (model("numbers", {"n": "integer"}),)
    shop.define(model("plans"), *others)
    run("apply")
    shop.define(*(others or NO_MODELS))
    declare(shop, {"activation": removed("exit")})
    before = shop.requests()
    told = run("apply").text
    made = shop.requests() - before
    assert "Apply: 2 delivered, of 2 removals planned." in told
    assert "Exits of removed syncs among them: 2 of plans__customerio." in told
    rows = 0 if is_last else 2
    assert f"Together: {rows} rows of the models and 2 removals." in told
    found = shop.results()
    totals = found["totals"]
    assert totals["counts"]["delivered"] == totals["planned"]["remove"] == 2
    assert totals["counts"]["model_rows"] == rows
    parts = [*found["carried"], *found["results"]]
    assert totals["requests"] == sum(one["requests"] for one in parts)
    assert 0 < totals["requests"] <= made
    assert totals["bytes_sent"] == sum(one["bytes_sent"] for one in parts) > 0
    assert f"{totals['requests']} request" in told
    assert found["carried"][0]["counts"]["delivered"] == 2


def test_events_of_a_removed_sync_are_no_exits(shop: SmallProject, run: Runs) -> None:
    shop.define(events("orders"))
    run("apply")
    shop.define(*NO_MODELS)
    declare(shop, {"activation": {"removed": [{"sync": "orders", "members": "exit"}]}})
    assert json.loads(run("plan", "--json").stdout)["changes"] == 0
    assert "Nothing was sent." in run("apply").text
    assert shop.state("select sync from {state}.syncs") == []


def test_check_reads_the_state_only_when_it_is_asked_to(shop: SmallProject, run: Runs) -> None:
    start(shop, run)
    assert "sync-gone" not in run("check").text
    assert f"{OLD} is recorded" in run("check", "--state").text
    answer = json.loads(run("check", "--state", "--log-format", "json").stdout.splitlines()[-1])
    assert [one["members"] for one in answer["orphans"]] == [2]


def test_moves_are_followed_to_the_last_name(shop: SmallProject, run: Runs) -> None:
    start(shop, run)
    chain = [{"from": "tiers", "to": NEW}, {"from": "plans", "to": "tiers"}]
    declare(shop, {"activation": {"moved": chain}})
    before = shop.requests()
    run("apply")
    assert shop.requests() == before
    assert shop.state("select sync from {state}.syncs") == [(NEW,)]


def test_a_move_onto_a_sync_with_members_holds_that_sync(shop: SmallProject, run: Runs) -> None:
    start(shop, run)
    run("apply")
    declare(shop, {"activation": MOVED})
    shop.warehouse.run("update people set tier = 'pro'")
    shop.define(model("levels"), model("numbers", {"n": "integer"}))
    assert "move-taken" in run("apply", expect=7).text
    assert held(shop, "a", "b") == {"a": {"tier": "gold", "n": 1}, "b": {"tier": "free", "n": 2}}


def test_a_move_that_fails_never_lets_the_new_name_begin_anew(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(segment("plans", on_enter={"event": "entered"}, initial="send"))
    run("apply")
    shop.warehouse.run(f"update {shop.state_schema}.syncs set planned_epoch = settled_epoch + 1")
    shop.define(segment("levels", on_enter={"event": "entered"}, initial="send"))
    declare(shop, {"activation": MOVED})
    before = shop.requests()
    assert "unsettled" in run("apply", expect=7).text
    assert shop.requests() == before


def test_a_restored_state_can_be_moved_once_it_is_accepted(shop: SmallProject, run: Runs) -> None:
    shop.define(model("plans"))
    run("apply")
    run("apply")
    shop.warehouse.run(f"update {shop.state_schema}.leases set epoch = epoch - 1")
    shop.define(model("levels"))
    declare(shop, {"activation": MOVED})
    assert f"python -m sync state doubt {OLD}" in run("apply", expect=7).text
    assert "2 rows will be asserted again" in run("state", "doubt", OLD, "--yes").text
    assert f"DONE {OLD} -> {NEW}" in run("apply").text
    assert shop.state("select sync from {state}.syncs") == [(NEW,)]


def test_everything_wrong_with_the_declarations_is_said_at_once_and_nothing_sent(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(model("levels"))
    moves = [
        {"from": "plans", "to": "level"},
        {"from": "levels", "to": "tiers"},
        {"from": "x", "to": "y"},
        {"from": "y", "to": "x"},
    ]
    declare(shop, {"activation": {"moved": moves}})
    for command in ("apply", "check"):
        told = run(command, expect=2).text
        assert "did you mean `levels`" in told
        assert "`levels` is moved, and the project still has it" in told
        assert "x -> y -> x go round in a circle" in told
    assert shop.requests() == 0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"move": []}, "did you mean `moved`"),
        ({"moved": {"from": "a"}}, "`moved` must be a list"),
        ({"moved": [{"form": "plans", "to": "levels"}]}, "did you mean `from`"),
        ({"removed": [{"sync": "plans", "members": "exits"}]}, "did you mean `exit`"),
        ({"removed": [{"sync": "plans"}]}, "lacks `members`"),
        (["moved"], "must be a mapping"),
    ],
)
def test_a_declaration_in_another_form_stops_the_run(
    shop: SmallProject, run: Runs, written: Any, told: str
) -> None:
    shop.define(model("levels"))
    declare(shop, {"activation": written})
    assert told in run("check", expect=2).text


@pytest.mark.parametrize("where", ["global", "of the project", "--vars"])
def test_the_var_is_found_where_dbt_would_find_it(
    shop: SmallProject, run: Runs, where: str
) -> None:
    start(shop, run)
    wrong = {"activation": {"moved": [{"from": "plans", "to": "nowhere"}]}}
    given: tuple[str, ...] = ()
    if where == "global":
        declare(shop, {"activation": {**MOVED, "activation_responses": True}})
    elif where == "of the project":
        declare(shop, {**wrong, "small": {"activation": MOVED}})
    else:
        declare(shop, wrong)
        given = ("--vars", json.dumps({"activation": MOVED}))
    assert "DONE" in run("apply", *given).text


def test_an_entry_that_misspells_what_is_gone_is_named(shop: SmallProject, run: Runs) -> None:
    start(shop, run)
    declare(shop, {"activation": {"moved": [{"from": "plan", "to": "levels"}]}})
    told = run("plan").text
    assert "did you mean `plans`" in told
    assert "sync-gone" in told
