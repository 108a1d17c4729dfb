"""One comparison, step by step: read the mapping, compare, number the plan, count every fate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sync.destinations.targets import Target
from sync.errors import Problem, WarehouseError
from sync.model import Fate, Kind, Op, Sync
from sync.plan import (
    arrivals,
    candidates,
    diff,
    holdouts,
    invalid,
    listed,
    numbering,
    overwritten,
    policies,
    reading,
    rollout,
    sharing,
    siblings,
    upkeep,
)
from sync.plan.comparison import Comparison
from sync.plan.gates import UNIDENTIFIED, gates_of
from sync.plan.unsettled import Unsettled, define_settled
from sync.plan.workspace import Subqueries, Tables, Workspace
from sync.project.naming import definition_moved
from sync.rules import NOW, AsOf
from sync.state import schema as t
from sync.state import settle, settling, syncs
from sync.state.acks import adopt_plan
from sync.state.catalogue import Catalogue
from sync.state.mapping import encode, followed, layout
from sync.state.resolving import resolve
from sync.state.store import Loss, PlanSummary, Stage
from sync.state.syncs import Remembered
from sync.state.written import first_name, written
from sync.warehouse import sql as e

ACKNOWLEDGED, SETTLED = "activation_acknowledged", "activation_settled"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A comparison, with what earlier runs left and how the mapping has changed since."""

    comparison: Comparison
    known: Remembered | None
    target: Target
    is_new_target: bool
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    policies: policies.Consulted = policies.NOTHING


def prepare(
    state: Catalogue,
    sync: Sync,
    engine: str,
    epoch: int,
    others: Sequence[Sync],
    as_of: AsOf = NOW,
) -> Prepared:
    """Read the model's real columns and what is recorded; writes nothing.

    `others` are the project's syncs, this one among them or not. Every policy goes by `as_of`.
    """
    recorded = syncs.recorded(state, sync.connection) if state.is_installed() else {}
    known = recorded.pop(state.tables.sync, None)
    if known is None and state.tables.sync != sync.name and state.is_installed():
        known = syncs.remembered(state)
    syncs.refuse_other_identity(sync, known)
    sync = replace(sync, first_name=first_name(known.mapping) if known else "")
    available = () if sync.is_gone else state.session.columns(sync.relation)
    if available is None:
        raise WarehouseError(_no_relation(sync))
    sync, live = (sync, ()) if sync.is_gone else resolve(sync, available, state.dialect)
    before = known.columns if known else ()
    columns = followed(live, before, state.dialect)
    targets = syncs.targets_of(state) if known else {}
    target = Target.of(sync)
    number = syncs.numbered(targets, target)
    is_baselined = known is not None and known.is_baselined
    is_adopting = sync.kind is Kind.EVENTS and sync.initial == "quiet" and not is_baselined
    siblings.refuse_claimed(sync, others, recorded)
    givers = siblings.givers(state, sync, others, recorded)
    ran_since = (
        overwritten.later(state, state.tables.sync, [g.sync for g in givers]) if known else ()
    )
    creators = arrivals.creators(sync, others, recorded)
    grown = arrivals.grown(creators, recorded)
    mapping = known.mapping if known else None
    consulted = policies.consult(state, sync, as_of, others, mapping)
    sync = replace(sync, rules=consulted.rules)
    comparison = Comparison(
        sync=sync,
        columns=columns,
        tables=state.tables,
        dialect=state.dialect,
        engine=engine,
        salt=state.salt() if state.is_installed() else "",
        epoch=epoch,
        is_initial=sync.initial == "quiet" and not is_baselined,
        occurred_at_type=dict(available).get(sync.occurred_at or "", "timestamp"),
        keeps_leavers=as_of.only_cohort,
        gates=gates_of(sync, columns, () if is_adopting else consulted.gates),
        target_id=number,
        targets={**targets, number: target},
        heirs=siblings.heirs(state, sync, columns, others, recorded),
        givers=givers,
        overwriters=tuple(giver for giver in givers if giver.sync in ran_since),
        arrivals=arrivals.due(creators, grown, known),
        grown=grown,
        sharers=siblings.sharers(state, sync, others, recorded),
    )
    mapped = {c.trait.name for c in live}
    was = {c.trait.name for c in before if not c.is_dropped}
    added = tuple(sorted(mapped - was)) if was else ()
    return Prepared(
        comparison,
        known,
        target,
        number not in targets,
        added,
        tuple(sorted(was - mapped)),
        consulted,
    )


def ensure(state: Catalogue, prepared: Prepared) -> None:
    """Bring the sync's tables in step with its mapping."""
    known, columns = prepared.known, prepared.comparison.columns
    is_there = {relation.name for relation in state.tables.own} <= state.present()
    if known is None or not is_there or layout(known.columns) != layout(columns):
        state.ensure_tables(columns)


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
        (name, e.col(name) if name in present else t.typed_null(types[name], c.dialect))
        for name in types
    ]
    rows = exp.select(*e.aliased(carried))
    return rows.from_(source) if present else rows.where(exp.false())


