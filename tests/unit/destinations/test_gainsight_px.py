"""What Gainsight PX is sent, and which mappings it can't take: pure values, no server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sync.destinations.gainsight_px import GainsightPx, Settings
from sync.destinations.gainsight_px.model import Options, attribute_type, attributes_of
from sync.destinations.gainsight_px.state import body
from sync.destinations.identifiers import digest
from sync.destinations.options import Event, ExitEvent
from sync.destinations.spec import Piece
from sync.model import Change, Kind, Op, Relation, Sync, Trait

TAG = "AP-EXAMPLE0001-2"
NAMES = ("plan", "seats", "note")


def sync_of(kind: Kind = Kind.TRAITS, *traits: Trait, **more: Any) -> Sync:
    return Sync(
        name="m__px",
        model="m",
        unique_id="model.p.m",
        relation=Relation(None, "s", "m"),
        connection="px",
        vendor="gainsight_px",
        kind=kind,
        identity="id",
        traits=traits or tuple(Trait(name, name, "varchar") for name in NAMES),
        **more,
    )


def change(op: Op = Op.ADD, who: str = "u-1", **traits: Any) -> Change:
    return Change(seq=1, op=op, identity=who, external_id=who, traits=traits)


def merged(*pieces: tuple[Sync, Change]) -> Any:
    return body([Piece(*piece) for piece in pieces])


def destination(**more: Any) -> GainsightPx:
    return GainsightPx(Settings(api_key="a-rest-key", tag_key=TAG, **more))


def event_of(sync: Sync, change: Change) -> Any:
    """What the third and last part of an item holds."""
    (_, _, event) = destination().encode_together([Piece(sync, change)])
    return event


def test_fields_of_a_user_stand_on_top_and_the_rest_in_custom_attributes() -> None:
    traits = {"email": "a@x.io", "signUpDate": date(2026, 1, 1), "seats_used": Decimal("4")}
    assert merged((sync_of(), change(**traits))) == {
        "identifyId": "u-1",
        "email": "a@x.io",
        "signUpDate": 1767225600000,
        "customAttributes": {"seats_used": 4},
    }


def test_what_is_emptied_looks_like_what_was_never_set() -> None:
    traits = (
        Trait("plan", "plan", "varchar"),
        Trait("is_owner", "is_owner", "boolean"),
        Trait("seats", "seats", "bigint"),
        Trait("trial_ends", "trial_ends", "timestamp"),
        Trait("gender", "gender"),
        Trait("email", "email"),
        Trait("score", "score"),
    )
    expected = {
        "identifyId": "u-1",
        "gender": "EMPTY_GENDER",
        "email": "",
        "score": None,
        "customAttributes": {"plan": "", "is_owner": False, "seats": None, "trial_ends": None},
    }
    sync = sync_of(Kind.TRAITS, *traits)
    nulls = dict.fromkeys(trait.name for trait in traits)
    assert merged((sync, change(Op.REMOVE))) == expected
    assert merged((sync, change(Op.CHANGE, **nulls))) == expected


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Op.ADD, Op.CHANGE, Op.REMOVE]),
            st.dictionaries(st.sampled_from(NAMES), st.integers(1, 9)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_merge_keeps_every_set_and_empties_only_what_nobody_sets(
    given_pieces: list[tuple[Op, dict[str, int]]],
) -> None:
    pieces = [
        (sync_of(), change(op, **({} if op is Op.REMOVE else traits)))
        for op, traits in given_pieces
    ]
    expected: dict[str, Any] = {}
    if any(op is Op.REMOVE for op, _ in given_pieces):
        expected = dict.fromkeys(NAMES, "")
    for op, traits in given_pieces:
        expected |= {} if op is Op.REMOVE else traits
    found = merged(*pieces)
    assert (found or {}).get("customAttributes", {}) == expected


def test_leaving_empties_a_trait_that_is_no_longer_mapped_too() -> None:
    left = merged((sync_of(), change(Op.REMOVE, plan=None, former=None)))
    assert left["customAttributes"] == {"plan": "", "former": None}


def test_a_segment_and_traits_meet_in_one_body() -> None:
    segment = sync_of(Kind.SEGMENT, Trait("tier", "tier", "varchar"), segment="rv_risk")
    found = merged((sync_of(), change(plan="team")), (segment, change(Op.REMOVE)))
    assert found["customAttributes"] == {"plan": "team", "tier": "", "rv_risk": False}


def test_the_reason_stays_when_somebody_leaves() -> None:
    traits = (Trait("rv_reason", "why", "varchar"),)
    sync = sync_of(Kind.SEGMENT, *traits, segment="rv", reason="why")
    left = merged((sync, change(Op.REMOVE)))
    assert left["customAttributes"] == {"rv_reason": "left_segment", "rv": False}
    kept = merged((replace(sync, on_remove="keep"), change(Op.REMOVE)))
    assert kept["customAttributes"] == {"rv": False}
    other = replace(sync, options=Options(exit_reason="converted"))
    assert merged((other, change(Op.REMOVE)))["customAttributes"]["rv_reason"] == "converted"


def test_pieces_of_different_people_or_kinds_do_not_share_a_request() -> None:
    account = sync_of(Kind.OBJECTS, object_type="account")
    for other in ((sync_of(), change(who="u-2")), (account, change())):
        with pytest.raises(ValueError, match="can't share a request"):
            merged((sync_of(), change()), other)


@pytest.mark.parametrize(
    "value", [[1], {"a": 1}, 2**60, Decimal("1234567890.1234567"), "x\0", b"x"]
)
def test_what_no_attribute_holds_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="trait plan") as caught:
        merged((sync_of(), change(plan=value)))
    assert "123456" not in str(caught.value)


def test_a_gender_is_one_of_four_words() -> None:
    assert merged((sync_of(), change(gender="female")))["gender"] == "FEMALE"
    with pytest.raises(ValueError, match="gender is none of"):
        merged((sync_of(), change(gender="unsaid")))


def test_an_event_has_its_id_in_both_places_and_iso_times_inside() -> None:
    sync = sync_of(Kind.EVENTS, event="paid", event_id="event_id", occurred_at="at")
    at = datetime(2026, 1, 1, 6, tzinfo=UTC)
    told = change(amount=49.5, on=date(2026, 1, 1), lines=[{"sku": 1}], gone=None)
    pieces = [Piece(sync, told._replace(identity="inv-1", occurred_at=at))]
    state, member, event = destination().encode_together(pieces)
    assert (state, member) == (None, None)
    own_id = digest(("m__px", "inv-1"))[:16].hex()
    assert event == {
        "eventId": own_id,
        "eventName": "paid",
        "identifyId": "u-1",
        "propertyKey": TAG,
        "userType": "USER",
        "date": 1767247200000,
        "attributes": {
            "amount": 49.5,
            "on": "2026-01-01T00:00:00Z",
            "lines": '[{"sku":1}]',
            "event_id": own_id,
        },
    }
    (_, _, told_cloud) = destination(events="cloud").encode_together(pieces)
    assert told_cloud == {
        "type": "track",
        "messageId": own_id,
        "userId": "u-1",
        "event": "paid",
        "timestamp": "2026-01-01T06:00:00Z",
        "properties": event["attributes"],
    }


def test_event_ids_differ_by_sync_transition_and_direction_and_repeat_otherwise() -> None:
    options = Options(on_enter=Event(event="in"), on_exit=ExitEvent(event="out"))
    sync = sync_of(Kind.SEGMENT, segment="rv", options=options)
    variants = [
        (sync, change()),
        (replace(sync, name="other__px"), change()),
        (sync, change()._replace(transition=2)),
        (sync, change(Op.REMOVE)),
        (sync, change(who="u-2")),
    ]
    ids = [event_of(*variant)["eventId"] for variant in variants]
    assert len(set(ids)) == len(ids)
    assert ids == [event_of(*variant)["eventId"] for variant in variants]
    entered = digest(("m__px", "u-1", "u-1", "1", "add"))[:16].hex()
    assert ids[0] == entered, "an id of an earlier release: what was sent then is found again"


def test_an_entry_event_says_segment_reason_and_tier() -> None:
    sync = sync_of(Kind.SEGMENT, segment="rv", options=Options(on_enter=Event(event="in")))
    told = event_of(sync, change(rv_tier=3)._replace(reason="usage_drop"))
    assert told["attributes"] == {
        "segment": "rv",
        "reason": "usage_drop",
        "tier": 3,
        "event_id": told["eventId"],
    }


def test_a_time_is_needed_and_no_name_may_be_blank() -> None:
    sync = sync_of(Kind.EVENTS, event_id="event_id", occurred_at="at", event_column="name")
    with pytest.raises(ValueError, match="without a time"):
        event_of(sync, change()._replace(event="paid"))
    with pytest.raises(ValueError, match="blank"):
        event_of(sync, change()._replace(event=" "))


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        ("varchar(20)", "STRING"),
        ("TIME", "STRING"),
        ("interval", "NUMBER"),
        ("numeric(38, 0)", "NUMBER"),
        ("timestamp with time zone", "DATE_TIME"),
        ("datetime", "DATE_TIME"),
        ("numeric(18, 2)", "NUMBER"),
        ("HUGEINT", "NUMBER"),
        ("double precision", "NUMBER"),
        ("boolean", "BOOLEAN"),
        ("integer[]", None),
        ("array<string>", None),
        ("super", None),
        ("geography", "STRING"),
        ("", None),
    ],
)
def test_types_are_known_by_any_warehouses_name(data_type: str, expected: str | None) -> None:
    assert attribute_type(data_type) == expected


def test_only_custom_attributes_must_exist_beforehand() -> None:
    traits = (Trait("email", "mail", "varchar"), Trait("rv_tier", "tier", "varchar"))
    sync = sync_of(Kind.SEGMENT, *traits, segment="rv")
    assert dict(attributes_of(sync)) == {"rv": "BOOLEAN", "rv_tier": "STRING"}
    external = replace(sync, options=Options(membership="external"))
    assert dict(attributes_of(external)) == {"rv_tier": "STRING"}
    assert dict(attributes_of(sync_of(Kind.EVENTS))) == {}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"traits": ("identifyId",)}, "reserved"),
        ({"traits": ("globalUnsubscribe",)}, "no ordinary trait"),
        ({"traits": ("numberOfVisits",)}, "reserved"),
        ({"traits": ("location",)}, "reserved"),
        ({"traits": ("a.b",)}, "has a meaning"),
        ({"traits": ("x" * 251,)}, "over 250 bytes"),
        ({"traits": ("score",)}, "takes NUMBER"),
        ({"type": "integer[]"}, "no attribute holds that"),
        ({"type": "struct<a int>"}, "no attribute holds that"),
        ({"identify_by": "email"}, "nobody is known by `email`"),
        ({"options": Options(membership="both")}, "`membership` is for kind segment"),
        ({"options": Options(exit_reason="bye")}, "`exit_reason` is for kind segment"),
        ({"options": Options(on_exit=ExitEvent(event="x"))}, "`on_exit` is for kind segment"),
        ({"kind": Kind.SEGMENT, "segment": "email"}, "field of every user"),
        ({"kind": Kind.SEGMENT, "segment": "plan"}, "written twice"),
        ({"kind": Kind.OBJECTS, "object_type": "1"}, "only objects are accounts"),
        ({"kind": Kind.OBJECTS, "object_type": "account", "related_id": "u"}, "no attributes"),
        ({"kind": Kind.EVENTS, "event": "x" * 2001}, "over 2000 bytes"),
        ({"kind": Kind.EVENTS, "traits": ("event_id",)}, "reserved"),
        ({"kind": Kind.EVENTS, "traits": ("Amount", "amount")}, "differ only in letter case"),
        ({"kind": Kind.EVENTS, "traits": ("Event_ID",)}, "differ only in letter case"),
        ({"kind": Kind.EVENTS, "traits": tuple(f"p{i}" for i in range(50))}, "limit is 49"),
        ({"kind": Kind.EVENTS, "options": Options(on_missing="skip")}, "`on_missing` is for kind"),
    ],
)
def test_an_impossible_mapping_is_refused_offline(more: dict[str, Any], word: str) -> None:
    names, kind = more.pop("traits", ("plan",)), more.pop("kind", Kind.TRAITS)
    data_type = more.pop("type", "varchar")
    sync = sync_of(kind, *(Trait(name, name, data_type) for name in names), **more)
    problems = GainsightPx.validate(sync)
    assert any(word in problem.message for problem in problems), problems
    assert all(problem.fix for problem in problems)


def test_the_usual_mappings_have_no_complaints() -> None:
    account = sync_of(Kind.OBJECTS, object_type="account")
    link = replace(account, related_id="user_id", traits=())
    event = sync_of(Kind.EVENTS, event="paid", event_id="event_id", occurred_at="at")
    segment = sync_of(Kind.SEGMENT, segment="rv", options=Options(membership="both"))
    for sync in (sync_of(identify_by="identifyId"), account, link, event, segment):
        assert list(GainsightPx.validate(sync)) == []


@pytest.mark.parametrize("wrong", [{"api_key": TAG}, {"tag_key": "a-rest-key"}, {"region": "de"}])
def test_keys_that_were_mixed_up_are_noticed(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"api_key": "a-rest-key", "tag_key": TAG, **wrong})


@pytest.mark.parametrize(
    ("region", "api", "push"),
    [
        ("us", "https://api.aptrinsic.com", "https://segment-esp.aptrinsic.com"),
        ("eu", "https://api-eu.aptrinsic.com", "https://segment-esp-eu.aptrinsic.com"),
        ("us2", "https://api-us2.aptrinsic.com", "https://segment-esp-us2.aptrinsic.com"),
    ],
)
def test_a_region_has_its_hosts(region: str, api: str, push: str) -> None:
    found = destination(region=region, events="cloud").endpoints
    assert [endpoint.base_url for endpoint in found.values()] == [api, push]


def test_people_share_look_ups_and_changes_of_external_segments() -> None:
    external = sync_of(Kind.SEGMENT, segment="rv", options=Options(membership="external"))
    events, accounts = sync_of(Kind.EVENTS), sync_of(Kind.OBJECTS, object_type="account")
    assert [destination().limits_for([s]).items for s in (sync_of(), events, accounts)] == [
        50,
        1,
        1,
    ]
    reviving = destination(revive_deleted=True)
    assert [reviving.limits_for([s]).items for s in (sync_of(), external)] == [1, 50]
