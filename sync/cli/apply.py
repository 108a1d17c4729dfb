"""`apply`: the whole run, and its report."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.allowing import ALLOWANCES, LIMIT, ONLY_COHORT, THREADS, allowed_of, limits_of
from sync.cli.approving import APPROVAL, approvals_of
from sync.cli.command import command
from sync.cli.confirming import YES, asking
from sync.cli.filed import read
from sync.cli.filing import FILE
from sync.cli.running import run_once
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.stopping import Stop
from sync.report.events import Stopping


@command(APPROVAL, ALLOWANCES, SELECTION, PROJECT, STATE)
@click.option(
    "--fail-fast",
    "-x",
    is_flag=True,
    help="Start no further sync once one has failed; what is held, and rejected rows, have not.",
)
@THREADS
@click.option(
    "--max-runtime",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop in order after so long; the rest is planned again by the next run.",
)
@ONLY_COHORT
@LIMIT
@YES
@JSON
@FILE
def apply(
    session: Session,
    plan_file: Path | None,
    fail_fast: bool,
    threads: int,
    max_runtime: float | None,
    only_cohort: bool,
    limit: int | None,
    is_sure: bool,
    plan_ids: tuple[str, ...],
    at_most: bool,
    approver: str | None,
    **allowed: bool,
) -> int:
    """Plan, guard, send and acknowledge what changed.

    With FILE, exactly the plan that `plan --out FILE` has written, or nothing.
    """
    from sync.commands.apply import RunOptions
    from sync.commands.approving import who

    file = None if plan_file is None else read(plan_file, approver or who())
    if file is not None:
        allowed = {**file.file.options}
        only_cohort, limit = allowed.pop("only_cohort"), allowed.pop("limit")
    options = RunOptions(
        limits=limits_of(allowed),
        allowed=allowed_of(allowed),
        lock_wait=session.options.lock_wait,
        journal_dir=session.options.journal_dir,
        max_runtime=max_runtime,
        approvals=approvals_of(plan_ids, at_most, approver),
        by=approver or who(),
        only_cohort=only_cohort,
        limit=limit,
        fail_fast=fail_fast,
        threads=threads,
        confirm=None if is_sure else asking(session),
    )
    with Stop(lambda reason: session.reporter.tell(Stopping(reason))) as stop:
        return run_once(session, options, stop, file)[0]
