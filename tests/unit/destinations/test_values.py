from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.destinations.identifiers import bounded, email_address, ulid
from sync.destinations.values import Values, iso_8601, unix_milliseconds, unix_seconds

EAST = timezone(timedelta(hours=9))
ID = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        ("", ""),
        ("Zürich 🚲", "Zürich 🚲"),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**70), "-1180591620717411303424"),
        (0.1, 0.1),
        (-0.0, 0.0),
        (float("nan"), None),
        (float("-inf"), None),
        (Decimal("129.00"), 129),
        (Decimal("1.10"), 1.1),
        (Decimal("0.1"), 0.1),
        (Decimal("-1E-7"), -1e-07),
        (Decimal("12345678901234567890.10"), "12345678901234567890.1"),
        (Decimal("1" * 38), "1" * 38),
        (Decimal("0." + "3" * 38), "0." + "3" * 38),
        (Decimal("1E-400"), "0." + "0" * 399 + "1"),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (datetime(2026, 1, 1), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 9, tzinfo=EAST), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 0, 0, 0, 5), "2026-01-01T00:00:00.000005Z"),
        (date(2026, 1, 1), "2026-01-01"),
        (time(23, 59), "23:59:00"),
        (timedelta(minutes=90), 5400),
        (timedelta(milliseconds=1500), 1.5),
        (ID, "12345678-1234-5678-1234-567812345678"),
        ([1, Decimal("2.0"), None], [1, 2, None]),
        ((1, [2**60]), [1, ["1152921504606846976"]]),
        ({"a": {"b": date(2026, 1, 1)}}, {"a": {"b": "2026-01-01"}}),
    ],
)
def test_each_type_has_one_form(value: Any, expected: Any) -> None:
    (found,) = Values().of({"trait": value}).values()
    assert found == expected
    assert type(found) is type(expected)
    assert json.dumps(found) == json.dumps(expected)


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 1


@pytest.mark.parametrize(
    "value",
    [
        b"secret",
        bytearray(b"secret"),
        object(),
        "secret\0",
        ["secret\0"],
        {"secret\0": 1},
        {1: "secret"},
        {("secret",): 1},
        [b"secret"],
        deep(20),
        {"secret"},
    ],
)
def test_what_has_no_form_is_refused_by_name_and_not_shown(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^trait city ") as caught:
        Values().of({"city": value})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["é" * 501, ["x" * 1000], {"k": "x" * 1000}, 10**1001, "\ud800" * 400]
)
def test_a_value_over_the_limit_names_its_trait(value: Any) -> None:
    with pytest.raises(ValueError, match="trait city") as caught:
        Values(max_bytes=1000).of({"city": value})
    assert "x" * 10 not in str(caught.value)


def test_a_value_at_the_limit_passes() -> None:
    assert Values(max_bytes=1000).of({"city": "é" * 500}) == {"city": "é" * 500}


def test_an_absent_trait_stays_absent_and_order_is_kept() -> None:
    assert list(Values().of({"b": 1, "a": None})) == ["b", "a"]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_a_decimal_arrives_digit_by_digit(value: Decimal) -> None:
    (found,) = Values().of({"d": value}).values()
    shown = found if isinstance(found, str) else orjson.dumps(found).decode()
    assert Decimal(shown) == value


@given(st.datetimes(), st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
def test_an_instant_does_not_depend_on_its_zone(naive: datetime, offset: timedelta) -> None:
    aware = naive.replace(tzinfo=UTC)
    assert unix_seconds(naive) == unix_seconds(aware)
    assert unix_milliseconds(naive) // 1000 == unix_seconds(naive)
    try:
        moved = aware.astimezone(timezone(offset))
    except (OverflowError, ValueError):
        return
    assert unix_seconds(moved) == unix_seconds(aware)
    assert iso_8601(moved) == iso_8601(aware)


def test_a_date_is_its_midnight_in_utc() -> None:
    assert unix_seconds(date(2026, 1, 1)) == 1767225600 == unix_seconds(datetime(2026, 1, 1))
    assert unix_seconds(datetime(1969, 12, 31, 23, 59, 59, 500_000)) == -1


def test_email_addresses_are_folded_in_ascii_only() -> None:
    assert email_address("  Ann.Lee@Example.COM ") == "ann.lee@example.com"
    assert email_address("İpek@X.io") == "İpek@x.io"


def test_identifiers_are_bounded_in_bytes() -> None:
    assert bounded("é" * 75, 150) == "é" * 75
    for bad in ("", "é" * 76):
        with pytest.raises(ValueError, match="identifier"):
            bounded(bad, 150)


def test_a_ulid_is_the_same_for_the_same_key_and_another_for_any_other() -> None:
    first = ulid(1767225600000, ("m", "ab", "c"))
    assert first == ulid(1767225600000, ("m", "ab", "c"))
    assert first != ulid(1767225600000, ("m", "a", "bc"))
    assert len(first) == 26
    assert set(first) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@given(st.integers(0, 2**48 - 2))
def test_ulids_sort_by_their_time(milliseconds: int) -> None:
    assert ulid(milliseconds, ("a",))[:10] < ulid(milliseconds + 1, ("b",))[:10]
    assert ulid(milliseconds, ("a",))[0] <= "7"


def test_the_last_microsecond_of_a_far_year_is_not_rounded_up():
    assert unix_seconds(datetime(3059, 1, 1, 0, 0, 0, 999997)) == 34_365_513_600
    assert unix_seconds(datetime(1969, 12, 31, 23, 59, 59, 999999)) == -1
