"""What Qualtrics refuses offline, and what each change is worth in its words."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from sync.destinations.options import Event, ExitEvent
from sync.destinations.qualtrics import Qualtrics, Settings, responses
from sync.destinations.qualtrics.contacts import Options, event_of
from sync.destinations.qualtrics.responses import pull
from sync.destinations.qualtrics.wire import next_page
from sync.destinations.spec import Request, Response, UnreadableAnswer, Wait
from sync.model import Change, Kind, Op, Relation, Sync, Trait

AT = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
CONNECTION: dict[str, Any] = {
    "datacenter": "iad1",
    "api_token": "secret",
    "directory_id": "POOL_1",
    "mailing_list": "CG_1",
}
SEGMENT = Sync(
    name="m__qualtrics",
    model="m",
    unique_id="model.p.m",
    relation=Relation(None, "s", "m"),
    connection="qualtrics",
    vendor="qualtrics",
    kind=Kind.SEGMENT,
    identity="id",
    segment="churn_risk",
    traits=(Trait("plan", "plan"),),
    options=Options(on_enter=Event(event="entered"), on_exit=ExitEvent(event="left")),
)
LISTED = Options(mailing_list="CG_2")
ADD = Change(1, Op.ADD, "u_1", "u_1", {"plan": "team"})


def encoded(sync: Sync, change: Change, **more: Any) -> Any:
    destination = Qualtrics(Settings(**{**CONNECTION, **more}))
    return destination.encode(sync, change)


def test_the_real_hosts_follow_from_datacenter_and_directory() -> None:
    ends = Qualtrics(Settings(**CONNECTION)).endpoints
    assert ends["directory"].base_url == "https://iad1.qualtrics.com/API/v3/directories/POOL_1"
    assert ends["api"].base_url == "https://iad1.qualtrics.com/API/v3"


@pytest.mark.parametrize(
    "wrong",
    [
        {"datacenter": "iad1/../x"},
        {"directory_id": "DIR_1"},
        {"mailing_list": "ML_1"},
        {"surveys": ["R_1"]},
        {"requests_per_second": 9},
    ],
)
def test_ids_and_rates_of_the_wrong_kind_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**{**CONNECTION, **wrong})


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_nested_values_are_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="trait plan is nested"):
        encoded(SEGMENT, ADD._replace(traits={"plan": value}))


def test_a_value_over_the_limit_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="trait plan takes 1026 bytes, the limit is 1024"):
        encoded(SEGMENT, ADD._replace(traits={"plan": "é" * 513}))


def test_an_opt_out_is_never_taken_back() -> None:
    for op in Op:
        for value in (None, False, True):
            parts = encoded(SEGMENT, ADD._replace(op=op, traits={"unsubscribed": value}))
            assert parts[1] == ({"unsubscribed": True} if op is not Op.REMOVE and value else None)
            assert "unsubscribed" not in parts[0]


def unready(sync: Sync, **more: Any) -> Any:
    """What is found without asking."""
    conversation = Qualtrics(Settings(**{**CONNECTION, **more})).unready(sync)
    with pytest.raises(StopIteration) as end:
        next(conversation)
    return end.value.value


def test_the_model_identifies_by_what_the_directory_deduplicates_by() -> None:
    by_email = replace(SEGMENT, identify_by="email", external_id="email")
    (problem,) = unready(by_email)
    assert "deduplicates by extRef" in problem.message
    assert list(unready(by_email, deduplicate_by="email")) == []
    change = ADD._replace(external_id=" Ann@X.io")
    assert encoded(by_email, change, deduplicate_by="email")[0]["email"] == "ann@x.io"


def test_a_segment_keeps_off_the_connections_own_list() -> None:
    (problem,) = unready(replace(SEGMENT, options=Options(mailing_list="CG_1")))
    assert "connection's own" in problem.message


def id_of(sync: Sync, change: Change) -> str:
    event = event_of(sync, change)
    assert event is not None
    return event.ulid


def test_event_ids_are_equal_after_a_crash_and_differ_by_entry_and_direction() -> None:
    ids = {
        id_of(SEGMENT, ADD),
        id_of(SEGMENT, ADD._replace(transition=2)),
        id_of(SEGMENT, ADD._replace(op=Op.REMOVE)),
        id_of(replace(SEGMENT, name="other"), ADD),
    }
    assert len(ids) == 4
    assert id_of(SEGMENT, ADD) in ids


def test_an_event_without_a_time_is_refused() -> None:
    events = replace(SEGMENT, kind=Kind.EVENTS, event="paid", options=None)
    with pytest.raises(ValueError, match="time"):
        encoded(events, ADD)
    contact, _, data = encoded(events, ADD._replace(occurred_at=AT, traits={"a": 1, "b": None}))
    assert contact == {"extRef": "u_1"}
    assert {**data, "event_id": ""} == {"a": "1", "event_id": "", "event": "paid"}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"traits": ("Points",)}, "reserved"),
        ({"traits": ("externalDataReference",)}, "reserved"),
        ({"traits": ("firstname",)}, "own field `firstName`"),
        ({"traits": ("extRef",)}, "identifies the contact already"),
        ({"traits": ("plan", "Plan")}, "only in case"),
        ({"traits": ("Churn_Risk",)}, "only in case"),
        ({"traits": ("é" * 101,)}, "over 200 bytes"),
        ({"identify_by": "phone"}, "nobody is known by `phone`"),
        ({"kind": Kind.TRAITS}, "`on_enter` is for kind segment"),
        ({"kind": Kind.TRAITS, "options": LISTED}, "`mailing_list` is for kind segment"),
        ({"kind": Kind.EVENTS, "options": None, "traits": ("event_id",)}, "reserved"),
        ({"kind": Kind.EVENTS, "options": None, "event": " "}, "blank"),
    ],
)
def test_an_impossible_mapping_is_refused_offline(more: dict[str, Any], word: str) -> None:
    names = more.pop("traits", ("plan",))
    sync = replace(SEGMENT, traits=tuple(Trait(n, n) for n in names), **more)
    assert any(word in problem.message for problem in Qualtrics.validate(sync))


def test_own_fields_and_the_opt_out_may_be_mapped() -> None:
    names = ("firstName", "lastName", "email", "phone", "language", "unsubscribed")
    traits = (Trait(n, n, opts_out=True if n == "unsubscribed" else None) for n in names)
    assert list(Qualtrics.validate(replace(SEGMENT, traits=tuple(traits)))) == []


def answer(body: Any, status: int = 200) -> Response:
    meta = {"httpStatus": f"{status}", "requestId": "r"}
    return Response(status, {}, json.dumps({"result": body, "meta": meta}).encode())


def test_the_next_page_is_followed_untouched_and_only_below_the_api() -> None:
    token = "a%2Bb%3D%3D&x=%20"
    url = f"https://fra1.qualtrics.com/API/v3/directories/POOL_1/contacts?skipToken={token}"
    path = next_page(answer({"elements": [], "nextPage": url}))
    assert path == f"/directories/POOL_1/contacts?skipToken={token}"
    with pytest.raises(UnreadableAnswer):
        next_page(answer({"elements": [], "nextPage": "https://elsewhere.example/contacts"}))


def pulled(file: bytes, asked: list[Request] | None = None) -> Any:
    """Answer a pull's requests by hand, with this file at the end."""
    asked = [] if asked is None else asked
    conversation = pull(["SV_1"], None)
    step: Any = next(conversation)
    while True:
        reply = None
        if isinstance(step, Request):
            asked.append(step)
            reply = answer({"progressId": "ES_1", "status": "complete", "fileId": "f"})
            if step.path.endswith("/file"):
                reply = Response(200, {}, file)
        else:
            assert isinstance(step, Wait)
        try:
            step = conversation.send(reply)
        except StopIteration as end:
            return end.value


