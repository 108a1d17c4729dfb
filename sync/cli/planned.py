"""A plan's summary as an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.model import Counts, Op, Sync
from sync.report.events import Place, Planned

if TYPE_CHECKING:
    from sync.state.store import PlanSummary


def planned_event(
    place: Place,
    sync: Sync,
    summary: PlanSummary,
    seconds: float,
    recovering: int = 0,
    running: int = 0,
) -> Planned:
    """A plan's summary as an event."""
    return Planned(
        place=place,
        kind=sync.kind,
        counts=Counts(summary.model_rows, summary.ops.get(Op.REMOVE, 0), summary.fates),
        ops=summary.ops,
        causes=summary.causes,
        seconds=seconds,
        members=summary.members,
        is_first=summary.is_first,
        is_quiet=sync.initial == "quiet",
        unset_traits=tuple(n for n in summary.dropped_traits if sync.empties(n)),
        is_definition_changed=summary.is_definition_changed,
        edited=summary.edited,
        by_edit=summary.by_edit,
        by_data=summary.by_data,
        untold=summary.untold,
        version=sync.version,
        version_before=summary.before.version if summary.before else None,
        version_trait=next((t.name for t in sync.traits if t.constant is not None), ""),
        adopted=summary.adopted,
        recovering=recovering,
        running=running,
        added_traits=summary.added_traits,
        dropped_traits=summary.dropped_traits,
        next_stage=_stage(summary),
        waiting=summary.waiting,
        late=summary.late,
        learning=_learning(summary),
        is_unread=summary.is_unread,
        salted=_salted(sync) if summary.is_first else (),
        volatile=summary.volatile,
    )


def _salted(sync: Sync) -> tuple[str, ...]:
    from sync.state.digests import has_key

    return () if has_key() else tuple(t.name for t in sync.traits if t.is_pii)


def _learning(summary: PlanSummary) -> tuple[int, int] | None:
    """Where a plan is so large that it might be held, were enough known of what is usual."""
    from sync.plan.usual import LEAST_DAYS, ROWS

    large = [one for one in summary.usual.values() if one.now > ROWS and one.most is None]
    return (max(one.days for one in large), LEAST_DAYS) if large else None


def _stage(summary: PlanSummary) -> tuple[int, int] | None:
    stage = summary.next_stage
    return (stage.percent, stage.rows) if stage else None
