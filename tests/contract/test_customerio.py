"""What Customer.io in particular holds after each operation, seen in the sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml

from sync.destinations.customerio import Customerio, Settings, app
from sync.destinations.customerio.operations import Options
from sync.destinations.options import Event, ExitEvent
from sync.destinations.spec import Conversation, Expected, Piece, Request
from sync.errors import DestinationError, Problem
from sync.model import Change, Delivered, Kind, NotAttempted, Op, Rejected, Sync, Unknown
from sync.run.batches import prepare

ANN = {"seq": 1, "identity": "u_1", "external_id": "u_1"}
AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
TRANSITIONS = Options(
    update_only=False, on_enter=Event(event="entered"), on_exit=ExitEvent(event="left")
)


def add(**traits: Any) -> Change:
    return Change(op=Op.ADD, traits=traits, **ANN)


def change(**traits: Any) -> Change:
    return Change(op=Op.CHANGE, traits=traits, **ANN)


def remove(**more: Any) -> Change:
    return Change(op=Op.REMOVE, traits={}, **{**ANN, **more})


def delivered(customerio: Any, *changes: Change, sync: Sync | None = None) -> None:
    for one in changes:
        exchange = customerio.send([one], sync)
        assert exchange.endings == [Delivered()], exchange


def attributes(customerio: Any, who: str = "u_1") -> dict[str, Any]:
    person = customerio.control.person(who)
    assert person is not None
    hidden = ("created_at", "id", "cio_id", "_created_in_customerio_at")
    return {k: v for k, v in person["attributes"].items() if k not in hidden}


def manual_segment(customerio: Any, name: str = "by hand") -> int:
    customerio.control.seed({"segments": [{"name": name, "type": "manual"}]})
    return max(int(found["id"]) for found in customerio.control.segments())


def delete_segment(customerio: Any, number: int) -> None:
    def deletion() -> Conversation[None]:
        yield Request("DELETE", f"/v1/segments/{number}", to="app")

    customerio.ask(lambda destination: deletion())


def unready(customerio: Any, sync: Sync) -> list[Problem]:
    return list(customerio.ask(lambda destination: destination.unready(sync)))


@pytest.fixture
def segment(customerio: Any) -> Sync:
    customerio.kind = Kind.SEGMENT
    found: Sync = replace(customerio.sync(), options=TRANSITIONS)
    return found


def test_only_what_changed_is_written_and_null_empties(customerio: Any) -> None:
    delivered(customerio, add(plan="team", seats=14, since=date(2026, 1, 1), due=Decimal("1.50")))
    assert attributes(customerio) == {"plan": "team", "seats": 14, "since": 1767225600, "due": 1.5}
    delivered(customerio, change(seats=None, due=2))
    assert attributes(customerio) == {"plan": "team", "since": 1767225600, "due": 2}


def test_a_removed_row_empties_what_we_own_and_keeps_the_person(customerio: Any) -> None:
    delivered(customerio, add(plan="team", seats=1, note="x", theirs="stays"), remove())
    assert attributes(customerio) == {"theirs": "stays"}


def test_a_removal_brings_nobody_to_life(customerio: Any, segment: Sync) -> None:
    sync = replace(segment, options=Options())
    delivered(customerio, remove(), sync=sync)
    delivered(customerio, remove(), sync=customerio.sync())
    assert customerio.control.people() == []


def test_a_segment_creates_nobody_unless_told(customerio: Any, segment: Sync) -> None:
    delivered(customerio, add(plan="team"), sync=replace(segment, options=Options()))
    assert customerio.control.people() == []
    delivered(customerio, add(plan="team"), sync=segment)
    assert attributes(customerio) == {"plan": "team", "churn_risk": True}


def test_traits_create_people_unless_told_not_to(customerio: Any) -> None:
    sync = replace(customerio.sync(), options=Options(update_only=True))
    delivered(customerio, add(plan="team"), sync=sync)
    assert customerio.control.people() == []


def test_leaving_a_segment_is_false_and_empties_its_traits(customerio: Any, segment: Sync) -> None:
    delivered(customerio, add(plan="team"), remove(reason="paid"), sync=segment)
    assert attributes(customerio) == {"churn_risk": False}
    (entered, left) = customerio.control.events()
    assert (entered["name"], left["name"]) == ("entered", "left")
    assert left["data"] == {"segment": "churn_risk", "reason": "paid"}


def test_traits_stay_where_the_entry_says_so(customerio: Any, segment: Sync) -> None:
    sync = replace(segment, on_remove="keep")
    delivered(customerio, add(plan="team"), remove(), sync=sync)
    assert attributes(customerio) == {"plan": "team", "churn_risk": False}
    traits = replace(customerio.sync(), kind=Kind.TRAITS, on_remove="keep")
    before = len(customerio.http.requests)
    delivered(customerio, remove(), sync=traits)
    assert len(customerio.http.requests) == before


def test_state_is_acknowledged_before_the_event_that_starts_a_campaign(
    customerio: Any, segment: Sync
) -> None:
    delivered(customerio, add(plan="team"), sync=segment)
    actions = [json.loads(r.content)["batch"][0]["action"] for r in customerio.http.requests]
    assert actions == ["identify", "event"]


def test_a_repeated_entry_is_one_event_and_a_re_entry_another(
    customerio: Any, segment: Sync
) -> None:
    first = add(plan="team")
    delivered(customerio, first, first._replace(cause="in doubt", is_doubtful=True), sync=segment)
    assert len(customerio.control.events()) == 1
    delivered(customerio, remove(), first._replace(transition=2), sync=segment)
    assert [event["name"] for event in customerio.control.events()] == [
        "entered",
        "left",
        "entered",
    ]


@pytest.mark.parametrize(
    "quiet",
    [
        add(plan="team")._replace(is_quiet=True),
        add(plan="team")._replace(cause="moved", is_quiet=True),
        remove(cause="moved"),
        change(plan="solo"),
    ],
)
def test_a_first_population_a_move_and_a_change_send_no_event(
    customerio: Any, segment: Sync, quiet: Change
) -> None:
    delivered(customerio, quiet, sync=segment)
    assert customerio.control.events() == []


def test_nobody_refused_in_the_first_step_gets_the_event(customerio: Any, segment: Sync) -> None:
    other = add(plan="x")._replace(seq=2, identity="u_2", external_id="u_2")
    customerio.fault("refuse", refuse={"u_1": "no"})
    endings = customerio.send([add(plan="team"), other], segment).endings
    assert isinstance(endings[0], Rejected)
    assert not endings[0].is_partial
    assert [event["who"] for event in customerio.control.events()] == ["u_2"]


def test_a_refused_event_after_an_applied_state_is_partial(customerio: Any, segment: Sync) -> None:
    customerio.fault("refuse", refuse={"u_1": "no"}, skip=1)
    (ending,) = customerio.send([add(plan="team")], segment).endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial


def test_a_manual_segment_is_kept_too(customerio: Any, segment: Sync) -> None:
    number = manual_segment(customerio)
    sync = replace(segment, options=Options(update_only=False, manual_segment=number))
    delivered(customerio, add(plan="team"), sync=sync)
    assert "by hand" in customerio.control.person("u_1")["segments"]
    delivered(customerio, remove(), sync=sync)
    assert "by hand" not in customerio.control.person("u_1")["segments"]


def test_a_manual_segment_that_is_none_is_a_partial_refusal(customerio: Any, segment: Sync) -> None:
    sync = replace(segment, options=Options(update_only=False, manual_segment=999))
    (ending,) = customerio.send([add(plan="team")], sync).endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial


def test_a_manual_segment_that_vanishes_on_the_way_is_a_partial_refusal(
    customerio: Any, segment: Sync
) -> None:
    number = manual_segment(customerio)
    entry = TRANSITIONS.model_copy(update={"manual_segment": number})
    sync = replace(segment, options=entry)
    assert unready(customerio, sync) == []
    delete_segment(customerio, number)
    other = add(plan="solo")._replace(seq=2, identity="u_2", external_id="u_2")
    endings = customerio.send([add(plan="team"), other], sync).endings
    assert [(e.code, e.is_partial) for e in endings] == [("customerio-manual-segment", True)] * 2
    assert attributes(customerio, "u_2") == {"plan": "solo", "churn_risk": True}
    assert customerio.control.events() == []
    assert len(unready(customerio, sync)) == 1


def test_a_missing_manual_segment_holds_the_sync_and_says_what_to_create(
    customerio: Any, segment: Sync
) -> None:
    sync = replace(segment, options=Options(manual_segment=999))
    (problem,) = unready(customerio, sync)
    assert problem.message.endswith("there is no segment 999")
    assert problem.fix.startswith("create a manual segment named `churn_risk`")
    number = manual_segment(customerio, "churn_risk")
    (problem,) = unready(customerio, sync)
    assert problem.fix.startswith(f"write manual_segment: {number},")
    assert unready(customerio, replace(sync, options=Options(manual_segment=number))) == []


def test_a_data_driven_segment_holds_the_sync(customerio: Any, segment: Sync) -> None:
    customerio.control.seed({"segments": [{"name": "churn_risk", "type": "dynamic"}]})
    (problem,) = unready(customerio, replace(segment, options=Options(manual_segment=1)))
    assert "segment 1 is data-driven" in problem.message
    assert problem.fix.startswith("create a manual segment named `churn_risk`")


def test_without_an_app_key_or_a_need_nothing_is_asked(customerio: Any, segment: Sync) -> None:
    assert unready(customerio, segment) == []
    del customerio.settings["app_api_key"]
    assert unready(customerio, replace(segment, options=Options(manual_segment=999))) == []
    account = replace(segment, kind=Kind.OBJECTS, object_type="9", options=None)
    assert unready(customerio, account) == []
    assert customerio.http.requests == []


def test_an_object_type_that_does_not_exist_holds_the_sync(customerio: Any) -> None:
    customerio.kind = Kind.OBJECTS
    sync = customerio.sync()
    assert unready(customerio, sync) == []
    (problem,) = unready(customerio, replace(sync, object_type="9"))
    assert problem.message.endswith("there is no object type 9; there are 1, 2, 3")
    customerio.control.set_switch("object_types", [])
    (problem,) = unready(customerio, sync)
    assert problem.message.endswith("there is no object type 1")


def test_an_object_type_that_is_switched_off_holds_the_sync(customerio: Any) -> None:
    customerio.kind = Kind.OBJECTS
    customerio.control.set_switch("disabled_object_types", ["3"])
    sync = replace(customerio.sync(), object_type="3")
    (problem,) = unready(customerio, sync)
    assert "object type 3 is switched off" in problem.message
    assert unready(customerio, replace(sync, object_type="2")) == []
    delivered(customerio, add(plan="gold"), sync=sync)  # as the vendor says: yes, and nothing
    assert customerio.control.objects() == []


def test_debug_names_a_workspace_that_knows_people_by_id_and_by_email(customerio: Any) -> None:
    def identifiers() -> str:
        health = customerio.ask(lambda destination: destination.check())
        return str(health.facts["identifiers"])

    assert identifiers() == "id and email; a manual segment may keep people who have no id"
    customerio.control.set_switch("identifiers", ["id"])
    assert identifiers() == "id"


@pytest.mark.parametrize("by", ["email", "cio_id", "phone"])
def test_a_manual_segment_is_for_people_known_by_id(
    customerio: Any, segment: Sync, by: str
) -> None:
    sync = replace(segment, identify_by=by, options=Options(manual_segment=31))
    (problem,) = Customerio.validate(sync)
    assert "lets go only of people who have an `id`" in problem.message
    assert Customerio.validate(replace(sync, identify_by=None)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"ok": False},
        {"error": "forbidden"},
        {"message": "Service suspended", "status": 403},
        {"login_required": True, "url": "https://x"},
        {"success": False, "code": 42},
        {"errors": []},
        {"meta": {"error": "no"}},
        [],
        None,
        "ok",
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_a_success_with_another_body_is_no_yes(customerio: Any, body: Any, status: int) -> None:
    customerio.fault("status", status=status, body=json.dumps(body))
    endings = customerio.send([add(plan="x")]).endings
    assert endings == [Unknown("unreadable-answer")]


def test_a_manual_segment_says_yes_with_the_empty_object_only(
    customerio: Any, segment: Sync
) -> None:
    sync = replace(segment, options=Options(manual_segment=manual_segment(customerio)))
    customerio.fault("status", status=200, body='{"ok": false}', path="segments")
    assert customerio.send([add(plan="x")], sync).endings == [Unknown("unreadable-answer")]


@pytest.mark.parametrize("step", ["segments", "v2/batch"])
def test_a_refused_later_step_sends_no_earlier_one_again(
    customerio: Any, segment: Sync, step: str
) -> None:
    entry = TRANSITIONS.model_copy(update={"manual_segment": manual_segment(customerio)})
    sync = replace(segment, options=entry)
    rows = [
        add(plan="x")._replace(seq=i, identity=f"u_{i}", external_id=f"u_{i}") for i in range(9)
    ]
    skip = {"skip": 1} if step == "v2/batch" else {}
    customerio.fault("status", status=405, path=step, containing="u_4", **skip)
    endings = customerio.send(rows, sync).endings
    refused = endings.pop(4)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.is_partial) == ("http-405", True)
    assert endings == [Delivered()] * 8
    states = [r for r in customerio.http.requests if b'"identify"' in (r.content or b"")]
    assert len(states) == 1


def test_an_identifier_that_is_switched_off_holds_the_sync(customerio: Any) -> None:
    sync = replace(customerio.sync(), external_id="column")
    link = replace(sync, kind=Kind.OBJECTS, object_type="1", related_id="person")
    by_email = replace(sync, identify_by="email")
    linked_by_email = replace(link, options=Options(relate_by="email"))
    assert unready(customerio, by_email) == unready(customerio, linked_by_email) == []
    (problem,) = unready(customerio, replace(sync, identify_by="phone"))
    assert "`phone` is no identifier in this workspace" in problem.message
    customerio.control.set_switch("identifiers", ["id"])
    for wanting in (by_email, linked_by_email):
        (problem,) = unready(customerio, wanting)
        assert problem.fix.startswith("switch `email` on")
    assert unready(customerio, sync) == unready(customerio, link) == []
    assert customerio.control.applied() == []


def test_transitions_carry_the_tier_of_a_segment_that_has_one(
    customerio: Any, segment: Sync
) -> None:
    traits = tuple(replace(segment.traits[0], name=name) for name in ("plan", "churn_risk_tier"))
    sync = replace(segment, traits=traits)
    delivered(customerio, add(plan="team", churn_risk_tier=Decimal("2")), remove(), sync=sync)
    (entered, left) = customerio.control.events()
    assert entered["data"] == {"segment": "churn_risk", "tier": 2}
    assert left["data"] == {"segment": "churn_risk"}


def test_an_email_identifies_whatever_its_case(customerio: Any) -> None:
    sync = replace(customerio.sync(), identify_by="email", external_id="email")
    delivered(customerio, add(plan="a")._replace(external_id=" Ann@X.io "), sync=sync)
    delivered(customerio, add(plan="b")._replace(external_id="ann@x.IO"), sync=sync)
    (person,) = customerio.control.people()
    assert person["identifiers"]["email"] == "ann@x.io"


def test_an_event_arrives_once_with_its_own_time(customerio: Any) -> None:
    customerio.kind = Kind.EVENTS
    event = add(amount=Decimal("129.00"))._replace(identity="inv_88", occurred_at=AT)
    delivered(customerio, event, event)
    (stored,) = customerio.control.events()
    assert (stored["name"], stored["who"], stored["timestamp"]) == (
        "invoice_paid", "u_1", int(AT.timestamp()),
    )  # fmt: skip
    assert stored["data"] == {"amount": 129}


@pytest.mark.parametrize("at", [None, datetime(1970, 1, 2), datetime(9999, 12, 31)])
def test_an_event_with_an_impossible_time_is_refused(customerio: Any, at: datetime | None) -> None:
    customerio.kind = Kind.EVENTS
    event = add()._replace(occurred_at=at)
    found = prepare(customerio.destination, (Piece(customerio.sync(), event),))
    assert isinstance(found, Rejected)


def test_accounts_and_relationships_are_never_deleted(customerio: Any) -> None:
    customerio.kind = Kind.OBJECTS
    account = {"identity": "acc_9", "external_id": "acc_9"}
    delivered(customerio, add(plan="gold", seats=3)._replace(**account))
    link = replace(customerio.sync(), name="links", related_id="customer_id")
    role = add(note="owner")._replace(identity="5:acc_9/u_7", external_id="acc_9", related_id="u_7")
    delivered(customerio, role, sync=link)
    (thing,) = customerio.control.objects()
    assert thing["attributes"] == {"plan": "gold", "seats": 3}
    assert thing["people"][0]["attributes"] == {"note": "owner"}
    delivered(customerio, role._replace(op=Op.REMOVE, traits={}), sync=link)
    delivered(customerio, remove(**account))
    (thing,) = customerio.control.objects()
    assert (thing["attributes"], thing["people"]) == ({}, [])


@pytest.mark.parametrize("status", [207, 400])
def test_a_batch_in_which_everything_is_invalid_is_rejected_item_by_item(
    customerio: Any, status: int
) -> None:
    customerio.control.set_switch("all_invalid_batch", status)
    customerio.fault("refuse", refuse={"u_1": "no", "u_2": "no"})
    other = add(plan="x")._replace(identity="u_2", external_id="u_2")
    endings = customerio.send([add(plan="team"), other]).endings
    assert [type(ending) for ending in endings] == [Rejected, Rejected]
    assert len(customerio.http.requests) == 1


def test_a_400_that_blames_some_items_delivers_the_others_afterwards(customerio: Any) -> None:
    body = '{"errors":[{"batch_index":0,"field":"attributes.plan","message":"is odd"}]}'
    customerio.fault("status", status=400, body=body, times=1)
    other = add(plan="x")._replace(identity="u_2", external_id="u_2")
    endings = customerio.send([add(plan="team"), other]).endings
    assert endings == [Rejected("customerio-invalid", "attributes.plan is odd"), Delivered()]
    assert attributes(customerio, "u_2") == {"plan": "x"}


def test_a_value_over_the_limit_is_refused_by_name_before_sending(customerio: Any) -> None:
    piece = Piece(customerio.sync(), add(note="é" * 501))
    found = prepare(customerio.destination, (piece,))
    assert isinstance(found, Rejected)
    assert found.reason == "trait note takes 1002 bytes, the limit is 1000"


def test_the_wrong_region_stops_with_a_way_out(customerio: Any) -> None:
    customerio.control.set_switch("region", "eu")
    exchange = customerio.send([add(plan="team")])
    assert exchange.endings == [NotAttempted("http-307")]
    assert "region" in str(exchange.stop)
    health = customerio.ask(lambda destination: destination.check())
    (problem,) = health.problems
    assert problem.fix.startswith("write region: eu")
    assert health.account == "4711"


def test_the_app_key_is_checked_when_there_is_one(customerio: Any) -> None:
    customerio.settings["app_api_key"] = "wrong-app-key"
    with pytest.raises(DestinationError) as caught:
        customerio.ask(lambda destination: destination.check())
    assert "wrong-app-key" not in str(caught.value)
    del customerio.settings["app_api_key"]
    health = customerio.ask(lambda destination: destination.check())
    assert not customerio.destination.has_read_back
    assert health.facts["app_api_key"].startswith("none")


def test_reading_back_finds_what_differs_and_leaves_the_incomparable_alone(
    customerio: Any, segment: Sync
) -> None:
    delivered(
        customerio,
        add(plan="team", seats=3, ok=True, rate=0.1, list=[1], since=AT, gone=None),
        sync=segment,
    )
    same = {"plan": "team", "seats": 3, "ok": True, "rate": 0.1, "list": [1], "since": AT}
    expected = [
        Expected("u_1", True, {**same, "gone": None}),
        Expected("u_1", False, {**same, "seats": 4, "gone": "x", "since": AT + timedelta(1)}),
        Expected("nobody", True, {}),
        *(Expected(f"n{i}", True, {}) for i in range(120)),
    ]
    found = customerio.ask(lambda destination: destination.read_back(segment, expected))
    assert len(found) == len(expected)
    assert (found[0].is_found, found[0].differing) == (True, ())
    assert set(found[1].differing) == {"seats", "gone", "since", "churn_risk"}
    assert not found[2].is_found


def test_reading_back_by_email_ignores_case(customerio: Any) -> None:
    sync = replace(customerio.sync(), identify_by="email", external_id="email")
    delivered(customerio, add(plan="a")._replace(external_id="Ann@X.io"), sync=sync)
    expected = [Expected("ANN@x.io", True, {"plan": "a"})]
    (found,) = customerio.ask(lambda destination: destination.read_back(sync, expected))
    assert found.is_found
    assert found.differing == ()


@pytest.mark.parametrize("by", ["id", "email", "cio_id"])
def test_reading_back_sees_who_is_missing_in_the_manual_segment(
    customerio: Any, segment: Sync, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MEMBERS_PAGE", 2)
    number = manual_segment(customerio)
    options = Options(update_only=False, manual_segment=number)
    people = [
        add(email=f"N{i}@x.io")._replace(seq=i, identity=f"u_{i}", external_id=f"u_{i}")
        for i in range(7)
    ]
    assert (
        customerio.send(people, replace(segment, options=Options(update_only=False))).stop is None
    )
    assert customerio.send(people[:5], replace(segment, options=options)).stop is None
    keys = [customerio.control.person(f"u_{i}")["key"] for i in range(7)]
    addresses = {
        "id": [f"u_{i}" for i in range(7)],
        "email": [f"n{i}@X.io" for i in range(7)],
        "cio_id": keys,
    }[by]
    sync = replace(segment, options=options, identify_by=by, external_id="column", traits=())
    expected = [
        *(Expected(address, True, {}) for address in addresses),
        Expected(addresses[0], False, {}),
    ]
    found = customerio.ask(lambda destination: destination.read_back(sync, expected))
    assert [one.differing for one in found[:7]] == [()] * 5 + [("manual_segment",)] * 2
    assert set(found[7].differing) == {"churn_risk", "manual_segment"}
    delete_segment(customerio, number)
    found = customerio.ask(lambda destination: destination.read_back(sync, expected[:2]))
    assert [one.differing for one in found] == [("manual_segment",)] * 2


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"traits": ("id",)}, "reserved"),
        ({"traits": ("unsubscribed",)}, "no ordinary trait"),
        ({"traits": ("_update",)}, "reserved"),
        ({"traits": ("cio_subscription_preferences",)}, "reserved"),
        ({"traits": ("a.b",)}, "has a meaning"),
        ({"traits": ("é" * 76,)}, "over 150 bytes"),
        ({"traits": tuple(f"t{i}" for i in range(301))}, "the limit is 300"),
        ({"traits": ("churn_risk",), "kind": Kind.SEGMENT, "segment": "churn_risk"}, "twice"),
        ({"traits": ("email",), "identify_by": "email"}, "identifies the person already"),
        ({"identify_by": "uuid"}, "nobody is known by `uuid`"),
        ({"options": TRANSITIONS}, "`on_enter` is for kind segment"),
        ({"options": Options(manual_segment=1)}, "`manual_segment` is for kind segment"),
        ({"options": Options(relate_by="id")}, "`relate_by` is for kind objects"),
        (
            {"kind": Kind.EVENTS, "event": "x", "options": Options(update_only=True)},
            "`update_only` is for kind segment and traits",
        ),
        ({"kind": Kind.OBJECTS, "object_type": "account"}, "the type's number"),
        ({"kind": Kind.EVENTS, "event": "x" * 101}, "over 100 bytes"),
        ({"kind": Kind.EVENTS, "traits": ("reply_to",)}, "reserved"),
    ],
)
def test_an_impossible_mapping_is_refused_offline(
    customerio: Any, more: dict[str, Any], word: str
) -> None:
    sync = customerio.sync()
    names = more.pop("traits", ("plan",))
    traits = tuple(replace(sync.traits[0], name=name) for name in names)
    problems = Customerio.validate(replace(sync, traits=traits, **more))
    assert any(word in problem.message for problem in problems), problems


def test_the_page_shows_a_valid_connection_and_names_every_key(
    pytestconfig: pytest.Config,
) -> None:
    page = (pytestconfig.rootpath / "docs" / "destinations" / "customerio.md").read_text()
    block = page.split("```yaml\n")[1].split("```")[0]
    connection = yaml.safe_load(block)["destinations"]["prod"]["customerio"]
    assert Settings.model_validate(connection).region == "eu"
    for key in (*Settings.model_fields, *Options.model_fields):
        assert f"{key}:" in page or f"`{key}`" in page, key


def test_email_phone_and_created_at_may_be_mapped(customerio: Any) -> None:
    sync = customerio.sync()
    names = ("email", "phone", "created_at")
    traits = tuple(replace(sync.traits[0], name=name) for name in names)
    assert list(Customerio.validate(replace(sync, traits=traits))) == []
    sync = replace(sync, traits=traits)
    delivered(customerio, add(email="a@x.io", phone="+49301234"), remove(), sync=sync)
    person = customerio.control.person("u_1")
    assert person["identifiers"]["email"] == "a@x.io"
    expected = [Expected("u_1", True, {"email": "a@x.io"})]
    (found,) = customerio.ask(lambda destination: destination.read_back(sync, expected))
    assert found.differing == ()
