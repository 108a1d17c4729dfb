"""`debug`: what a run needs, tried, with the fix of what fails."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.report import jsonl, words
from sync.report.events import Stopping

if TYPE_CHECKING:
    from sync.commands.debug import Tried

DROPS = "the step under way ends, and the schema of the trial is dropped. Once more to end at once"
LEFT = b"\nStopped at once. The schema of the trial, called ..._trial_..., may be left: drop it.\n"


@command(SELECTION, PROJECT, STATE)
@click.option(
    "--full",
    "is_full",
    is_flag=True,
    help="Take the warehouse through two days of made-up syncs, in a schema that is dropped.",
)
@JSON
def debug(session: Session, is_full: bool) -> int:
    """Try project, warehouse and every connection: credentials, region, account."""
    from sync.commands.debug import examine
    from sync.run.opening import gravest

    tried = []
    stop = Stop(lambda _: session.reporter.tell(Stopping(DROPS)), LEFT)
    with stop if is_full else nullcontext():
        options = (is_full, lambda: stop.reason() is not None)
        for one in examine(session.load, session.access, session.clock, *options):
            tried.append(one)
            if not session.is_machine:
                session.say(*_lines(session, one))
    wrong = [one.exit_code for one in tried if not one.is_ok]
    code = stop.exit_code or gravest(wrong)
    if session.is_machine:
        session.answer("debug", exit_code=code, findings=[_machine(o) for o in tried if o.what])
    elif stop.reason() is not None:
        session.say("", f"Stopped early: {stop.reason()}.")
    else:
        failed = words.plural(len(wrong), "check")
        session.say("", f"{failed} failed." if wrong else "All checks passed.")
    return code


def _lines(session: Session, one: Tried) -> list[str]:
    paint = session.terminal.paint_out
    if not one.what:
        return [f"{'':<24} {one.found}"]
    if one.is_ok:
        return [f"{one.what:<24} {paint('OK', 'green'):<4} {one.found}"]
    told = [line for problem in one.problems for line in paint.problem(problem).split("\n")]
    return [f"{one.what:<24} {paint('FAILED', 'red')}", *(f"    {line}" for line in told)]


def _machine(one: Tried) -> dict[str, Any]:
    if one.is_ok:
        return {"what": one.what, "is_ok": True, "found": one.found}
    return {"what": one.what, "is_ok": False, "problems": jsonl.plain(one.problems)}
