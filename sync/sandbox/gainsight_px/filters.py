"""Filters of list calls: conditions joined by semicolons, nested fields with dots."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from sync.sandbox.gainsight_px.answers import Refused

_CONDITION = re.compile(r"([A-Za-z][\w.]*)(==|!=|<=|>=|!~|<|>|~)(.*)", re.DOTALL)
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(record: Mapping[str, Any], wanted: Sequence[str]) -> bool:
    """Whether any of the filters holds; without filters everything does."""
    return not wanted or any(_all_hold(record, one) for one in wanted)


def _all_hold(record: Mapping[str, Any], text: str) -> bool:
    return all(_holds(record, condition) for condition in text.split(";"))


def _holds(record: Mapping[str, Any], condition: str) -> bool:
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise Refused(400, "Invalid filter")
    field, operation, wanted = found.groups()
    value: Any = record
    for step in field.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if operation in _ORDER:
        return _compare(_ORDER[operation], value, wanted)
    text = ("" if value is None else str(value)).casefold()  # filters ignore case, paths don't
    if operation in ("~", "!~"):
        return (re.match(translate(wanted.casefold()), text) is not None) == (operation == "~")
    return (text == wanted.casefold()) == (operation == "==")


def _compare(operation: Callable[[Any, Any], bool], value: Any, wanted: str) -> bool:
    try:
        return operation(float(value), float(wanted))
    except (TypeError, ValueError):
        return False
