"""What Qualtrics in particular holds after each operation, seen in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from sync.destinations.options import Event, ExitEvent
from sync.destinations.qualtrics import Settings
from sync.destinations.qualtrics.contacts import Options
from sync.destinations.spec import Expected
from sync.errors import DestinationError
from sync.model import (
    Change,
    Delivered,
    JobRow,
    Kind,
    NotAttempted,
    Op,
    Rejected,
    Sync,
    Trait,
    Unknown,
)

pytestmark = pytest.mark.parametrize("connected", [("qualtrics", Kind.TRAITS)], indirect=True)

ANN = {"seq": 1, "identity": "u_1", "external_id": "u_1"}
AT = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
EVENTS = {"on_enter": Event(event="entered"), "on_exit": ExitEvent(event="left")}
LISTED = Options(mailing_list="CG_churn", **EVENTS)
FLAGGED = Options()


@pytest.fixture
def qualtrics(connected: Any) -> Iterator[Any]:
    yield connected
    sent = [r.content or b"" for r in connected.http.requests]
    assert not any(b'"unsubscribed":false' in body for body in sent)
    withdrawn = ("frequencyrules", "/samples", "/segments", "/summary", "/contactimports")
    assert not any(word in r.path for r in connected.http.requests for word in withdrawn)


def add(**traits: Any) -> Change:
    return Change(op=Op.ADD, traits=traits, **ANN)


def change(**traits: Any) -> Change:
    return Change(op=Op.CHANGE, traits=traits, **ANN)


def remove(**more: Any) -> Change:
    return Change(op=Op.REMOVE, traits={}, **{**ANN, **more})


def delivered(qualtrics: Any, *changes: Change, sync: Sync | None = None) -> None:
    for one in changes:
        exchange = qualtrics.send([one], sync)
        assert exchange.endings == [Delivered()], exchange


def segment(qualtrics: Any, options: Options = LISTED) -> Sync:
    qualtrics.kind = Kind.SEGMENT
    sync: Sync = qualtrics.sync(options=options)
    return sync


def attributes(qualtrics: Any, who: str = "u_1") -> dict[str, Any]:
    person = qualtrics.control.person(who)
    assert person is not None
    return dict(person["attributes"])


def members(qualtrics: Any, name: str = "churn_risk") -> list[str]:
    (found,) = [s for s in qualtrics.control.segments() if s["name"] == name]
    return list(found["members"])


def calls(qualtrics: Any, word: str) -> int:
    return sum(word in f"{r.method} {r.path}" for r in qualtrics.http.requests)


def api(qualtrics: Any, method: str, path: str, body: Any = None) -> Any:
    """Ask the sandbox as somebody else's client would."""
    import httpx

    url = f"{qualtrics.settings['base_url']}/iad1/API/v3/directories/POOL_sandbox{path}"
    headers = {"X-API-TOKEN": "sandbox-qualtrics-token"}
    found = httpx.request(method, url, json=body, headers=headers, trust_env=False)
    assert found.status_code < 300, found.text
    return found.json().get("result")


def test_values_arrive_as_text_and_own_fields_where_they_belong(qualtrics: Any) -> None:
    delivered(qualtrics, add(plan="team", seats=12, is_vip=True, rate=0.5, firstName="Ada"))
    assert attributes(qualtrics) == {
        "plan": "team", "seats": "12", "is_vip": "true", "rate": "0.5", "firstName": "Ada",
    }  # fmt: skip


def test_only_what_changed_is_written_and_null_becomes_the_agreed_word(qualtrics: Any) -> None:
    delivered(qualtrics, add(plan="team", seats=12, phone="+49301"), change(seats=None, phone=None))
    assert attributes(qualtrics) == {"plan": "team", "seats": "-", "phone": "+49301"}
    last = json.loads(qualtrics.http.requests[-1].content)
    assert last == {"extRef": "u_1", "embeddedData": {"seats": "-"}}


def test_blanks_are_sent_where_the_directory_takes_them(qualtrics: Any) -> None:
    qualtrics.settings["empty_value"] = ""
    qualtrics.control.set_switch("blank_overwrites", True)
    delivered(qualtrics, add(plan="team", phone="+49301"), change(plan=None, phone=None))
    assert attributes(qualtrics) == {"plan": "", "phone": ""}


