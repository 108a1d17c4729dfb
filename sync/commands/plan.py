"""What `apply` would do, without doing it: the same plan by the same statements, not written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sync.destinations.values import Values
from sync.errors import Problem, SyncError, Unexpected, WarehouseError, foreseen
from sync.journal.journal import Journal
from sync.model import Op, Sync
from sync.plan import approving, delays, edits, planner, preparing, reading, usual, whole, writing
from sync.plan.culprit import with_column
from sync.plan.guards import Held
from sync.plan.unsettled import Unsettled
from sync.run.access import StateAccess
from sync.state import volatile, whose
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.lease import LeaseTable
from sync.state.recovery import find_leftover
from sync.state.store import RUNNING, PlanSummary, Waiting, Whole
from sync.warehouse.reading import read_or_same

Guard = Callable[[PlanSummary], Held | None]


@dataclass(frozen=True, slots=True)
class TraitChange:
    """One trait of one planned change. Personal values are digests, where they are kept at all."""

    name: str
    old: Any
    new: Any
    is_pii: bool


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One planned change, with the values it would replace."""

    op: Op
    identity: str
    cause: str
    reason: str | None
    changes: Sequence[TraitChange]


@dataclass(frozen=True, slots=True)
class Preview:
    """One sync's plan as of now. `problem` is why it would not be sent."""

    sync: Sync
    summary: PlanSummary | None
    rows: Sequence[PreviewRow] = ()
    held: Held | None = None
    """Why it, or a part of it, would not be sent."""
    waiting: Sequence[Waiting] = ()
    """Of the one identity that was asked for."""
    problem: Problem | None = None
    others: tuple[Problem, ...] = ()
    """More reasons."""
    exit_code: int = 0
    recovering: int = 0
    """Changes of a crashed run that the next run would settle first; counted in here already."""
    running: int = 0
    """Changes of an older run that a job has not told of: the next run asks it first, and sends
    nothing while it goes on. They are planned here as if it had done them."""
    whole: Whole | None = None
    """All of it under one id, where that was asked for."""
    unexpected: Unexpected | None = None
    """Where `problem` is one that nobody planned for: its traceback."""
    bytes_scanned: int | None = None
    """What the warehouse has read for it, where it tells."""


def preview(
    access: StateAccess,
    sync: Sync,
    guard: Guard = lambda summary: None,
    show: int = 0,
    identity: str | None = None,
    salt: str | None = None,
    *,
    parts_edits: bool = False,
) -> Preview:
    """Plan one sync as a run would; nothing is written, nobody locked.

    `show` rows at most come with it, or those of one `identity`; its ids where a `salt` is given,
    which takes the place of the state's unless it is empty. With `parts_edits`, one that follows an
    edit of the definition says who moves because of it.
    """
    try:
        with foreseen(f"the plan of {sync.name}"), access.catalogue(sync.name) as state:
            found, made = _located(access, state, sync, guard, show, identity, salt)
            if parts_edits and found.summary:
                summary = edits.with_moves(state, found.summary, made.comparison, made.space)
                found = replace(found, summary=summary)
            found = replace(found, bytes_scanned=state.session.bytes_scanned)
    except SyncError as error:
        surprise = error if isinstance(error, Unexpected) else None
        problem, *others = error.problems
        return Preview(
            sync,
            None,
            problem=problem,
            others=tuple(others),
            exit_code=error.exit_code,
            unexpected=surprise,
        )
    if (held := found.held) is None:
        return found
    return replace(found, problem=held.problem, others=held.others, exit_code=3)


def _located(
    access: StateAccess,
    state: Catalogue,
    sync: Sync,
    guard: Guard,
    show: int,
    identity: str | None,
    salt: str | None,
) -> tuple[Preview, planner.Planner]:
    """The plan; an error of the warehouse comes with the column that it is about."""
    try:
        with state.session.transaction():
            return _plan(access, state, sync, guard, show, identity, salt)
    except WarehouseError as error:
        raise with_column(error, state, sync, access.siblings) from error


def _plan(
    access: StateAccess,
    state: Catalogue,
    sync: Sync,
    guard: Guard,
    show: int,
    identity: str | None,
    salt: str | None,
) -> tuple[Preview, planner.Planner]:
    prepared = preparing.prepare(
        state, sync, access.warehouse.engine, 0, access.siblings, access.as_of
    )
    leftover = _leftover(access, state, sync)
    made = planner.preview(state, prepared, leftover)
    summary = writing.as_run(made.compare(), made.comparison)
    desk = approving.of_preview(state, made.comparison, summary, made.space.ask)
    if prepared.known is not None and prepared.known.held_plan:
        summary = approving.with_rest(desk)
    summary = usual.with_usual(state, summary, access.as_of)
    summary = replace(summary, volatile=volatile.found_in(state, sync))
    held = _held(desk, guard, summary)
    rows: list[PreviewRow] = []
    if summary.total and (show or identity is not None):
        c = made.comparison
        query = reading.show_plan(c, show, identity)
        rows = [_row(found, c.columns) for found in made.space.ask(query)]
    waiting: list[Waiting] = []
    if summary.waiting and identity is not None:
        waiting = delays.waiting(made.comparison, made.space.ask, identity)
    running = leftover.running if leftover else 0
    recovering = leftover.last_seq if leftover and not running else 0
    named = None if salt is None else whole.identify(desk, prepared.known, salt)
    found = Preview(
        *(sync, summary, rows, held, waiting), recovering=recovering, running=running, whole=named
    )
    return found, made


def _held(desk: approving.Desk, guard: Guard, summary: PlanSummary) -> Held | None:
    """What holds the plan, with the id by which it can be approved."""
    held = guard(summary)
    if held is None or held.trip is None:
        return held
    return held.named(approving.offer(desk, held.trip).plan_id)


def _leftover(access: StateAccess, state: Catalogue, sync: Sync) -> Unsettled | None:
    """What a run that was cut short left, as the next run would settle it.

    Raises StateError where the next run would be refused.
    """
    journal = Journal(access.disk(sync))
    past = journal.open_for(sync.name, whose.ours(state))
    if not state.is_installed():
        return None
    LeaseTable(state, access.terms).refuse_older(journal.known)
    found = find_leftover(state)
    if found is None:
        return None
    acks, knows_all = past.told(found.epoch, datetime.now(UTC))
    taken = {ack.seq for ack in (*found.running, *acks) if ack.outcome == RUNNING}
    return Unsettled(found.epoch, found.last_seq, acks, not knows_all, len(taken))


def _row(found: Sequence[Any], columns: Sequence[Column]) -> PreviewRow:
    op, identity, cause, reason, changed, *values = found
    shown = [
        TraitChange(
            c.trait.name,
            values[2 * i] if c.trait.is_pii else expressed(c, values[2 * i]),
            expressed(c, values[2 * i + 1]),
            c.trait.is_pii,
        )
        for i, (c, bit) in enumerate(zip(columns, changed, strict=True))
        if bit == "1" and (op == Op.REMOVE or not c.is_superseded)
    ]
    return PreviewRow(Op(op), identity, cause, reason, shown)


def expressed(column: Column, found: Any) -> Any:
    """A value as it is sent, with moments in ISO form; one that can't be sent as it was found."""
    value = read_or_same(column.wire, found)
    try:
        return _SHOWN.of({column.trait.name: value})[column.trait.name]
    except ValueError:
        return found


_SHOWN = Values()
