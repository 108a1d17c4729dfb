"""What `apply` would do, without doing it: the same plan, made and rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn

from sync.errors import Problem, SyncError, Unexpected, foreseen
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.model import Op, Sync
from sync.plan import changes
from sync.plan.guards import Held
from sync.plan.planner import Planner
from sync.run.access import StateAccess
from sync.state import installation, lost, whose
from sync.state.catalogue import Catalogue
from sync.state.recovery import find_leftover, settle_leftover
from sync.state.store import PlanSummary


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
    problem: Problem | None = None
    exit_code: int = 0
    recovering: int = 0
    """Changes of a crashed run that the next run would settle first; counted in here already."""
    unexpected: Unexpected | None = None
    """Where `problem` is one that nobody planned for: its traceback."""


class _Undo(Exception):
    """Makes a transaction roll back."""


def _undo() -> NoReturn:
    raise _Undo


def preview(
    access: StateAccess,
    sync: Sync,
    guard: Callable[[PlanSummary], Held | None] = lambda summary: None,
    show: int = 0,
    identity: str | None = None,
) -> Preview:
    """Plan one sync inside a transaction that is rolled back; nothing is written, nobody locked.

    `show` rows at most come with it, or those of one `identity`.
    """
    try:
        with foreseen(f"the plan of {sync.name}"):
            found = _rolled_back(access, sync, show, identity)
    except SyncError as error:
        surprise = error if isinstance(error, Unexpected) else None
        return Preview(sync, None, (), error.problems[0], error.exit_code, unexpected=surprise)
    held = guard(found.summary) if found.summary else None
    if held is None:
        return found
    return replace(found, problem=held.problem, exit_code=3)


def _rolled_back(access: StateAccess, sync: Sync, show: int, identity: str | None) -> Preview:
    made: list[Preview] = []
    with access.opened(sync.name) as state, suppress(_Undo), state.session.transaction():
        made.append(_plan(access, state, sync, show, identity))
        _undo()
    return made[0]


def _plan(
    access: StateAccess, state: Catalogue, sync: Sync, show: int, identity: str | None
) -> Preview:
    lost.refuse_own(state, installation.ensure(state).tables)
    whose.refuse_other(state)
    engine = access.warehouse.engine
    recovering = _settle(access, state, sync, engine)
    planner = Planner(state, sync, engine)
    planner.prepare(epoch=0)
    summary = planner.write()
    rows: list[PreviewRow] = []
    if show or identity is not None:
        names = [x for c in planner.comparison.columns for x in (c.trait.name, c.trait.is_pii)]
        query = changes.show_plan(planner.comparison, show, identity)
        rows = [_row(found, names) for found in state.ask(query)]
    return Preview(sync, summary, rows, recovering=recovering)


def _settle(access: StateAccess, state: Catalogue, sync: Sync, engine: str) -> int:
    leftover = find_leftover(state)
    if leftover is None:
        return 0
    past = Journal(FileDisk(access.journal_dir(sync))).past()
    acks, knows_all = past.told(leftover.epoch, datetime.now(UTC))
    settle_leftover(state, sync, engine, leftover.epoch, "", acks, doubt_rest=not knows_all)
    return leftover.last_seq


def _row(found: Sequence[Any], names: Sequence[Any]) -> PreviewRow:
    op, identity, cause, reason, changed, *values = found
    shown = [
        TraitChange(names[2 * i], values[2 * i], values[2 * i + 1], names[2 * i + 1])
        for i, bit in enumerate(changed)
        if bit == "1"
    ]
    return PreviewRow(Op(op), identity, cause, reason, shown)
