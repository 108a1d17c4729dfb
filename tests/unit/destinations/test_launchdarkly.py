from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from sync.destinations.launchdarkly import LIMITS, Launchdarkly, Settings
from sync.destinations.launchdarkly.events import merged
from sync.destinations.launchdarkly.membership import memberships, steps
from sync.destinations.launchdarkly.options import Options, segment_keys
from sync.destinations.spec import Item, Known, Piece, Response, UnreadableAnswer
from sync.destinations.stages import Row
from sync.http.retry import RetryPolicy, asked_seconds
from sync.model import Change, Kind, Op, Relation, Sync, Trait


def sync_of(kind: Kind = Kind.SEGMENT, options: Options | None = None, **more: Any) -> Sync:
    given: dict[str, Any] = {"traits": (Trait("plan", "plan"), Trait("risk_tier", "tier"))}
    if kind is Kind.SEGMENT:
        given["segment"] = "risk"
    if kind is Kind.OBJECTS:
        given["object_type"] = "account"
    relation = Relation(None, "s", "m")
    return Sync(
        "m__ld", "m", "model.p.m", relation, "ld", "launchdarkly", kind, "id",
        **{**given, **more}, options=options,
    )  # fmt: skip


def change(op: Op = Op.ADD, cause: str = "new", **traits: Any) -> Change:
    return Change(1, op, "u-1", "u-1", traits, cause=cause)


def settings(**more: Any) -> Settings:
    given = {"project": "web", "environment": "production", "access_token": "api-0000"}
    return Settings(**{**given, **more})


@pytest.mark.parametrize(
    ("region", "app", "events"),
    [
        ("us", "https://app.launchdarkly.com", "https://events.launchdarkly.com"),
        ("eu", "https://app.eu.launchdarkly.com", "https://events.eu.launchdarkly.com"),
        ("federal", "https://app.launchdarkly.us", "https://events.launchdarkly.us"),
    ],
)
def test_each_region_has_its_hosts(region: str, app: str, events: str) -> None:
    endpoints = Launchdarkly(settings(region=region, sdk_key=SecretStr("sdk-0"))).endpoints
    assert {name: e.base_url for name, e in endpoints.items()} == {
        "app": app,
        "import": events,
        "bulk": events,
    }


