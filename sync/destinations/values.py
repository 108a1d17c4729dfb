"""How a value from a warehouse becomes JSON: one rule per Python type, chosen per destination.

| Python type | becomes |
|---|---|
| None, bool | themselves |
| str | itself; refused with a NUL or a lone surrogate |
| int | a number up to 2**53 either way, beyond that its decimal text |
| float | a number, -0.0 as 0.0; NaN and infinities as null |
| Decimal | a number when 15 significant digits hold it, else its plain text; NaN as null |
| datetime, date | `Values.instant`; without a zone it is UTC, a date is its midnight in UTC |
| time | ISO 8601 text |
| timedelta | seconds, a number |
| UUID | its canonical text |
| list, tuple, dict | the same rules inside, 16 levels deep at most; keys must be text |
| anything else, bytes included | refused |

A refusal is a ValueError that names the trait and never shows the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

import orjson

from sync.destinations.spec import JSON

MAX_EXACT_INTEGER = 2**53  # receivers in JavaScript and most JSON parsers hold no larger one
MAX_DEPTH = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NAIVE_EPOCH = datetime(1970, 1, 1)


def utc(value: date | datetime) -> datetime:
    """The instant in UTC: without a zone it is taken as UTC, a date as its midnight."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def unix_seconds(value: date | datetime) -> int:
    """Whole seconds since 1970, rounded down, by integer arithmetic."""
    if not isinstance(value, datetime):
        return (value.toordinal() - _EPOCH_DAY) * 86_400
    since = value - (_NAIVE_EPOCH if value.tzinfo is None else _EPOCH)
    return since.days * 86_400 + since.seconds


def unix_milliseconds(value: date | datetime) -> int:
    """Whole milliseconds since 1970, rounded down, by integer arithmetic."""
    return (utc(value) - _EPOCH) // timedelta(milliseconds=1)


def iso_8601(value: date | datetime) -> str:
    """UTC with a `Z`, microseconds only when there are any; a date stays a date."""
    if not isinstance(value, datetime):
        return value.isoformat()
    return utc(value).isoformat().removesuffix("+00:00") + "Z"


@dataclass(frozen=True, slots=True)
class Values:
    """The rules above with a destination's choices; `of` turns traits into JSON values.

    `instant` writes dates and timestamps. `max_bytes` bounds each value as encoded: the UTF-8 of
    a text without its quotes, of everything else its JSON.
    """

    instant: Callable[[date | datetime], JSON] = iso_8601
    max_bytes: int | None = None
    _rules: Mapping[type, Callable[[Any, int], JSON]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rules: dict[type, Callable[[Any, int], JSON]] = {
            type(None): _itself,
            bool: _itself,
            str: _text,
            int: _integer,
            float: _float,
            Decimal: _decimal,
            datetime: self._instant,
            date: self._instant,
            time: lambda value, _: value.isoformat(),
            timedelta: _seconds,
            UUID: lambda value, _: str(value),
            list: self._sequence,
            tuple: self._sequence,
            dict: self._mapping,
        }
        object.__setattr__(self, "_rules", rules)

    def of(self, traits: Mapping[str, Any]) -> dict[str, JSON]:
        """Every trait as a JSON value, in the order given; raises ValueError naming the trait.

        Nearly all values are JSON as they are: those are only looked at, the others replaced.
        """
        # A character has at most 4 bytes: shorter texts need not be measured.
        short = MAX_EXACT_INTEGER if self.max_bytes is None else self.max_bytes // 4
        expressed: dict[str, JSON] = dict(traits)
        for name in _not_yet_json(traits, short):
            expressed[name] = self._expressed(name, traits[name])
        return expressed

    def _expressed(self, name: str, value: Any) -> JSON:
        try:
            json = self._rules.get(type(value), _refuse)(value, 0)
            if self.max_bytes is not None and type(json) in _UNBOUNDED:
                _measure(json, self.max_bytes)
        except UnicodeEncodeError:
            raise ValueError(f"trait {name} holds a lone surrogate") from None
        except (ValueError, OverflowError) as e:
            raise ValueError(f"trait {name} {e}") from None
        return json

    def _one(self, value: Any, depth: int) -> JSON:
        if depth > MAX_DEPTH:
            raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
        return self._rules.get(type(value), _refuse)(value, depth)

    def _instant(self, value: Any, _: int) -> JSON:
        return self.instant(value)

    def _sequence(self, value: Any, depth: int) -> JSON:
        return [self._one(one, depth + 1) for one in value]

    def _mapping(self, value: Any, depth: int) -> JSON:
        if not all(type(key) is str for key in value):
            raise ValueError("is a map with keys that are not text")
        return {_text(key, depth): self._one(one, depth + 1) for key, one in value.items()}


_UNBOUNDED = frozenset({str, list, dict})
"""JSON that can be long; a number never is."""


def _not_yet_json(traits: Mapping[str, Any], short: int) -> list[str]:
    """The traits whose rule is more than a look; one loop, because it sees every value sent."""
    found = []
    for name, value in traits.items():
        kind = type(value)
        if kind is str:
            if len(value) <= short and "\0" not in value:
                continue
        elif kind is int:
            if -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
                continue
        elif kind is float:
            if value - value == 0.0 != value:  # finite, and no zero, which has a sign
                continue
        elif value is None or kind is bool:
            continue
        found.append(name)
    return found


def _itself(value: Any, _: int) -> JSON:
    return value


def _text(value: str, _: int) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


def _integer(value: int, _: int) -> int | str:
    if -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
        return value
    try:
        return str(value)
    except ValueError:
        raise ValueError("is an integer of more digits than Python writes") from None


def _float(value: float, _: int) -> float | None:
    return value + 0.0 if isfinite(value) else None


def _decimal(value: Decimal, _: int) -> JSON:
    if not value.is_finite():
        return None
    magnitude = value.adjusted()
    if magnitude < 15 and value == (whole := int(value)):
        return whole
    # A double keeps 15 digits, and its shortest form shows the very same ones.
    text = format(value, "f")
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    digits = plain.lstrip("-0.").replace(".", "")
    return float(value) if abs(magnitude) < 300 and len(digits) <= 15 else plain


def _seconds(value: timedelta, _: int) -> int | float:
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _refuse(value: Any, _: int) -> JSON:
    raise ValueError(f"has a type without a JSON form here: {type(value).__name__}")


def _measure(json: JSON, limit: int) -> None:
    size = len(json.encode()) if isinstance(json, str) else len(orjson.dumps(json))
    if size > limit:
        raise ValueError(f"takes {size} bytes, the limit is {limit}")
