"""`state`: show or mend what is remembered of a sync."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import PROJECT, SELECTION, STATE, command
from sync.cli.session import Session
from sync.errors import ConfigError, Problem, SyncError
from sync.model import Sync
from sync.report import jsonl, words

if TYPE_CHECKING:
    from sync.run.access import StateAccess
    from sync.state.catalogue import Remembered
    from sync.state.reading import Standing

YES = click.option("--yes", "-y", "is_sure", is_flag=True, help="Don't ask.")
NAMES = click.argument("names", nargs=-1, metavar="[SYNC]...")


@click.group()
def state() -> None:
    """Show or mend what is remembered of a sync.

    Syncs are named as arguments or with --select.
    """


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(session: Session, names: tuple[str, ...], as_json: bool) -> int:
    """Tables with their rows, and what is recorded of each sync."""
    from sync.state import reading

    project = session.load_sound(names)
    access = session.access(project)
    told: list[tuple[Sync, Standing, Remembered | None, list[tuple[str, int | None]]]] = []
    with access.catalogue() as found:
        shared = reading.table_rows(found)
        is_there = reading.is_installed(found)
        for sync in project.syncs:
            found.tables = access.tables(sync.name)
            known = found.remembered() if is_there else None
            told.append((sync, reading.standing(found), known, reading.table_rows(found)))
    if as_json or session.is_json:
        syncs = [_machine(*one) for one in told]
        session.answer("state", schema=access.schema, tables=dict(shared), syncs=syncs)
        return 0
    where = "" if is_there else ", not created yet"
    session.say(f"Schema {access.schema}{where}", *_tables(shared), "")
    for sync, standing, known, tables in told:
        session.say(session.terminal.paint_out(sync.name, "bold"))
        session.say(*_facts(standing, known), *_tables(tables), "")
    return 0


@command(SELECTION, PROJECT, STATE)
@NAMES
@YES
def adopt(session: Session, names: tuple[str, ...], is_sure: bool) -> int:
    """Record today's model as acknowledged without sending anything.

    For a destination that holds the data already, put there by another tool.
    """
    from sync.commands.state import adopt as run

    def one(access: StateAccess, sync: Sync) -> str:
        summary = run(access, sync, session.clock, uuid.uuid4().hex)
        return f"{words.plural(summary.total, 'change')} recorded as acknowledged, nothing sent"

    ask = "record today's model as acknowledged, without sending it"
    return _each(session, names, is_sure, ask, one)


@command(SELECTION, PROJECT, STATE)
@NAMES
@YES
def reset(session: Session, names: tuple[str, ...], is_sure: bool) -> int:
    """Forget everything acknowledged: the next run sends the whole model again.

    Nothing is removed at the destination; who left meanwhile stays there.
    """
    from sync.commands.state import reset as run

    def one(access: StateAccess, sync: Sync) -> str:
        run(access, sync)
        return "forgotten; the next run sends everything again"

    return _each(session, names, is_sure, "forget everything acknowledged", one)


@command(SELECTION, PROJECT, STATE)
@NAMES
@YES
def doubt(session: Session, names: tuple[str, ...], is_sure: bool) -> int:
    """Mark everything acknowledged as in doubt: the next run asserts every row again."""
    from sync.commands.state import doubt as run

    def one(access: StateAccess, sync: Sync) -> str:
        return f"{words.plural(run(access, sync), 'member')} will be asserted again"

    return _each(session, names, is_sure, "assert every member again with the next run", one)


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option("--epoch", type=int, required=True, help="The number that the refusal named.")
@YES
def unlock(session: Session, names: tuple[str, ...], epoch: int, is_sure: bool) -> int:
    """Release the lease of a run that is gone for certain.

    While that run lives, unlocking makes it stop: it can write nothing any more.
    """
    from sync.commands.state import unlock as run

    def one(access: StateAccess, sync: Sync) -> str:
        if run(access, sync, epoch):
            return f"the lease of epoch {epoch} is released"
        raise ConfigError(_moved_on(sync, epoch))

    return _each(session, names, is_sure, f"release the lease of epoch {epoch}", one)


state.add_command(show)
state.add_command(adopt)
state.add_command(reset)
state.add_command(doubt)
state.add_command(unlock)


def _each(
    session: Session,
    names: tuple[str, ...],
    is_sure: bool,
    ask: str,
    one: Callable[[StateAccess, Sync], str],
) -> int:
    """Do it to every selected sync, once somebody said yes."""
    if not names and not any(session.options.select):
        raise ConfigError(_unnamed())
    project = session.load_sound(names)
    if not is_sure and not _confirmed(session, ask, project.syncs):
        session.say("Nothing was done.")
        return 2
    access, code = session.access(project), 0
    for sync in project.syncs:
        try:
            told = one(access, sync)
        except SyncError as error:
            code = code or session.fail(error)
            continue
        if session.is_json:
            session.answer("state-changed", sync=sync.name, message=told)
        else:
            session.say(f"{sync.name}: {told}")
    return code


def _confirmed(session: Session, ask: str, syncs: list[Sync]) -> bool:
    if not sys.stdin.isatty() or session.is_json:
        raise ConfigError(_unsure(ask))
    names = ", ".join(s.name for s in syncs)
    return click.confirm(f"{names}: {ask}?", default=False, err=True)


def _tables(tables: list[tuple[str, int | None]]) -> list[str]:
    return [
        f"  {name:<50} {'-' if rows is None else words.plural(rows, 'row')}"
        for name, rows in tables
    ]


def _facts(standing: Standing, known: Remembered | None) -> list[str]:
    facts = standing.facts
    if facts is None or known is None:
        return ["  never ran"]
    named = [c.trait.name + (" (dropped)" if c.is_dropped else "") for c in known.columns]
    lease = standing.lease
    held = "released" if lease is None or lease.is_released else f"held by {lease.owner}"
    shown = {
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


def _machine(
    sync: Sync,
    standing: Standing,
    known: Remembered | None,
    tables: list[tuple[str, int | None]],
) -> dict[str, Any]:
    facts, lease = standing.facts, standing.lease
    return {
        "sync": sync.name,
        "facts": jsonl.plain(facts._asdict()) if facts else None,
        "traits": [c.trait.name for c in known.columns if not c.is_dropped] if known else [],
        "lease": jsonl.plain(lease._asdict()) if lease else None,
        "members": standing.members,
        "in_doubt": standing.doubts,
        "unsettled": standing.unsettled,
        "tables": dict(tables),
    }


def _unnamed() -> Problem:
    return Problem(
        "select-missing",
        "state is changed for named syncs only",
        fix="name them, or use --select",
    )


def _unsure(ask: str) -> Problem:
    return Problem(
        "not-confirmed",
        f"nobody is there to confirm: {ask}",
        fix="add --yes when it is meant",
    )


def _moved_on(sync: Sync, epoch: int) -> Problem:
    return Problem(
        "epoch-moved",
        f"{sync.name} has no lease of epoch {epoch}: it never was, or has moved on",
        fix=f"look at it again: python -m sync state show {sync.name}",
    )
