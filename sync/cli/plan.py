"""`plan`: what `apply` would do, shown and rolled back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import click

from sync.cli.again import again
from sync.cli.allowing import ALLOWANCES, ONLY_COHORT, allowed_of, flags_of, limits_of
from sync.cli.as_events import tell_gates
from sync.cli.command import command
from sync.cli.orphans import load_telling, tell_gone
from sync.cli.root import Differs
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE, show_option
from sync.cli.session import Session
from sync.report import jsonl, markdown
from sync.report.events import PlanEnded


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
def plan(
    session: Session,
    show: int,
    as_markdown: bool,
    detailed_exitcode: bool,
    only_cohort: bool,
    **allowed: bool,
) -> int:
    """Show what would be sent; nothing is, and nothing is written."""
    from sync.cli.previewing import previewed
    from sync.commands.check import hold_unconnected
    from sync.commands.preflight import hold, look, planning
    from sync.commands.succession import as_moved
    from sync.rules import AsOf
    from sync.run.opening import gravest, in_order

    if as_markdown and session.is_machine:
        raise click.UsageError("--markdown is for people, --json for machines: give one of them")
    project = load_telling(session)
    access = as_moved(project, session.access(project))
    preflight = hold_unconnected(project, look(project, access, allowed_of(allowed)))
    access = replace(
        access, as_of=AsOf(session.clock.now(), preflight.doubted, only_cohort, zone=project.zone)
    )
    places, refused = tell_gates(session.reporter, preflight.open, preflight.gated)
    previews = []
    for sync in [*(one.sync for one in preflight.guarded), *in_order(preflight.open)]:
        guard = partial(hold, preflight, sync, limits=limits_of(allowed))
        reads = planning(preflight, access, sync)
        made = previewed(session, reads, sync, places.of(sync), guard, show)
        has_exits = made.planned is not None and bool(made.planned.total)
        if reads.as_of.only_protective and not (has_exits or sync.name in preflight.doubts):
            continue
        previews.append(made)
        if not (session.is_object or as_markdown):
            session.reporter.tell(made)
    shown_too = {made.place.sync for made in previews}
    refused = [one for one in refused if one.place.sync not in shown_too]
    codes = [p.exit_code for p in previews] + [r.exit_code for r in refused]
    ended = PlanEnded(
        previews=tuple(previews),
        refused=tuple(refused),
        exit_code=gravest(codes),
        command=again(
            session.options,
            "apply",
            preflight.open if len(preflight.open) < 4 else (),
            flags_of({**allowed, "only_cohort": only_cohort}),
        ),
        **tell_gone(session, project, is_told=not session.is_object)._asdict(),
    )
    if session.is_object or as_markdown:
        session.reporter.annotate(ended)
        if as_markdown:
            session.say(*markdown.plan_lines(ended))
        else:
            session.answer_line(jsonl.line(ended, session.clock.now()))
    else:
        session.reporter.tell(ended)
    if detailed_exitcode and not ended.exit_code and ended.total:
        return Differs(2)
    return ended.exit_code
