"""State that an older version wrote, brought to today's format: things are added, none is lost.

No transaction is needed: each statement may be repeated, and the format is raised by the last one.
"""

from __future__ import annotations

import secrets

from sqlglot import exp

from sync.state import ddl
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.older import RENAMED
from sync.warehouse import sql as e


def migrate(state: Catalogue, version: int) -> None:
    """Add the tables and columns that formats after `version` have brought."""
    for name in t.SHARED:
        complete(state, name)
    installation = state.tables["installation"]
    named = {"installation_id": e.text(new_id())}
    state.run(e.update(installation, named, e.is_null(e.col("installation_id"))))
    for (sync,) in state.ask(exp.select(e.col("sync")).from_(e.table(state.tables["syncs"]))):
        _bring(state, state.tables.of(str(sync)))
    older = e.equals(e.col("format_version"), e.number(version))
    raised = {"format_version": e.number(t.FORMAT_VERSION)}
    state.run(e.update(installation, raised, older))


def _bring(state: Catalogue, tables: t.StateTables) -> None:
    """The tables of one sync: columns get the names and the company that they have today."""
    own = ((tables.snapshot, t.SNAPSHOT), (tables.plan, t.PLAN), (tables.acks, t.ACKS))
    for relation, types in own:
        present = state.session.columns(relation)
        if present is None:
            continue
        there = {column for column, _ in present}
        for old, name in RENAMED.items():
            if old in there and name in types and name not in there:
                state.run(ddl.rename_column(relation, old, name, types[name], state.dialect))
                there = there - {old} | {name}
        for name, data_type in types.items():
            if name not in there:
                state.run(ddl.add_column(relation, name, data_type, state.dialect))
    _name_leftover(state, tables)


def _name_leftover(state: Catalogue, tables: t.StateTables) -> None:
    """A plan that an older version left unsettled is committed, and says so."""
    if state.session.columns(tables.plan) is None:
        return
    newest = exp.select(exp.Max(this=e.col("epoch"))).from_(e.table(tables.plan))
    (epoch,) = state.ask(newest)[0]
    if epoch is not None:
        is_self = e.equals(e.col("sync"), e.text(tables.sync))
        is_unknown = e.is_null(e.col("planned_epoch"))
        sets = {"planned_epoch": e.number(int(epoch))}
        state.run(e.update(tables["syncs"], sets, e.all_of(is_self, is_unknown)))


def new_id() -> str:
    """A name for a state schema that no other has."""
    return secrets.token_hex(8)


def complete(state: Catalogue, name: str) -> None:
    """Create a shared table, or add the columns that it lacks."""
    relation, columns = state.tables[name], t.SHARED[name]
    present = state.session.columns(relation)
    if present is None:
        state.run(ddl.create(relation, columns, state.dialect, state.key_of(name)))
        return
    there = {column for column, _ in present}
    for column in columns:
        if column not in there:
            state.run(ddl.add_column(relation, column, columns[column], state.dialect))
