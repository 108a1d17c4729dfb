"""`lift`: what holdouts show of the effect."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session


@command(PROJECT, STATE)
@click.argument("name", required=False)
@JSON
def lift(session: Session, name: str | None) -> int:
    """Compare people who were sent something with people whom a holdout kept back.

    NAME is a holdout; without it, all that name an outcome. Prints what the models of the tag
    activation_measurement say, as dbt built them last.
    """
    from sync.commands.lift import find_lifts
    from sync.report.lift import machine, told

    project = session.load()
    found = find_lifts(project, session.access(project), name)
    if session.is_machine:
        session.answer("lift", holdouts=[machine(one) for one in found])
        return 0
    for number, one in enumerate(found):
        session.say(*([""] if number else []), *told(one, session.terminal.paint_out))
    return 0
