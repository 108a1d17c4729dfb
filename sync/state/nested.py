"""Nested values as JSON text, with the JSON inside them as it is written.

DuckDB writes a value in one call, but rounds the numbers of JSON inside to doubles on the way. A
type that holds JSON is therefore written piece by piece.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlglot import exp

from sync.data_types import TUPLE, Wire
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

Write = Callable[[exp.Expr, Wire], exp.Expr]


def json_text(raw: exp.Expr, of: Wire, dialect: str) -> exp.Expr:
    """The JSON text of a value of a nested type, null for a null."""
    if of.name == "JSON" and (not dialect or facts(dialect).casts_json):
        return e.as_text(raw)
    rounds = bool(dialect) and facts(dialect).json == "variant"
    if rounds and any(x.name == "JSON" for x in of.all()):
        return _WRITERS[of.shape](raw, of)
    return e.as_text(_call("to_json", raw))


def _inside(raw: exp.Expr, of: Wire) -> exp.Expr:
    return e.coalesce(json_text(raw, of, "duckdb"), e.text("null"))


def _list(raw: exp.Expr, of: Wire) -> exp.Expr:
    return _between("[", _each(raw, lambda item: _inside(item, of.parts[0][1])), "]")


def _map(raw: exp.Expr, of: Wire) -> exp.Expr:
    def entry(found: exp.Expr) -> exp.Expr:
        key = e.as_text(_call("to_json", e.as_text(_field(found, "key"))))
        return e.concat([key, e.text(":"), _inside(_field(found, "value"), of.parts[0][1])])

    return _between("{", _each(_call("map_entries", raw), entry), "}")


def _fields(raw: exp.Expr, of: Wire) -> exp.Expr:
    if of.name == "UNION":
        return _union(raw, of)
    is_tuple = of.name == TUPLE
    written = [
        e.concat([e.text("" if is_tuple else f"{json.dumps(name)}:"), _inside(value, part)])
        for place, (name, part) in enumerate(of.parts, start=1)
        for value in [_field(raw.copy(), place if is_tuple else name)]
    ]
    separated: list[exp.Expr] = [x for one in written for x in (e.text(","), one)][1:]
    opening, closing = ("[", "]") if is_tuple else ("{", "}")
    whole = _between(opening, e.concat(separated), closing)
    return e.case((e.is_null(raw.copy()), exp.Null()), default=whole)


def _union(raw: exp.Expr, of: Wire) -> exp.Expr:
    """An object of the one member that is there."""
    cases = []
    for name, part in of.parts:
        is_it = e.equals(e.as_text(_call("union_tag", raw.copy())), e.text(name))
        value = _inside(_call("union_extract", raw.copy(), e.text(name)), part)
        cases.append((is_it, _between("{", e.concat([e.text(f"{json.dumps(name)}:"), value]), "}")))
    return e.case(*cases, default=exp.Null())


_WRITERS: dict[str, Write] = {"list": _list, "map": _map, "fields": _fields}


def _each(items: exp.Expr, write: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """What is written of each item, with commas between."""
    body = write(exp.column("item"))
    by = exp.Lambda(this=body, expressions=[exp.to_identifier("item")])
    return _call("array_to_string", _call("list_transform", items, by), e.text(","))


def _between(opening: str, middle: exp.Expr, closing: str) -> exp.Expr:
    return e.concat([e.text(opening), middle, e.text(closing)])


def _field(of: exp.Expr, name: str | int) -> exp.Expr:
    key = e.number(name) if isinstance(name, int) else e.text(name)
    return _call("struct_extract", of, key)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
