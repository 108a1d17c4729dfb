"""Filters of list calls: conditions joined by semicolons, nested fields with dots."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from activation_sandbox.gainsight_px.answers import Refused

_CONDITION = re.compile(r"([A-Za-z][\w.]*)(==|!=|<=|>=|!~|<|>|~)(.*)", re.DOTALL)
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


Test = Callable[[Mapping[str, Any]], bool]


def matcher(wanted: Sequence[str]) -> Test:
    """Tests whether any of the filters holds for a record; without filters everything does."""
    filters = [[_condition(one) for one in text.split(";")] for text in wanted]
    if not filters:
        return lambda record: True
    return lambda record: any(all(test(record) for test in tests) for tests in filters)


def folded_ids(field: str, wanted: Sequence[str]) -> frozenset[str] | None:
    """The ids that filters name when each asks for one of them; spares looking at everybody."""
    found = [_CONDITION.fullmatch(text) for text in wanted]
    if not found or any(f is None or f[1] != field or f[2] != "==" or ";" in f[3] for f in found):
        return None
    return frozenset(f[3].casefold() for f in found if f)


def _condition(text: str) -> Test:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Refused(400, "Invalid filter")
    field, operation, wanted = found.groups()
    steps, folded = field.split("."), wanted.casefold()  # filters ignore case, paths don't
    if operation in _ORDER:
        return lambda record: _compare(_ORDER[operation], _value(record, steps), wanted)
    if operation in ("==", "!="):
        return lambda record: (_text(record, steps) == folded) == (operation == "==")
    pattern = re.compile(translate(folded))
    return lambda record: (pattern.match(_text(record, steps)) is not None) == (operation == "~")


def _value(record: Mapping[str, Any], steps: Sequence[str]) -> Any:
    value: Any = record
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _text(record: Mapping[str, Any], steps: Sequence[str]) -> str:
    value = _value(record, steps)
    return "" if value is None else str(value).casefold()


def _compare(operation: Callable[[Any, Any], bool], value: Any, wanted: str) -> bool:
    try:
        return operation(float(value), float(wanted))
    except (TypeError, ValueError):
        return False
