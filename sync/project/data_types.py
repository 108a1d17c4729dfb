"""Warehouses' names for data types, sorted into the few families that checks ask about."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import date, datetime, time
from typing import Literal

Family = Literal["boolean", "integer", "float", "decimal", "text", "temporal", "other"]

FAMILIES: tuple[tuple[Family, re.Pattern[str]], ...] = (
    ("boolean", re.compile(r"bool(ean)?")),
    (
        "integer",
        re.compile(r"u?(tiny|small|medium|big|huge|byte)?int(eger)?\d*|long|short|byte|u?hugeint"),
    ),
    ("float", re.compile(r"(float|double|real|half)\d*( precision)?")),
    ("decimal", re.compile(r"(big)?(numeric|decimal|number|dec)")),
    (
        "text",
        re.compile(
            r"n?(var)?char(acter)?( varying)?\d*|string|(tiny|medium|long|ci)?text|bpchar|uuid"
        ),
    ),
    (
        "temporal",
        re.compile(r"date(time)?(offset)?\d*|time(tz)?( with(out)? time zone)?|timestamp.*"),
    ),
)

WANTED: dict[Family, str] = {
    "boolean": "true or false",
    "integer": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "text": "text",
    "temporal": "a date or time in ISO form, as text",
}


def family(data_type: str) -> Family:
    """The family of a declared type; arrays, structures and the unknown are `other`."""
    plain = re.sub(r"\([^()]*\)", "", data_type.casefold())
    plain = re.sub(r"\s+", " ", plain).strip()
    return next((name for name, form in FAMILIES if form.fullmatch(plain)), "other")


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
        case "temporal":
            return isinstance(value, str) and _is_iso(value)
        case "other":
            return True


def _is_iso(text: str) -> bool:
    for form in (datetime, date, time):
        with suppress(ValueError):
            form.fromisoformat(text)
            return True
    return False
