"""Fullstory's words for types, from the warehouse's. Without them every number would be a real."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sync.destinations.kit import JSON, MOMENTS, Family, wire

_DECLARED: Mapping[Family, str] = {
    Family.BOOLEAN: "bool",
    Family.INTEGER: "int",
    **dict.fromkeys((Family.SINGLE, Family.DOUBLE, Family.DECIMAL, Family.DURATION), "real"),
    **dict.fromkeys((Family.TEXT, Family.TIME), "str"),
    **dict.fromkeys(MOMENTS, "date"),
}
_SHOWN: Mapping[type, str] = {
    bool: "bool",
    int: "int",
    float: "real",
    Decimal: "real",
    datetime: "date",
    date: "date",
    type(None): "",
}
_UNQUOTED = frozenset({"bool", "int", "real", "bools", "ints", "reals"})


def type_word(data_type: str, value: Any) -> str:
    """The word for a property: as declared, else as this value shows it; empty for a bare null."""
    return _declared(data_type) or _shown(value)


@lru_cache(maxsize=4096)
def _declared(data_type: str) -> str:
    if not data_type:
        return ""
    of = wire(data_type)
    if of.shape != "list":
        return _DECLARED.get(of.family, "")
    inside = _DECLARED.get(of.item.family, "") if of.item else ""
    return f"{inside}s" if inside else ""


def _shown(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return _SHOWN.get(type(value), "str")
    words = {_shown(one) for one in value}
    if words == {"int", "real"}:
        return "reals"
    return f"{words.pop()}s" if len(words) == 1 else "strs"


def nothing(data_type: str) -> JSON:
    """The value that stands for nothing; numbers, booleans and dates have none but JSON null."""
    of = wire(data_type)
    if of.shape == "list":
        return []
    return "" if data_type and of.family in (Family.TEXT, Family.TIME) else None


def must_fit(name: str, json: JSON, word: str) -> None:
    """ValueError, which names the trait, when Fullstory can't hold a value under this type.

    Numbers that JSON can't carry exactly are text by then, which would be a second type.
    """
    for one in json if type(json) is list else (json,):
        if one is None or isinstance(one, list | dict):
            text = f"trait {name} holds something else than plain values and lists of them"
            raise ValueError(text)
        if word in _UNQUOTED and isinstance(one, str):
            text = (
                f"trait {name} does not fit the type {word}; cast the column to text in the model"
            )
            raise ValueError(text)
