from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.warehouse.arrow import DATE, UNREADABLE, to_arrow, to_python


def there_and_back(values: list[Any], form: str | None = None) -> list[Any]:
    batch = to_arrow(["v"], [(value,) for value in values], {"v": form})
    found, _ = to_python(batch, {})
    return found["v"]


@given(st.lists(st.none() | st.decimals(), min_size=1))
def test_decimals_keep_their_exact_value_whatever_stands_beside_them(
    values: list[Decimal | None],
) -> None:
    assert list(map(str, there_and_back(values))) == list(map(str, values))


@pytest.mark.parametrize(
    "values",
    [
        [1, None, 2],
        ["a", None],
        [True, False],
        [1.5, None],
        [date(2024, 1, 1), None],
        [datetime(2024, 1, 1, 10, 30)],
        [1, "a", [1, {"b": None}], None],
        [None, None],
    ],
)
def test_rows_come_back_as_they_were(values: list[Any]) -> None:
    assert there_and_back(values) == values


def test_a_value_that_fits_no_column_is_unreadable_alone() -> None:
    assert there_and_back([1, {2}, "a", None]) == [1, UNREADABLE, "a", None]


def test_text_of_another_form_is_unreadable_alone() -> None:
    dates = ["2024-01-01", "20240-01-01", "infinity", "0044-03-15 BC", None]
    assert there_and_back(dates, DATE) == [date(2024, 1, 1), *[UNREADABLE] * 3, None]


@given(st.integers(1, 60), st.data())
def test_exactly_the_odd_values_of_a_column_are_unreadable(rows: int, data: st.DataObject) -> None:
    odd = data.draw(st.sets(st.integers(0, rows - 1)))
    days = pa.array([3_000_000 if n in odd else n for n in range(rows)], pa.int32())
    batch = pa.RecordBatch.from_arrays([days.cast(pa.date32())], ["v"])
    found, odd_columns = to_python(batch, {})
    assert {n for n, value in enumerate(found["v"]) if value is UNREADABLE} == odd
    assert bool(odd_columns) is bool(odd)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("timestamp_ns '2024-01-01 00:00:00.123456'", datetime(2024, 1, 1, 0, 0, 0, 123456)),
        ("timestamp_ns '2024-01-01 00:00:00.123456789'", UNREADABLE),
        ("timestamp 'infinity'", UNREADABLE),
        ("date '-0044-03-15'", UNREADABLE),
        ("timestamp_s '20240-01-01 00:00:00'", UNREADABLE),
        ("date '9999-12-31'", date(9999, 12, 31)),
    ],
)
def test_what_duckdb_holds_and_python_cannot_is_unreadable(expression: str, value: Any) -> None:
    with duckdb.connect() as connection:
        reader = connection.sql(f"select {expression} as v").to_arrow_reader(10)
        found, _ = to_python(next(reader), {})
        reader.close()
    assert found["v"] == [value]
    assert type(found["v"][0]) is type(value)