def zipped(*texts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, text in enumerate(texts):
            archive.writestr(f"{i}.json", text)
    return packed.getvalue()


ONE = {"responseId": "R_1", "values": {"recordedDate": "2026-03-01T10:00:00+02:00", "status": 0}}
FILE = json.dumps({"responses": [ONE]}).encode()


@pytest.mark.parametrize("file", [FILE, zipped(FILE)])
def test_an_export_is_read_zipped_or_not(file: bytes) -> None:
    (record,) = pulled(file).records
    assert (record["record_id"], record["recorded_at"]) == ("R_1", "2026-03-01T08:00:00Z")


def test_only_the_download_may_be_large_and_take_long() -> None:
    asked: list[Request] = []
    pulled(FILE, asked)
    *others, download = asked
    assert download.max_answer_bytes >= 100_000_000
    # At 2 megabits a second.
    assert (download.deadline_seconds or 0) >= download.max_answer_bytes / 250_000
    assert {r.max_answer_bytes for r in others} == {8_000_000}


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"<html>",
        b"PK\x03\x04 cut",
        zipped(FILE, FILE),
        zipped(b"[]"),
        b'{"responses": {}}',
        b'{"responses": [{"responseId": "R_1"}]}',
        b'{"responses": [{"responseId": "R_1", "values": {"status": 0}}]}',
    ],
)
def test_a_file_that_cannot_be_read_is_no_empty_export(file: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        pulled(file)


def test_a_damaged_file_is_read_or_refused() -> None:
    whole = zipped(FILE)
    for place, bits in itertools.product(range(len(whole)), (0x01, 0x10, 0xFF)):
        damaged = bytearray(whole)
        damaged[place] ^= bits
        with suppress(UnreadableAnswer):
            pulled(bytes(damaged))


def test_a_file_that_unpacks_to_more_than_memory_may_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(responses, "MAX_FILE_BYTES", len(FILE) - 1)
    with pytest.raises(UnreadableAnswer, match="unpacks to more than"):
        pulled(zipped(FILE))


def test_a_foreign_cursor_is_refused() -> None:
    for cursor in ("not json", "[]", '{"surveys": 1}'):
        with pytest.raises(UnreadableAnswer):
            next(pull(["SV_1"], cursor))
