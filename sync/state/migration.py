"""State that an older version wrote, brought to today's format: things are added, none is lost.

No transaction is needed: each statement may be repeated, and the format is raised by the last one.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlglot import exp

from sync.state import schema as t
from sync.warehouse import sql as e

if TYPE_CHECKING:
    from sync.state.catalogue import Catalogue


def migrate(state: Catalogue, version: int) -> None:
    """Add the tables and columns that formats after `version` have brought."""
    for name in t.SHARED:
        _complete(state, name)
    unnamed = e.is_null(e.col("installation_id"))
    state.run(_update(state, "installation_id", e.text(new_id()), unnamed))
    older = e.equals(e.col("format_version"), e.number(version))
    state.run(_update(state, "format_version", e.number(t.FORMAT_VERSION), older))


def new_id() -> str:
    """A name for a state schema that no other has."""
    return secrets.token_hex(8)


def _complete(state: Catalogue, name: str) -> None:
    relation, columns = state.tables[name], t.SHARED[name]
    present = state.session.columns(relation)
    if present is None:
        state.run(t.create(relation, columns, state.dialect, t.UNIQUE.get(name)))
        return
    there = {column for column, _ in present}
    for column in columns:
        if column not in there:
            state.run(t.add_column(relation, column, columns[column], state.dialect))


def _update(state: Catalogue, name: str, value: exp.Expr, where: exp.Expr) -> exp.Update:
    return exp.Update(
        this=e.table(state.tables["installation"]),
        expressions=[e.equals(e.col(name), value)],
        where=exp.Where(this=where),
    )