def test_a_removed_row_empties_what_we_own_and_keeps_the_contact(qualtrics: Any) -> None:
    delivered(qualtrics, add(plan="team", seats=1, theirs="stays", firstName="Ada"), remove())
    assert attributes(qualtrics) == {
        "plan": "-", "seats": "-", "theirs": "stays", "firstName": "Ada",
    }  # fmt: skip
    kept = replace(qualtrics.sync(), on_remove="keep")
    before = len(qualtrics.http.requests)
    delivered(qualtrics, remove(), sync=kept)
    assert len(qualtrics.http.requests) == before


def test_a_removal_brings_nobody_to_life(qualtrics: Any) -> None:
    delivered(qualtrics, remove())
    delivered(qualtrics, remove(), sync=segment(qualtrics))
    delivered(qualtrics, remove(), sync=segment(qualtrics, FLAGGED))
    assert qualtrics.control.people() == []
    assert calls(qualtrics, "POST /transactions") == 0


def test_whoever_enters_is_listed_flagged_and_told_of_once(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    delivered(qualtrics, add(plan="team")._replace(reason="seats down"), sync=sync)
    assert attributes(qualtrics) == {"plan": "team", "churn_risk": "1"}
    assert members(qualtrics) == ["u_1"]
    (event,) = qualtrics.control.events()
    assert (event["name"], event["data"]["reason"]) == ("entered", "seats down")
    assert event["data"]["event_id"] == event["id"]
    assert event["timestamp"] > 1_700_000_000


def test_whoever_leaves_is_unflagged_taken_off_the_list_and_kept(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    delivered(qualtrics, add(plan="team"), remove(), remove(), sync=sync)
    assert attributes(qualtrics) == {"plan": "-", "churn_risk": "0"}
    assert members(qualtrics) == []
    assert calls(qualtrics, "DELETE /contacts") == 0
    delivered(qualtrics, add(plan="pro")._replace(transition=2), sync=sync)
    assert members(qualtrics) == ["u_1"]
    names = [event["name"] for event in qualtrics.control.events()]
    assert (names.count("entered"), len({e["id"] for e in qualtrics.control.events()})) == (2, 3)


def test_a_members_tier_goes_with_the_entry(qualtrics: Any) -> None:
    delivered(qualtrics, add(churn_risk_tier="gold"), sync=segment(qualtrics))
    (event,) = qualtrics.control.events()
    assert (event["data"]["segment"], event["data"]["tier"]) == ("churn_risk", "gold")


def test_a_quiet_entry_and_a_moved_address_tell_nobody(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    delivered(qualtrics, add()._replace(is_quiet=True), sync=sync)
    delivered(qualtrics, remove(cause="moved"), sync=sync)
    delivered(qualtrics, add()._replace(external_id="u_2", cause="moved", is_quiet=True), sync=sync)
    assert qualtrics.control.events() == []
    assert members(qualtrics) == ["u_2"]


def test_without_a_list_the_flag_is_the_segment(qualtrics: Any) -> None:
    sync = segment(qualtrics, FLAGGED)
    delivered(qualtrics, add(plan="team"), remove(), sync=sync)
    assert attributes(qualtrics) == {"plan": "-", "churn_risk": "0"}
    assert members(qualtrics) == []


def test_an_opt_out_from_a_list_outlives_leaving_and_coming_back(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    delivered(qualtrics, add(plan="team"), sync=sync)
    (key,) = [p["key"] for p in qualtrics.control.people()]
    api(qualtrics, "PUT", f"/mailinglists/CG_churn/contacts/{key}", {"unsubscribed": True})
    delivered(qualtrics, remove(), add(plan="team")._replace(transition=2), sync=sync)
    found = api(qualtrics, "GET", f"/mailinglists/CG_churn/contacts/{key}")
    assert found["mailingListUnsubscribed"] is True


def test_an_opt_out_is_set_for_the_directory_and_never_taken_back(qualtrics: Any) -> None:
    out = Trait("unsubscribed", "mail_ok", opts_out=True)
    opted = replace(qualtrics.sync(), traits=(out, Trait("plan", "plan")))
    delivered(qualtrics, add(unsubscribed=False, plan="a"), sync=opted)
    delivered(qualtrics, change(unsubscribed=True), sync=opted)
    delivered(qualtrics, add(unsubscribed=False, plan="b"), remove(), sync=opted)
    (key,) = [p["key"] for p in qualtrics.control.people()]
    assert api(qualtrics, "GET", f"/contacts/{key}")["directoryUnsubscribed"] is True


def test_update_only_creates_nobody(qualtrics: Any) -> None:
    sync = qualtrics.sync(options=Options(update_only=True))
    (ending,) = qualtrics.send([add(plan="team")], sync).endings
    assert isinstance(ending, Rejected)
    assert ending.code == "qualtrics-unknown-contact"
    assert qualtrics.control.people() == []
    delivered(qualtrics, add(plan="team"))
    delivered(qualtrics, change(plan="pro"), sync=sync)
    assert attributes(qualtrics) == {"plan": "pro"}


def test_people_who_are_two_contacts_are_not_guessed_at(qualtrics: Any) -> None:
    qualtrics.control.set_switch("deduplication", [])
    delivered(qualtrics, add(plan="a"), add(plan="b"))
    (ending,) = qualtrics.send([remove()]).endings
    assert isinstance(ending, Rejected)
    assert ending.code == "qualtrics-several-contacts"


def test_a_key_of_two_contacts_keeps_nobody_from_being_searched_again(qualtrics: Any) -> None:
    qualtrics.control.set_switch("deduplication", [])
    delivered(qualtrics, add(plan="a"), add(plan="b"))
    gone = remove(seq=2, identity="u_2", external_id="u_2")
    endings = qualtrics.send([remove(), gone]).endings
    assert [type(ending) for ending in endings] == [Rejected, Delivered]
    assert calls(qualtrics, "POST /contacts/search") == 2


def test_keys_that_differ_in_case_alone_are_not_merged(qualtrics: Any) -> None:
    twin = add(plan="b")._replace(seq=2, identity="U_1", external_id="U_1")
    endings = qualtrics.send([add(plan="a"), twin]).endings
    assert [type(ending) for ending in endings] == [Delivered, Rejected]
    assert attributes(qualtrics) == {"plan": "a"}


def test_a_contact_that_search_does_not_know_yet_is_found_on_the_list(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    qualtrics.control.set_switch("search_delay_seconds", 3600)
    delivered(qualtrics, add(plan="team"), remove(), sync=sync)
    assert members(qualtrics) == []


def test_many_rows_are_one_import_polled_to_its_end(qualtrics: Any) -> None:
    qualtrics.control.set_switch("job_polls", 3)
    assert qualtrics.send(qualtrics.rows(300)).endings == [Delivered()] * 300
    assert len(qualtrics.control.people()) == 300
    assert len(qualtrics.http.requests) == 1 + 4
    assert qualtrics.clock.seconds >= 4


@pytest.mark.parametrize(("refusals", "base"), [("unprocessed", 0), ("failed", 0), ("failed", 1)])
def test_an_import_answers_row_by_row(qualtrics: Any, refusals: str, base: int) -> None:
    for name, value in {"refusals": refusals, "index_base": base, "report_page": 70}.items():
        qualtrics.control.set_switch(name, value)
    rows = qualtrics.rows(250)
    bad = {rows[i].external_id for i in (0, 17, 249)}
    qualtrics.fault("refuse", refuse={who: "not today" for who in bad})
    endings = qualtrics.send(rows).endings
    assert [i for i, e in enumerate(endings) if isinstance(e, Rejected)] == [0, 17, 249]
    assert sum(isinstance(e, Delivered) for e in endings) == 247
    assert len(qualtrics.control.people()) == 247


def test_an_import_to_a_list_that_is_gone_delivers_nothing(qualtrics: Any) -> None:
    qualtrics.settings["mailing_list"] = "CG_gone"
    many = qualtrics.send(qualtrics.rows(250)).endings
    few = qualtrics.send(qualtrics.rows(2)).endings
    assert {e.code for e in (*many, *few)} == {"qualtrics-no-list"}
    assert "CG_gone" in many[0].reason


@pytest.mark.parametrize("numbers", ["number", "text", "object"])
@pytest.mark.parametrize("token", ["inside", "beside", "next_page"])
def test_a_report_is_read_however_it_numbers_and_pages_its_rows(
    qualtrics: Any, numbers: str, token: str
) -> None:
    switches = {"row_numbers": numbers, "skip_token": token, "report_page": 100}
    for name, value in switches.items():
        qualtrics.control.set_switch(name, value)
    qualtrics.fault("refuse", refuse={"person17": "not today"})
    qualtrics.kind = Kind.EVENTS
    endings = qualtrics.send(qualtrics.rows(250)).endings
    assert isinstance(endings.pop(17), Rejected)
    assert endings == [Delivered()] * 249
    assert len(qualtrics.control.events()) == 249
    seats = {event["who"]: event["data"]["seats"] for event in qualtrics.control.events()}
    assert seats["person200"] == "200"


@pytest.mark.parametrize("import_phone", ["refuse", "accept"])
def test_a_phone_never_travels_in_an_import(qualtrics: Any, import_phone: str) -> None:
    qualtrics.control.set_switch("import_phone", import_phone)
    sync = qualtrics.sync(traits=(Trait("plan", "plan"), Trait("phone", "phone")))
    rows = [
        row._replace(traits={"plan": "a", **({"phone": f"+4930{i}"} if i < 3 else {})})
        for i, row in enumerate(qualtrics.rows(210))
    ]
    assert qualtrics.send(rows, sync).endings == [Delivered()] * 210
    assert attributes(qualtrics, "key00002")["phone"] == "+49302"
    (job,) = [r for r in qualtrics.http.requests if r.path.endswith("/transactioncontacts")]
    assert b"phone" not in job.content
    assert len(json.loads(job.content)["contacts"]) == 207


def test_an_empty_email_is_never_sent(qualtrics: Any) -> None:
    qualtrics.settings["empty_value"] = ""
    sync = qualtrics.sync(traits=(Trait("email", "email"), Trait("firstName", "firstName")))
    delivered(qualtrics, add(email="a@x.io", firstName="Ann"), sync=sync)
    delivered(qualtrics, change(email=None, firstName=None), sync=sync)
    delivered(qualtrics, change(email="", firstName=""), sync=sync)
    bodies = [json.loads(r.content) for r in qualtrics.http.requests]
    assert [body.get("email") for body in bodies] == ["a@x.io", None, None]
    assert bodies[-1]["firstName"] == ""


@pytest.mark.parametrize("count", [7, 250])
def test_a_list_that_is_gone_costs_a_few_requests(qualtrics: Any, count: int) -> None:
    qualtrics.settings["mailing_list"] = "CG_gone"
    endings = qualtrics.send(qualtrics.rows(count)).endings
    assert {ending.code for ending in endings} == {"qualtrics-no-list"}
    assert sum(isinstance(ending, Rejected) for ending in endings) <= 10
    assert len(qualtrics.http.requests) <= 12


@pytest.mark.parametrize(
    "body",
    [
        {"ok": False},
        {"error": "forbidden"},
        {"message": "suspended"},
        {"login_required": True},
        {"result": {"id": "CID_1"}},
        {"result": {"id": "CID_1"}, "meta": {}},
        {"result": {"id": "CID_1"}, "meta": {"httpStatus": "403 - Forbidden"}},
        {"result": {"id": "CID_1"}, "meta": {"httpStatus": "200 - OK", "error": {"x": 1}}},
        {"result": {"id": 7}, "meta": {"httpStatus": "200 - OK"}},
    ],
)
def test_a_success_with_another_body_is_no_yes(qualtrics: Any, body: Any) -> None:
    qualtrics.fault("status", status=200, body=json.dumps(body))
    assert qualtrics.send([add(plan="x")]).endings == [Unknown("unreadable-answer")]


def test_a_refused_transaction_is_halved_and_nothing_is_sent_twice(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    rows = [r._replace(reason="why") for r in qualtrics.rows(9)]
    qualtrics.fault("status", status=405, path="/transactions$", times=4)
    endings = qualtrics.send(rows, sync).endings
    refused = [ending for ending in endings if ending != Delivered()]
    assert [(type(end), end.is_partial) for end in refused] == [(Rejected, True)]
    sent = [(r.method, r.path, r.content) for r in qualtrics.http.requests]
    assert len(set(sent)) == len(sent)
    assert len(qualtrics.control.events()) == 8


def begun(qualtrics: Any, rows: list[Change], sync: Sync | None = None) -> tuple[Any, Any, Any]:
    """An import that goes on when its run ends: what came of the batch, its job and the job's
    rows."""
    qualtrics.control.set_switch("job_polls", 10_000)
    exchange = qualtrics.send(rows, sync)
    (job,) = {at.job for at in exchange.running.values()}
    places = {at.place: rows[i] for i, at in exchange.running.items()}
    taken = [JobRow(place, c.identity, c.external_id) for place, c in sorted(places.items())]
    return exchange, job, taken


def resumed(qualtrics: Any, job: str, rows: Any) -> Any:
    return qualtrics.ask(lambda destination: destination.resume(job, rows))


@pytest.mark.parametrize("refusals", ["unprocessed", "failed"])
def test_an_import_that_goes_on_is_asked_later_row_by_row(qualtrics: Any, refusals: str) -> None:
    qualtrics.control.set_switch("refusals", refusals)
    rows = qualtrics.rows(202)
    qualtrics.fault("refuse", refuse={rows[7].external_id: "no"})
    exchange, job, taken = begun(qualtrics, rows)
    at_once = refusals == "unprocessed"
    assert len(exchange.running) == 202 - at_once
    assert isinstance(exchange.endings[7], Rejected) is at_once
    assert all(isinstance(exchange.endings[i], Unknown) for i in exchange.running)
    assert resumed(qualtrics, job, taken) is None
    qualtrics.control.set_switch("job_polls", 0)
    found = resumed(qualtrics, job, taken)
    refused = [row.external_id for row, end in zip(taken, found, strict=True) if end != Delivered()]
    assert refused == ([] if at_once else [rows[7].external_id])
    assert isinstance(found[7], Delivered if at_once else Rejected)


def test_an_import_that_is_gone_is_unknown(qualtrics: Any) -> None:
    _, job, taken = begun(qualtrics, qualtrics.rows(201))
    qualtrics.control.reset()
    assert {type(end) for end in resumed(qualtrics, job, taken)} == {Unknown}


def test_only_what_an_import_does_not_do_is_owed(qualtrics: Any) -> None:
    """Rows with a phone go alone meanwhile; opt-outs and members who leave come after it."""
    phoned = {"plan": "team", "phone": "+491234"}
    rows = qualtrics.rows(203)
    rows[0], rows[1] = (c._replace(traits=phoned) for c in rows[:2])
    rows[2] = rows[2]._replace(traits={"unsubscribed": True})
    names = ("plan", "seats", "phone", "unsubscribed")
    traits = tuple(Trait(n, n, opts_out=True if n == "unsubscribed" else None) for n in names)
    exchange, _, _ = begun(qualtrics, rows, qualtrics.sync(traits=traits))
    assert exchange.endings[:2] == [Delivered()] * 2
    assert {i for i, at in exchange.running.items() if at.is_owing} == {2}


def test_members_who_leave_a_list_are_not_done_with_the_import(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    entered = qualtrics.rows(201)
    assert set(qualtrics.send(entered, sync).endings) == {Delivered()}
    leaving = qualtrics.rows(201, Op.REMOVE, traits={"plan": None})
    exchange, _, _ = begun(qualtrics, leaving, sync)
    assert len(exchange.running) == 201
    assert all(at.is_owing for at in exchange.running.values())


def test_several_events_of_one_person_wait_for_the_import_of_the_first(qualtrics: Any) -> None:
    qualtrics.kind = Kind.EVENTS
    rows = qualtrics.rows(202)
    rows[201] = rows[201]._replace(external_id=rows[0].external_id)
    exchange, _, _ = begun(qualtrics, rows)
    assert set(exchange.running) == set(range(201))
    assert exchange.endings[201] == NotAttempted("job-running")


def test_a_large_entry_and_exit_are_complete(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    entered = [r._replace(reason="why") for r in qualtrics.rows(230)]
    assert qualtrics.send(entered, sync).endings == [Delivered()] * 230
    assert len(members(qualtrics)) == 230
    assert len(qualtrics.control.events()) == 230
    left = qualtrics.rows(230, Op.REMOVE)
    qualtrics.http.requests.clear()
    assert qualtrics.send(left, sync).endings == [Delivered()] * 230
    assert members(qualtrics) == []
    assert calls(qualtrics, "POST /contacts/search") == 0
    assert calls(qualtrics, "PUT /contacts") == 0
    assert calls(qualtrics, "DELETE /mailinglists/CG_churn") == 230


def test_events_become_transactions_in_groups_at_their_own_time(qualtrics: Any) -> None:
    qualtrics.kind = Kind.EVENTS
    rows = [r._replace(occurred_at=AT) for r in qualtrics.rows(120)]
    assert qualtrics.send(rows).endings == [Delivered()] * 120
    stored = qualtrics.control.events()
    assert len(stored) == 120
    assert {(e["name"], e["timestamp"]) for e in stored} == {("invoice_paid", int(AT.timestamp()))}
    assert calls(qualtrics, "POST /transactions") == 3


@pytest.mark.parametrize("update_only", [False, True])
def test_several_events_of_one_person_need_the_contact_once(
    qualtrics: Any, update_only: bool
) -> None:
    delivered(qualtrics, add(plan="a"))
    qualtrics.kind = Kind.EVENTS
    rows = [row._replace(external_id="u_1") for row in qualtrics.rows(5)]
    qualtrics.http.requests.clear()
    sync = qualtrics.sync(options=Options(update_only=update_only))
    assert qualtrics.send(rows, sync).endings == [Delivered()] * 5
    assert len(qualtrics.control.events()) == 5
    assert calls(qualtrics, "POST /mailinglists/CG_sync/contacts") == 1


def test_an_event_in_doubt_is_looked_for_before_it_is_sent_again(qualtrics: Any) -> None:
    qualtrics.kind = Kind.EVENTS
    qualtrics.fault("status", status=504, when="after", path="/transactions$", times=1)
    rows = qualtrics.rows(3)
    assert all(isinstance(ending, Unknown) for ending in qualtrics.send(rows).endings)
    again = [row._replace(cause="in doubt", is_doubtful=True) for row in qualtrics.rows(4)]
    assert qualtrics.send(again).endings == [Delivered()] * 4
    assert len(qualtrics.control.events()) == 4


def test_an_exit_in_doubt_is_looked_for_before_its_event_is_sent_again(qualtrics: Any) -> None:
    qualtrics.kind = Kind.SEGMENT
    sync = qualtrics.sync(options=Options(on_exit=ExitEvent(event="left")))
    qualtrics.send(qualtrics.rows(2), sync)
    qualtrics.fault("status", status=504, when="after", path="/transactions$", times=1)
    leaving = qualtrics.rows(2, Op.REMOVE)
    assert all(isinstance(ending, Unknown) for ending in qualtrics.send(leaving, sync).endings)
    again = [row._replace(is_doubtful=True) for row in leaving]
    assert qualtrics.send(again, sync).endings == [Delivered()] * 2
    assert len(qualtrics.control.events()) == 2


def test_refused_transactions_are_told_apart(qualtrics: Any) -> None:
    qualtrics.control.set_switch("transactions_per_request", 3)
    qualtrics.kind = Kind.EVENTS
    assert qualtrics.send(qualtrics.rows(9)).endings == [Delivered()] * 9
    assert len(qualtrics.control.events()) == 9


def test_events_of_unknown_people_are_refused_under_update_only(qualtrics: Any) -> None:
    qualtrics.kind = Kind.EVENTS
    sync = qualtrics.sync(options=Options(update_only=True))
    (ending,) = qualtrics.send(qualtrics.rows(1), sync).endings
    assert isinstance(ending, Rejected)
    assert qualtrics.control.people() == []


def health(qualtrics: Any) -> Any:
    return qualtrics.ask(lambda destination: destination.check())


@pytest.mark.parametrize(
    ("switch", "value", "code", "word"),
    [
        ("datacenter", "fra1", "qualtrics-datacenter", "datacenter: fra1"),
        ("is_lite", True, "qualtrics-directory", "POOL_"),
        ("deduplication", [], "qualtrics-deduplication", "add that rule"),
        ("deduplication", ["email"], "qualtrics-deduplication", "add that rule"),
    ],
)
def test_an_unfit_account_is_named_with_the_way_out(
    qualtrics: Any, switch: str, value: Any, code: str, word: str
) -> None:
    qualtrics.control.set_switch(switch, value)
    (problem,) = health(qualtrics).problems
    assert problem.code == code
    assert word in problem.fix


def test_a_missing_list_is_named_with_the_one_to_create(qualtrics: Any) -> None:
    qualtrics.settings["mailing_list"] = "CG_gone"
    (problem,) = health(qualtrics).problems
    assert "zz data sync - do not send" in problem.fix


def test_a_token_without_permission_stops(qualtrics: Any) -> None:
    qualtrics.control.set_switch("may_write", False)
    exchange = qualtrics.send([add(plan="a")])
    assert exchange.stop is not None


def unready(qualtrics: Any, sync: Sync) -> Any:
    return qualtrics.ask(lambda destination: destination.unready(sync))


def test_a_list_that_is_missing_or_everybodys_holds_the_sync(qualtrics: Any) -> None:
    assert "unready" in qualtrics.destination.abilities
    good = segment(qualtrics)
    assert list(unready(qualtrics, good)) == []
    (gone,) = unready(qualtrics, replace(good, options=Options(mailing_list="CG_gone")))
    assert "CG_gone" in gone.message
    assert "create a list named `churn_risk`" in gone.fix
    (home,) = unready(qualtrics, replace(good, options=Options(mailing_list="CG_sync")))
    assert "everybody" in home.message
    assert qualtrics.control.applied() == []


@pytest.mark.parametrize("kind", [Kind.TRAITS, Kind.SEGMENT, Kind.EVENTS])
def test_a_key_the_directory_does_not_deduplicate_by_holds_the_sync(
    qualtrics: Any, kind: Kind
) -> None:
    qualtrics.kind = kind
    by_email = qualtrics.sync(identify_by="email", options=None)
    (problem,) = unready(qualtrics, by_email)
    assert "identifies by email" in problem.message
    qualtrics.settings["deduplicate_by"] = "email"
    assert list(unready(qualtrics, by_email)) == []
    assert qualtrics.http.requests == []


def test_reading_back_finds_what_differs(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    delivered(qualtrics, add(plan="team", seats=3, ok=True, gone=None, email="a@x.io"), sync=sync)
    same = {"plan": "team", "seats": 3, "ok": True, "gone": None, "email": "a@x.io"}
    expected = [
        Expected("u_1", True, same),
        Expected("u_1", False, {**same, "seats": 4, "gone": "x"}),
        Expected("nobody", True, {}),
    ]
    found = qualtrics.ask(lambda destination: destination.read_back(sync, expected))
    assert (found[0].is_found, found[0].differing) == (True, ())
    assert set(found[1].differing) == {"seats", "gone", "churn_risk"}
    assert not found[2].is_found


def test_reading_back_notices_a_member_that_somebody_took_off_the_list(qualtrics: Any) -> None:
    sync = segment(qualtrics)
    delivered(qualtrics, add(plan="team"), sync=sync)
    (key,) = [p["key"] for p in qualtrics.control.people()]
    api(qualtrics, "DELETE", f"/mailinglists/CG_churn/contacts/{key}")
    expected = [Expected("u_1", True, {"plan": "team"})]
    (found,) = qualtrics.ask(lambda destination: destination.read_back(sync, expected))
    assert found.differing == ("churn_risk",)


SURVEY = {
    "id": "SV_nps",
    "name": "Why did you leave?",
    "responses": [
        {
            "ext_ref": "u_1",
            "recorded_at": "2026-03-02T08:00:00Z",
            "answers": {"QID1": 2, "QID2_TEXT": "Too dear"},
            "labels": {"QID1": "Price"},
            "embedded_data": {"cart": "c_9"},
        },
        {"recorded_at": "2026-03-01T08:00:00Z", "answers": {"QID1": 1}},
        {"recorded_at": "2026-03-01T09:00:00Z", "answers": {"QID1": 1}, "status": 1},
    ],
}
LATER = {"id": "SV_nps", "responses": [{"email": "a@x.io", "answers": {"QID1": 3}}]}


def pull(qualtrics: Any, cursor: str | None = None) -> Any:
    return qualtrics.ask(lambda destination: destination.pull(cursor))


def test_responses_are_pulled_as_flat_records_oldest_first(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_nps"]
    qualtrics.control.seed({"surveys": [SURVEY]})
    assert "pull" in qualtrics.destination.abilities
    page = pull(qualtrics)
    assert not page.has_more
    first, second = page.records
    assert first["recorded_at"] == "2026-03-01T08:00:00Z"
    assert (second["survey_id"], second["ext_ref"]) == ("SV_nps", "u_1")
    assert json.loads(second["answers"]) == {
        "QID1": {"value": 2, "label": "Price"}, "QID2_TEXT": "Too dear",
    }  # fmt: skip
    assert json.loads(second["embedded_data"]) == {"cart": "c_9"}
    assert "192.0.2.1" not in str(page.records)
    assert {type(value) for value in second.values()} <= {str, int, bool, type(None)}


def test_the_cursor_brings_only_what_came_since(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_nps"]
    qualtrics.control.seed({"surveys": [SURVEY]})
    cursor = pull(qualtrics).cursor
    page = pull(qualtrics, cursor)
    assert page.records == []
    qualtrics.control.seed({"surveys": [LATER]})
    (record,) = pull(qualtrics, page.cursor).records
    assert record["recipient_email"] == "a@x.io"


def test_an_expired_token_falls_back_to_the_last_date_with_an_overlap(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_nps"]
    qualtrics.control.seed({"surveys": [SURVEY]})
    state = json.loads(pull(qualtrics).cursor)
    state["surveys"]["SV_nps"]["token"] = "CT_expired"
    qualtrics.control.seed({"surveys": [LATER]})
    page = pull(qualtrics, json.dumps(state))
    assert len(page.records) == 2
    starts = [r for r in qualtrics.http.requests if r.method == "POST"]
    assert json.loads(starts[-1].content)["startDate"] == "2026-03-02T07:00:00Z"


def test_the_first_export_may_start_at_a_date(qualtrics: Any) -> None:
    qualtrics.settings |= {"surveys": ["SV_nps"], "responses_since": "2026-03-02"}
    qualtrics.control.seed({"surveys": [SURVEY]})
    assert len(pull(qualtrics).records) == 1


def test_an_unknown_survey_is_named(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_gone"]
    with pytest.raises(DestinationError, match="survey SV_gone: Survey not found"):
        pull(qualtrics)


def test_surveys_take_turns_page_by_page(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_nps", "SV_b"]
    qualtrics.control.seed({"surveys": [SURVEY, {**LATER, "id": "SV_b"}]})
    first = pull(qualtrics)
    second = pull(qualtrics, first.cursor)
    assert (first.has_more, second.has_more) == (True, False)
    assert [len(first.records), len(second.records)] == [2, 1]
    assert pull(qualtrics, second.cursor).records == []


def test_a_failed_export_is_no_empty_export(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_nps"]
    qualtrics.control.seed({"surveys": [SURVEY]})
    qualtrics.control.set_switch("failing_exports", True)
    with pytest.raises(DestinationError):
        pull(qualtrics)


def test_an_export_of_many_megabytes_is_downloaded_whole(qualtrics: Any) -> None:
    qualtrics.settings["surveys"] = ["SV_nps"]
    large = {"answers": {}, "filler_bytes": 3_000_000}
    qualtrics.control.seed({"surveys": [{"id": "SV_nps", "responses": [large] * 4}]})
    records = pull(qualtrics).records
    assert [len(json.loads(r["answers"])["QID0_TEXT"]) for r in records] == [4_000_000] * 4


def test_without_surveys_nothing_is_asked(qualtrics: Any) -> None:
    page = pull(qualtrics)
    assert (list(page.records), page.has_more) == ([], False)
    assert qualtrics.http.requests == []


def test_the_page_shows_a_valid_connection_and_names_every_key(
    qualtrics: Any, pytestconfig: pytest.Config
) -> None:
    page = (pytestconfig.rootpath / "docs" / "destinations" / "qualtrics.md").read_text()
    block = page.split("```yaml\n")[1].split("```")[0]
    connection = yaml.safe_load(block)["destinations"]["prod"]["qualtrics"]
    assert Settings.model_validate(connection).datacenter
    for key in (*Settings.model_fields, *Options.model_fields):
        assert f"{key}:" in page or f"`{key}`" in page, key
