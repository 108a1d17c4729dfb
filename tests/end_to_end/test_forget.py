"""One person is erased at destinations and in the state, and never added again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

TRAITS = Model(
    name="people_traits",
    query="select person_id, email, plan from rows",
    columns={"person_id": "varchar", "email": "varchar", "plan": "varchar"},
    activation={
        "kind": "traits",
        "identity": "person_id",
        "destinations": [
            {"name": "customerio", "traits": ["plan"]},
            {"name": "webhook", "traits": ["email", "plan"], "identify_by": {"email": "email"}},
        ],
    },
    of_columns={"email": {"pii": True}},
)
SEGMENT = Model(
    name="seg_people",
    query="select person_id, plan from rows",
    columns={"person_id": "varchar", "plan": "varchar"},
    activation={
        "kind": "segment",
        "identity": "person_id",
        "reason": "plan",
        "cap": {"entries": 3, "per": "30 days"},
        "destinations": [
            {
                "name": "customerio",
                "segment": "people",
                "on_enter": {"event": "entered"},
                "on_exit": {"event": "left"},
            }
        ],
    },
)
EVENTS = Model(
    name="orders",
    query="select 'o' || person_id as order_id, person_id, timestamp '2026-01-02' as at from rows",
    columns={"order_id": "varchar", "person_id": "varchar", "at": "timestamp"},
    activation={
        "kind": "events",
        "identity": "person_id",
        "event": "ordered",
        "event_id": "order_id",
        "occurred_at": "at",
        "initial": "send",
        "destinations": [{"name": "customerio"}],
    },
)
WHO = {"p2", "P2@Example.com", "p2@example.com"}


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("customerio", forget="delete")
    project.connect("webhook", forget="delete")
    project.warehouse.run(
        "create table rows (person_id varchar, email varchar, plan varchar)",
        "insert into rows select 'p' || i, 'P' || i || '@Example.com', 'pro'"
        " from generate_series(1, 4) as g(i)",
    )
    project.define(TRAITS, SEGMENT, EVENTS)
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def people(shop: SmallProject) -> set[str]:
    return {person["identifiers"]["id"] for person in shop.sandbox.people()}


def everything_kept(shop: SmallProject) -> dict[str, str]:
    """Each table of the state as text."""
    schema = shop.state_schema
    named = shop.state(
        f"select table_name from information_schema.tables where table_schema = '{schema}'"
    )
    return {name: repr(shop.state(f"select * from {{state}}.{name}")) for (name,) in named}


def naming(shop: SmallProject, *texts: str) -> list[str]:
    """The tables of the state that hold one of these texts."""
    return [
        name
        for name, rows in everything_kept(shop).items()
        if any(f"'{text}'" in rows or f"{text}'" in rows for text in texts)
    ]


def test_a_person_is_erased_everywhere_and_never_added_again(shop: SmallProject, run: Runs) -> None:
    run("apply")
    shop.warehouse.run("update rows set plan = 'free' where person_id in ('p2', 'p3')")
    run("apply")
    assert len(naming(shop, *WHO)) >= 5
    told = run("forget", "p2", "--yes").text
    assert "customerio: deleted" in told
    assert "webhook: deleted" in told
    assert "p2" not in told.replace("forget p2", "")
    assert people(shop) == {"p1", "p3", "p4"}
    assert naming(shop, *WHO) == []
    assert naming(shop, "p3")
    before = shop.requests()
    again = run("apply")
    assert shop.requests() == before, again.text
    assert {name: c["suppressed"] for name, c in shop.counts().items()} == {
        "people_traits": 1,
        "seg_people": 1,
        "orders": 1,
    }
    assert "forgotten, by `forget`" in run("why", "p2").text
    assert naming(shop, *WHO) == []


def test_an_address_names_its_person_and_a_change_of_its_case_hides_nobody(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    run("forget", "p2@EXAMPLE.com", "--yes")
    assert people(shop) == {"p1", "p3", "p4"}
    assert naming(shop, *WHO) == []
    again = "update rows set email = 'p2@EXAMPLE.com', person_id = 'new' where person_id = 'p2'"
    shop.warehouse.run(again)
    run("apply", "--select", "people_traits.webhook")
    assert naming(shop, "p2@EXAMPLE.com") == []


@on_duckdb
def test_it_asks_first_and_says_what_it_would_do(shop: SmallProject, run: Runs) -> None:
    shop.connect("webhook")
    run("apply")
    asked = json.loads(run("forget", "p2", "--json", expect=2).stdout)["problems"][0]
    assert asked["code"] == "not-confirmed"
    where = "erase nothing at webhook, where the next run sends a member's exit"
    assert f"delete at customerio; {where}; erase the state" in asked["message"]
    assert (
        "whom no sync knows"
        in json.loads(run("forget", "p99", "--json", expect=2).stdout)["problems"][0]["message"]
    )
    assert people(shop) == {"p1", "p2", "p3", "p4"}


@on_duckdb
def test_an_address_of_several_people_forgets_none(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run("update rows set email = 'us@example.com' where person_id in ('p2', 'p3')")
    run("apply", expect=None)
    told = run("forget", "us@example.com", "--yes", expect=2)
    assert "the one of 2 people" in told.text
    assert people(shop) == {"p1", "p2", "p3", "p4"}
    told = run("forget", "p2", "--yes", expect=1)
    assert "webhook: left as it is (another person is known there by the same address)" in told.text
    assert people(shop) == {"p1", "p3", "p4"}


def test_what_a_destination_owes_is_said_until_it_is_done(shop: SmallProject, run: Runs) -> None:
    shop.connect("webhook")
    run("apply")
    shop.sandbox.add_fault("status", {"vendor": "customerio", "status": 401})
    owed = json.loads(run("forget", "p2", "--yes", "--json", expect=1).stdout)
    assert {one["what"] for one in owed["owed"]} == {
        "customerio",
        "people_traits__webhook",
        "(state)",
    }
    assert naming(shop, "p2")
    shop.sandbox.clear_faults()
    # Sending them there may bring them back; elsewhere they leave.
    applied = len(shop.applied())
    run("apply")
    assert "p2" not in {op["identity"] for op in shop.applied()[applied:]}
    causes = "select cause from {state}.deliveries where op = 'remove'"
    assert shop.state(causes) == [("forgotten",)]
    done = json.loads(run("forget", "p2", "--yes", "--json").stdout)
    assert (done["owed"], done["erased_rows"] > 0) == ([], True)
    assert people(shop) == {"p1", "p3", "p4"}
    assert naming(shop, *WHO) == []
    sent = shop.requests()
    again = run("forget", "p2", "--yes").text
    assert "customerio: deleted, on" in again
    assert shop.requests() == sent


class Killed(BaseException):
    """Stands for the end of the process."""


def die(*_: Any) -> None:
    raise Killed


STEPS = {
    "before-anything-is-asked": "sync.state.erasing.let_go",
    "before-an-answer-is-kept": "sync.state.forgotten.save",
    "before-the-state-is-erased": "sync.state.erasing.erase",
    "before-the-last-step": "sync.state.erasing.erase_shared",
}


@on_duckdb
@pytest.mark.parametrize("step", STEPS)
def test_it_goes_on_after_a_crash(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run("apply")
    with monkeypatch.context() as patched:
        patched.setattr(STEPS[step], die)
        with pytest.raises(Killed):
            run("forget", "P2@example.com", "--yes")
    run("apply")
    assert naming(shop, *WHO) or step == "before-the-last-step"
    run("forget", "P2@example.com", "--yes")
    assert people(shop) == {"p1", "p3", "p4"}
    assert naming(shop, *WHO) == []
    assert shop.state("select count(distinct request_id) from {state}.forget_receipts") == [(1,)]
    run("apply")
    assert people(shop) == {"p1", "p3", "p4"}


LETTERS = Model(
    name="letters",
    query="select person_id from rows",
    columns={"person_id": "varchar"},
    activation={
        "kind": "segment",
        "identity": "person_id",
        "initial": "send",
        "destinations": [
            {"name": "webhook", "on_enter": {"event": "entered"}, "on_exit": {"event": "left"}}
        ],
    },
)


def owed(run: Runs) -> dict[str, str]:
    """What a call that can't be done yet owes: by what, the code."""
    told = json.loads(run("forget", "p2", "--yes", "--json", expect=1).stdout)
    return {one["what"]: one["code"] for one in told["owed"]}


