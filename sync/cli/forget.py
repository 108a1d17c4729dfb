"""`forget`: one person is erased, and not added again."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.confirming import YES, confirmed
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.report.events import Stopping


@command(PROJECT, STATE)
@click.argument("identity")
@YES
@JSON
def forget(session: Session, identity: str, is_sure: bool) -> int:
    """Erase the person whom IDENTITY names, at destinations that may and in the state.

    A connection says with `forget` what may be done there; without it nobody is erased there, and
    `apply` sends an exit before the state is erased. What is not done yet is said, with exit code
    1: run it again.
    """
    from sync.commands.forget import announced, begin
    from sync.report.forgotten import lines, machine

    project = session.load_sound()
    access = session.access(project)
    forgetting = begin(project, access, session.clock, identity)
    if not is_sure:
        known = "" if forgetting.named.is_known else ", whom no sync knows"
        steps = "; ".join(announced(forgetting))
        if not confirmed(session, f"forget one person{known}: {steps}"):
            session.say("Nothing was done.")
            return 2
    with Stop(lambda reason: session.reporter.tell(Stopping(reason))) as stop:
        result = forgetting.run(stop.reason)
    if session.is_machine:
        session.answer("forgotten", **machine(result))
    else:
        session.say(*lines(result))
    if result.owed and not session.is_machine:
        session.problems(list(result.owed.values()), 1)
    return stop.exit_code or (1 if result.owed else 0)
