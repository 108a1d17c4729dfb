"""`state forgive`: a wrong run's entries are not to count."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.confirming import YES, confirmed
from sync.cli.sections import PROJECT, STATE
from sync.cli.session import Session


@command(PROJECT, STATE)
@click.option("--run", "run_id", required=True, help="The id of the run.")
@YES
def forgive(session: Session, run_id: str, is_sure: bool) -> int:
    """Take the entries of a run out of what caps and cadences count.

    For a run that was wrong: people who entered by it may enter again. Nothing is sent.
    """
    from sync.commands.forgiving import forgive as do
    from sync.report import words

    project = session.load_sound()
    if not is_sure and not confirmed(session, f"forgive the entries of run {run_id}"):
        session.say("Nothing was done.")
        return 2
    forgiven = do(session.access(project), run_id)
    if session.is_json:
        session.answer("forgiven", run=run_id, entries=forgiven)
    else:
        session.say(f"{words.plural(forgiven, 'entry', 'entries')} of run {run_id} count no more")
    return 0
