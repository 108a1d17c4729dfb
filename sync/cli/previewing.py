"""The plans of all syncs as events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sync.cli.allowing import limits_of
from sync.cli.places import Places
from sync.cli.planned import planned_event
from sync.cli.session import Session
from sync.cli.showing import shown
from sync.commands.plan import Preview, preview
from sync.commands.preflight import hold, planning
from sync.model import Sync
from sync.plan.guards import Held
from sync.report import jsonl, markdown
from sync.report.events import Place, PlanEnded, Previewed
from sync.run.access import StateAccess
from sync.run.opening import in_order
from sync.state.store import PlanSummary

if TYPE_CHECKING:
    from sync.project.preflight import Preflight


@dataclass(frozen=True, slots=True)
class Asked:
    """How plans are made."""

    session: Session
    access: StateAccess
    preflight: Preflight
    allowed: Mapping[str, bool]
    show: int = 0
    """So many changes come with their values."""
    salt: str | None = None
    """Where a file is asked for: of the ids, in place of the state's unless empty."""


def previews(asked: Asked, places: Places) -> Iterator[tuple[Previewed, Preview]]:
    """The plan of each open sync, and of each that is refused and has something to say."""
    preflight = asked.preflight
    for sync in [*(one.sync for one in preflight.guarded), *in_order(preflight.open)]:
        guard = partial(hold, preflight, sync, limits=limits_of(asked.allowed))
        reads = planning(preflight, asked.access, sync)
        asked.session.reporter.begin(places.of(sync))
        event, made = _previewed(asked, reads, sync, places.of(sync), guard)
        asked.session.reporter.rest()
        has_exits = event.planned is not None and bool(event.planned.total)
        if reads.as_of.only_protective and not (has_exits or sync.name in preflight.doubts):
            continue
        yield event, made


def _previewed(
    asked: Asked,
    access: StateAccess,
    sync: Sync,
    place: Place,
    guard: Callable[[PlanSummary], Held | None],
) -> tuple[Previewed, Preview]:
    from sync.cli.unexpected import keep

    session = asked.session
    start = session.clock.monotonic()
    made = preview(access, sync, guard, asked.show, salt=asked.salt, parts_edits=True)
    problem = made.problem if made.unexpected is None else keep(session, made.unexpected)
    took = session.clock.monotonic() - start
    left = made.recovering, made.running
    planned = planned_event(place, sync, made.summary, took, *left) if made.summary else None
    event = Previewed(
        place=place,
        planned=planned,
        problem=problem,
        exit_code=made.exit_code,
        rows=tuple(shown(row) for row in made.rows),
        others=made.others,
        plan_id=made.held.plan_id if made.held else "",
        bytes_scanned=made.bytes_scanned,
    )
    return event, made


def tell_end(session: Session, ended: PlanEnded, as_markdown: bool) -> None:
    """All plans, in the form that was asked for."""
    if not (session.is_object or as_markdown):
        session.reporter.tell(ended)
        return
    session.reporter.annotate(ended)
    if as_markdown:
        session.say(*markdown.plan_lines(ended))
    else:
        session.answer_line(jsonl.line(ended, session.clock.now()))
