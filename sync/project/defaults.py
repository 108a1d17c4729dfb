"""Whether a default can stand in a column, by the column's declared type."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from datetime import date, datetime, time

from sync.data_types import Family, bare, family, is_nested, is_span

_WANTED: dict[Family, str] = {
    "boolean": "true or false",
    "integer": "a whole number that it can hold",
    "float": "a number that it can hold",
    "decimal": "a number that it can hold",
    "text": "text that it can hold",
    "instant": "a date or time in ISO form, as text",
    "time": "a time in ISO form, as text",
    "list": "a list, as JSON text",
    "nested": "JSON text",
    "other": "text",
}
_BITS = {
    "tinyint": 8,
    "smallint": 16,
    "int2": 16,
    "mediumint": 24,
    "int": 32,
    "integer": 32,
    "int4": 32,
    "bigint": 64,
    "int8": 64,
    "int64": 64,
}
_ARGUMENTS = re.compile(r"\((\d+)(?:\s*,\s*(\d+))?\)")
_LARGEST = {"real": 3.4e38, "float4": 3.4e38}


def wanted(data_type: str) -> str:
    """What a default in a column of this type must be, in words."""
    return "a number of seconds" if is_span(data_type) else _WANTED[family(data_type)]


def fits(value: bool | int | float | str, data_type: str) -> bool:
    """Whether a default can stand in a column of this type; unknown types take any text."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if is_nested(data_type):
        return isinstance(value, str) and _is_json(value, family(data_type) == "list")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_span(data_type):
        return is_number
    match family(data_type):
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and is_number and _holds(value, data_type)
        case "float" | "decimal":
            return is_number and _holds(float(value), data_type)
        case "text":
            longest = _arguments(data_type)
            return isinstance(value, str) and (not longest or len(value) <= longest[0])
        case "instant":
            return isinstance(value, str) and _is_iso(value, datetime, date)
        case "time":
            return isinstance(value, str) and _is_iso(value, time)
        case _:
            return True


def _holds(value: float, data_type: str) -> bool:
    """Whether a number is in the range of its type, as far as the type's name tells."""
    name = bare(data_type)
    if (bits := _BITS.get(name.removeprefix("u"))) is not None:
        if name.startswith("u"):
            return 0 <= value < 1 << bits
        return -(1 << bits - 1) <= value < 1 << bits - 1
    if family(data_type) == "float":
        return abs(value) <= _LARGEST.get(name, math.inf)
    arguments = _arguments(data_type)
    return not arguments or abs(value) < float(f"1e{arguments[0] - sum(arguments[1:])}")


def _arguments(data_type: str) -> list[int]:
    """The numbers in parentheses: a length, or digits and those after the point."""
    found = _ARGUMENTS.search(data_type)
    return [int(n) for n in found.groups() if n] if found else []


def _is_json(text: str, is_list: bool) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, list) or not is_list


def _is_iso(text: str, *forms: type[datetime] | type[date] | type[time]) -> bool:
    for form in forms:
        with suppress(ValueError):
            form.fromisoformat(text)
            return True
    return False
