"""Rows through Arrow and back: an odd value costs its own row, never its column or its batch.

Arrow holds what Python can't (a date of the year 20240) and Python what Arrow can't (a decimal
that is no number). Such columns travel as text, with the form it has in the field's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

    from sync.warehouse.port import Row

Read = Callable[[Any], Any]

FORM = b"form"
DECIMAL, DATE, TIMESTAMP, JSON = "decimal", "date", "timestamp", "json"
READERS: Mapping[str, Read] = {
    DECIMAL: Decimal,
    DATE: date.fromisoformat,
    TIMESTAMP: datetime.fromisoformat,
    JSON: json.loads,
}
"""How the text of each form becomes a value; any other text is unreadable."""


class Unreadable:
    """Stands for a value that Python has no exact form for."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = Unreadable()


def to_arrow(
    names: Sequence[str], rows: Sequence[Row], forms: Mapping[str, str | None]
) -> pa.RecordBatch:
    """Rows of Python values as a record batch; `forms` are of columns whose values are text."""
    import pyarrow as pa

    columns = [
        _column(name, values, forms.get(name))
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    ]
    return pa.RecordBatch.from_arrays(
        [array for array, _ in columns], schema=pa.schema([field for _, field in columns])
    )


def _column(name: str, values: Sequence[Any], form: str | None) -> tuple[pa.Array, pa.Field]:
    import pyarrow as pa

    if form is None and isinstance(next((v for v in values if v is not None), None), Decimal):
        form, values = DECIMAL, [None if v is None else str(v) for v in values]
    try:
        array = pa.array(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        form, array = JSON, pa.array([_as_json(v) for v in values])
    metadata = None if form is None else {FORM: form.encode()}
    return array, pa.field(name, array.type, metadata=metadata)


def _as_json(value: Any) -> str | None:
    """A value that shares no type with its column; what has no JSON form is empty, no JSON."""
    try:
        return None if value is None else json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return ""


def to_python(
    batch: pa.RecordBatch, readers: Mapping[str, Read]
) -> tuple[dict[str, list[Any]], list[str]]:
    """The columns by name, and the names of those in which UNREADABLE stands for a value.

    `readers` turn the text of columns into values where their field does not say how.
    """
    found: dict[str, list[Any]] = {}
    odd: list[str] = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        form = (field.metadata or {}).get(FORM)
        read = readers.get(field.name) or (READERS[form.decode()] if form else None)
        try:
            found[field.name] = _whole(column, read)
        except Exception:  # noqa: BLE001  each library has errors of its own for odd values
            found[field.name] = list(_halved(column, read))
            odd.append(field.name)
    return found, odd


def _whole(column: pa.Array, read: Read | None) -> list[Any]:
    values: list[Any] = _exact(column).to_pylist()
    return values if read is None else [None if v is None else read(v) for v in values]


def _halved(column: pa.Array, read: Read | None) -> Iterable[Any]:
    """Value by value in the end; halving finds few odd ones among many in few steps."""
    middle = len(column) // 2
    for half in (column[:middle], column[middle:]):
        try:
            yield from _whole(half, read)
        except Exception:  # noqa: BLE001  as above
            yield from _halved(half, read) if len(half) > 1 else (UNREADABLE,)


def _exact(column: pa.Array) -> pa.Array:
    """Nanoseconds as microseconds, which is what Python has; raises where that loses any."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", column.type.tz))
    return column.cast(pa.time64("us")) if column.type == pa.time64("ns") else column