@pytest.mark.parametrize("is_in_model", [True, False])
def test_where_nothing_is_erased_an_exit_goes_before_the_state(
    shop: SmallProject, run: Runs, is_in_model: bool
) -> None:
    shop.connect("webhook")
    shop.define(TRAITS, LETTERS)
    run("apply")
    leaving = ["p3"] if is_in_model else ["p2", "p3"]
    shop.warehouse.run(*(f"delete from rows where person_id = '{who}'" for who in leaving))
    wanted = {"people_traits__webhook": "forget-exit", "letters__webhook": "forget-exit"}
    assert owed(run) == {**wanted, "(state)": "forget-state"}
    assert people(shop) == {"p1", "p3", "p4"}
    run("apply", "--select", "letters__webhook")
    del wanted["letters__webhook"]
    assert owed(run) == {**wanted, "(state)": "forget-state"}
    run("apply")
    causes = "select distinct cause from {state}.deliveries where op = 'remove' and identity = 'p2'"
    assert shop.state(causes) == [("forgotten",)]
    done = SandboxControl(shop.sandbox.url, "webhook").applied()
    gone = {(op["action"], op["identity"]) for op in done if op["action"] in ("removed", "left")}
    mails = {("removed", "P2@Example.com"), ("removed", "P3@Example.com")}
    assert gone == mails | {("removed", "p2"), ("removed", "p3"), ("left", "p3")}
    told = run("forget", "p2", "--yes").text
    assert "webhook: left as it is (`forget` is not set)" in told
    assert naming(shop, *WHO) == []
    requests = shop.requests()
    run("apply")
    assert shop.requests() == requests


