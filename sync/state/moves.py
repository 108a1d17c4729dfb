"""The state of a sync under another name, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from sync.model import Sync
from sync.state import ddl
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.gone import ROWS
from sync.state.syncs import Remembered
from sync.state.written import first_name, written
from sync.warehouse import sql as e

LOGS = ("deliveries", "checks", "checked_fields", "entries", "held_plans")


def move(state: Catalogue, old: Remembered, new: Sync) -> None:
    """Give all that is recorded of `old` to `new`, which has nothing worth keeping.

    The leases stay: each name keeps its epoch, and the caller's lease on `new` is above both.
    """
    before, after = state.tables.of(old.sync), state.tables.of(new.name)
    was = e.equals(e.col("sync"), e.text(old.sync))
    name = {"sync": e.text(new.name)}
    named = {**name, "model": e.text(new.model), "destination": e.text(new.connection)}
    with state.session.transaction():
        _clear(state, after)
        state.run(ddl.rename_table(before.snapshot, after.snapshot.name))
        for relation in (before.plan, before.acks):
            state.run(e.drop_table(relation))
        for table in ("targets", "dead_letters", "waiting", "held_rows", "notices", *LOGS):
            state.run(e.update(state.tables[table], name, was.copy()))
        state.run(e.update(state.tables["run_syncs"], named, was.copy()))
        called = replace(new, first_name=first_name(old.mapping) or old.sync)
        mapping = {"mapping": e.text(written(called))}
        state.run(e.update(state.tables["syncs"], {**named, **mapping}, was.copy()))
        nobody = {column: e.null("varchar") for column in ("installation", "project", "target")}
        state.run(e.update(state.tables["leases"], nobody, was.copy()))


def _clear(state: Catalogue, tables: t.StateTables) -> None:
    """The new name's empty tables and rows go first."""
    for relation in tables.own:
        state.run(e.drop_table(relation))
    for name in ROWS:
        state.run(e.delete(state.tables[name], e.equals(e.col("sync"), e.text(tables.sync))))
