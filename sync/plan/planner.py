"""One comparison, step by step: read the mapping, compare, number the plan, count every fate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from sqlglot import exp

from sync.model import Fate, Kind, Op, Sync
from sync.plan import (
    ahead,
    cadences,
    candidates,
    caps,
    delays,
    diff,
    digests,
    doubles,
    gated,
    gone,
    holdouts,
    numbering,
    ordering,
    overwritten,
    reading,
    rollout,
    sharing,
)
from sync.plan.comparison import Comparison
from sync.plan.gates import UNIDENTIFIED
from sync.plan.preparing import Prepared
from sync.plan.seen import Seen
from sync.plan.unsettled import Unsettled, define_settled
from sync.plan.workspace import Subqueries, Workspace
from sync.project.naming import definition_moved, moved_parts
from sync.state import ddl
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.store import Defined, Loss, PlanSummary, Stage
from sync.warehouse import sql as e

Counted = tuple[dict[Op, int], dict[str, int], dict[str, int]]
"""Changes by operation and by cause, and rows that wait by delay."""
ACKNOWLEDGED, SETTLED = "activation_acknowledged", "activation_settled"


def preview(state: Catalogue, prepared: Prepared, leftover: Unsettled | None) -> Planner:
    """A planner that writes nothing, over what the destination holds."""
    space = Subqueries(state)
    c = replace(prepared.comparison, acknowledged=ACKNOWLEDGED)
    present = state.columns_today(c.tables.snapshot, t.SNAPSHOT)
    source = e.table(c.tables.snapshot)
    if leftover is not None and present:
        present = define_settled(space, c.sync, leftover, SETTLED)
        source = e.local(SETTLED)
    space.define(ACKNOWLEDGED, _held_rows(c, present, source))
    return Planner(space, replace(prepared, comparison=c))


def _held_rows(c: Comparison, present: Collection[str], source: exp.Table) -> exp.Select:
    """The snapshot with today's columns, also where it has none of them yet."""
    types = t.snapshot_columns(c.columns)
    carried = [
        (name, e.col(name) if name in present else ddl.typed_null(types[name], c.dialect))
        for name in types
    ]
    rows = exp.select(*e.aliased(carried))
    return rows.from_(source) if present else rows.where(exp.false())


