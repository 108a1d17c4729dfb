"""`verify`: what a sample of members looks like at its destination."""

from __future__ import annotations

import click

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.report import jsonl


@command(SELECTION, PROJECT, STATE)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    metavar="N",
    help="How many members of each sync to look at.",
)
@click.option("--all", "everyone", is_flag=True, help="Look at all members.")
@click.option(
    "--min-match",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Exit 1 when fewer of the asked match, 3 when a sync can't be compared.",
)
@JSON
def verify(session: Session, sample: int, everyone: bool, min_match: float) -> int:
    """Read members back from destinations that can be asked, and compare. Writes into `checks`.

    Columns marked pii are left out: only digests of them are kept. Destinations that can look
    further report what is wrong around our segments and traits; findings exit with 1.
    """
    from sync.commands.verify import not_compared
    from sync.commands.verify import verify as run
    from sync.report.verified import lines, machine
    from sync.run.context import Services
    from sync.run.opening import gravest

    project = session.load_sound()
    access = session.access(project)
    with Services(project, session.clock, lambda: None) as services:
        found = run(project, access, services, None if everyone else sample)
    codes = [session.fail(error) for error in found.errors]
    is_low = any(t.sent and t.rate < min_match for t in found.tallies)
    if min_match and (unread := [t for t in found.tallies if t.skipped]):
        codes.append(session.fail(not_compared(unread)))
    code = gravest([*codes, 1 if is_low or found.findings else 0])
    if session.is_machine:
        syncs = [machine(tally) for tally in found.tallies]
        findings = jsonl.plain(found.findings)
        session.answer("verified", exit_code=code, syncs=syncs, findings=findings)
    else:
        for tally in found.tallies:
            session.say(*lines(tally, session.terminal.paint_out))
        for problem in found.findings:
            session.say("", str(problem))
    return code
