"""`retire`: end what a sync sent that the project has no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.command import command
from sync.cli.confirming import YES, confirmed
from sync.cli.sections import PROJECT, STATE
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.errors import SyncError
from sync.report import words
from sync.report.events import Stopping

if TYPE_CHECKING:
    from sync.commands.orphans import Orphan
    from sync.commands.retire import Members, Retiring


@command(PROJECT, STATE)
@click.argument("names", nargs=-1, required=True, metavar="SYNC...")
@click.option(
    "--members",
    type=click.Choice(["exit", "keep"]),
    default="exit",
    show_default=True,
    help="Send the exit of every member; or leave all there, and only forget the sync.",
)
@YES
def retire(session: Session, names: tuple[str, ...], members: Members, is_sure: bool) -> int:
    """Take back all that a sync sent which the project has no more, then forget it.

    Segments are left, traits and attributes emptied, as for rows that leave a model. What another
    sync of the same connection sends stays. `status` names the syncs that are gone.
    """
    from sync.commands import orphans
    from sync.commands.retire import Retiring

    project = session.load_sound()
    access = session.access(project)
    found = orphans.find(project, access)
    chosen = {o.name: o for text in names for o in orphans.named(found, project, text)}
    with Stop(lambda reason: session.reporter.tell(Stopping(reason))) as stop:
        retiring = Retiring(project, access, members, session.clock, stop.reason)
        if not is_sure and not _confirmed(session, retiring, list(chosen.values())):
            session.say("Nothing was done.")
            return 2
        codes = [_retire(session, retiring, orphan) for orphan in chosen.values()]
    return stop.exit_code or next((code for code in codes if code), 0)


def _confirmed(session: Session, retiring: Retiring, chosen: list[Orphan]) -> bool:
    return confirmed(session, "; ".join(_announced(retiring, orphan) for orphan in chosen))


def _announced(retiring: Retiring, orphan: Orphan) -> str:
    """What would be done, with its number. Raises SyncError where it can't be."""
    if not retiring.sends(orphan):
        return f"{orphan.name}: forget it, send nothing, {orphan.held} stay"
    exits = words.plural(retiring.count(orphan), "exit")
    return f"{orphan.name}: send {exits} to {orphan.known.connection}, and forget it"


def _retire(session: Session, retiring: Retiring, orphan: Orphan) -> int:
    from sync.report import retired

    try:
        result = retiring.retire(orphan)
    except SyncError as error:
        return session.fail(error)
    if result.problems:
        session.problems(result.problems, result.exit_code)
    elif session.is_json:
        session.answer("retired", **retired.machine(result))
    else:
        session.say(f"{orphan.name}: {retired.outcome(result)}")
    return result.exit_code