@pytest.mark.parametrize("wrong", [{"project": "a/b"}, {"environment": ""}, {"access_token": ""}])
def test_a_connection_that_names_no_place_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize(
    ("sync", "text"),
    [
        (sync_of(segment="no spaces"), "no segment key"),
        (sync_of(segment="x" * 257), "no segment key"),
        (sync_of(options=Options(tiers=("a b",))), "no segment key"),
        (sync_of(options=Options(tiers=(True, "true"))), ""),
        (sync_of(options=Options(tiers=("low",)), traits=()), "none of the traits"),
        (sync_of(options=Options(context_kind="multi")), "no context kind"),
        (sync_of(identify_by="email"), "not known by `email`"),
        (sync_of(traits=(Trait("key", "k"),)), "reserved"),
        (sync_of(options=Options(metric_value="plan")), "`metric_value` is for kind events"),
        (sync_of(Kind.TRAITS), "never sees attributes"),
        (sync_of(Kind.OBJECTS), "never sees attributes"),
        (sync_of(Kind.TRAITS, Options(value_segments={"x": ("a",)})), "`x` is none of the traits"),
        (
            sync_of(Kind.TRAITS, Options(value_segments={"plan": ("a",), "risk_tier": ("a",)})),
            "",
        ),
        (
            sync_of(Kind.TRAITS, Options(tiers=("low",), identify=True)),
            "`tiers` is for kind segment",
        ),
        (sync_of(Kind.OBJECTS, Options(identify=True), related_id="person"), "no links"),
        (
            sync_of(Kind.EVENTS, Options(identify=True), event="paid"),
            "`identify` is for kind objects and segment and traits",
        ),
        (sync_of(Kind.EVENTS, event=" "), "blank"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_offline(sync: Sync, text: str) -> None:
    found = Launchdarkly.validate(sync)
    assert all(problem.fix for problem in found)
    assert (not found) if not text else text in found[0].message


def test_two_values_of_one_key_are_refused() -> None:
    options = Options(value_segments={"plan": ("a", "a")})
    assert Launchdarkly.validate(sync_of(Kind.TRAITS, options)) == []
    clash = Options(value_segments={"a": ("b--c",), "a--b": ("c",)})
    sync = sync_of(Kind.TRAITS, clash, traits=(Trait("a", "a"), Trait("a--b", "b")))
    (problem,) = Launchdarkly.validate(sync)
    assert "two segments in one" in problem.message


def test_a_new_member_is_taken_out_of_nothing() -> None:
    sync = sync_of(options=Options(tiers=("low", "high")))
    assert memberships(sync, change(risk_tier="low")) == [("risk", True), ("risk--low", True)]
    doubtful = memberships(sync, change(cause="in doubt", risk_tier="low"))
    assert doubtful == [("risk", True), ("risk--low", True), ("risk--high", False)]


def test_a_removal_leaves_every_segment_and_kept_values_stay() -> None:
    sync = sync_of(options=Options(tiers=("low", "high")))
    found = memberships(sync, change(Op.REMOVE, "left"))
    assert found == [("risk", False), ("risk--low", False), ("risk--high", False)]
    options = Options(value_segments={"plan": ("team",)})
    kept = sync_of(Kind.TRAITS, options, on_remove="keep")
    assert memberships(kept, change(Op.REMOVE, "left")) == []


def test_booleans_and_numbers_name_segments_as_they_are_read() -> None:
    options = Options(value_segments={"plan": (True, 3, "x")}, prefix="rv-")
    assert segment_keys(sync_of(Kind.TRAITS, options)) == [
        "rv-plan--true",
        "rv-plan--3",
        "rv-plan--x",
    ]


def test_chunks_hold_everybody_once_and_removals_first() -> None:
    sync = sync_of(options=Options(value_segments={"plan": ("team",)}))
    sync = sync_of(Kind.TRAITS, sync.options)
    rows = [change(Op.CHANGE, "changed", plan="team" if i % 2 else "solo") for i in range(3100)]
    numbered = [
        Row(Item((Piece(sync, row._replace(seq=i)),), (b'"u"',))) for i, row in enumerate(rows)
    ]
    (step,) = steps(numbered)
    chunks = list(step.chunks(1500))
    assert [len(c.removes) + len(c.adds) for c in chunks] == [1500, 1500, 100]
    assert [row.change.seq for c in chunks for row in c.removes] == list(range(0, 3100, 2))
    assert [row.change.seq for c in chunks for row in c.adds] == list(range(1, 3100, 2))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "9999"}, 300),
        ({"retry-after": "soon"}, 10),
        ({}, 10),
        ({"x-ratelimit-reset": "1767225604000", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 4),
        ({"x-ratelimit-reset": "1767225599000", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 10),
        ({"x-ratelimit-reset": "1767225604000"}, 4),
        ({"x-ratelimit-reset": "x", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 10),
        ({"x-ratelimit-auth-token-reset": "1767225603000"}, 3),
        (
            {
                "x-ratelimit-reset": "1767225599000",
                "x-ratelimit-auth-token-reset": "1767225603000",
            },
            3,
        ),
    ],
)
def test_a_refill_is_always_ahead(headers: dict[str, str], expected: float) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    asked = asked_seconds(Response(429, headers, b""), LIMITS, now)
    assert asked is not None
    assert RetryPolicy().pause(asked) == expected
    assert 429 not in Launchdarkly.verdicts


def test_a_context_keeps_what_we_do_not_own_and_hides_what_is_personal() -> None:
    sync = sync_of(Kind.TRAITS, traits=(Trait("plan", "p"), Trait("mail", "m", is_pii=True)))
    known = {"name": "Ann", "plan": "solo", "_meta": {"redactedAttributes": ["phone"]}}
    whole = merged(sync, {"plan": "team", "mail": "ann@x.io"}, known)
    assert whole == {
        "name": "Ann",
        "plan": "team",
        "_meta": {"redactedAttributes": ["mail", "phone"]},
    }
    assert merged(sync, {"plan": None, "mail": None}, whole) == {
        "name": "Ann",
        "_meta": {"redactedAttributes": ["phone"]},
    }


def test_null_is_no_value_even_where_a_value_is_spelt_like_it() -> None:
    sync = sync_of(Kind.TRAITS, Options(value_segments={"plan": ("None", "team")}))
    found = memberships(sync, change(Op.CHANGE, "changed", plan=None))
    assert found == [("plan--None", False), ("plan--team", False)]


def test_a_key_is_forgotten_only_where_the_answer_shows_its_segment() -> None:
    there = Launchdarkly(settings())
    asking = there.forget("delete", Known("", "u-1"), [sync_of()])
    next(asking)
    asking.send(Response(200, {}, b'{"key": "risk", "included": ["u-1"]}'))
    with pytest.raises(UnreadableAnswer):
        asking.send(Response(200, {}, b'{"ok": false}'))
