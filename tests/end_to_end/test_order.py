"""Order among destinations: nobody gets the message before the eligibility, person by person."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

CAP = {"entries": 1, "per": "30 days"}
PEOPLE = "select person_id from rows"
LD, CIO = "seg_carts__launchdarkly", "seg_carts__customerio"


def carts(after: Any = "launchdarkly") -> Model:
    customerio: dict[str, Any] = {
        "name": "customerio",
        "update_only": False,
        "traits": ["tier"],
        "on_enter": {"event": "entered_cart_recovery"},
        "on_exit": {"event": "left_cart_recovery"},
    }
    return Model(
        name="seg_carts",
        query="select person_id, tier from rows",
        columns={"person_id": "varchar", "tier": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "initial": "send",
            "destinations": [
                {**customerio, **({"after": after} if after else {})},
                {"name": "launchdarkly", "traits": []},
            ],
        },
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("launchdarkly")
    project.warehouse.run("create table rows (person_id varchar, tier varchar)")
    put(project, "p1", "p2", "p3")
    project.define(carts())
    return project


def put(shop: SmallProject, *people: str) -> None:
    rows = ", ".join(f"('{person}', 'high')" for person in people)
    shop.warehouse.run(f"insert into rows values {rows}")


def buys(shop: SmallProject, person: str) -> None:
    """Whoever has bought has no cart any more."""
    shop.warehouse.run(f"delete from rows where person_id = '{person}'")


def launchdarkly(shop: SmallProject) -> SandboxControl:
    return SandboxControl(shop.sandbox.url, "launchdarkly")


def eligible(shop: SmallProject) -> set[str]:
    found = [s for s in launchdarkly(shop).segments() if s["name"] == "seg_carts"]
    return set(found[0]["members"]) if found else set()


def messages(shop: SmallProject, name: str = "entered_cart_recovery") -> list[str]:
    return sorted(event["who"] for event in shop.sandbox.events() if event["name"] == name)


def fates(shop: SmallProject, sync: str = CIO) -> dict[str, int]:
    """What became of the rows of one sync, without those that are zero."""
    row = shop.last_run_syncs()[sync]
    told = next(r for r in shop.results()["results"] if r["sync"] == sync)
    counts = {k: n for k, n in told["counts"].items() if n and k not in ("model_rows", "removals")}
    assert counts == {k: row[k] for k in counts}
    return counts


def writes(shop: SmallProject) -> list[str]:
    """The vendors that were written to, in order."""
    vendors = ("customerio", "launchdarkly")
    found = [r for v in vendors for r in SandboxControl(shop.sandbox.url, v).requests()]
    sent = [r for r in found if r["method"] in ("POST", "PATCH")]
    return [r["vendor"] for r in sorted(sent, key=lambda r: r["number"])]


def test_the_message_leaves_after_the_eligibility_has_landed(shop: SmallProject, run: Runs) -> None:
    run("apply")
    order = writes(shop)
    assert order == sorted(order, reverse=True)
    assert eligible(shop) == set(messages(shop)) == {"p1", "p2", "p3"}
    assert fates(shop) == {"delivered": 3}
    assert "No changes" in run("apply").text
    assert writes(shop) == order


def test_with_the_first_destination_down_nobody_gets_the_message(
    shop: SmallProject, run: Runs
) -> None:
    fault = shop.sandbox.add_fault("status", {"vendor": "launchdarkly", "method": "PATCH"})
    run("apply", expect=6)
    assert (eligible(shop), messages(shop)) == (set(), [])
    assert fates(shop) == {"deferred": 3}
    told = next(r for r in shop.results()["results"] if r["sync"] == CIO)
    assert (told["status"], told["deferred"]) == ("success", {"waiting": 3})
    assert "seg_carts__launchdarkly has not acknowledged" in run("why", "p1").text
    shop.sandbox.clear_faults(fault)
    buys(shop, "p3")
    run("apply")
    assert eligible(shop) == set(messages(shop)) == {"p1", "p2"}


def test_a_run_that_is_cut_short_in_its_second_wave_says_so(shop: SmallProject, run: Runs) -> None:
    run("apply")
    put(shop, "p4")
    shop.sandbox.add_fault("delay", {"vendor": "customerio", "path": "v2/batch", "seconds": 30.0})
    run("apply", "--max-runtime", "4", expect=143)
    told = next(r for r in shop.results()["results"] if r["sync"] == CIO)
    assert told["status"] == "stopped"
    shop.sandbox.clear_faults()


def test_only_who_is_refused_by_the_first_waits(shop: SmallProject, run: Runs) -> None:
    run("apply")
    put(shop, "p4", "p5")
    body = '{"message": "no such context"}'
    fault = {"vendor": "launchdarkly", "method": "PATCH", "containing": "p4", "status": 400}
    number = shop.sandbox.add_fault("status", {**fault, "body": body})
    run("apply", expect=1)
    assert fates(shop) == {"unchanged": 3, "delivered": 1, "deferred": 1}
    assert set(messages(shop)) == {"p1", "p2", "p3", "p5"}
    shop.sandbox.clear_faults(number)
    run("apply")
    assert set(messages(shop)) == {"p1", "p2", "p3", "p4", "p5"}


def test_who_leaves_gets_the_exit_before_the_eligibility_ends_and_nothing_twice(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    before = len(writes(shop))
    buys(shop, "p1")
    put(shop, "p4")
    run("apply")
    after = writes(shop)[before:]
    assert after[0] == "customerio"
    assert after[-1] == "customerio"
    assert "launchdarkly" in after
    assert messages(shop, "left_cart_recovery") == ["p1"]
    assert messages(shop) == ["p1", "p2", "p3", "p4"]
    assert fates(shop) == {"unchanged": 2, "delivered": 2}
    assert fates(shop, LD) == {"unchanged": 2, "delivered": 2}


def test_exits_leave_while_the_first_destination_is_down(shop: SmallProject, run: Runs) -> None:
    run("apply")
    refused = {"vendor": "launchdarkly", "method": "PATCH", "status": 401}
    shop.sandbox.add_fault("status", refused)
    buys(shop, "p1")
    put(shop, "p4")
    run("apply", expect=6)
    assert messages(shop, "left_cart_recovery") == ["p1"]
    assert messages(shop) == ["p1", "p2", "p3"]
    assert fates(shop) == {"unchanged": 2, "delivered": 1, "deferred": 1}
    assert eligible(shop) == {"p1", "p2", "p3"}


def test_a_sync_whose_exits_alone_went_out_is_not_complete(shop: SmallProject, run: Runs) -> None:
    run("apply")
    complete = "select completed_at from {state}.syncs where destination = 'customerio'"
    before = shop.state(complete)
    refused = {"vendor": "customerio", "containing": "p4", "status": 401}
    number = shop.sandbox.add_fault("status", refused)
    buys(shop, "p1")
    put(shop, "p4")
    run("apply", expect=6)
    assert messages(shop, "left_cart_recovery") == ["p1"]
    assert shop.state(complete) == before
    shop.sandbox.clear_faults(number)
    run("apply")
    assert shop.state(complete) > before


def test_an_exit_that_is_refused_is_tried_once_and_holds_nobody_else(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.sandbox.add_fault("refuse", {"path": "v2/batch", "refuse": {"p1": "no"}})
    buys(shop, "p1")
    put(shop, "p4")
    run("apply", expect=1)
    assert fates(shop) == {"unchanged": 2, "delivered": 1, "rejected": 1}
    assert messages(shop) == ["p1", "p2", "p3", "p4"]
    assert eligible(shop) == {"p2", "p3", "p4"}
    letters = shop.state("select identity, attempts from {state}.dead_letters")
    assert letters == [("p1", 1)]
    shop.sandbox.clear_faults()
    run("apply")
    assert messages(shop, "left_cart_recovery") == ["p1"]


def test_who_buys_in_between_gets_neither(shop: SmallProject, run: Runs) -> None:
    """The row of the second model lags behind, and the first one would take the person out."""
    lagging = Model(
        name="seg_late",
        query="select person_id from late",
        columns={"person_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "initial": "send",
            "destinations": [
                {
                    "name": "customerio",
                    "update_only": False,
                    "on_enter": {"event": "entered_cart_recovery"},
                    "after": {"destination": "launchdarkly", "model": "seg_carts"},
                }
            ],
        },
    )
    shop.warehouse.run("create table late as select person_id from rows where person_id <> 'p2'")
    shop.define(carts(after=None), lagging)
    run("apply", "--select", "destination:launchdarkly")
    buys(shop, "p1")
    run("apply", "--select", "seg_late")
    assert messages(shop) == ["p3"]
    assert fates(shop, "seg_late__customerio") == {"delivered": 1, "deferred": 1}


def test_the_second_destination_alone_reaches_whom_the_first_has(
    shop: SmallProject, run: Runs
) -> None:
    run("apply", "--select", "destination:customerio")
    assert messages(shop) == []
    assert fates(shop) == {"deferred": 3}
    run("apply", "--select", "destination:launchdarkly")
    put(shop, "p4")
    run("apply", "--select", "destination:customerio")
    assert messages(shop) == ["p1", "p2", "p3"]


def test_a_plan_shows_what_waits_and_writes_nothing(shop: SmallProject, run: Runs) -> None:
    text = run("plan").text
    assert "deferred: 3 behind another sync" in text
    assert writes(shop) == []


def wait_for(shop: SmallProject, hours: int) -> None:
    """As if so many hours had passed."""
    shop.warehouse.run(
        f"update {shop.state_schema}.waiting set since = since - interval '{hours} hours'"
    )


def test_whoever_waits_for_too_long_is_late_and_is_sent_where_that_is_said(
    shop: SmallProject, run: Runs
) -> None:
    after = {"destination": "launchdarkly", "timeout": "6 hours", "then": "send"}
    shop.define(carts(after))
    alone = ("--select", "destination:customerio")
    run("apply", *alone)
    put(shop, "p4")
    wait_for(shop, 5)
    run("apply", *alone)
    assert "due on" in run("why", "p4").text
    wait_for(shop, 1)
    shop.define(carts({**after, "then": "hold"}))
    text = run("apply", *alone).text
    assert "deferred: 4 behind another sync, 3 of them late" in text
    told = next(r for r in shop.results()["results"] if r["sync"] == CIO)
    assert told["late"] == 3
    shop.define(carts(after))
    buys(shop, "p3")
    run("apply", *alone)
    assert messages(shop) == ["p1", "p2"]
    assert shop.state("select identity from {state}.waiting order by 1") == [
        ("p1",),
        ("p2",),
        ("p4",),
    ]
    put(shop, "p3")
    run("apply", *alone)
    assert messages(shop) == ["p1", "p2"]
    assert shop.state("select identity from {state}.waiting order by 1") == [("p3",), ("p4",)]
    run("apply")
    run("apply")
    assert messages(shop) == ["p1", "p2", "p3", "p4"]
    assert shop.state("select * from {state}.waiting") == []


def test_whom_the_first_destination_does_not_want_goes_where_that_is_enough(
    shop: SmallProject, run: Runs
) -> None:
    """The flag is for people with a tier, the message for everybody."""
    query = "select person_id, tier from rows where tier is not null"
    flags = replace(carts(after=None), query=query)
    flags.activation["destinations"] = [{"name": "launchdarkly", "traits": []}]
    message = replace(carts({"destination": "launchdarkly", "model": "seg_carts"}), name="seg_all")
    message.activation["destinations"] = message.activation["destinations"][:1]
    shop.define(flags, message)
    shop.warehouse.run("update rows set tier = null where person_id = 'p2'")
    shop.sandbox.add_fault("status", {"vendor": "launchdarkly", "method": "PATCH"})
    run("apply", expect=6)
    assert messages(shop) == []
    message.activation["destinations"][0]["after"]["need"] = "settled"
    shop.define(flags, message)
    assert "deferred: 2 " in run("plan").text
    run("apply", expect=6)
    assert messages(shop) == ["p2"]
    why = run("why", "p1", "--select", "seg_all").text
    assert "something of this person is pending in seg_carts__launchdarkly" in why
    shop.sandbox.clear_faults()
    run("apply")
    assert sorted(messages(shop)) == ["p1", "p2", "p3"]


def test_a_short_lag_is_waited_for_within_the_run(shop: SmallProject, run: Runs) -> None:
    shop.define(carts({"destination": "launchdarkly", "lag": "2 seconds"}))
    run("apply")
    assert messages(shop) == ["p1", "p2", "p3"]
    told = dict(shop.state("select sync, max(delivered_at) from {state}.deliveries group by 1"))
    first = dict(shop.state("select sync, min(delivered_at) from {state}.deliveries group by 1"))
    assert first[CIO] - told[LD] >= timedelta(seconds=2)
    assert "No changes" in run("apply").text


def test_a_long_lag_is_over_in_a_later_run(shop: SmallProject, run: Runs) -> None:
    shop.define(carts({"destination": "launchdarkly", "lag": "2 hours"}))
    run("apply")
    assert (eligible(shop), messages(shop)) == ({"p1", "p2", "p3"}, [])
    assert fates(shop) == {"deferred": 3}
    why = run("why", "p1", "--select", CIO).text
    assert "or less than 2 hours ago" in why and "due on" in why
    landed(shop, "p1", "121 minutes")
    landed(shop, "p2", "119 minutes")
    put(shop, "p4")
    assert "deferred: 3 behind another sync" in run("plan").text
    run("apply")
    assert messages(shop) == ["p1"]
    buys(shop, "p1")
    run("apply")
    assert messages(shop, "left_cart_recovery") == ["p1"]


def landed(shop: SmallProject, person: str, ago: str) -> None:
    """As if LaunchDarkly had acknowledged somebody earlier."""
    shop.warehouse.run(
        f"update {shop.state_schema}.snapshot_{LD} set acknowledged_at ="
        f" acknowledged_at - interval '{ago}' where identity = '{person}'"
    )


def test_a_capped_exit_and_entry_keep_their_order(shop: SmallProject, run: Runs) -> None:
    capped = carts()
    shop.define(replace(capped, activation={**capped.activation, "cap": CAP}))
    run("apply")
    buys(shop, "p1")
    run("apply")
    put(shop, "p1", "p4")
    buys(shop, "p2")
    run("apply")
    assert messages(shop, "left_cart_recovery") == ["p1", "p2"]
    assert messages(shop) == ["p1", "p2", "p3", "p4"]
    assert fates(shop) == {"unchanged": 1, "delivered": 2, "deferred": 1}


def test_why_says_before_when_nobody_who_waits_for_two_reasons_goes(
    shop: SmallProject, run: Runs
) -> None:
    held = carts()
    shop.define(replace(held, activation={**held.activation, "cap": CAP}))
    run("apply")
    buys(shop, "p1")
    run("apply")
    put(shop, "p1")
    why = run("why", "p1").text
    both = "no more than 1 entry in 30 days and seg_carts__launchdarkly has not acknowledged this"
    assert f"{both} person as the model has it, not before 20" in why


def test_an_event_waits_for_its_person(shop: SmallProject, run: Runs) -> None:
    orders = Model(
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
            "destinations": [
                {
                    "name": "customerio",
                    "after": {"destination": "launchdarkly", "model": "seg_carts"},
                }
            ],
        },
    )
    shop.warehouse.run(
        "create table ordered (order_id varchar, person_id varchar, happened timestamp)",
        "insert into ordered values ('o1', 'p1', timestamp '2026-01-01'),"
        " ('o2', 'p9', timestamp '2026-01-01')",
    )
    shop.define(carts(after=None), orders)
    run("apply")
    assert messages(shop, "ordered") == ["p1"]
    assert fates(shop, "orders__customerio") == {"delivered": 1, "deferred": 1}
    put(shop, "p9")
    run("apply")
    assert messages(shop, "ordered") == ["p1", "p9"]


@pytest.mark.parametrize("shop", ["duckdb"], indirect=True)
def test_a_run_that_is_killed_after_any_request_messages_nobody_twice_or_too_early(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    for number in (1, 2, 3):
        put(shop, f"q{number}")
        buys(shop, f"p{number}")
        before = len(writes(shop))
        running = shop.start("apply")
        while len(writes(shop)) < before + number and not running.is_over():
            time.sleep(0.01)
        running.kill()
        assert set(messages(shop)) <= ever_eligible(shop)
        run("apply")
        assert eligible(shop) == {who for (who,) in shop.warehouse.rows(PEOPLE)}
    assert messages(shop) == ["p1", "p2", "p3", "q1", "q2", "q3"]
    assert messages(shop, "left_cart_recovery") == ["p1", "p2", "p3"]


def ever_eligible(shop: SmallProject) -> set[str]:
    return {one["identity"] for one in launchdarkly(shop).applied()}
