from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sync.data_types import wire
from sync.warehouse.reading import exact, read_or_same, reader, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.500000000000000000", 2.5),
        ("3.000", 3),
        ("-0.000", 0),
        ("1200", 1200),
        ("0.000000000000000001", 1e-18),
        ("999999999999999", 999999999999999),
        ("1234567890123456", Decimal("1234567890123456")),
        ("12345678901234567890.120", Decimal("12345678901234567890.12")),
        ("0." + "0" * 400 + "1", Decimal("1e-401")),
        ("NaN", None),
        ("-Infinity", None),
    ],
)
def test_a_decimal_is_a_number_while_fifteen_digits_hold_it(text: str, expected: Any) -> None:
    found = exact(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("timestamp", "2024-01-01 00:00:00.25", datetime(2024, 1, 1, microsecond=250_000)),
        ("date", "2024-01-01", date(2024, 1, 1)),
        ("uhugeint", "340282366920938463463374607431768211455", 2**128 - 1),
        ("decimal(18, 0)", "9007199254740993", 9007199254740993),
        ("timestamptz[]", '["2024-01-01 02:00:00+02"]', [datetime(2024, 1, 1)]),
        ("date[][]", '[["2024-01-01"], null]', [[date(2024, 1, 1)], None]),
        ("struct(d date, n real)", '{"d": null, "n": 0.10000000149011612}', {"d": None, "n": 0.1}),
        ("map(varchar, date)", '{"a": "2024-01-01"}', {"a": date(2024, 1, 1)}),
        ("map(date, integer)", '{"2024-01-01": null}', {"2024-01-01": None}),
        ("double[]", "[NaN, 0.1, 1]", [None, 0.1, 1.0]),
        ("real[]", "[3.4028234663852886e38]", [3.4028235e38]),
        ("decimal(38, 2)[]", "[12345678901234567890.12]", [Decimal("12345678901234567890.12")]),
        ("struct(n decimal(10, 2))", '{"n": "123.56"}', {"n": 123.56}),
        (
            "decimal(38, 2)[]",
            '["12345678901234567890.12", 1]',
            [Decimal("12345678901234567890.12"), 1],
        ),
        ("decimal(10, 2)[]", '["NaN", "-Infinity"]', [None, None]),
        ("json", "0.12345678901234567890", Decimal("0.12345678901234567890")),
        ("json", "0.30000000000000004", 0.30000000000000004),
    ],
)
def test_a_value_is_read_by_the_type_of_its_column(declared: str, text: str, expected: Any) -> None:
    read = reader(wire(declared, "duckdb"))
    assert read is not None
    assert read(text) == expected


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("date", "infinity"),
        ("timestamp", "20240-01-01 00:00:00"),
        ("timestamp_ns", "2024-01-01 00:00:00.123456789"),
        ("timestamp_ns[]", '["2024-01-01 00:00:00.123456789"]'),
        ("json", "no json"),
        ("interval[]", '["infinity"]'),
        ("interval[]", '["P"]'),
        ("interval[]", '["P1DT"]'),
        ("map(date, integer)", '{"infinity": 1}'),
        ("map(timestamp, integer)[]", '[{"20240-01-01 00:00:00": 1}]'),
    ],
)
def test_a_value_that_can_not_be_held_is_refused_and_shown_as_it_is(
    declared: str, text: str
) -> None:
    of = wire(declared, "duckdb")
    read = reader(of)
    assert read is not None
    with pytest.raises(ValueError):
        read(text)
    assert read_or_same(of, text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 day 02:00:00", 93_600),
        ("-1 days +02:03:04.5", -79_015.5),
        ("1 year 2 mons", (365.25 + 60) * 86_400),
        ("1 year 2 months -00:00:01", (365.25 + 60) * 86_400 - 1),
        ("00:00:00", 0),
        ("P1Y2M3DT4H5M6.789S", (365.25 + 60 + 3) * 86_400 + 14_706.789),
        ("P-1Y-2M-3DT-4H-5M-6.789S", -(365.25 + 60 + 3) * 86_400 - 14_706.789),
        ("PT-1M-30S", -90),
        ("P0Y", 0),
        ("PT0.000001S", 0.000001),
    ],
)
def test_an_interval_in_a_list_is_its_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected
