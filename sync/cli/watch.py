"""`watch`: runs again and again in one process, for a lane that is near real time."""

from __future__ import annotations

import re
from datetime import timedelta

import click

from sync.cli.allowing import THREADS
from sync.cli.command import command
from sync.cli.running import run_once
from sync.cli.sections import PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.errors import Problem
from sync.model import Sync
from sync.report import words
from sync.report.events import Stopping, Warned

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
LOOK_SECONDS = 0.2
"""How long a wait may hide a signal."""


def _seconds(context: click.Context, option: click.Parameter, text: str) -> float:
    found = re.fullmatch(r"([1-9]\d{0,5})([smh]?)", text.strip())
    if found is None:
        raise click.BadParameter(f"`{text}` is no time such as 60s, 5m or 1h")
    return float(found[1]) * SECONDS[found[2]]


@command(SELECTION, PROJECT, STATE)
@click.option(
    "--every",
    callback=_seconds,
    default="60s",
    metavar="TIME",
    show_default=True,
    help="From the start of one round to the next; a longer round is followed at once.",
)
@click.option("--rounds", type=click.IntRange(min=1), metavar="N", help="End after N rounds.")
@THREADS
def watch(session: Session, every: float, rounds: int | None, threads: int) -> int:
    """Run as `apply` does, round after round, until SIGINT or SIGTERM.

    Each round reads dbt's artifacts and the models anew, and holds its leases no longer than it
    lasts. A round that fails is followed by the next.
    """
    from sync.commands.apply import RunOptions
    from sync.commands.behind import Lags

    given = session.options
    options = RunOptions(lock_wait=given.lock_wait, journal_dir=given.journal_dir, threads=threads)
    with Stop(lambda reason: session.reporter.tell(Stopping(reason))) as stop:
        lags = Lags(session.clock.now())
        code, done = 0, 0
        while stop.reason() is None:
            started = session.clock.monotonic()
            code, result = run_once(session, options, stop)
            done += 1
            syncs = session.project.syncs if session.project else ()
            for sync, age in lags.found(syncs, result, session.clock.now()):
                session.reporter.tell(Warned(_behind(sync, age)))
            took = session.clock.monotonic() - started
            if took > every and stop.reason() is None:
                session.reporter.tell(Warned(_long(took, every)))
            if done == rounds:
                break
            while stop.reason() is None and session.clock.monotonic() < started + every:
                session.clock.sleep(LOOK_SECONDS)
        return stop.exit_code or code


def _long(took: float, every: float) -> Problem:
    return Problem(
        "round-long",
        f"this round took {took:.0f} s, and --every is {every:.0f} s",
        fix="raise --every, or select fewer syncs",
    )


def _behind(sync: Sync, age: timedelta) -> Problem:
    return Problem(
        "behind",
        f"{sync.name} is behind its sla of {sync.sla}: not complete for"
        f" {words.short_age(age.total_seconds())}",
        fix="see what holds it: python -m sync status",
    )
