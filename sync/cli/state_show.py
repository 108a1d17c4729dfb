"""`state show`: tables with their rows, and what is recorded of each sync."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sync.cli.command import JSON, PROJECT, SELECTION, STATE, command
from sync.cli.completing import offer_syncs
from sync.cli.session import Session
from sync.model import Sync
from sync.report import jsonl, words

if TYPE_CHECKING:
    from sync.run.access import StateAccess
    from sync.state.catalogue import Catalogue
    from sync.state.reading import Standing
    from sync.state.syncs import Remembered

Tables = Sequence[tuple[str, int | None]]
"""Names with their rows; None where a table is not there."""


class Shown(NamedTuple):
    """One sync. Nothing is recorded of one that never ran, and while shared tables are gone."""

    sync: Sync
    standing: Standing
    known: Remembered | None
    owners: Sequence[str]
    tables: Tables
    gone: Sequence[str]


@command(SELECTION, PROJECT, STATE)
@click.argument("names", nargs=-1, metavar="[SYNC]...", shell_complete=offer_syncs)
@JSON
def show(session: Session, names: tuple[str, ...]) -> int:
    """Tables with their rows, and what is recorded of each sync. Names tables that are gone."""
    from sync.state import lost, reading

    project = session.load_sound(names)
    access = session.access(project)
    with access.opened() as state:
        there, version = state.present(), state.format_version()
        gone = lost.shared_of(state, there, version)
        shared = reading.table_rows(state)
        readable = 0 if gone or version is None else version
        syncs = [_look(access, state, sync, readable) for sync in project.syncs]
    if session.is_machine:
        found = [_machine(one) for one in syncs]
        session.answer("state", schema=access.schema, tables=dict(shared), gone=gone, syncs=found)
        return 0
    where = "" if there else ", not created yet"
    session.say(f"Schema {access.schema}{where}", *_tables(shared, gone), "")
    for one in syncs:
        sync = one.sync
        full = "" if sync.full_name == sync.name else f"  ({sync.full_name})"
        session.say(session.terminal.paint_out(sync.name, "bold") + full)
        session.say(*_facts(one), *_tables(one.tables, one.gone), "")
    return 0


def _look(access: StateAccess, state: Catalogue, sync: Sync, version: int) -> Shown:
    """One sync in state of the format `version`; 0 stands for state that can't be read."""
    from sync.state import lost, reading, syncs, whose

    state.tables = access.tables(sync.name)
    tables = reading.table_rows(state)
    if not version:
        return Shown(sync, reading.Standing(), None, (), tables, ())
    owners = whose.recorded(state) if version >= whose.SINCE else []
    return Shown(
        sync,
        standing=reading.standing(state),
        known=syncs.remembered(state),
        owners=list(dict.fromkeys(map(str, owners))),
        tables=tables,
        gone=lost.own_of_each(state).get(sync.name, ()),
    )


def _tables(tables: Tables, gone: Sequence[str]) -> list[str]:
    return [f"  {name:<50} {_rows(rows, name in gone)}" for name, rows in tables]


def _rows(rows: int | None, is_gone: bool) -> str:
    if is_gone:
        return "gone"
    return "-" if rows is None else words.plural(rows, "row")


def _facts(one: Shown) -> list[str]:
    standing, facts, known = one.standing, one.standing.facts, one.known
    if facts is None or known is None:
        return ["  nothing recorded"]
    named = [
        c.trait.name + (" (dropped)" if c.is_dropped else "")
        for c in known.columns
        if not c.is_superseded
    ]
    lease = standing.lease
    held = "released" if lease is None or lease.is_released else f"held by {lease.owner}"
    shown = {
        "belongs to": "; ".join(one.owners) or "-",
        "identity": facts.identity
        + (f", sent as {facts.identify_by}" if facts.identify_by else ""),
        "account": facts.account or "-",
        "definition": f"version {facts.definition_version}, {facts.definition[:12]}",
        "traits": words.named(named, 30) or "-",
        "baselined": words.moment(facts.baselined_at),
        "completed": words.moment(facts.completed_at),
        "epoch": f"{lease.epoch if lease else facts.epoch}, lease {held}",
        "members": f"{words.count(standing.members)}, {words.count(standing.doubts)} in doubt",
    }
    if standing.unsettled:
        shown["unsettled"] = words.plural(standing.unsettled, "planned change")
    return [f"  {name + ':':<12} {text}" for name, text in shown.items()]


def _machine(one: Shown) -> dict[str, Any]:
    standing, known = one.standing, one.known
    facts, lease = standing.facts, standing.lease
    return {
        "sync": one.sync.name,
        "belongs_to": list(one.owners),
        "facts": jsonl.plain(facts._asdict()) if facts else None,
        "traits": [c.trait.name for c in known.columns if c.is_live] if known else [],
        "lease": jsonl.plain(lease._asdict()) if lease else None,
        "members": standing.members,
        "in_doubt": standing.doubts,
        "unsettled": standing.unsettled,
        "tables": dict(one.tables),
        "gone": list(one.gone),
    }