class Planner:
    """Makes the plan of one sync within an open session."""

    def __init__(self, space: Workspace, prepared: Prepared, writes_first: bool = False) -> None:
        self.space = space
        self.writes_first = writes_first
        """A first plan goes where it stays at once."""
        self.has_written = False
        self.prepared = prepared
        self.known = prepared.known
        self.comparison = prepared.comparison
        self.seen = Seen({}, 0, 0, 0)
        self.doubled = 0

    def compare(self) -> PlanSummary:
        """The plan's numbers; the plan itself is the local relation `diff.PLANNED`."""
        if self.comparison.is_overwritten:
            c = self.comparison
            self.space.replace(c.tables.snapshot, c.acknowledged, overwritten.rows(c))
        self.seen = self._look()
        self._draw()
        if self.seen.is_even and not self.seen.open:
            return self._summary({}, {}, {})
        self._find_barred()
        if self._is_first and (counted := self._write_first()):
            return self._summary(*counted)
        space, c = self.space, self.comparison
        found = candidates.find_candidates(c, self._open() if self.seen.is_even else None)
        space.define(doubles.CANDIDATES, found)
        if not self.seen.is_even:
            self.doubled = self._set_doubled_aside()
        self._part_shared()
        self._find_gone()
        return self._summary(*self._count_planned())

    def _open(self) -> exp.Select | list[str]:
        """Identities that every run tries again: a few by name, many as a query."""
        asked = candidates.open_identities(self.comparison)
        if self.seen.open > candidates.MOST_NAMED:
            return asked
        return [identity for (identity,) in self.space.ask(asked)]

    def _look(self) -> Seen:
        """Compare model and snapshot as wholes, where the engine hashes."""
        space, c = self.space, self.comparison
        marks = holdouts.marks(c) if self.draws else ()
        if not c.has_hash:
            active, known = space.ask(digests.count_known(c))[0]
            held, drawn = self._by_gate(*space.ask(digests.count_gated(c, marks))[0])
            return Seen(held, int(active), int(known), 1, False, *drawn)
        active, known, is_open, emptied, hashed, *expected = space.ask(digests.digest_snapshot(c))[
            0
        ]
        if not hashed:
            held, drawn = self._by_gate(*space.ask(digests.count_gated(c, marks))[0])
            return Seen(held, int(active), int(known), int(is_open), False, *drawn)
        rows, once, twice, *gated = space.ask(digests.digest_model(c, marks))[0]
        held, drawn = self._by_gate(rows, *gated)
        is_even = [once, twice] == expected and held[None] == hashed and not emptied
        is_even = is_even and not c.arrivals
        return Seen(held, int(active), int(known), int(is_open), is_even, *drawn)

    def _by_gate(self, rows: int, *counts: int) -> tuple[dict[str | None, int], list[int]]:
        """Rows by the gate that holds them, and by mark."""
        gates = self.comparison.gates
        found: dict[str | None, int] = {
            gate.name: int(count) for gate, count in zip(gates, counts, strict=False)
        }
        return {None: int(rows) - sum(found.values()), **found}, [*map(int, counts[len(gates) :])]

    @property
    def draws(self) -> bool:
        """Whether arms are stored: by a plan that is written, while nothing is doubtful."""
        policies = self.prepared.policies
        return self.writes_first and not policies.doubts and policies.planned_at is not None

    def _draw(self) -> None:
        """Store the arms that are missing, so that no later statement draws any."""
        c, at = self.comparison, self.prepared.policies.planned_at
        if self.draws and at is not None:
            holdouts.assign(self.space.state, c, at, has_new=bool(self.seen.undrawn))
            self.comparison = replace(c, gates=holdouts.drawn(c.gates))

    def _find_barred(self) -> None:
        """Find the members that gates make leave; nothing is asked where the gates hold none."""
        c, held = self.comparison, self.seen.held
        if c.removes and self.seen.known and any(g.cause and held[g.name] for g in c.gates):
            self.space.define(candidates.BARRED, candidates.find_barred(c))
            self.comparison = replace(c, has_barred=True)

    @property
    def _is_first(self) -> bool:
        """Nothing is known and nothing waits: the rows of the model are the plan."""
        c = self.comparison
        is_plain = not c.delays and not c.sync.is_coalesced
        return self.writes_first and is_plain and not self.seen.known

    def _write_first(self) -> Counted | None:
        """Write the plan as the model is read; None, and none, where an identity stands twice."""
        c, held = self.comparison, self.seen.held
        first = {doubles.CANDIDATES: candidates.find_first(c)}
        query = e.with_first(diff.planned(c, has_doubled=False, known=0), first)
        self.space.state.run(numbering.write_at_once(c, query))
        kept = reading.kept_plan(c, c.epoch)
        is_all = held[None] + held[UNIDENTIFIED] == self.seen.rows
        if self.space.ask(doubles.any_doubled(c, kept if is_all else doubles.identified_rows(c))):
            self.space.state.run(numbering.unwrite(c))
            return None
        self.has_written = True
        ops, causes = self._counted(reading.count_planned(kept))
        return ops, causes, {}

    def _find_gone(self) -> None:
        """Find who left the model and must not be reached; nothing is asked without a list."""
        c = self.comparison
        if self.seen.active and (asked := gone.naming(c)):
            self.space.define(gone.GONE, gone.find_gone(c, asked))
            self.comparison = replace(c, has_gone=True)

    def _set_doubled_aside(self) -> int:
        """Set identities that stand twice aside; how many rows that are.

        They show without grouping every row: one of them is a candidate, or there are more
        matching rows in the model than in the snapshot. A row that a gate makes leave is neither,
        so then the rows of the candidates are looked at.
        """
        space, c = self.space, self.comparison
        is_near = self.sync.kind is Kind.EVENTS or self._has_all_matches_once()
        may_hide = c.can_share or any(g.cause and self.seen.held[g.name] for g in c.gates)
        if is_near and not may_hide and not space.ask(doubles.has_duplicate_candidates()):
            return 0
        is_near = is_near and bool(self.seen.known)
        space.define(doubles.DUPLICATES, doubles.find_duplicates(c, is_near))
        rows = doubles.count_duplicates()
        return int(space.ask(rows)[0][0] or 0)

    def _has_all_matches_once(self) -> bool:
        """Whether rows that match the snapshot are as many in the model as there."""
        c, seen = self.comparison, self.seen
        if (
            not c.removes
            or c.heirs
            or any(seen.held[g.name] for g in c.gates if g.is_kept_in_place)
        ):
            return False
        unknown, unwanted = self.space.ask(candidates.count_candidates(c))[0]
        return bool(seen.held[None] - unknown == seen.active - unwanted)

    @property
    def sync(self) -> Sync:
        """What is planned, with the relation's real column names."""
        return self.comparison.sync

    def _part_shared(self) -> None:
        """Nobody is removed from a place that another one keeps."""
        space, c = self.space, self.comparison
        if not (c.can_share and c.removes and self.seen.active):
            return
        space.define(sharing.SHARED, sharing.find_shared(c, bool(self.doubled)))
        if not space.ask(sharing.any_shared()):
            return
        space.replace(c.tables.snapshot, c.acknowledged, sharing.shared_rows(c))
        space.define(doubles.CANDIDATES, candidates.find_candidates(c))

    def _counted(self, query: exp.Select) -> tuple[dict[Op, int], dict[str, int]]:
        """How many changes there are of each operation, and of each cause."""
        ops: dict[Op, int] = {}
        causes: dict[str, int] = {}
        for op, cause, rows in self.space.ask(query):
            ops[Op(op)] = ops.get(Op(op), 0) + rows
            causes[cause] = causes.get(cause, 0) + rows
        return ops, causes

    def _count_planned(self) -> Counted:
        ops, causes = self._counted(self._kept())
        waiting = self.space.ask(delays.count_waiting()) if self.comparison.delays else []
        return ops, causes, {str(name): int(rows) for name, rows in waiting}

    def _look_ahead(self) -> None:
        """Find the people that the first sync has; a part that sends exits alone asks none."""
        for paced in cadences.paced_in(self.comparison):
            asked = ahead.Asked(paced.others, paced.as_of, preview, caps.is_own)
            pending = partial(self._pending, asked)
            self.space.define(paced.higher, cadences.find_higher(self.space.state, paced, pending))
        behind = ordering.behind_in(self.comparison)
        if behind is None:
            return
        if not behind.as_of.only_exits:
            found = ahead.find(self.space.state, self.comparison, behind, preview)
            self.space.define(ordering.AHEAD, found)
        elif self.seen.active:
            self.comparison = replace(self.comparison, delays=())
        else:
            self.space.define(ordering.AHEAD, ordering.no_people())

    def _pending(self, asked: ahead.Asked, sync: Sync, where: exp.Expr) -> exp.Query | None:
        return ahead.pending_of(self.space.state, self.comparison, sync, asked, where)

    def _kept(self) -> exp.Select:
        """The changes are kept: what counts them."""
        self._look_ahead()
        c, seen = self.comparison, self.seen
        if c.delays:
            changes = diff.judged_changes(c, bool(self.doubled), seen.known, seen.active)
            self.space.define(delays.JUDGED, changes)
            self.space.define(diff.PLANNED, diff.let_go(c))
            return reading.count_planned()
        query = diff.planned(c, bool(self.doubled), seen.known, seen.active)
        if self._is_first:
            self.has_written = True
            self.space.state.run(numbering.write_at_once(c, query))
            return reading.count_planned(reading.kept_plan(c, c.epoch))
        self.space.define(diff.PLANNED, query)
        return reading.count_planned()

    def _summary(
        self, ops: dict[Op, int], causes: dict[str, int], waiting: dict[str, int]
    ) -> PlanSummary:
        known, prepared, seen = self.known, self.prepared, self.seen
        decided: dict[Fate, int] = {}
        for gate in self.comparison.gates:
            decided[gate.fate] = decided.get(gate.fate, 0) + seen.held[gate.name]
        decided[Fate.INVALID] = decided.get(Fate.INVALID, 0) + self.doubled
        fates = {delay.name: delay.fate for delay in self.comparison.delays}
        for name, rows in waiting.items():
            decided[fates[name]] = decided.get(fates[name], 0) + rows
        pending = ops.get(Op.ADD, 0) + ops.get(Op.CHANGE, 0)
        decided[Fate.UNCHANGED] = seen.rows - sum(decided.values()) - pending
        return PlanSummary(
            model_rows=seen.rows,
            fates=decided,
            ops=ops,
            causes=causes,
            members=seen.active,
            is_first=known is None or not known.is_baselined,
            is_definition_changed=known is not None
            and not self.comparison.is_unread
            and definition_moved(known.definition, self.sync.definition),
            before=self._before(),
            edited=moved_parts(known.definition, self.sync.definition) if known else (),
            added_traits=prepared.added,
            dropped_traits=tuple(
                name for name in prepared.dropped if name not in self.comparison.left_with_places
            ),
            wanted=seen.held[None] - self.doubled + sum(decided.get(f, 0) for f in holdouts.LATER),
            unidentified=seen.held[UNIDENTIFIED],
            losses=self._losses(ops),
            doubts=prepared.policies.doubts,
            refusal=prepared.refusal,
            segment_before=self._segment_before(),
            is_unread=self.comparison.is_unread,
            next_stage=self._next_stage(),
            waiting=waiting,
            late=self._late(waiting),
        )

    def _before(self) -> Defined | None:
        known, sync = self.known, self.sync
        if known is None or self.comparison.is_unread:
            return None
        is_same = known.version == sync.version
        is_same = is_same and not definition_moved(known.definition, sync.definition)
        return None if is_same else Defined(known.definition, known.version)

    def _segment_before(self) -> str:
        c = self.comparison
        others = [target for number, target in sorted(c.targets.items()) if number != c.target_id]
        before = str(others[-1].place.get("segment") or "") if others else ""
        return before if before != c.sync.segment else ""

    def _late(self, waiting: dict[str, int]) -> int:
        """How many wait for another sync for longer than they should."""
        behind = ordering.behind_in(self.comparison)
        late = ordering.count_late(self.comparison, behind) if behind and waiting else None
        return int(self.space.ask(late)[0][0]) if late is not None else 0

    def _next_stage(self) -> Stage | None:
        """How many the next stage of a rollout lets in; for a preview, where some are outside."""
        c = self.comparison
        gate = rollout.gate_in(c)
        if self.writes_first or gate is None or not self.seen.held[gate.name]:
            return None
        rows = self.space.ask(rollout.count_next(gate, gated.gated_rows(c)))
        return Stage(rollout.next_percent(gate.rollout), int(rows[0][0]))

    def _losses(self, ops: dict[Op, int]) -> tuple[Loss, ...]:
        """What the plan takes away by changes, trait by trait."""
        c = self.comparison
        if not ops.get(Op.CHANGE) or not c.live:
            return ()
        lost = self.space.ask(reading.count_losses(c))[0]
        if not any(lost):
            return ()
        holders = self.space.ask(reading.count_holders(c))[0]
        return tuple(
            Loss(x.trait.name, int(gone), int(held), x.trait.default is not None)
            for x, gone, held in zip(c.live, lost, holders, strict=True)
            if gone
        )
