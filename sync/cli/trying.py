"""`try`: one real person, with all that goes out and comes back."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.report.events import Stopping

HELD = 3


@command(PROJECT, STATE)
@click.argument("model")
@click.option(
    "--identity", required=True, metavar="ID", help="The person to send; of events, the event's id."
)
@JSON
def trying(session: Session, model: str, identity: str) -> int:
    """Send one real person of MODEL, and show every request and answer, secrets taken out.

    Every gate and guard holds as in a run, but for a rollout that has not reached the person.
    What is sent is acknowledged and counts as an entry; no other person is sent.
    """
    from sync.commands.trying import RunOptions, try_one
    from sync.report.tried import lines, machine

    project = session.load_sound((model,))
    access = session.access(project)
    options = RunOptions(
        lock_wait=session.options.lock_wait, journal_dir=session.options.journal_dir
    )
    with Stop(lambda reason: session.reporter.tell(Stopping(reason))) as stop:
        tried = try_one(project, access, identity.strip(), options, stop.reason, session.clock)
    if session.is_machine:
        session.answer("tried", **machine(tried))
    else:
        session.say(*lines(tried, identity))
        refused = [one.problem for one in tried.run.gated if one.is_refused]
        found = [*refused, *(p for result in tried.run.results for p in result.problems)]
        session.problems(found, tried.run.exit_code)
    return stop.exit_code or tried.run.exit_code or (0 if tried.is_sent else HELD)
