"""What a value of a plan becomes in Python: one reader for each way in which a type travels.

Inside JSON text the types of the column go on holding: a moment in a list is read as one.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sync.data_types import MOMENTS, Family, Wire, is_read

Read = Callable[[Any], Any]


@lru_cache(maxsize=4096)
def reader(of: Wire) -> Read | None:
    """Reads a column's values, none of which is null; None where they are values already.

    Raises ValueError for a value that Python, or a destination, has no exact form for.
    """
    if of.family is not Family.JSON:
        return _readers(of) if is_read(of) else None
    exact = any(x.family is Family.DECIMAL for x in of.all())
    parse_float: Read = Decimal if exact else _number
    inside = _inside(of)

    def read(text: str) -> Any:
        found = json.loads(text, parse_float=parse_float, parse_constant=_nothing)
        return found if inside is None else inside(found)

    return read


def _readers(of: Wire) -> Read:
    """Of the text of plain values."""
    if of.family is Family.DECIMAL:
        return exact
    if of.family is Family.DATE:
        return date.fromisoformat
    if of.family is Family.INSTANT:
        return moment if of.name == "TIMESTAMP_NS" else datetime.fromisoformat
    return int


def exact(text: str) -> int | float | Decimal | None:
    """A decimal, as a plain number where 15 digits hold it; null where it is no number."""
    if len(text) <= 15 and "." in text:
        value = float(text)
        return int(value) if value.is_integer() else value
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    if plain.lstrip("-").isalpha():
        return None
    if len(plain.lstrip("-0.").replace(".", "")) > 15 or len(plain) > 300:
        return Decimal(plain)
    return float(plain) if "." in plain else int(plain)


def read_or_same(of: Wire, value: Any) -> Any:
    """A value as `reader` reads it; one that it can't read as it is."""
    read = reader(of)
    try:
        return value if value is None or read is None else read(value)
    except (ValueError, ArithmeticError, RecursionError):
        return value


def _number(text: str) -> float | Decimal:
    """A double where its shortest form shows the same number, else the number exactly."""
    found, exact = float(text), Decimal(text)
    return found if Decimal(repr(found)) == exact else exact


def _nothing(_: str) -> None:
    """NaN and infinities are no numbers."""


def _inside(of: Wire) -> Read | None:
    """Reads what JSON has of a type, unless that is the value already."""
    match of.shape:
        case "map":
            return _of_map(of)
        case "list" | "fields":
            parts = {name: read for name, part in of.parts if (read := _inside(part))}
            return _PARTS[of.shape](parts) if parts else None
    return _LEAVES.get(of.family) if of.name not in _PADDED else _unpadded


def _of_list(parts: Mapping[str, Read]) -> Read:
    read = parts[""]

    def items(found: Any) -> Any:
        if isinstance(found, list):  # also a list of lists, declared as one
            return [items(x) for x in found]
        return None if found is None else read(found)

    return items


def _of_map(of: Wire) -> Read | None:
    """Keys stay the engine's text, and have to be moments where the type says so."""
    values = [read for _, part in of.parts if (read := _inside(part))]
    read = values[0] if values else None
    judge = _LEAVES[of.key.family] if of.key and of.key.family in MOMENTS else None
    if read is None and judge is None:
        return None

    def entries(found: Any) -> Any:
        if judge is not None:
            for key in found:
                judge(key)
        return {k: v if v is None or read is None else read(v) for k, v in found.items()}

    return entries


def _of_fields(parts: Mapping[str, Read]) -> Read:
    def fields(found: Any) -> Any:
        if isinstance(found, list):  # a tuple, whose fields are called by their places
            named = ((str(place), v) for place, v in enumerate(found, start=1))
            return [parts[k](v) if v is not None and k in parts else v for k, v in named]
        return {k: parts[k](v) if v is not None and k in parts else v for k, v in found.items()}

    return fields


_PARTS: Mapping[str, Callable[[Mapping[str, Read]], Read]] = {
    "list": _of_list,
    "fields": _of_fields,
}


def moment(text: str) -> datetime:
    """A timestamp in ISO form, in UTC. ValueError for one that a datetime can't hold exactly."""
    if _FINER.search(text):
        raise ValueError("finer than a microsecond")
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def _real(found: Any) -> float | None:
    """PostgreSQL writes what is no number as text."""
    return None if isinstance(found, str) else float(found)


def _single(found: Any) -> float | None:
    """The shortest number that is the same single."""
    value = _real(found)
    if value is None:
        return None
    same = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    wanted = struct.pack("f", value)
    return next((x for x in same if _packed(x) == wanted), value)


def _packed(value: float) -> bytes:
    try:
        return struct.pack("f", value)
    except OverflowError:
        return b""


def _decimal(found: Any) -> Any:
    """BigQuery writes a number with a fraction as text, PostgreSQL what is no number."""
    return exact(found) if isinstance(found, str) else found


def seconds(text: str) -> float:
    """The length of an interval as engines write it; a month has 30 days, a year 365.25."""
    if iso := _ISO.fullmatch(text):
        pairs = zip(iso.groups(), _ISO_SECONDS, strict=True)
        return sum(float(count) * each for count, each in pairs if count)
    clock = _CLOCK.search(text)
    rest = text[: clock.start()] if clock else text
    parts = _PART.findall(rest)
    if _PART.sub("", rest).strip():
        raise ValueError("an interval in a form that is not known here")
    days = sum(int(count) * _DAYS[unit] for count, unit in parts)
    return days * 86_400 + (_of_clock(*clock.groups()) if clock else 0)


def _length(found: Any) -> float:
    """A default has an interval's seconds as a number."""
    return seconds(found) if isinstance(found, str) else float(found)


def _of_clock(sign: str, hours: str, minutes: str, rest: str) -> float:
    length = int(hours) * 3_600 + int(minutes) * 60 + float(rest)
    return -length if sign == "-" else length


def _unpadded(found: Any) -> Any:
    return found.rstrip(" ") if isinstance(found, str) else found


_LEAVES: Mapping[Family, Read] = {
    Family.INSTANT: moment,
    Family.DATE: date.fromisoformat,
    Family.DURATION: _length,
    Family.SINGLE: _single,
    Family.DOUBLE: _real,
    Family.DECIMAL: _decimal,
}
_PADDED = frozenset(("CHAR", "NCHAR", "BPCHAR"))
_FINER = re.compile(r"\.\d{6}\d*[1-9]")
_PART = re.compile(r"([-+]?\d+) (year|month|mon|day)s?")
_DAYS = {"year": 365.25, "mon": 30, "month": 30, "day": 1}
_ISO = re.compile(
    r"P(?=.)(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?"
    r"(?:T(?=.)(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?"
)
"""As BigQuery writes one in JSON, each part with a sign of its own."""
_ISO_SECONDS = (365.25 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1)
_CLOCK = re.compile(r"([-+]?)(\d+):(\d\d):(\d\d(?:\.\d+)?)$")
