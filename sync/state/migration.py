"""State that an older version wrote, brought to today's format: things are added, none is lost.

No transaction is needed: each statement may be repeated, and the format is raised by the last one.
"""

from __future__ import annotations

import secrets

from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e


def migrate(state: Catalogue, version: int) -> None:
    """Add the tables and columns that formats after `version` have brought."""
    for name in t.SHARED:
        _complete(state, name)
    installation = state.tables["installation"]
    named = {"installation_id": e.text(new_id())}
    state.run(e.update(installation, named, e.is_null(e.col("installation_id"))))
    older = e.equals(e.col("format_version"), e.number(version))
    raised = {"format_version": e.number(t.FORMAT_VERSION)}
    state.run(e.update(installation, raised, older))


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