@dataclass(frozen=True, slots=True)
class Seen:
    """What whole tables say before anybody is compared."""

    held: Mapping[str | None, int]
    """Rows of the model by the gate that holds them, None for wanted ones."""
    active: int
    """Identities that the destination holds, or may hold."""
    known: int
    """Rows of the snapshot."""
    open: int
    """Rows of the snapshot that were refused or not confirmed."""
    is_even: bool = False
    """Nothing differs but what is open."""

    @property
    def rows(self) -> int:
        """Rows of the model."""
        return sum(self.held.values())


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
        if self.comparison.overwriters:
            c = self.comparison
            self.space.replace(c.tables.snapshot, c.acknowledged, overwritten.rows(c))
        self.seen = self._look()
        if self.seen.is_even and not self.seen.open:
            return self._summary({}, {})
        self._find_barred()
        space, c = self.space, self.comparison
        found = candidates.find_candidates(c, only_open=self.seen.is_even)
        space.define(candidates.CANDIDATES, found)
        if not self.seen.is_even:
            self.doubled = self._set_doubled_aside()
        self._part_shared()
        query = diff.planned(c, bool(self.doubled), self.seen.known, self.seen.active)
        return self._summary(*self._count_planned(query))

    def _look(self) -> Seen:
        """Compare model and snapshot as wholes, where the engine hashes."""
        space, c = self.space, self.comparison
        if not c.has_hash:
            active, known = space.ask(candidates.count_known(c))[0]
            held = self._by_gate(*space.ask(candidates.count_gated(c))[0])
            return Seen(held, int(active), int(known), 1)
        active, known, is_open, emptied, hashed, *expected = space.ask(
            candidates.digest_snapshot(c)
        )[0]
        if not hashed:
            held = self._by_gate(*space.ask(candidates.count_gated(c))[0])
            return Seen(held, int(active), int(known), int(is_open))
        rows, once, twice, *gated = space.ask(candidates.digest_model(c))[0]
        held = self._by_gate(rows, *gated)
        is_even = [once, twice] == expected and held[None] == hashed and not emptied
        is_even = is_even and not c.arrivals
        return Seen(held, int(active), int(known), int(is_open), is_even)

    def _by_gate(self, rows: int, *held: int) -> dict[str | None, int]:
        gates = self.comparison.gates
        found: dict[str | None, int] = {
            gate.name: int(count) for gate, count in zip(gates, held, strict=True)
        }
        return {None: int(rows) - sum(found.values()), **found}

    def _find_barred(self) -> None:
        """Find the members whom gates make leave; nothing is asked where those hold nobody."""
        c, held = self.comparison, self.seen.held
        if c.removes and self.seen.known and any(g.cause and held[g.name] for g in c.gates):
            self.space.define(candidates.BARRED, candidates.find_barred(c))
            self.comparison = replace(c, has_barred=True)

    def _set_doubled_aside(self) -> int:
        """Set identities that stand twice aside; how many rows that are.

        They show without grouping every row: one of them is a candidate, or there are more
        matching rows in the model than in the snapshot.
        """
        space, c = self.space, self.comparison
        is_near = self.sync.kind is Kind.EVENTS or self._has_all_matches_once()
        if is_near and not c.can_share and not space.ask(candidates.has_duplicate_candidates()):
            return 0
        is_near = is_near and bool(self.seen.known)
        space.define(candidates.DUPLICATES, candidates.find_duplicates(c, is_near))
        rows = candidates.count_duplicates()
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
        space.define(candidates.CANDIDATES, candidates.find_candidates(c))

    def _count_planned(self, query: exp.Query) -> tuple[dict[Op, int], dict[str, int]]:
        ops: dict[Op, int] = {}
        causes: dict[str, int] = {}
        for op, cause, rows in self.space.ask(self._kept(query)):
            ops[Op(op)] = ops.get(Op(op), 0) + rows
            causes[cause] = causes.get(cause, 0) + rows
        return ops, causes

    def _kept(self, query: exp.Query) -> exp.Select:
        """The changes are kept: what counts them."""
        c = self.comparison
        if self.writes_first and not self.seen.known and not c.sync.is_coalesced:
            self.has_written = True
            self.space.state.run(numbering.write_at_once(c, query))
            return reading.count_planned(reading.kept_plan(c, c.epoch))
        self.space.define(diff.PLANNED, query)
        return reading.count_planned()

    def _summary(self, ops: dict[Op, int], causes: dict[str, int]) -> PlanSummary:
        known, prepared, seen = self.known, self.prepared, self.seen
        decided: dict[Fate, int] = {}
        for gate in self.comparison.gates:
            decided[gate.fate] = decided.get(gate.fate, 0) + seen.held[gate.name]
        decided[Fate.INVALID] = decided.get(Fate.INVALID, 0) + self.doubled
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
            and definition_moved(known.definition, self.sync.definition),
            added_traits=prepared.added,
            dropped_traits=prepared.dropped,
            wanted=seen.held[None] - self.doubled,
            unidentified=seen.held[UNIDENTIFIED],
            losses=self._losses(ops),
            doubts=prepared.policies.doubts,
            next_stage=self._next_stage(),
        )

    def _next_stage(self) -> Stage | None:
        """Whom the next stage of a rollout would let in; for a preview, where some are outside."""
        c = self.comparison
        gate = rollout.gate_in(c)
        if self.writes_first or gate is None or not self.seen.held[gate.name]:
            return None
        rows = self.space.ask(rollout.count_next(gate, candidates.gated_rows(c)))
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


