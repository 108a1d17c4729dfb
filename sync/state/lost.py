"""State of which a part is gone: a table that was dropped is no first run."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlglot import exp

from sync.errors import Problem, StateError
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e


def refused(state: Catalogue, shared: Iterable[str]) -> StateError:
    """The error for shared tables that are gone; it names those of syncs too."""
    return StateError(_problem(state.tables.schema, [*shared, *_every_own(state)]))


def refuse_own(state: Catalogue) -> None:
    """Raise StateError, naming all that is gone, when a table of the catalogue's sync is."""
    if state.tables.sync and state.tables.sync in own_of_each(state):
        raise refused(state, ())


def shared_of(state: Catalogue, there: Collection[str], version: int | None) -> list[str]:
    """The shared tables that are gone; none before the first run."""
    if version is None and not _has_remains(state, there):
        return []
    known = t.FORMAT_VERSION if version is None else version
    gone = [name for name in t.SHARED if t.since(name) <= known and name not in there]
    return gone if version is not None or "installation" in gone else ["installation", *gone]


def own_of_each(state: Catalogue) -> dict[str, list[str]]:
    """By sync that has run, those of its own tables that are gone, and held something.

    Plan and outcomes are empty once their run is settled: then the next run makes them again.
    Tables are listed after the records that say they were there: another run may create them now.
    """
    if "syncs" not in state.present():
        return {}
    names = ("sync", "planned_epoch", "settled_epoch")
    rows = state.ask(exp.select(*map(e.col, names)).from_(e.table(state.tables["syncs"])))
    state.look_again()
    there = state.present()
    gone = {
        str(sync): _gone(state.tables.of(str(sync)), there, (planned or 0) <= (settled or 0))
        for sync, planned, settled in rows
    }
    return {sync: names for sync, names in gone.items() if names}


def _every_own(state: Catalogue) -> list[str]:
    return [name for names in own_of_each(state).values() for name in names]


def _has_remains(state: Catalogue, there: Collection[str]) -> bool:
    """Something was written once. A first run that died has left empty tables at most."""
    if any(name.startswith(t.OWN) for name in there):
        return True
    shared = [name for name in t.SHARED if name in there and name != "installation"]
    return any(_has_rows(state, name) for name in shared)


def _has_rows(state: Catalogue, name: str) -> bool:
    query = exp.select(e.number(1)).from_(e.table(state.tables[name])).limit(1)
    return bool(state.ask(query))


def _gone(tables: t.StateTables, there: Collection[str], is_settled: bool) -> list[str]:
    needed = (tables.snapshot,) if is_settled else tables.own
    return [relation.name for relation in needed if relation.name not in there]


def _problem(schema: str, gone: Iterable[str]) -> Problem:
    names = list(gone)
    are = "table of the state is" if len(names) == 1 else "tables of the state are"
    return Problem(
        "state-lost",
        f"{len(names)} {are} gone from {schema}: {', '.join(names)}",
        hint="The rest of the state says that they were there. What the destinations hold is not"
        " known without them. Nothing was sent.",
        fix="restore them from a backup, or, when they are gone for good, run:"
        " python -m sync state recreate",
    )
