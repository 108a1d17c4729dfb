"""`state`: show or mend what is remembered of a sync."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import PROJECT, SELECTION, STATE, command
from sync.cli.completing import offer_syncs
from sync.cli.confirming import YES, confirmed
from sync.cli.session import Session
from sync.cli.state_accept import accept_list
from sync.cli.state_forgive import forgive
from sync.cli.state_move import move
from sync.cli.state_show import show
from sync.errors import ConfigError, Problem, SyncError
from sync.model import Sync
from sync.report import words

if TYPE_CHECKING:
    from sync.run.access import StateAccess

NAMES = click.argument("names", nargs=-1, metavar="[SYNC]...", shell_complete=offer_syncs)


@click.group()
def state() -> None:
    """Show or mend what is remembered of a sync.

    Syncs are named as arguments or with --select.
    """


class _From(click.ParamType[tuple[str, str]]):
    """`project:target`."""

    name = "project:target"

    def convert(self, value: Any, *_: Any) -> tuple[str, str]:
        project, colon, target = str(value).partition(":")
        if not (project and colon and target):
            self.fail("write it as PROJECT:TARGET, for example shop:prod")
        return project, target


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

    ask = "assert every member again with the next run"
    return _each(session, names, is_sure, ask, one, takes_gone=True)


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option("--epoch", type=int, required=True, help="The number that the refusal named.")
@YES
def unlock(session: Session, names: tuple[str, ...], epoch: int, is_sure: bool) -> int:
    """End the lease of a run that is gone for certain.

    If it lives after all, it stops when it finds that another run has taken over.
    """
    from sync.commands.state import unlock as run

    def one(access: StateAccess, sync: Sync) -> str:
        if run(access, sync, epoch):
            return f"the lease of epoch {epoch} has ended"
        raise ConfigError(_moved_on(sync, epoch))

    ask = f"end the lease of epoch {epoch}"
    return _each(session, names, is_sure, ask, one, takes_gone=True)


@command(SELECTION, PROJECT, STATE)
@NAMES
@click.option("--from", "old", type=_From(), required=True, help="The names until now.")
@YES
def claim(session: Session, names: tuple[str, ...], old: tuple[str, str], is_sure: bool) -> int:
    """Take over syncs that are recorded for another name of this project or target.

    For a project or target that was renamed. Without names, all that are recorded for it.
    """
    from sync.commands.state import claim as run

    def one(access: StateAccess, sync: Sync) -> str:
        return "taken over" if run(access, sync, *old) else "nothing to take over"

    ask = f"take over what is recorded for project {old[0]}, target {old[1]}"
    return _each(session, names, is_sure, ask, one, needs_names=False)


@command(PROJECT, STATE)
@YES
def recreate(session: Session, is_sure: bool) -> int:
    """Create tables of the state that are gone again, when there is no backup to restore.

    Today's models are taken to be at their destinations, and asserted by the next run; no event is
    sent again. What had left a model since its tables were lost stays at the destination.
    """
    from sync.commands.state import lost_tables, recreate_own
    from sync.commands.state import recreate as run

    def one(access: StateAccess, sync: Sync) -> str:
        gone = lost_tables(access, sync)
        if gone:
            recreate_own(access, sync, session.clock, uuid.uuid4().hex)
        return f"{', '.join(gone)} created again" if gone else "nothing is gone"

    def shared(access: StateAccess) -> None:
        if gone := run(access):
            session.say(f"{access.schema}: {', '.join(gone)} created again, empty")

    ask = "create tables that are gone again, empty"
    return _each(session, (), is_sure, ask, one, needs_names=False, first=shared)


state.add_command(show)
state.add_command(move)
state.add_command(accept_list)
state.add_command(forgive)
state.add_command(adopt)
state.add_command(reset)
state.add_command(doubt)
state.add_command(unlock)
state.add_command(claim)
state.add_command(recreate)


def _each(
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


def _moved_on(sync: Sync, epoch: int) -> Problem:
    return Problem(
        "epoch-moved",
        f"{sync.name} has no lease of epoch {epoch}: it never was, or has moved on",
        fix=f"look at it again: python -m sync state show {sync.name}",
    )
