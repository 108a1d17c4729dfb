"""Fullstory's words for types, from the warehouse's. Without them every number would be a real."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sync.destinations.spec import JSON

_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("bool", re.compile(r"bool(ean)?")),
    ("int", re.compile(r"u?(tiny|small|medium|big|huge|byte)?int(eger)?\d*|long|short|byte")),
    ("int", re.compile(r"(big)?(numeric|decimal|number|dec)\(\d+, ?0\)")),
    ("real", re.compile(r"(float|double|real|half)\d*( precision)?")),
    ("real", re.compile(r"(big)?(numeric|decimal|number|dec)(\(.*\))?")),
    ("date", re.compile(r"date(time)?(offset)?\d*(\(\d\))?|timestamp.*")),
    ("str", re.compile(r".*(char|text|string|character|varying).*|uuid|time.*|interval.*|enum.*")),
)
_UNQUOTED = frozenset({"bool", "int", "real", "bools", "ints", "reals"})
_UNFIT = "trait {} does not fit the type {}; cast the column to text in the model"
_LIST = re.compile(r"(?:(?:array|list)[<(](?P<inside>.+)[>)]|(?P<before>.+)\[\d*\])")
_NESTED = re.compile(r"(.*[^a-z])?(struct|map|row|record|object)([^a-z].*)?")


@lru_cache(maxsize=4096)
def declared_word(data_type: str) -> str:
    """The word for a declared column; empty where the declaration does not say."""
    text = re.sub(r"\s+", " ", data_type.casefold()).strip()
    if is_nested(text):
        return ""
    if of_list := _LIST.fullmatch(text):
        inside = declared_word(of_list["inside"] or of_list["before"])
        return f"{inside}s" if inside and not inside.endswith("s") else ""
    return next((word for word, form in _WORDS if form.fullmatch(text)), "")


@lru_cache(maxsize=4096)
def is_nested(data_type: str) -> bool:
    """Whether a declared column holds objects, by themselves or in a list."""
    return _NESTED.fullmatch(data_type.casefold()) is not None


def type_word(data_type: str, value: Any) -> str:
    """The word for a property: as declared, else as this value shows it; empty for a bare null."""
    return declared_word(data_type) or _shown_word(value)


def _shown_word(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "bool"
        case int():
            return "int"
        case float() | Decimal():
            return "real"
        case datetime() | date():
            return "date"
        case list() | tuple():
            words = {_shown_word(one) for one in value}
            if words <= {"int", "real"} and words:
                return "reals" if "real" in words else "ints"
            return f"{words.pop()}s" if len(words) == 1 else "strs"
        case _:
            return "str"


def plain(name: str, json: JSON, word: str) -> JSON:
    """The value itself, when Fullstory can hold it under this type; ValueError names the trait.

    Numbers that JSON can't carry exactly are text by then, which would be a second type.
    """
    kind = type(json)
    if kind is not list and kind is not dict:  # most values, so they are not searched
        if kind is str and word in _UNQUOTED:
            raise ValueError(_UNFIT.format(name, word))
        return json
    items = json if kind is list else [json]
    if any(one is None or isinstance(one, list | dict) for one in items):
        raise ValueError(f"trait {name} holds something else than plain values and lists of them")
    if word in _UNQUOTED and any(isinstance(one, str) for one in items):
        raise ValueError(_UNFIT.format(name, word))
    return json
