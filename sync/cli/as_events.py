"""What gates, plans and ends of syncs say, as events with the sync's number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.cli.places import Places
from sync.model import Kind, Sync
from sync.report.events import Carried, Ended, Orphaned, Place, Planned, Refused, Warned
from sync.report.reporter import Reporter

if TYPE_CHECKING:
    from sync.commands.orphans import Orphan
    from sync.commands.succession import Done
    from sync.project.preflight import Gated
    from sync.run.protocol import SyncResult


def tell_gates(
    reporter: Reporter, syncs: Sequence[Sync], gated: Sequence[Gated]
) -> tuple[Places, list[Refused]]:
    """Tell refusals and warnings; numbering starts with the refused."""
    refused = [g for g in gated if g.is_refused]
    names = {g.sync.name for g in refused} | {s.name for s in syncs}
    places = Places(len(names))
    events = [Refused(places.of(g.sync), g.problem, g.exit_code) for g in refused]
    for event in events:
        reporter.tell(event)
    kinds: dict[tuple[str, str], list[Gated]] = {}
    for warned in (g for g in gated if not g.is_refused):
        kinds.setdefault((warned.problem.code, warned.problem.hint), []).append(warned)
    for alike in kinds.values():
        models = tuple(dict.fromkeys(g.sync.model for g in alike))
        reporter.tell(Warned(alike[0].problem, models))
    return places, events


def ended_event(place: Place, result: SyncResult, planned: Planned | None, seconds: float) -> Ended:
    """The end of a sync as an event."""
    return Ended(
        place=place,
        status=result.status,
        exit_code=result.exit_code,
        counts=result.counts,
        ops=result.ops,
        seconds=seconds,
        problems=result.problems,
        requests=result.requests,
        bytes_sent=result.bytes_sent,
        recovered=result.recovered,
        running=result.running,
        plan_id=result.plan_id,
        approved_by=result.approved_by,
        planned=planned,
        started_at=result.started_at,
        finished_at=result.finished_at,
        bytes_scanned=result.bytes_scanned,
    )


def carried(done: Iterable[Done], is_done: bool = False) -> tuple[Carried, ...]:
    """Steps as events."""
    return tuple(_carried(d, is_done and d.problem is None) for d in done)


def _carried(done: Done, is_done: bool) -> Carried:
    step, new, sent = done.step, done.step.new, done.sent
    event = Carried(
        step.action,
        step.orphan.name,
        new.name if new else None,
        step.orphan.members,
        is_done,
        done.exit_code,
        done.problem,
    )
    if sent is None:
        return event
    return replace(
        event,
        counts=sent.counts,
        ops=sent.ops,
        requests=sent.requests,
        bytes_sent=sent.bytes_sent,
    )


def orphaned(orphan: Orphan) -> Orphaned:
    """A sync that is gone from the project as an event."""
    known = orphan.known
    kind = Kind(known.kind)
    return Orphaned(
        orphan.name, known.model, known.connection, kind, orphan.members, orphan.problem
    )
