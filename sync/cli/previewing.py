"""The plan of one sync as an event."""

from __future__ import annotations

from collections.abc import Callable

from sync.cli.planned import planned_event
from sync.cli.session import Session
from sync.cli.showing import shown
from sync.model import Sync
from sync.plan.guards import Held
from sync.report.events import Place, Previewed
from sync.run.access import StateAccess
from sync.state.store import PlanSummary


def previewed(
    session: Session,
    access: StateAccess,
    sync: Sync,
    place: Place,
    guard: Callable[[PlanSummary], Held | None],
    show: int,
) -> Previewed:
    """What would be sent; `show` changes of it with their values."""
    from sync.cli.unexpected import keep
    from sync.commands.plan import preview

    start = session.clock.monotonic()
    made = preview(access, sync, guard, show)
    problem = made.problem if made.unexpected is None else keep(session, made.unexpected)
    took = session.clock.monotonic() - start
    planned = (
        planned_event(place, sync, made.summary, took, made.recovering) if made.summary else None
    )
    return Previewed(
        place=place,
        planned=planned,
        problem=problem,
        exit_code=made.exit_code,
        rows=tuple(shown(row) for row in made.rows),
        others=made.others,
        plan_id=made.held.plan_id if made.held else "",
    )