def write(state: Catalogue, prepared: Prepared) -> PlanSummary:
    """Compare and commit the numbered plan. Runs inside the caller's transaction."""
    prepared = _with_arms(state, prepared)
    planner = Planner(Tables(state), prepared, writes_first=True)
    c, known = prepared.comparison, prepared.known
    if prepared.is_new_target:
        syncs.record_target(state, c.target_id, prepared.target)
    summary = planner.compare()
    if summary.total and not planner.has_written:
        for statement in numbering.write_plan(c, summary.ops):
            state.run(statement)
    _keep_in_step(state, planner)
    changes = {
        "columns": e.text(encode(c.columns)),
        "recipe": e.text(c.recipe),
        "mapping": e.text(written(c.sync)),
    }
    if summary.total:
        changes["planned_epoch"] = e.number(c.epoch)
    listed.remember(state, prepared.policies.sizes)
    if not prepared.policies.doubts and prepared.policies.planned_at:
        holdouts.trigger(state, c, prepared.policies.planned_at)
    if summary.total or not _is_recorded(known, c):
        syncs.remember(state, c.sync, known, **changes)
    told = as_run(summary, c)
    if told.adopted:
        _adopt(state, c)
    return told


def _with_arms(state: Catalogue, prepared: Prepared) -> Prepared:
    """After everyone who qualifies has an arm; while something is doubtful, none is drawn."""
    c, consulted = prepared.comparison, prepared.policies
    if consulted.doubts or consulted.planned_at is None:
        return prepared
    holdouts.assign(state, c, consulted.planned_at)
    return replace(prepared, comparison=replace(c, gates=holdouts.drawn(c.gates)))


def _is_recorded(known: Remembered | None, c: Comparison) -> bool:
    """Whether the row of `syncs` says what it has to say."""
    return (
        known is not None
        and known.recipe == c.recipe
        and encode(known.columns) == encode(c.columns)
        and known.mapping == written(c.sync)
    )


def _adopt(state: Catalogue, c: Comparison) -> None:
    """The first population of events counts as sent already."""
    state.run(adopt_plan(state.tables, c.epoch))
    settling.merge(state, settlement(state, c, c.epoch), "")
    settling.conclude(state, c.epoch)


def as_run(summary: PlanSummary, c: Comparison) -> PlanSummary:
    """The plan as it is sent: a first population of events is not."""
    if not (c.is_initial and c.sync.kind is Kind.EVENTS and summary.total):
        return summary
    fates = {**summary.fates, Fate.UNCHANGED: summary.fates[Fate.UNCHANGED] + summary.total}
    return replace(summary, ops={}, causes={}, adopted=summary.total, fates=fates)


def settlement(state: Catalogue, c: Comparison, writer: int) -> settle.Settlement:
    """How the plan of a comparison is settled."""
    return settle.Settlement(c.sync, c.columns, state.tables, c.salt, c.epoch, writer)


def _keep_in_step(state: Catalogue, planner: Planner) -> None:
    """What a comparison finds beside the plan: false alarms, refusals that are over, letters."""
    c, seen = planner.comparison, planner.seen
    is_compared = not seen.is_even or bool(seen.open)
    if is_compared and seen.known and c.sync.kind is not Kind.EVENTS:
        if not seen.is_even:
            rows = upkeep.refreshed(c, has_doubled=bool(planner.doubled))
            state.run(e.merge(c.tables.snapshot, rows, ["identity"], ["fingerprint", "target_id"]))
        if seen.open:
            state.run(upkeep.forget_attempts(c))
    for heir in c.heirs:
        if heir.asserted is not None:
            for name in heir.names:
                state.run(upkeep.hand_over(c, name, heir.asserted))
    state.run(invalid.clear(c))
    if missing := seen.held[UNIDENTIFIED]:
        state.run(invalid.record_missing(c, missing))
    if planner.doubled:
        state.run(invalid.record_doubled(c))
    for gate in c.gates[1:]:
        if gate.fate is Fate.INVALID and seen.held[gate.name]:
            state.run(invalid.record_gated(c, gate))


def _no_relation(sync: Sync) -> Problem:
    r = sync.relation
    return Problem(
        "relation-missing",
        f"{sync.model} is in the manifest, but the warehouse has no {r.schema}.{r.name}",
        where=sync.path,
        hint="It was never built on this target, or was dropped since.",
        fix=f"run: dbt build --select {sync.model}",
    )
