"""`state accept-list`: a suppression model that lost most of its people is meant to."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.confirming import YES, confirmed
from sync.cli.sections import PROJECT, STATE
from sync.cli.session import Session


@command(PROJECT, STATE)
@click.argument("name")
@YES
def accept_list(session: Session, name: str, is_sure: bool) -> int:
    """Take suppression model NAME as it is now, although it is empty or much smaller than before.

    Its size of earlier runs is forgotten. People who stand in it no more are sent again.
    """
    from sync.commands.lists import accept, named

    project = session.load_sound()
    listed = named(project, name)
    if not is_sure and not confirmed(session, f"take {listed.model} as it is now"):
        session.say("Nothing was done.")
        return 2
    accept(session.access(project), listed)
    if session.is_json:
        session.answer("accepted", list=listed.model)
    else:
        session.say(f"{listed.model}: taken as it is now, nothing sent")
    return 0
