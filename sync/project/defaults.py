"""Whether a default can stand in a column, by the column's declared type."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date, datetime, time

from sync.data_types import Family, family

WANTED: dict[Family, str] = {
    "boolean": "true or false",
    "integer": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "text": "text",
    "instant": "a date or time in ISO form, as text",
    "time": "a time in ISO form, as text",
}


def fits(value: bool | int | float | str, data_type: str) -> bool:
    """Whether a default can stand in a column of this type; unknown types take anything."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    match family(data_type):
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float" | "decimal":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "instant" | "time":
            return isinstance(value, str) and _is_iso(value)
        case _:
            return True


def _is_iso(text: str) -> bool:
    for form in (datetime, date, time):
        with suppress(ValueError):
            form.fromisoformat(text)
            return True
    return False
