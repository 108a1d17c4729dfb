"""`prune`: old rows of the logs are deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import click

from sync.cli.command import command
from sync.cli.confirming import YES, confirmed
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session
from sync.report import words


def _days(context: click.Context, option: click.Parameter, text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,4}) ?(d|days?)", text.strip())
    if found is None:
        raise click.BadParameter(f"`{text}` is no number of days such as 400d")
    return timedelta(days=int(found[1]))


@command(PROJECT, STATE)
@click.option(
    "--older-than",
    callback=_days,
    metavar="DAYS",
    help="Such as 400d; else `retention` of the var `activation` in dbt_project.yml.",
)
@click.option(
    "--with-answers", is_flag=True, help="Delete what `pull` brought to `responses`, too."
)
@YES
@JSON
def prune(session: Session, older_than: timedelta | None, with_answers: bool, is_sure: bool) -> int:
    """Delete old rows of the logs: deliveries, read-backs, plans that are over, and runs.

    400 days of runs stay in any case, and the last run and read-back of each sync. What
    destinations hold, and whom holdouts keep out, is no log and stays.
    """
    from sync.commands import prune as run

    project = session.load()
    access = session.access(project)
    kept = run.what(project, session.clock.now(), older_than, with_answers)
    if not is_sure:
        rows = run.count(access, kept)
        if any(rows.values()) and not confirmed(session, f"delete {_told(rows, kept.before)}"):
            session.say("Nothing was done.")
            return 2
    rows = run.prune(access, kept)
    if session.is_machine:
        session.answer("pruned", before=kept.before, rows=rows)
    elif any(rows.values()):
        session.say(f"Deleted {_told(rows, kept.before)}.")
    else:
        session.say(f"Nothing is from before {words.moment(kept.before)} UTC.")
    return 0


def _told(rows: Mapping[str, int], before: datetime) -> str:
    counted = ", ".join(f"{n:,} of {table}" for table, n in rows.items() if n)
    return f"the rows from before {words.moment(before)} UTC: {counted}"
