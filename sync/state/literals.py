"""Rows that stand in a statement itself, in the types of an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlglot import exp

from sync.state.schema import built_type
from sync.warehouse import sql as e


def rows(values: Sequence[Mapping[str, Any]], types: Mapping[str, str], dialect: str) -> exp.Query:
    """A query of these rows, at least one; what a row lacks is null."""
    found = [_row(row, types, dialect) for row in values]
    return exp.union(*found, distinct=False, copy=False) if len(found) > 1 else found[0]


def _row(row: Mapping[str, Any], types: Mapping[str, str], dialect: str) -> exp.Select:
    read = [(name, _typed(row.get(name), kind, dialect)) for name, kind in types.items()]
    return exp.select(*e.aliased(read))


def _typed(value: Any, data_type: str, dialect: str) -> exp.Expr:
    """A value, cast from its text."""
    text = exp.Null() if value is None else e.text(_text(value))
    return exp.cast(text, built_type(data_type, dialect))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
