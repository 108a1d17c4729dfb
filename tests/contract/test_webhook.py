"""What a receiver of webhooks in particular gets, and what it may refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from activation_sandbox.server import Sandbox
from pydantic import ValidationError

from sync.destinations.options import Event, ExitEvent, Transitions
from sync.destinations.webhook import Settings, Webhook
from sync.errors import DestinationError
from sync.model import Change, Delivered, Kind, Op, Rejected, Sync, Trait, Unknown
from tests.contract.conftest import Connected, connecting

EVENTS = Transitions(on_enter=Event(event="entered"), on_exit=ExitEvent(event="left"))
ANN = {"identity": "u_1", "external_id": "u_1"}
OTHER = "whsec_" + base64.b64encode(b"another-secret-of-the-webhook").decode()


@pytest.fixture
def hook(sandbox: Sandbox) -> Iterator[Connected]:
    yield from connecting("webhook", Kind.SEGMENT, sandbox)


def member(op: Op, seq: int = 1, **more: Any) -> Change:
    given = {"traits": {} if op is Op.REMOVE else {"plan": "team", "note": None}, **ANN, **more}
    return Change(seq, op, **given)


def messages(hook: Connected) -> list[dict[str, Any]]:
    return [json.loads(request.content or b"") for request in hook.http.requests]


def segment(hook: Connected, **more: Any) -> Sync:
    traits = (Trait("plan", "plan"), Trait("note", "note"))
    return hook.sync(traits=traits, options=EVENTS, **more)


def test_a_member_who_enters_is_told_as_a_state_and_then_as_an_event(hook: Connected) -> None:
    entry = member(Op.ADD, reason="left a cart")
    assert hook.send([entry], segment(hook)).endings == [Delivered()]
    state, event = messages(hook)
    assert state["type"] == "segment.added"
    assert state["data"] == {
        "model": "m_segment",
        "identity": {"id": "u_1"},
        "segment": "churn_risk",
        "reason": "left a cart",
        "changed": {"plan": "team"},
        "cleared": ["note"],
    }
    assert (event["type"], event["event"]) == ("event", "entered")
    assert event["data"]["properties"] == {"segment": "churn_risk", "reason": "left a cart"}
    person = hook.control.person("u_1")
    assert person is not None
    assert (person["segments"], person["attributes"]) == (["churn_risk"], {"plan": "team"})


def test_a_member_who_leaves_is_told_with_the_names_to_empty_and_an_event(hook: Connected) -> None:
    hook.send([member(Op.ADD)], segment(hook))
    assert hook.send([member(Op.REMOVE)], segment(hook)).endings == [Delivered()]
    state, event = messages(hook)[2:]
    assert state["type"] == "segment.removed"
    assert (state["data"]["changed"], state["data"]["cleared"]) == ({}, ["plan", "note"])
    assert event["event"] == "left"
    person = hook.control.person("u_1")
    assert person is not None
    assert (person["segments"], person["attributes"]) == ([], {})


def test_a_first_population_sends_no_entry_event(hook: Connected) -> None:
    hook.send([member(Op.ADD, is_quiet=True)], segment(hook))
    assert [message["type"] for message in messages(hook)] == ["segment.added"]


def test_an_event_counts_once_however_often_it_is_sent(hook: Connected) -> None:
    entry = member(Op.ADD)
    hook.send([entry], segment(hook))
    doubted = entry._replace(seq=7, is_doubtful=True, cause="in doubt", origin_epoch=3)
    hook.send([doubted], segment(hook))
    again = entry._replace(transition=2, cause="returned")
    hook.send([again], segment(hook))
    assert [event["name"] for event in hook.control.state()["events"]] == ["entered"] * 2


def test_a_state_that_returns_to_what_it_was_is_another_message(hook: Connected) -> None:
    for seq, (plan, epoch) in enumerate((("a", 1), ("b", 2), ("a", 3))):
        change = member(Op.CHANGE, seq, origin_epoch=epoch)._replace(traits={"plan": plan})
        hook.send([change], segment(hook))
    assert len({message["id"] for message in messages(hook)}) == 3
    person = hook.control.person("u_1")
    assert person is not None
    assert person["attributes"]["plan"] == "a"


def test_a_repeated_request_has_its_id_and_bytes_and_a_new_time_and_signature(
    hook: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter((int(datetime.now(UTC).timestamp()) - 9, int(datetime.now(UTC).timestamp())))
    signed: list[Any] = []
    from sync.http import transport

    inner = transport.signed

    def spy(*given: Any) -> dict[str, str]:
        signed.append((given[1], given[3], inner(*given)))
        return signed[-1][2]

    monkeypatch.setattr(transport, "signed", spy)
    hook.http.inner.now = lambda: float(next(seconds))
    hook.fault("status", status=500, when="after", times=1)
    assert hook.send([member(Op.CHANGE)], segment(hook)).endings == [Delivered()]
    (first, body, headers), (second, again, later) = signed
    assert (first, body) == (second, again)
    assert headers["webhook-timestamp"] < later["webhook-timestamp"]
    assert headers["webhook-signature"] != later["webhook-signature"]


def test_every_kind_arrives(hook: Connected) -> None:
    at = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    account = Change(1, Op.ADD, "acme", "acme", {"seats": 3})
    seat = Change(2, Op.ADD, "4:acme/u_1", "acme", {}, related_id="u_1")
    paid = Change(3, Op.ADD, "e1", "u_1", {"amount": 5, "note": None}, occurred_at=at)
    for kind, change in ((Kind.OBJECTS, account), (Kind.OBJECTS, seat), (Kind.EVENTS, paid)):
        hook.kind = kind
        assert hook.send([change]).endings == [Delivered()]
    objects, event = messages(hook)[:2], messages(hook)[2]
    assert [message["type"] for message in objects] == ["objects.added"] * 2
    assert objects[0]["data"]["object_type"] == "1"
    assert objects[1]["data"]["related"] == "u_1"
    assert event["timestamp"] == "2026-03-01T12:30:00Z"
    assert event["data"]["properties"] == {"amount": 5}


def test_a_person_is_named_by_what_the_model_says(hook: Connected) -> None:
    hook.send([member(Op.ADD, external_id="ann@x.io")], segment(hook, identify_by="email"))
    assert messages(hook)[0]["data"]["identity"] == {"email": "ann@x.io"}


def test_an_event_that_is_refused_after_its_state_is_a_partial_refusal(hook: Connected) -> None:
    body = json.dumps({"error": "no such campaign"})
    hook.fault("status", status=422, containing='"type":"event"', body=body)
    (ending,) = hook.send([member(Op.ADD)], segment(hook)).endings
    assert isinstance(ending, Rejected)
    assert ending.is_partial
    assert "no such campaign" in ending.reason


def test_a_body_that_was_changed_on_the_way_is_refused(hook: Connected) -> None:
    inner = hook.http.inner

    class Meddler:
        def send(self, endpoint: Any, request: Any, *more: Any) -> Any:
            content = (request.content or b"").replace(b"team", b"free")
            return inner.send(endpoint, replace(request, content=content), *more)

    from sync.http import transport

    def before(auth: Any, message: str, seconds: int, body: bytes) -> dict[str, str]:
        return sign(auth, message, seconds, body.replace(b"free", b"team"))

    sign = transport.signed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "signed", before)
        hook.http.inner = Meddler()  # type: ignore[assignment]
        exchange = hook.send([member(Op.CHANGE)], segment(hook))
    assert isinstance(exchange.stop, DestinationError)
    assert hook.control.people() == []


def test_a_clock_that_is_wrong_is_refused_by_the_receiver(hook: Connected) -> None:
    hook.http.inner.now = lambda: datetime.now(UTC).timestamp() - 900
    exchange = hook.send([member(Op.CHANGE)], segment(hook))
    assert isinstance(exchange.stop, DestinationError)


def test_a_receiver_may_know_the_old_secret_or_the_new_one(hook: Connected) -> None:
    old = hook.settings["secret"]
    hook.settings |= {"secret": OTHER, "previous_secret": old}
    assert hook.send([member(Op.CHANGE)], segment(hook)).endings == [Delivered()]
    hook.control.set_switch("secret", OTHER)
    assert hook.send([member(Op.CHANGE)], segment(hook)).endings == [Delivered()]
    hook.settings |= {"previous_secret": None}
    assert hook.send([member(Op.CHANGE)], segment(hook)).endings == [Delivered()]


@pytest.mark.parametrize("answer", ["object", "accepted", "none"])
def test_each_documented_yes_is_one(hook: Connected, answer: str) -> None:
    hook.control.set_switch("answer", answer)
    assert hook.send([member(Op.CHANGE)], segment(hook)).endings == [Delivered()]


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "body",
    [
        {"errorMessage": "no"},
        {"ok": "no"},
        {"status": "rejected"},
        {"statusCode": "FORBIDDEN"},
        {"data": {"error": "x"}},
        {"Login-Required": True},
    ],
)
def test_a_success_that_is_taken_back_in_any_spelling_is_none(
    hook: Connected, body: dict[str, Any], status: int
) -> None:
    hook.fault("status", status=status, body=json.dumps(body))
    assert hook.send([member(Op.CHANGE)], segment(hook)).endings == [Unknown("unreadable-answer")]


def test_a_yes_for_another_message_is_none(hook: Connected) -> None:
    hook.fault("status", status=200, body=json.dumps({"received": "msg_other"}))
    (ending,) = hook.send([member(Op.CHANGE)], segment(hook)).endings
    assert isinstance(ending, Unknown)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"base_url": "http://hooks.example.com/rx"}, "https://"),
        ({"base_url": "http://169.254.169.254/", "allow_private": "true"}, "https://"),
        ({"base_url": ""}, "empty"),
        ({"secret": "canary-of-any-form"}, "whsec_"),
        ({"secret": "whsec_Y2FuYXJ5"}, "24 to 64"),
        ({"previous_secret": "canary"}, "whsec_"),
    ],
)
def test_an_unfit_connection_is_refused_offline(more: dict[str, str], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        Settings.model_validate({"base_url": "https://x.example/rx", "secret": OTHER, **more})


@pytest.mark.parametrize(
    "host",
    [
        *("10.0.0.5", "192.168.1.1", "169.254.169.254", "127.0.0.1", "[::1]", "[fd00::1]"),
        *("2130706433", "0x7f000001", "127.1", "[::ffff:10.0.0.1]", "localhost", "db.internal"),
    ],
)
def test_a_private_address_has_to_be_wanted(host: str) -> None:
    given = {"base_url": f"https://{host}/rx", "secret": OTHER}
    with pytest.raises(ValidationError, match="allow_private"):
        Settings.model_validate(given)
    assert Settings.model_validate({**given, "allow_private": True})
    public = {**given, "base_url": "https://hooks.example.com/rx"}
    assert not Settings.model_validate(public).allow_private


def test_an_event_without_a_name_is_refused_offline(hook: Connected) -> None:
    hook.kind = Kind.EVENTS
    problems = Webhook.validate(hook.sync(event="x" * 300))
    assert "over 250 bytes" in problems[0].message


def test_the_page_shows_a_valid_connection_and_a_receiver_that_works(
    hook: Connected, pytestconfig: pytest.Config
) -> None:
    page = (pytestconfig.rootpath / "docs" / "destinations" / "webhook.md").read_text()
    block = page.split("```yaml\n")[1].split("```")[0]
    written = yaml.safe_load(block)["destinations"]["prod"]["webhook"]
    assert set(written) <= set(Settings.model_fields)
    place: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], place)  # the receiver's check, as shown
    hook.send([member(Op.CHANGE)], segment(hook))
    (request,) = hook.http.requests
    from sync.http.signing import signed

    now = int(datetime.now(UTC).timestamp())
    body, auth = request.content or b"", hook.destination.endpoints["hook"].auth
    secret = hook.settings["secret"]
    headers = {**request.headers, **signed(auth, request.headers["webhook-id"], now, body)}
    assert place["is_ours"](headers, body, secret)
    assert not place["is_ours"](headers, body + b" ", secret)
    assert not place["is_ours"](headers, body, OTHER)
    old = {**headers, **signed(auth, headers["webhook-id"], now - 900, body)}
    assert not place["is_ours"](old, body, secret)
