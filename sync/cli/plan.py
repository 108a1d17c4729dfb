"""`plan`: what `apply` would do, shown and rolled back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.again import again
from sync.cli.allowing import ALLOWANCES, LIMIT, ONLY_COHORT, allowed_of, flags_of
from sync.cli.as_events import tell_gates
from sync.cli.command import command
from sync.cli.filing import OUT, applying, claimed, salt_of, write_plan
from sync.cli.orphans import load_telling, tell_gone
from sync.cli.root import Differs
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.showing import show_option
from sync.report.events import PlanEnded, Previewed

if TYPE_CHECKING:
    from sync.commands.plan import Preview


@command(ALLOWANCES, SELECTION, PROJECT, STATE)
@show_option("List N changes of each sync, with identities and old and new values; pii is masked.")
@JSON
@click.option(
    "--markdown",
    "as_markdown",
    is_flag=True,
    help="Counts and problems, to comment with on GitHub.",
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 0 when nothing is to be sent, 2 when something."
)
@ONLY_COHORT
@LIMIT
@OUT
def plan(
    session: Session,
    show: int,
    as_markdown: bool,
    detailed_exitcode: bool,
    only_cohort: bool,
    limit: int | None,
    out: Path | None,
    **allowed: bool,
) -> int:
    """Show what would be sent; nothing is, and nothing is written but FILE."""
    from sync.cli.previewing import Asked, previews, tell_end
    from sync.commands.check import hold_unconnected
    from sync.commands.preflight import look
    from sync.commands.succession import as_moved
    from sync.rules import AsOf
    from sync.run.opening import gravest

    if as_markdown and session.is_machine:
        raise click.UsageError("--markdown is for people, --json for machines: give one of them")
    file = claimed(out)
    project = load_telling(session)
    access = as_moved(project, session.access(project))
    preflight = hold_unconnected(project, look(project, access, allowed_of(allowed)))
    now, doubted = session.clock.now(), preflight.doubted
    access = replace(access, as_of=AsOf(now, doubted, only_cohort, limit, zone=project.zone))
    places, refused = tell_gates(session.reporter, preflight.open, preflight.gated)
    asked = Asked(session, access, preflight, allowed, show, salt_of(access, out))
    made: list[Preview] = []
    told: list[Previewed] = []
    for event, preview in previews(asked, places):
        made.append(preview)
        told.append(event)
        if not (session.is_object or as_markdown):
            session.reporter.tell(event)
    given = {**allowed, "only_cohort": only_cohort, "limit": limit}
    if out is not None:
        write_plan(project, asked, made, out, given)
    shown_too = {event.place.sync for event in told}
    refused = [one for one in refused if one.place.sync not in shown_too]
    syncs = preflight.open if len(preflight.open) < 4 else ()
    ended = PlanEnded(
        previews=tuple(told),
        refused=tuple(refused),
        exit_code=gravest([*(p.exit_code for p in told), *(r.exit_code for r in refused)]),
        command=applying(session.options, file)
        if out
        else again(session.options, "apply", syncs, flags_of(given)),
        file=file,
        **tell_gone(session, project, is_told=not session.is_object)._asdict(),
    )
    tell_end(session, ended, as_markdown)
    if detailed_exitcode and not ended.exit_code and ended.total:
        return Differs(2)
    return ended.exit_code