@on_duckdb
@pytest.mark.parametrize("step", STEPS)
def test_an_exit_is_owed_after_a_crash_too(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shop.connect("webhook")
    shop.define(TRAITS, SEGMENT, LETTERS)
    run("apply")
    with monkeypatch.context() as patched:
        patched.setattr(STEPS[step], die)
        if step in ("before-anything-is-asked", "before-an-answer-is-kept"):
            with pytest.raises(Killed):
                run("forget", "p2", "--yes")
    assert "letters__webhook" in owed(run)
    run("apply")
    with monkeypatch.context() as patched:
        patched.setattr(STEPS[step], die)
        if step in ("before-the-state-is-erased", "before-the-last-step"):
            with pytest.raises(Killed):
                run("forget", "p2", "--yes")
    run("forget", "p2", "--yes")
    assert naming(shop, *WHO) == []
    removed = "select sync from {state}.deliveries where op = 'remove' order by sync"
    assert shop.state(removed) == []
    left = "select sum(removals) from {state}.run_syncs where sync = 'letters__webhook'"
    assert [int(n) for (n,) in shop.state(left)] == [1]


@on_duckdb
def test_what_no_exit_takes_back_is_named_for_hands_also_after_a_crash(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.connect("webhook")
    keeping = {**TRAITS.activation["destinations"][1], "on_remove": "keep"}
    traits = dataclasses.replace(
        TRAITS, activation={**TRAITS.activation, "destinations": [keeping]}
    )
    orders = dataclasses.replace(
        EVENTS, activation={**EVENTS.activation, "destinations": [{"name": "webhook"}]}
    )
    shop.define(traits, LETTERS, orders)
    run("apply")
    shop.define(traits, orders)
    with monkeypatch.context() as patched:
        patched.setattr(STEPS["before-the-last-step"], die)
        with pytest.raises(Killed):
            run("forget", "p2", "--yes")
    told = run("forget", "p2", "--yes").text
    assert "people_traits__webhook: left as it is (`on_remove: keep` sends no exit" in told
    assert "letters__webhook: left as it is (the sync is gone from the project" in told
    assert "orders__webhook: left as it is (an event can't be taken back" in told
    assert naming(shop, *WHO) == []


@on_duckdb
def test_a_lost_key_holds_adds_and_a_new_one_forgets_nobody(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply")
    assert "whose salt lies beside it" in run("forget", "p1", "--yes").text
    monkeypatch.setenv("SYNC_DIGEST_KEY", "a key")
    assert "with the key of SYNC_DIGEST_KEY" in run("forget", "p2", "--yes").text
    run("apply")
    assert people(shop) == {"p3", "p4"}
    monkeypatch.delenv("SYNC_DIGEST_KEY")
    shop.warehouse.run("insert into rows values ('p5', 'p5@example.com', 'pro')")
    held = run("apply", expect=3).text
    assert "can't be recognised" in held
    assert people(shop) == {"p3", "p4"}
    monkeypatch.setenv("SYNC_DIGEST_KEY", "a key")
    run("apply")
    assert people(shop) == {"p3", "p4", "p5"}


SURVEYED = Model(
    name="surveyed",
    query="select person_id, plan from rows",
    columns={"person_id": "varchar", "plan": "varchar"},
    activation={
        "kind": "traits",
        "identity": "person_id",
        "destinations": [{"name": "qualtrics"}, {"name": "customerio"}],
    },
)


@pytest.mark.parametrize("key", ["", "a key"])
def test_another_spelling_is_blocked_where_the_vendor_takes_it_for_the_same(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SYNC_DIGEST_KEY", key)
    shop.connect("qualtrics", forget="delete")
    shop.define(SURVEYED)
    contacts = SandboxControl(shop.sandbox.url, "qualtrics")
    contacts.reset()
    run("apply")
    run("forget", "p2", "--yes")
    again = "update rows set person_id = upper(person_id) where person_id in ('p2', 'p3')"
    shop.warehouse.run(again)
    run("apply")
    there = {person["identifiers"]["id"].lower() for person in contacts.people()}
    assert there == {"p1", "p3", "p4"}
    assert people(shop) == {"p1", "p3", "P3", "P2", "p4"}
    assert "forgotten, by `forget`" in run("why", "P2").text
    run("forget", "P2", "--yes")
    assert people(shop) == {"p1", "p3", "P3", "p4"}


@on_duckdb
def test_a_vendor_that_takes_its_time_is_asked_again(shop: SmallProject, run: Runs) -> None:
    shop.connect("fullstory", forget="delete")
    traits = dataclasses.replace(
        TRAITS, activation={**TRAITS.activation, "destinations": [{"name": "fullstory"}]}
    )
    shop.define(traits)
    control = SandboxControl(shop.sandbox.url, "fullstory")
    control.reset(switches=True)
    control.set_switch("delete_seconds", 3600)
    run("apply")
    owed = json.loads(run("forget", "p2", "--yes", "--json", expect=1).stdout)
    assert {one["code"] for one in owed["owed"]} == {"forget-asked", "forget-state"}
    assert naming(shop, "p2")
    control.reset()  # what Fullstory will have done in the end
    told = run("forget", "p2", "--yes").text
    assert "fullstory: deleted, on" in told
    assert "customerio: not known there" in told
    assert naming(shop, *WHO) == []


@on_duckdb
def test_who_shares_a_text_with_a_forgotten_person_is_a_request_of_their_own(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    run("forget", "p2", "--yes")
    shop.warehouse.run("update rows set email = 'p2@example.com' where person_id in ('p2', 'p3')")
    run("forget", "p3", "--yes")
    assert people(shop) == {"p1", "p4"}
    assert naming(shop, *WHO, "p3") == []
    assert shop.state("select count(distinct request_id) from {state}.forget_receipts") == [(2,)]
    requests = shop.requests()
    assert "customerio: deleted, on" in run("forget", "p2", "--yes").text
    assert shop.requests() == requests


@on_duckdb
def test_a_request_that_was_done_erases_rows_that_are_back(shop: SmallProject, run: Runs) -> None:
    run("apply")
    schema = shop.state_schema
    shop.warehouse.run(
        f"create table kept as select * from {schema}.deliveries where identity = 'p2'"
    )
    run("forget", "p2", "--yes")
    shop.warehouse.run(f"insert into {schema}.deliveries select * from kept", "drop table kept")
    assert "rows erased" in run("forget", "p2", "--yes").text
    assert naming(shop, *WHO) == []


P2 = {"person_id": "p2"}
ANSWERS: dict[str, dict[str, Any]] = {
    "ref": {"ext_ref": "p2"},
    "mail": {"email": "P2@example.com"},
    "embedded": {"embedded_data": P2},
    "embedded-mail": {"embedded_data": {"Email": " p2@Example.com "}},
    "deeper": {"embedded_data": {"from_app": json.dumps({"who": [P2]})}},
    "someone-else": {"ext_ref": "p3", "embedded_data": {"person_id": "p22"}},
    "an-answer": {"answers": {"QID1_TEXT": "p2", "QID2_TEXT": json.dumps(P2)}},
    "a-choice": {"answers": {"QID1": 2}, "labels": {"QID1": "p2"}},
    "another-field": {"embedded_data": {"seat": "p2", "note": 'the "person_id":"p2" of mine'}},
    "no-json": {"embedded_data": {"note": "[" * 5000, "seat": "p2"}},
}
NAMING = {"ref", "mail", "embedded", "embedded-mail", "deeper"}


def test_answers_go_that_name_the_person_and_not_those_that_say_the_same(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.connect("qualtrics", forget="delete", surveys=["SV_1"])
    qualtrics = SandboxControl(shop.sandbox.url, "qualtrics")
    qualtrics.reset()
    responses = [{"id": name, "answers": {}, **more} for name, more in ANSWERS.items()]
    qualtrics.seed({"surveys": [{"id": "SV_1", "responses": responses}]})
    run("apply")
    run("pull", "qualtrics")
    assert {i for (i,) in shop.state("select record_id from {state}.responses")} == set(ANSWERS)
    monkeypatch.setattr("sync.state.responses.PAGE", 3)
    run("forget", "p2", "--yes")
    left = shop.state("select record_id from {state}.responses")
    assert {i for (i,) in left} == set(ANSWERS) - NAMING


BY_MAIL = Model(
    name="mails",
    query="select person_id, email, plan as tier from rows",
    columns={"person_id": "varchar", "email": "varchar", "tier": "varchar"},
    of_columns={"email": {"pii": True, "send": False}},
    activation={
        "kind": "traits",
        "identity": "person_id",
        "destinations": [
            {"name": "customerio", "traits": ["tier"], "identify_by": {"email": "email"}}
        ],
    },
)


def of(shop: SmallProject, identity: str) -> list[list[tuple[Any, ...]]]:
    """What the state has of an identity in `mails` and `people_traits.webhook`."""
    named = f"where identity = '{identity}'"
    tables = [f"snapshot_{name}" for name in ("mails__customerio", "people_traits__webhook")]
    found = [shop.state(f"select * from {{state}}.{name} {named}") for name in tables]
    return [*found, shop.state(f"select * from {{state}}.deliveries {named} order by all")]


@on_duckdb
def test_who_shares_an_address_keeps_everything(shop: SmallProject, run: Runs) -> None:
    shop.define(TRAITS, BY_MAIL)
    shop.warehouse.run("update rows set email = 'us@example.com' where person_id = 'p3'")
    run("apply")
    before = of(shop, "p3")
    assert all(before)
    shop.warehouse.run("update rows set email = 'us@example.com' where person_id = 'p2'")
    told = json.loads(run("forget", "p2", "--yes", "--json", expect=1).stdout)
    assert {one["code"] for one in told["owed"]} == {"forget-shared", "forget-state"}
    assert of(shop, "p3") == before
    shop.warehouse.run("update rows set email = 'P2@Example.com' where person_id = 'p2'")
    run("forget", "p2", "--yes")
    assert (of(shop, "p3"), naming(shop, *WHO)) == (before, [])
    told_there = repr(shop.sandbox.people()).lower()
    assert ("us@example.com" in told_there, "p2" in told_there) == (True, False)


@on_duckdb
def test_a_sync_that_is_gone_tells_how_the_person_is_known(shop: SmallProject, run: Runs) -> None:
    shop.define(TRAITS, BY_MAIL)
    run("apply")
    without_mail = {**TRAITS.activation, "destinations": TRAITS.activation["destinations"][:1]}
    shop.define(dataclasses.replace(TRAITS, activation=without_mail))
    run("forget", "p2", "--yes")
    told = repr(shop.sandbox.people()).lower()
    assert ("p1@example.com" in told, "p2@example.com" in told) == (True, False)
    assert naming(shop, *WHO) == []
    shop.warehouse.run("update rows set person_id = 'new' where person_id = 'p2'")
    shop.define(dataclasses.replace(TRAITS, activation=without_mail), BY_MAIL)
    run("apply", "--select", "mails")
    assert "p2@example.com" not in repr(shop.sandbox.people()).lower()
