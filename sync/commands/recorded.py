"""What the state records of each sync, and which of its tables are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sync.model import Sync

if TYPE_CHECKING:
    from sync.run.access import StateAccess
    from sync.state.catalogue import Catalogue
    from sync.state.reading import Standing
    from sync.state.syncs import Remembered

Tables = Sequence[tuple[str, int | None]]
"""Names with their rows; None where a table is not there."""


class Recorded(NamedTuple):
    """One sync. Nothing is recorded of one that never ran, and while shared tables are gone."""

    sync: Sync
    standing: Standing
    known: Remembered | None
    owners: Sequence[str]
    tables: Tables
    gone: Sequence[str]


class Records(NamedTuple):
    """A state schema: whether it is there, its shared tables, those that are gone, each sync."""

    schema: str
    is_there: bool
    tables: Tables
    gone: Sequence[str]
    syncs: Sequence[Recorded]


def find(access: StateAccess, syncs: Sequence[Sync]) -> Records:
    """Read it. Raises SyncError where the warehouse can't be read."""
    from sync.state import lost, reading

    with access.opened() as state:
        there, version = state.present(), state.format_version()
        gone = lost.shared_of(state, there, version)
        shared = reading.table_rows(state)
        readable = 0 if gone or version is None else version
        found = [_look(access, state, sync, readable) for sync in syncs]
    return Records(access.schema, bool(there), shared, gone, found)


def _look(access: StateAccess, state: Catalogue, sync: Sync, version: int) -> Recorded:
    """One sync in state of the format `version`; 0 stands for state that can't be read."""
    from sync.state import lost, reading, syncs, whose

    state.tables = access.tables(sync.name)
    tables = reading.table_rows(state)
    if not version:
        return Recorded(sync, reading.Standing(), None, (), tables, ())
    owners = whose.recorded(state) if version >= whose.SINCE else []
    return Recorded(
        sync,
        standing=reading.standing(state),
        known=syncs.remembered(state),
        owners=list(dict.fromkeys(map(str, owners))),
        tables=tables,
        gone=lost.own_of_each(state).get(sync.name, ()),
    )
