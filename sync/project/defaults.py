"""Whether a default can stand in a column, by the way in which the column's type travels."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sync.data_types import Family, Wire

_WANTED: Mapping[Family, str] = {
    Family.BOOLEAN: "true or false",
    Family.INTEGER: "a whole number that it can hold",
    Family.DECIMAL: "a number that it can hold",
    Family.SINGLE: "a number that it can hold",
    Family.DOUBLE: "a number that it can hold",
    Family.TEXT: "text that it can hold",
    Family.DATE: "a date in ISO form, as text",
    Family.INSTANT: "a date or time in ISO form, as text",
    Family.TIME: "a time in ISO form, as text",
    Family.DURATION: "a number of seconds",
    Family.JSON: "JSON text",
    Family.REFUSED: "left out",
}
_BITS = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64, "INT128": 128}
_UNSIGNED = {
    "UTINYINT": 8,
    "USMALLINT": 16,
    "UMEDIUMINT": 24,
    "UINT": 32,
    "UBIGINT": 64,
    "UINT128": 128,
}
_LARGEST_SINGLE = 3.4028234e38
_FINER = re.compile(r"\.\d{6}\d*[1-9]")
"""Digits below a microsecond."""


def wanted(of: Wire) -> str:
    """What a default in a column of this type must be, in words."""
    return "a list, as JSON text, of what it can hold" if of.shape == "list" else _WANTED[of.family]


def fits(value: bool | int | float | str, of: Wire) -> bool:
    """Whether a default can stand in a column of this type; a type of one's own takes text."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if of.family is Family.JSON:
        return isinstance(value, str) and _is_json(value, of)
    return _RULES[of.family](value, of)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any, of: Wire) -> bool:
    return isinstance(value, int) and _is_number(value) and _holds(value, of)


def _holds(value: int, of: Wire) -> bool:
    """Whether an integer is in the range of its type, as far as the type says."""
    name = of.name
    if bits := _UNSIGNED.get(name):
        return 0 <= value < 1 << bits
    if bits := _BITS.get(name):
        return -(1 << bits - 1) <= value < 1 << bits - 1
    return not of.arguments or abs(value) < 10 ** of.arguments[0]


def _is_decimal(value: Any, of: Wire) -> bool:
    """Whether a decimal has a place for each digit of a number."""
    if not _is_number(value):
        return False
    exact = Decimal(repr(value)).normalize()
    if not of.arguments:
        return True
    digits, scale = (*of.arguments, 0)[:2]
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    return exact.adjusted() < digits - scale and -exponent <= scale


def _is_single(value: Any, _: Wire) -> bool:
    return _is_number(value) and abs(value) <= _LARGEST_SINGLE


def _is_double(value: Any, _: Wire) -> bool:
    return _is_number(value) and abs(value) < 1.8e308


def _is_text(value: Any, of: Wire) -> bool:
    if of.name == "USER-DEFINED":
        return True
    is_short = not of.arguments or len(str(value)) <= of.arguments[0]
    return isinstance(value, str) and is_short and "\0" not in value


def _is_date(value: Any, _: Wire) -> bool:
    return isinstance(value, str) and _read(date.fromisoformat, value) is not None


def _is_instant(value: Any, _: Wire) -> bool:
    """A moment that stays within the years 1 to 9999 when it is put into UTC."""
    if not isinstance(value, str) or _FINER.search(value):
        return False
    return _read(_in_utc, value) is not None


def _in_utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is None else found.astimezone(UTC)


def _is_time(value: Any, of: Wire) -> bool:
    """A time with an offset stands only where the type has one."""
    found = _read(time.fromisoformat, value) if isinstance(value, str) else None
    return found is not None and (found.tzinfo is None or of.name == "TIMETZ")


def _read(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except (ValueError, OverflowError):
        return None


def _is_json(text: str, of: Wire) -> bool:
    try:
        return _holds_json(json.loads(text), of)
    except (ValueError, RecursionError):
        return False


def _holds_json(value: Any, of: Wire) -> bool:
    """Whether a type can hold a value of JSON, as far as the type says."""
    if value is None or of.family is not Family.JSON:
        return value is None or fits(value, of)
    inside = dict(of.parts)
    match of.shape:
        case "list":
            return isinstance(value, list) and all(_holds_json(v, of.item or _ANY) for v in value)
        case "map":
            part = of.parts[0][1] if of.parts else _ANY
            return isinstance(value, dict) and all(_holds_json(v, part) for v in value.values())
        case "fields":
            return isinstance(value, dict) and all(
                name in inside and _holds_json(v, inside[name]) for name, v in value.items()
            )
    return True


_ANY = Wire(Family.JSON, "JSON")
_RULES: Mapping[Family, Callable[[Any, Wire], bool]] = {
    Family.BOOLEAN: lambda value, _: isinstance(value, bool),
    Family.INTEGER: _is_integer,
    Family.DECIMAL: _is_decimal,
    Family.SINGLE: _is_single,
    Family.DOUBLE: _is_double,
    Family.TEXT: _is_text,
    Family.DATE: _is_date,
    Family.INSTANT: _is_instant,
    Family.TIME: _is_time,
    Family.DURATION: lambda value, _: _is_number(value),
    Family.REFUSED: lambda *_: False,
}
