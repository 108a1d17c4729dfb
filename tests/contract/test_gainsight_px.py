"""What Gainsight PX in particular holds after each operation, seen in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from sync.destinations.gainsight_px import Settings
from sync.destinations.gainsight_px.model import Options
from sync.destinations.options import Event, ExitEvent
from sync.destinations.spec import Expected, Item, Piece
from sync.errors import DestinationError
from sync.model import Change, Delivered, Kind, NotAttempted, Op, Rejected, Sync, Trait, Unknown
from sync.run.batches import batches, prepare
from tests.unit.sandbox.gainsight_px_spec import assert_request_fits

CREATING = Options(on_missing="create")
AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ANN = {"seq": 1, "identity": "u-1", "external_id": "u-1"}
WHO = {"seq": 1, "identity": "acc-9", "external_id": "acc-9"}


def add(**traits: Any) -> Change:
    return Change(op=Op.ADD, traits=traits, **ANN)


def change(**traits: Any) -> Change:
    return Change(op=Op.CHANGE, traits=traits, **ANN)


def remove(**more: Any) -> Change:
    return Change(op=Op.REMOVE, traits={}, **{**ANN, **more})


@pytest.fixture
def px(gainsight_px: Any) -> Iterator[Any]:
    """Every request but two that the reference lacks is held against it."""
    yield gainsight_px
    for request in gainsight_px.http.requests:
        path = urlsplit(request.path).path
        if request.to == "cloud" or path == "/v1/admin/subscription":
            continue
        body = None if request.content is None else json.loads(request.content)
        assert_request_fits(request.method, path, body)


@pytest.fixture
def traits(px: Any) -> Sync:
    found: Sync = px.sync(
        traits=(
            Trait("plan", "plan", "varchar"),
            Trait("seats", "seats", "integer"),
            Trait("email", "mail", "varchar"),
            Trait("signUpDate", "signed_up", "timestamp"),
        )
    )
    return found


@pytest.fixture
def segment(px: Any) -> Sync:
    px.kind = Kind.SEGMENT
    names = {**px.case.switches["user_attributes"], "churn_risk_tier": "STRING"}
    px.control.set_switch("user_attributes", {**names, "churn_risk_reason": "STRING"})
    found: Sync = px.sync(
        reason="why",
        traits=(
            Trait("churn_risk_tier", "tier", "varchar"),
            Trait("churn_risk_reason", "why", "varchar"),
        ),
    )
    return found


def delivered(px: Any, *changes: Change, sync: Sync) -> None:
    for one in changes:
        exchange = px.send([one], sync)
        assert exchange.endings == [Delivered()], exchange


def attributes(px: Any, who: str = "u-1") -> dict[str, Any]:
    person = px.control.person(who)
    assert person is not None
    return {k: v for k, v in person["attributes"].items() if k != "type"}


def calls(px: Any) -> list[str]:
    found = [f"{r.method} {urlsplit(r.path).path}" for r in px.http.requests]
    px.http.requests.clear()
    return found


def delete_user(px: Any, who: str = "u-1") -> None:
    """As somebody does in Gainsight PX itself, over a connection of its own."""
    response = httpx.delete(
        f"{px.settings['base_url']}/api/v1/users/{who}",
        headers={"X-APTRINSIC-API-KEY": px.settings["api_key"]},
        trust_env=False,
    )
    assert response.status_code == 204


def test_somebody_unknown_is_updated_in_vain_and_then_created(px: Any, traits: Sync) -> None:
    delivered(px, add(plan="team", email="a@x.io", signUpDate=date(2026, 1, 1)), sync=traits)
    assert calls(px) == ["PUT /v1/users/u-1", "POST /v1/users"]
    assert attributes(px) == {"plan": "team", "email": "a@x.io", "signUpDate": 1767225600000}
    delivered(px, add(seats=3), sync=traits)
    assert calls(px) == ["PUT /v1/users/u-1"]
    assert attributes(px)["seats"] == 3


def test_by_default_nobody_is_created_and_the_row_is_tried_again(px: Any, traits: Sync) -> None:
    sync = replace(traits, options=None)
    for one in (add(plan="team"), change(plan="team")):
        (ending,) = px.send([one], sync).endings
        assert isinstance(ending, Rejected)
        assert not ending.is_partial
    delivered(px, remove(), sync=sync)
    assert px.control.people() == []
    assert {call.split()[0] for call in calls(px)} == {"GET"}


def test_an_account_created_between_the_two_requests_is_updated(px: Any, traits: Sync) -> None:
    delivered(px, add(plan="team"), sync=traits)
    calls(px)
    body = json.dumps({"externalapierror": {"status": "NOT_FOUND", "message": "not yet"}})
    px.fault("status", status=404, body=body, method="PUT", times=1)
    delivered(px, add(plan="solo"), sync=traits)
    assert calls(px) == ["PUT /v1/users/u-1", "POST /v1/users", "PUT /v1/users/u-1"]
    assert attributes(px)["plan"] == "solo"


def test_somebody_of_whom_nothing_is_known_is_created_too(px: Any, traits: Sync) -> None:
    delivered(px, add(), sync=traits)
    assert calls(px) == ["GET /v1/users/u-1", "POST /v1/users"]
    assert attributes(px) == {}
    delivered(px, change(plan="team"), sync=traits)
    assert attributes(px) == {"plan": "team"}


def test_nothing_is_written_to_somebody_of_whom_nothing_is_known(px: Any, traits: Sync) -> None:
    delivered(px, add(plan="team"), sync=traits)
    calls(px)
    for sync in (traits, replace(traits, options=None)):
        delivered(px, add(), sync=sync)
    assert calls(px) == ["GET /v1/users/u-1"] * 2
    assert attributes(px) == {"plan": "team"}


def test_somebody_unknown_of_whom_nothing_is_known_is_a_dead_letter(
    px: Any, traits: Sync, segment: Sync
) -> None:
    external = replace(segment, options=Options(membership="external"))
    for sync in (replace(traits, options=None), external):
        (ending,) = px.send([add()], sync).endings
        assert isinstance(ending, Rejected)
        assert ending.code == "gainsight-px-unknown"
    assert px.control.people() == []


@pytest.mark.parametrize("names", [(), ("seats",)])
def test_an_account_without_a_value_is_created(px: Any, names: tuple[str, ...]) -> None:
    px.kind = Kind.OBJECTS
    sync = px.sync(traits=tuple(Trait(name, name, "integer") for name in names))
    delivered(px, Change(op=Op.ADD, traits=dict.fromkeys(names), **WHO), sync=sync)
    (account,) = px.control.objects()
    assert (account["object_id"], account["attributes"]["name"]) == ("acc-9", "acc-9")


@pytest.mark.parametrize("cause", ["in doubt", "asserted"])
def test_somebody_who_is_not_there_is_created_by_what_the_message_names(
    px: Any, traits: Sync, cause: str
) -> None:
    sync = replace(traits, name="m_users__px")
    (ending,) = px.send([change(plan="team")], sync).endings
    assert "the next run after `python -m sync state doubt m_users__px` does" in ending.reason
    whole = change(plan="team", seats=None)._replace(cause=cause)
    (ending,) = px.send([whole], replace(sync, options=None)).endings
    assert ending.code == "gainsight-px-gone"
    assert "state doubt" not in ending.reason
    delivered(px, whole, sync=sync)
    assert attributes(px)["plan"] == "team"


@pytest.mark.parametrize("last", [change(plan="solo"), remove(), add(plan="solo")])
def test_a_deleted_user_is_not_brought_back(px: Any, traits: Sync, last: Change) -> None:
    delivered(px, add(plan="team"), sync=traits)
    delete_user(px)
    sync = replace(traits, options=None)
    (ending,) = px.send([last], sync).endings
    assert isinstance(ending, Delivered if last.op is Op.REMOVE else Rejected)
    assert px.control.people() == []


def test_a_change_brings_nobody_back_even_where_adds_may_create(px: Any, traits: Sync) -> None:
    delivered(px, add(plan="team"), sync=traits)
    delete_user(px)
    (ending,) = px.send([change(plan="solo")], traits).endings
    assert isinstance(ending, Rejected)
    assert ending.code == "gainsight-px-gone"
    assert px.control.people() == []


def test_reviving_may_be_wanted_and_saves_a_request(px: Any, traits: Sync) -> None:
    px.settings["revive_deleted"] = True
    delivered(px, add(plan="team"), sync=traits)
    delete_user(px)
    calls(px)
    delivered(px, change(plan="solo"), sync=traits)
    assert calls(px) == ["PUT /v1/users/u-1"]
    assert attributes(px)["plan"] == "solo"


@pytest.mark.parametrize("who", ["a/b c", "100%", "update", "é?", "x;y"])
def test_ids_that_fit_no_path_reach_their_user(px: Any, traits: Sync, who: str) -> None:
    ids = {"identity": who, "external_id": who}
    changes = (add(plan="team"), change(plan="solo"), remove())
    delivered(px, *(one._replace(**ids) for one in changes[:2]), sync=traits)
    assert attributes(px, who) == {"plan": "solo"}
    expected = [Expected(who, True, {"plan": "solo"})]
    (found,) = px.ask(lambda destination: destination.read_back(traits, expected))
    assert found.is_found
    assert found.differing == ()
    delivered(px, changes[2]._replace(**ids), sync=traits)
    assert attributes(px, who) == {}


def test_an_id_that_fits_neither_path_nor_filter_is_rejected(px: Any, traits: Sync) -> None:
    ids = {"identity": "a/b;c", "external_id": "a/b;c"}
    assert isinstance(
        prepare(px.destination, (Piece(traits, add(plan="x")._replace(**ids)),)), Rejected
    )


def test_changes_of_one_person_from_several_models_are_one_request(
    px: Any, traits: Sync, segment: Sync
) -> None:
    pieces = (
        Piece(replace(traits, name="traits", kind=Kind.TRAITS, segment=None), add(plan="team")),
        Piece(segment, add(churn_risk_tier="high", churn_risk_reason="usage_drop")),
    )
    item = prepare(px.destination, pieces)
    assert isinstance(item, Item)
    assert px.converse([item]).endings == [Delivered()]
    assert calls(px) == ["PUT /v1/users/u-1", "POST /v1/users"]
    assert attributes(px) == {
        "plan": "team",
        "churn_risk": True,
        "churn_risk_tier": "high",
        "churn_risk_reason": "usage_drop",
    }


def test_leaving_says_so_and_keeps_a_reason(px: Any, segment: Sync) -> None:
    entered = add(churn_risk_tier="high", churn_risk_reason="usage_drop")
    delivered(px, entered, remove(), sync=segment)
    assert attributes(px) == {"churn_risk": False, "churn_risk_reason": "left_segment"}
    delivered(px, entered._replace(transition=2, cause="returned"), sync=segment)
    assert attributes(px)["churn_risk"] is True


def test_traits_stay_where_the_entry_says_so(px: Any, traits: Sync) -> None:
    delivered(px, add(plan="team"), sync=traits)
    calls(px)
    delivered(px, remove(), sync=replace(traits, on_remove="keep"))
    assert calls(px) == []


def test_external_segments_are_made_and_kept_in_step(px: Any, segment: Sync, traits: Sync) -> None:
    delivered(px, add(plan="team"), sync=replace(traits, kind=Kind.TRAITS, segment=None))
    sync = replace(segment, traits=(), options=Options(membership="external"))
    delivered(px, add(), add(), sync=sync)
    assert px.control.person("u-1")["segments"] == ["churn_risk"]
    assert "churn_risk" not in attributes(px)
    delivered(px, remove(), remove(), sync=sync)
    assert px.control.person("u-1")["segments"] == []


def test_members_of_many_items_travel_in_one_request(px: Any, segment: Sync) -> None:
    sync = replace(segment, traits=(), options=Options(membership="external"))
    assert px.send(px.rows(20, traits={}), sync).endings == [Delivered()] * 20
    assert calls(px) == [
        "POST /v1/external_segment/metadata",
        "POST /v1/external_segment/update_membership",
    ]


@pytest.fixture
def members(px: Any, segment: Sync) -> Sync:
    """A segment kept as an attribute and as an external segment; everybody may be created."""
    return replace(segment, options=Options(on_missing="create", membership="both"))


def deliver_all(px: Any, sync: Sync, changes: list[Change]) -> list[Any]:
    """As the engine would batch them."""
    limits = px.destination.limits_for([sync])
    return [
        ending
        for batch in batches(px.items(changes, sync), limits)
        for ending in px.converse(batch).endings
    ]


def test_a_hundred_members_cost_an_update_each_and_a_handful_of_requests(
    px: Any, members: Sync
) -> None:
    entered = px.rows(100, traits={"churn_risk_tier": "high"})
    assert deliver_all(px, members, entered) == [Delivered()] * 100
    calls(px)
    sync = replace(members, options=Options(membership="both"))
    assert deliver_all(px, sync, px.rows(100, Op.REMOVE)) == [Delivered()] * 100
    asked = [call.split("/v1/")[0] + call.split("/")[2] for call in calls(px)]
    assert asked.count("PUT users") == 100
    assert {call: asked.count(call) for call in set(asked) - {"PUT users"}} == {
        "GET users": 4,
        "POST external_segment": 4,
    }
    assert all(person["segments"] == [] for person in px.control.people())


def test_many_people_are_looked_up_at_once_and_the_unknown_ones_stay_out(
    px: Any, members: Sync
) -> None:
    rows = px.rows(30)
    deliver_all(px, members, rows[:20])
    delete_user(px, rows[0].external_id)
    calls(px)
    endings = deliver_all(px, replace(members, options=Options(membership="external")), rows)
    assert [type(ending) for ending in endings] == [Rejected] + [Delivered] * 19 + [Rejected] * 10
    assert len(calls(px)) == 2 + 19 + 2
    assert len(px.control.people()) == 19


@pytest.mark.parametrize("who", ["a=b", 'o"neil', "x;y", "(a)*", "a,b", "<a>", "!a|b"])
def test_an_id_that_a_filter_could_misread_is_looked_up_by_its_path(
    px: Any, members: Sync, who: str
) -> None:
    plain, odd = px.rows(2)
    rows = [plain, odd._replace(identity=who, external_id=who)]
    deliver_all(px, members, rows)
    calls(px)
    sync = replace(members, options=Options(membership="both"))
    assert deliver_all(px, sync, [row._replace(op=Op.REMOVE) for row in rows]) == [Delivered()] * 2
    assert len([r for r in px.http.requests if r.method == "GET"]) == 2


def test_an_unreadable_look_up_concerns_its_own_user_alone(px: Any, members: Sync) -> None:
    first, odd, last = px.rows(3)
    rows = [first, odd._replace(identity="<a>", external_id="<a>"), last]
    deliver_all(px, members, rows)
    px.fault("html", method="GET", path="users/(<a>|%3Ca%3E)")
    sync = replace(members, options=Options(membership="both"))
    endings = deliver_all(px, sync, [row._replace(op=Op.REMOVE) for row in rows])
    assert endings == [Delivered(), Unknown("unreadable-answer"), Delivered()]


def test_whoever_is_refused_as_a_member_is_refused_alone_and_no_state_is_sent_again(
    px: Any, members: Sync
) -> None:
    rows = px.rows(50)
    deliver_all(px, replace(members, options=Options(on_missing="create")), rows)
    calls(px)
    reasons = {rows[17].external_id: "is not an identity"}
    px.fault("refuse", refuse=reasons, path="update_membership")
    endings = deliver_all(px, members, rows)
    assert [i for i, ending in enumerate(endings) if ending != Delivered()] == [17]
    assert (endings[17].code, endings[17].is_partial) == ("gainsight-px-membership", True)
    assert "is not an identity" in endings[17].reason
    made = calls(px)
    assert len([call for call in made if call.startswith("PUT")]) == 50
    assert len(made) <= 50 + 2 + 2 * 6
    inside = [p for p in px.control.people() if p["segments"] == ["churn_risk"]]
    assert len(inside) == 49


def test_a_segment_that_is_refused_concerns_its_own_members_alone(px: Any, members: Sync) -> None:
    other = replace(members, name="m_other__gainsight_px", segment="plan", traits=())
    pieces = [(members, row) for row in px.rows(2)] + [(other, row) for row in px.rows(4)[2:]]
    items = [prepare(px.destination, (Piece(*piece),)) for piece in pieces]
    body = json.dumps({"externalapierror": {"status": "BAD_REQUEST", "message": "no such name"}})
    px.fault("status", status=400, body=body, path="metadata", containing='"plan"')
    px.control.set_switch("bad_attribute", "drop")
    endings = px.converse(items).endings
    assert endings[:2] == [Delivered()] * 2
    assert [(e.code, e.is_partial) for e in endings[2:]] == [
        ("gainsight-px-external-segments", True)
    ] * 2
    assert len([call for call in calls(px) if call.startswith("PUT")]) == 4


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 404, "body": "<html>"},
        {"kind": "status", "status": 200, "body": "<html>"},
        {"kind": "status", "status": 422, "body": "{}"},
        {"kind": "status", "status": 400, "body": '{"message": "no"}'},
    ],
)
def test_a_failing_person_takes_nobody_along(px: Any, members: Sync, fault: dict[str, Any]) -> None:
    rows = px.rows(50)
    px.fault(fault["kind"], **{k: v for k, v in fault.items() if k != "kind"}, path="key00017$")
    endings = deliver_all(px, members, rows)
    assert [i for i, ending in enumerate(endings) if ending != Delivered()] == [17]
    expected = Rejected if fault["status"] in (400, 422) else Unknown
    assert isinstance(endings[17], expected)
    inside = [p for p in px.control.people() if p["segments"] == ["churn_risk"]]
    assert len(inside) == 49


@pytest.mark.parametrize("status", ["documented", 200, 202])
def test_any_2xx_without_an_error_is_a_yes(px: Any, segment: Sync, status: Any) -> None:
    px.control.set_switch("write_status", status)
    sync = replace(segment, options=TRANSITIONS)
    delivered(px, add(), change(), remove(reason="paid"), sync=sync)
    assert len(px.control.events()) == 2


@pytest.mark.parametrize(
    "body",
    [
        "",
        {},
        {"body": {}, "statusCode": "ACCEPTED", "statusCodeValue": 202},
        {"success": True},
        {"status": "accepted", "error": None},
        {"identifyId": "u-1", "aFieldOfTomorrow": "x"},
        {"identifyId": "u-1", "title": "Head of Errors", "customAttributes": {"failed": 3}},
        {"body": {"id": "acc-9", "name": "Acme", "plan": "x"}, "statusCode": "OK"},
    ],
)
def test_a_202_with_what_is_documented_is_a_yes(px: Any, traits: Sync, body: Any) -> None:
    px.fault("status", status=202, body=body if body == "" else json.dumps(body))
    assert px.send([add(plan="x")], traits).endings == [Delivered()]


@pytest.mark.parametrize(
    "body",
    [
        {"externalapierror": {"message": "no"}},
        {"body": {"error": "no"}, "statusCode": "CREATED", "statusCodeValue": 201},
        {"body": None, "statusCode": "FORBIDDEN", "statusCodeValue": 403},
        {"body": {"Message": "Forbidden"}, "statusCode": "OK", "statusCodeValue": 200},
        {"errorMessage": "no"},
        {"success": "false"},
        {"title": "Forbidden"},
        {"loginRequired": True, "url": "https://x"},
        {"data": {"error": "x"}},
        {"id": "u-1", "statusCode": 403},
        ["a"],
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_2xx_with_an_error_in_it_is_no_yes(px: Any, traits: Sync, body: Any, status: int) -> None:
    px.fault("status", status=status, body=json.dumps(body))
    assert px.send([add(plan="x")], traits).endings == [Unknown("unreadable-answer")]


def test_an_event_that_is_refused_after_another_of_its_person_repeats_none(px: Any) -> None:
    px.kind = Kind.EVENTS
    sync = px.sync()
    first, second = (add()._replace(identity=f"e{i}", occurred_at=AT) for i in range(2))
    pieces = (Piece(sync, first), Piece(sync, second))
    item = prepare(px.destination, pieces)
    px.fault("status", status=400, body='{"message": "no"}', times=1, skip=1)
    (ending,) = px.converse([item]).endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial
    assert len(px.control.events()) == 1


def test_a_repeated_membership_that_is_refused_stands_already(px: Any, segment: Sync) -> None:
    px.control.set_switch("repeated_membership", "reject")
    sync = replace(segment, options=Options(on_missing="create", membership="both"))
    delivered(px, add(), add(), sync=sync)


@pytest.mark.parametrize("off", ["403", "404"])
def test_external_segments_that_are_off_are_said_to_be(px: Any, segment: Sync, off: str) -> None:
    px.control.set_switch("external_segments", off)
    sync = replace(segment, options=Options(on_missing="create", membership="both"))
    exchange = px.send([add()], sync)
    if off == "403":
        assert exchange.stop is not None
        return
    (ending,) = exchange.endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial
    assert "switched on" in ending.reason


TRANSITIONS = Options(
    on_missing="create", on_enter=Event(event="entered"), on_exit=ExitEvent(event="left")
)


def test_entry_and_exit_are_events_after_the_state(px: Any, segment: Sync) -> None:
    sync = replace(segment, options=TRANSITIONS)
    delivered(px, add(), change(), remove(reason="paid"), sync=sync)
    entered, left = px.control.events()
    assert (entered["name"], left["name"]) == ("entered", "left")
    assert left["data"] == {"segment": "churn_risk", "reason": "paid", "event_id": left["id"]}
    assert calls(px)[:3] == ["PUT /v1/users/u-1", "POST /v1/users", "POST /v1/events/custom"]


@pytest.mark.parametrize("quiet", [add()._replace(is_quiet=True), remove(cause="moved")])
def test_a_first_population_and_a_move_send_no_event(px: Any, segment: Sync, quiet: Change) -> None:
    delivered(px, quiet, sync=replace(segment, options=TRANSITIONS))
    assert px.control.events() == []


def test_nobody_who_is_gone_gets_an_exit_event(px: Any, segment: Sync) -> None:
    delivered(px, remove(), sync=replace(segment, options=TRANSITIONS))
    assert px.control.events() == []


@pytest.mark.parametrize("way", ["rest", "cloud"])
def test_a_doubtful_event_is_looked_for_before_it_is_sent_again(px: Any, way: str) -> None:
    px.settings["events"] = way
    px.kind = Kind.EVENTS
    sync = px.sync()
    one = add(amount=4, paid_at=AT)._replace(identity="inv-88", occurred_at=AT)
    px.fault("close", when="after", times=1)
    (ending,) = px.send([one], sync).endings
    assert isinstance(ending, Unknown)
    delivered(px, one._replace(cause="in doubt", is_doubtful=True), sync=sync)
    (stored,) = px.control.events()
    assert stored["timestamp"] == int(AT.timestamp())
    data = {"amount": 4, "paid_at": "2026-03-01T12:30:00Z", "event_id": stored["id"]}
    assert (stored["who"], stored["name"], stored["data"]) == ("u-1", "invoice_paid", data)
    px.fault("close", when="before", times=1)
    other = one._replace(identity="inv-89")
    assert isinstance(px.send([other], sync).endings[0], Unknown)
    delivered(px, other._replace(cause="in doubt", is_doubtful=True), sync=sync)
    assert len(px.control.events()) == 2


def test_a_doubtful_exit_event_is_looked_for_too(px: Any, segment: Sync) -> None:
    sync = replace(segment, options=TRANSITIONS)
    delivered(px, add(), sync=sync)
    leaving = remove()
    px.fault("close", when="after", path="events/custom", method="POST", times=1)
    assert isinstance(px.send([leaving], sync).endings[0], Unknown)
    delivered(px, leaving._replace(is_doubtful=True), sync=sync)
    assert [event["name"] for event in px.control.events()] == ["entered", "left"]


def test_an_event_that_nobody_sent_before_is_not_looked_for(px: Any, segment: Sync) -> None:
    sync = replace(segment, options=TRANSITIONS)
    delivered(px, add(), sync=sync)
    calls(px)
    delivered(px, remove(), sync=sync)
    assert not [call for call in calls(px) if call.startswith("GET") and "events" in call]


def test_a_refused_event_after_an_applied_state_is_partial(px: Any, segment: Sync) -> None:
    px.fault("status", status=400, body="{}", path="events/custom")
    (ending,) = px.send([add()], replace(segment, options=TRANSITIONS)).endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial


@pytest.fixture
def accounts(px: Any) -> Sync:
    px.kind = Kind.OBJECTS
    found: Sync = px.sync(
        traits=(
            Trait("name", "name", "varchar"),
            Trait("plan", "plan", "varchar"),
            Trait("seats", "seats", "integer"),
        )
    )
    return found


def test_an_account_is_created_with_its_id_for_a_name_and_never_deleted(
    px: Any, accounts: Sync
) -> None:
    delivered(px, add(plan="gold", seats=3)._replace(**WHO), sync=accounts)
    assert calls(px) == ["PUT /v1/accounts/acc-9", "POST /v1/accounts"]
    (thing,) = px.control.objects()
    assert thing["attributes"] == {"name": "acc-9", "plan": "gold", "seats": 3}
    delivered(px, change(name=None, plan=None)._replace(**WHO), sync=accounts)
    delivered(px, remove(**WHO), sync=accounts)
    (thing,) = px.control.objects()
    assert thing["attributes"] == {"name": "acc-9"}


def test_a_link_is_cut_only_from_the_account_it_leads_to(
    px: Any, accounts: Sync, traits: Sync
) -> None:
    people = replace(traits, kind=Kind.TRAITS, object_type=None, options=CREATING)
    delivered(px, add(plan="x"), sync=people)
    delivered(px, add(plan="gold")._replace(**WHO), sync=accounts)
    link = replace(accounts, name="links", related_id="user_id", traits=())
    linked = add()._replace(identity="acc-9/u-1", external_id="acc-9", related_id="u-1")
    elsewhere = remove(identity="acc-8/u-1", external_id="acc-8", related_id="u-1")
    delivered(px, linked, elsewhere, sync=link)
    assert attributes(px)["accountId"] == "acc-9"
    assert len(px.control.objects()[0]["people"]) == 1
    delivered(px, linked._replace(op=Op.REMOVE), sync=link)
    assert "accountId" not in attributes(px)


def test_what_the_vendor_refuses_is_a_rejection_with_its_words(px: Any, traits: Sync) -> None:
    (ending,) = px.send([add(plan="team", unheard=1)], traits).endings
    assert isinstance(ending, Rejected)
    assert "unheard is not defined" in ending.reason


@pytest.mark.parametrize("fault", [{"body": "<html>"}, {"body": ""}])
def test_a_404_that_the_vendor_did_not_write_is_no_answer(
    px: Any, traits: Sync, fault: dict[str, str]
) -> None:
    px.fault("status", status=404, **fault)
    assert px.send([remove()], traits).endings == [Unknown("unreadable-answer")]


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_key_that_may_only_read_is_found_out_without_writing(
    px: Any, traits: Sync, form: str
) -> None:
    px.control.set_switch("forbidden_body", form)
    px.settings["api_key"] = "sandbox-px-read-only-key"
    with pytest.raises(DestinationError, match="403"):
        px.ask(lambda destination: destination.check())
    assert px.send([add(plan="x")], traits).endings == [NotAttempted("http-403")]


def test_the_region_decides_the_host(px: Any) -> None:
    px.control.set_switch("region", "us2")
    with pytest.raises(DestinationError, match="401"):
        px.ask(lambda destination: destination.check())
    px.settings["region"] = "us2"
    assert px.ask(lambda destination: destination.check()).account == "SANDBOX00001"


def test_a_tag_of_another_subscription_is_a_problem(px: Any) -> None:
    px.settings["tag_key"] = "AP-OTHER0000001-2"
    (problem,) = px.ask(lambda destination: destination.check()).problems
    assert problem.code == "gainsight-px-tag"


def test_the_tag_is_tried_where_it_is_a_credential(px: Any) -> None:
    px.settings["events"] = "cloud"
    assert not px.ask(lambda destination: destination.check()).problems
    assert px.control.events() == []


def test_attributes_that_must_be_created_are_named_exactly(px: Any, segment: Sync) -> None:
    types = {"churn_risk": "STRING", "Churn_Risk_Tier": "STRING", "churn_risk_reason": "STRING"}
    px.control.set_switch("user_attributes", types)
    px.control.set_switch("disabled_attributes", ["churn_risk_reason"])
    problems = px.ask(lambda destination: destination.unready(segment))
    flag, tier, reason = problems
    assert "is STRING, we send BOOLEAN" in flag.message
    assert "name the segment otherwise" in flag.fix
    assert "there is `Churn_Risk_Tier`" in tier.message
    assert tier.fix.endswith("with the API name `churn_risk_tier`, type STRING")
    assert "Attributes > User" in tier.fix
    assert "switched off" in reason.message
    assert px.control.applied() == []


def test_a_sync_whose_attributes_are_there_is_ready_after_one_question(
    px: Any, segment: Sync, accounts: Sync
) -> None:
    px.http.requests.clear()
    for sync, model in ((segment, "user"), (accounts, "account")):
        assert px.ask(lambda destination, s=sync: destination.unready(s)) == []
        assert calls(px) == [f"GET /v1/admin/model/{model}/attributes"]


def test_what_writes_no_attribute_asks_for_none(px: Any, accounts: Sync) -> None:
    link = replace(accounts, related_id="user_id", traits=())
    events = replace(accounts, kind=Kind.EVENTS, object_type=None)
    for sync in (link, events):
        assert px.ask(lambda destination, s=sync: destination.unready(s)) == []
    assert calls(px) == []


def test_a_field_of_every_user_that_is_switched_off_holds_a_sync_too(px: Any, traits: Sync) -> None:
    px.control.set_switch("disabled_attributes", ["email"])
    sync = replace(traits, traits=(Trait("email", "mail", "varchar"),))
    (problem,) = px.ask(lambda destination: destination.unready(sync))
    assert problem.message.endswith("user attribute `email` is switched off")
    assert problem.fix.endswith("Administration > Attributes > User: enable `email`")


def test_an_attribute_that_was_deleted_must_be_created_again(px: Any, accounts: Sync) -> None:
    listed = [
        {"apiName": "seats", "type": "NUMBER", "state": "DELETED"},
        {"apiName": "name", "type": "STRING", "state": "ENABLED"},
    ]
    px.fault("status", status=200, body=json.dumps(listed), path="account/attributes")
    (problem,) = px.ask(lambda destination: destination.unready(accounts))
    assert "account attribute `seats` does not exist" in problem.message
    assert problem.fix == (
        "in Gainsight PX, Administration > Attributes > Account:"
        " create an attribute with the API name `seats`, type NUMBER"
    )


def test_reading_back_is_bulk_and_takes_unset_for_empty(px: Any, segment: Sync) -> None:
    delivered(px, add(churn_risk_tier="high"), sync=segment)
    calls(px)
    expected = [
        Expected("u-1", True, {"churn_risk_tier": "high", "churn_risk_reason": None}),
        Expected("u-1", False, {"churn_risk_tier": "low"}),
        Expected("U-1", True, {}),
        *(Expected(f"n{i}", True, {}) for i in range(60)),
    ]
    found = px.ask(lambda destination: destination.read_back(segment, expected))
    assert (found[0].is_found, found[0].differing) == (True, ())
    assert set(found[1].differing) == {"churn_risk", "churn_risk_tier"}
    assert [one.is_found for one in found[2:]] == [False] * 61
    assert len(calls(px)) == 3


def test_the_page_shows_a_valid_connection_and_names_every_key(
    pytestconfig: pytest.Config,
) -> None:
    page = (pytestconfig.rootpath / "docs" / "destinations" / "gainsight_px.md").read_text()
    block = page.split("```yaml\n")[1].split("```")[0]
    connection = yaml.safe_load(block)["destinations"]["prod"]["gainsight_px"]
    assert Settings.model_validate(connection).region == "eu"
    for key in (*Settings.model_fields, *Options.model_fields):
        assert f"{key}:" in page or f"`{key}`" in page, key
