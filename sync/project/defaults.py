"""Whether a default can stand in a column, by the way in which the column's type travels."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from ipaddress import ip_interface
from typing import Any
from uuid import UUID

from sync.data_types import NUMBERS, Family, Wire

_WANTED: Mapping[Family, str] = {
    Family.BOOLEAN: "true or false",
    Family.INTEGER: "a whole number that it can hold",
    Family.DECIMAL: "a number that it can hold",
    Family.SINGLE: "a number that it can hold",
    Family.DOUBLE: "a number that it can hold",
    Family.TEXT: "text that it can hold",
    Family.DATE: "a date such as 2024-02-29, as text",
    Family.INSTANT: "a date or time in ISO form, as text",
    Family.TIME: "a time such as 09:30:00, as text",
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
_MONEY = (19, 2)
"""Digits, and those after the point."""
_LARGEST_SINGLE = 3.4028234e38
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:\d\d)?)?")
"""The forms that every engine reads as they are written; Python knows more of them."""
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
    arguments = _MONEY if of.name == "MONEY" else of.arguments
    if not arguments:
        return True
    digits, scale = (*arguments, 0)[:2]
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    return exact.adjusted() < digits - scale and -exponent <= scale


def _is_single(value: Any, _: Wire) -> bool:
    return _is_number(value) and abs(value) <= _LARGEST_SINGLE


def _is_double(value: Any, _: Wire) -> bool:
    return _is_number(value) and abs(value) < 1.8e308


def _is_text(value: Any, of: Wire) -> bool:
    if of.name == "USER-DEFINED" and not isinstance(value, str):
        return True
    if not isinstance(value, str) or "\0" in value or _read(str.encode, value) is None:
        return False
    if rule := _FORMS.get(of.name):
        return bool(_read(rule, value) == value)
    if of.words and value not in of.words:
        return False
    return not of.arguments or len(value) <= of.arguments[0]


def _address(text: str) -> str:
    ip_interface(text)
    return text


_FORMS: Mapping[str, Callable[[str], str]] = {
    "UUID": lambda text: str(UUID(text)),
    "INET": _address,
    "IPADDRESS": _address,
}
"""By type, what an engine writes for a text that it takes; ValueError for any other."""


def _is_date(value: Any, _: Wire) -> bool:
    return isinstance(value, str) and bool(
        _DATE.fullmatch(value) and _read(date.fromisoformat, value)
    )


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
    is_written = isinstance(value, str) and _TIME.fullmatch(value)
    found = _read(time.fromisoformat, value) if is_written else None
    return found is not None and (found.tzinfo is None or of.name == "TIMETZ")


def _read(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except (ValueError, OverflowError):
        return None


def _is_json(text: str, of: Wire) -> bool:
    try:
        return _holds_json(json.loads(text, parse_constant=_no_constant), of)
    except (ValueError, RecursionError):
        return False


def _no_constant(name: str) -> Any:
    """NaN and infinities are no JSON."""
    raise ValueError(name)


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
            return isinstance(value, dict) and all(
                _is_key(name, of.key or _ANY) and _holds_json(v, part) for name, v in value.items()
            )
        case "fields":
            return isinstance(value, dict) and all(
                name in inside and _holds_json(v, inside[name]) for name, v in value.items()
            )
    return True


def _is_key(name: str, of: Wire) -> bool:
    """Whether a key of JSON, which is text, can be one of a map."""
    if of.family in NUMBERS or of.family is Family.BOOLEAN:
        value = _read(json.loads, name)
        return value is not None and fits(value, of)
    return of.family is Family.JSON or fits(name, of)


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
