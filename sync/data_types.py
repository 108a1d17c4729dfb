"""Warehouses' names for data types, sorted into the few families that anybody asks about."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Family = Literal[
    "boolean",
    "integer",
    "float",
    "decimal",
    "text",
    "instant",
    "time",
    "list",
    "nested",
    "other",
]

_FAMILIES: tuple[tuple[Family, re.Pattern[str]], ...] = (
    ("boolean", re.compile(r"bool(ean)?")),
    ("integer", re.compile(r"u?(tiny|small|medium|big|huge|byte)?int(eger)?\d*|long|short|byte")),
    ("float", re.compile(r"(float|double|real|half)\d*( precision)?")),
    ("decimal", re.compile(r"(big)?(numeric|decimal|number|dec)")),
    (
        "text",
        re.compile(
            r"n?(var)?char(acter)?( varying)?\d*|(fixed)?string|(tiny|medium|long|ci)?text"
            r"|bpchar|uuid|enum"
        ),
    ),
    ("instant", re.compile(r"date(time)?(offset)?\d*|timestamp.*")),
    ("time", re.compile(r"time(tz)?( with(out)? time zone)?|interval.*")),
)
_LIST = re.compile(r"(?:(?:array|list)[<(](?P<inside>.+)[>)]|(?P<before>.+)\[\d*\])|array|list")
_NESTED = re.compile(r"(.*[^a-z])?(struct|map|row|record|object)([^a-z].*)?")
_WRAPPED = re.compile(r"(?:nullable|lowcardinality)\((.+)\)")
_WHOLE = re.compile(r"(big)?(numeric|decimal|number|dec)\(\d+, ?0\)")


@lru_cache(maxsize=4096)
def family(data_type: str) -> Family:
    """The family of a declared type. A list of structures is `nested`, the unknown `other`."""
    text = _plain(data_type)
    if _NESTED.fullmatch(text):
        return "nested"
    if _LIST.fullmatch(text):
        return "list"
    if _WHOLE.fullmatch(text):
        return "integer"
    bare = re.sub(r"\([^()]*\)", "", text).strip()
    return next((name for name, form in _FAMILIES if form.fullmatch(bare)), "other")


@lru_cache(maxsize=4096)
def item_type(data_type: str) -> str:
    """What the items of a list are declared as; empty where the declaration does not say."""
    found = _LIST.fullmatch(_plain(data_type))
    return (found["inside"] or found["before"] or "") if found else ""


@lru_cache(maxsize=4096)
def bare(data_type: str) -> str:
    """A type's name without its arguments: `timestamp(3) with time zone` has none and keeps its
    zone, `enum('a', 'b')` is `enum`, `struct(a int[])[]` is `struct[]`."""
    text = _QUOTED.sub("", data_type.casefold())
    while (inner := _ARGUMENTS.sub("", text)) != text:
        text = inner
    return re.sub(r"\s+", " ", text).strip()


_QUOTED = re.compile(r"'(?:[^']|'')*'")
_ARGUMENTS = re.compile(r"\([^()]*\)|<[^<>]*>")
_STRUCTURES = frozenset(
    ("array", "json", "jsonb", "list", "map", "object", "struct", "super", "union", "variant")
)


def is_nested(data_type: str) -> bool:
    """Lists, structs, maps and JSON, in every engine's word for them."""
    name = bare(data_type)
    return name.endswith("]") or name in _STRUCTURES


def is_span(data_type: str) -> bool:
    """Intervals, which are sent as their seconds."""
    return re.fullmatch(r"interval( [a-z]+)*", bare(data_type)) is not None


def _plain(data_type: str) -> str:
    text = re.sub(r"\s+", " ", data_type.casefold()).strip()
    while wrapped := _WRAPPED.fullmatch(text):
        text = wrapped[1]
    return text
