"""Syncs that the state knows and the project has no more: their members, and their last traces."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from sync.state import queries, syncs, whose
from sync.state.catalogue import Catalogue
from sync.state.syncs import Remembered
from sync.warehouse import sql as e

ROWS = ("targets", "dead_letters", "waiting", "held_rows", "notices", "syncs")
"""Tables whose rows go with the sync. Its logs stay, and its lease, for the epoch in it."""


def unknown_to(state: Catalogue, present: Collection[str]) -> list[Remembered]:
    """Recorded syncs of this project and target that are not among `present`, by name."""
    if not state.is_installed():
        return []
    known = syncs.of_owner(state, whose.ours(state))
    return [found for found in known if found.sync not in present]


def count_members(state: Catalogue, sync: str) -> tuple[int, int]:
    """How many members a sync holds, and how many are not confirmed; 0 where the table is gone."""
    tables = state.tables.of(sync)
    if state.session.columns(tables.snapshot) is None:
        return 0, 0
    members, unconfirmed, _ = state.ask(queries.count_snapshot(tables))[0]
    return int(members), int(unconfirmed)


def forget(state: Catalogue) -> None:
    """Everything recorded of the catalogue's sync, but for logs and epoch. Repeatable."""
    is_ours = e.equals(e.col("sync"), e.text(state.tables.sync))
    nobody = {name: e.null("varchar") for name in ("installation", "project", "target")}
    with state.session.transaction():
        syncs.leave_word(state)
        for name in ROWS:
            state.run(e.delete(state.tables[name], is_ours.copy()))
        for relation in state.tables.own:
            state.run(e.drop_table(relation))
        state.run(e.update(state.tables["leases"], nobody, is_ours.copy()))


def has_state(state: Catalogue) -> bool:
    """Whether the catalogue's sync ever held anybody, or has a run to settle."""
    known = syncs.remembered(state)
    if known is None:
        return False
    there = state.session.columns(state.tables.snapshot) is not None
    rows = exp.select(e.number(1)).from_(e.table(state.tables.snapshot)).limit(1)
    return not known.is_settled or (there and bool(state.ask(rows)))
