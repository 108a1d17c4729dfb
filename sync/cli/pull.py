"""`pull`: what a destination answers back, into the warehouse."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session
from sync.report import words


@command(PROJECT, STATE)
@click.argument("connection")
@JSON
def pull(session: Session, connection: str) -> int:
    """Read what CONNECTION answers back, such as survey responses, into the state's `responses`.

    Goes on where the last pull ended. Models read them through the source `activation_state`.
    """
    from sync.commands.pull import pull as pull_records
    from sync.run.context import Services

    project = session.load()
    access = session.access(project)
    with Services(project, session.clock, lambda: None) as services:
        pulled = pull_records(services, access, connection)
    if session.is_machine:
        session.answer("pulled", connection=connection, records=pulled.records, pages=pulled.pages)
    elif pulled.records:
        count = words.plural(pulled.records, "record")
        session.say(f"Pulled {count} from {connection} into {access.schema}.responses.")
    else:
        session.say(f"Nothing new from {connection}.")
    return 0
