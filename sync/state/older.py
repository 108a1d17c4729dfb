"""Tables of an older format, read as today's; they stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.model import Relation
from sync.state import ddl
from sync.state import schema as t
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.state.catalogue import Catalogue

RENAMED = {"address": "external_id", "related": "related_id", "doubt": "unconfirmed"}
"""Columns of a sync's own tables, as formats before the third called them."""


def as_today(state: Catalogue, query: exp.Query) -> exp.Query:
    """A query of today's tables over those of an older format, which stay as they are."""
    made = query.copy()
    for table in list(made.find_all(exp.Table)):
        if table.db == state.tables.schema and (types := _types(table.name)) is not None:
            relation = Relation(state.tables.database, table.db, table.name)
            rows = _projected(state, relation, types)
            if rows is not None:
                table.replace(rows.subquery(e.ident(table.alias or table.name)))
    return made


def _types(name: str) -> Mapping[str, str] | None:
    """The columns that a table of the state has today, but for those of traits."""
    if name in t.SHARED:
        return t.SHARED[name]
    own = {"snapshot_": t.SNAPSHOT, "plan_": t.PLAN, "acks_": t.ACKS}
    return next((types for prefix, types in own.items() if name.startswith(prefix)), None)


def _projected(state: Catalogue, relation: Relation, types: Mapping[str, str]) -> exp.Select | None:
    """The table's rows with today's names; None where it has them."""
    there = [column for column, _ in state.session.columns(relation) or ()]
    if set(types) <= set(there):
        return None
    olds = {name: old for old, name in RENAMED.items() if old in there}
    carried: list[tuple[str, exp.Expr]] = []
    for name, data_type in types.items():
        old = name if name in there else olds.get(name)
        null = ddl.typed_null(data_type, state.dialect)
        carried.append((name, null if old is None else e.col(old)))
    carried += [(n, e.col(n)) for n in there if n not in types and n not in RENAMED]
    rows = exp.select(*e.aliased(carried))
    return rows.from_(e.table(relation)) if there else rows.where(exp.false())
