"""`state move`: carry what is recorded of a sync to its new name."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.confirming import YES, confirmed
from sync.cli.sections import PROJECT, STATE
from sync.cli.session import Session


@command(PROJECT, STATE)
@click.argument("old")
@click.argument("new")
@YES
def move(session: Session, old: str, new: str, is_sure: bool) -> int:
    """Carry what is recorded of a sync to another name: its model or connection was renamed.

    OLD is recorded and gone from the project, NEW is in the project and has not run. Nothing is
    sent; the next run of NEW sends what differs.
    """
    from sync.commands import moving, orphans

    project = session.load_sound()
    access = session.access(project)
    orphan = orphans.one(orphans.find(project, access), project, old)
    sync = moving.heir(project, new)
    ask = f"carry {orphan.held} of {orphan.name} over to {sync.name}"
    if not is_sure and not confirmed(session, ask):
        session.say("Nothing was done.")
        return 2
    moving.move(project, access, orphan, sync)
    if session.is_json:
        session.answer("moved", sync=orphan.name, to=sync.name, members=orphan.members)
    else:
        session.say(f"{orphan.name}: {orphan.held} carried over to {sync.name}, nothing sent")
    return 0
