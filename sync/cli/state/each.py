"""What the commands share that change the state of named syncs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sync.cli.completing import offer_syncs
from sync.cli.confirming import confirmed
from sync.cli.session import Session
from sync.errors import ConfigError, Problem, SyncError
from sync.model import Sync

if TYPE_CHECKING:
    from sync.run.access import StateAccess

NAMES = click.argument("names", nargs=-1, metavar="[SYNC]...", shell_complete=offer_syncs)


def each(
    session: Session,
    names: tuple[str, ...],
    is_sure: bool,
    ask: str,
    one: Callable[[StateAccess, Sync], str],
    needs_names: bool = True,
    takes_gone: bool = False,
    first: Callable[[StateAccess], None] = lambda access: None,
) -> int:
    """Do it to every selected sync, once it is confirmed; `first` once, before any of them.

    `takes_gone`: a name may be that of a sync which the project has no more.
    """
    if needs_names and not names and not any(session.options.select):
        raise ConfigError(_unnamed())
    gone = _gone(session, names) if takes_gone else {}
    others = tuple(name for name in names if name not in gone)
    is_all_gone = bool(gone) and not others and not any(session.options.select)
    project = session.load() if is_all_gone else session.load_sound(others)
    syncs = [*([] if is_all_gone else project.syncs), *gone.values()]
    if not is_sure and not _confirmed(session, ask, syncs):
        session.say("Nothing was done.")
        return 2
    access, code = session.access(project), 0
    first(access)
    for sync in syncs:
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


def _gone(session: Session, names: tuple[str, ...]) -> dict[str, Sync]:
    """The syncs, among those named, that the project has no more: by the name that was given."""
    from sync.commands.orphans import bare, find_or_none, is_called

    project = session.load()
    orphans = find_or_none(project, session.access(project)) if names else []
    return {n: bare(o.known) for n in names for o in orphans if is_called(o.known, n)}


def _confirmed(session: Session, ask: str, syncs: list[Sync]) -> bool:
    return confirmed(session, f"{', '.join(s.name for s in syncs)}: {ask}")


def _unnamed() -> Problem:
    return Problem(
        "select-missing",
        "state is changed for named syncs only",
        fix="name them, or use --select",
    )
