"""One comparison, step by step: prepare the tables, compare, number the plan, count every fate."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from sync.errors import Problem, WarehouseError
from sync.model import Fate, Kind, Op, Sync
from sync.plan import candidates, changes, letters, settle
from sync.plan.comparison import Comparison, gates_of
from sync.project.naming import definition_moved
from sync.state.catalogue import (
    Catalogue,
    Remembered,
    encode,
    refuse_other_identity,
    with_dropped,
)
from sync.state.columns import Column, resolve
from sync.state.settling import clear, merge
from sync.state.store import Loss, PlanSummary
from sync.warehouse import sql as e

Fates = dict[str | None, int]


def compare(
    sync: Sync, state: Catalogue, engine: str, columns: tuple[Column, ...], epoch: int
) -> Comparison:
    """What the statements of one epoch depend on."""
    return Comparison(
        sync=sync,
        columns=columns,
        tables=state.tables,
        dialect=state.dialect,
        engine=engine,
        salt=state.salt(),
        epoch=epoch,
    )


class Planner:
    """Makes the plan of one sync within an open session."""

    def __init__(self, state: Catalogue, sync: Sync, engine: str) -> None:
        self.state = state
        self.sync = sync
        self.engine = engine
        self.known: Remembered | None = None
        self.comparison: Comparison
        self._changed_traits: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def prepare(self, epoch: int) -> None:
        """Read the model's real columns and bring the sync's tables in step, before the plan."""
        state = self.state
        self.known = state.remembered()
        refuse_other_identity(self.sync, self.known)
        available = state.session.columns(self.sync.relation)
        if available is None:
            raise WarehouseError(_no_relation(self.sync))
        sync, columns = resolve(self.sync, available)
        columns, added, dropped = with_dropped(sync, columns, self.known)
        self._changed_traits = (added, dropped)
        state.ensure_tables(columns)
        is_baselined = self.known is not None and self.known.is_baselined
        self.comparison = replace(
            compare(sync, state, self.engine, columns, epoch),
            is_initial=sync.initial == "quiet" and not is_baselined,
            occurred_at_type=dict(available).get(sync.occurred_at or "", "timestamp"),
            gates=gates_of(sync, columns),
        )

    def write(self) -> PlanSummary:
        """Compare, and write the numbered plan. Runs inside the caller's transaction."""
        clear(self.state)
        summary = self._untouched() or self._compared()
        c = self.comparison
        self.state.remember(
            self.sync, self.known, columns=e.text(encode(c.columns)), recipe=e.text(c.recipe)
        )
        return summary

    def _untouched(self) -> PlanSummary | None:
        """The summary of a model that equals its snapshot as a whole; None when it may not."""
        state, c = self.state, self.comparison
        if not c.has_hash or c.gates or any(column.is_dropped for column in c.columns):
            return None
        members, doubts, *acknowledged = state.ask(candidates.digest_snapshot(c))[0]
        if doubts or not members:
            return None
        rows, missing, *wanted = state.ask(candidates.digest_model(c))[0]
        if wanted != acknowledged or rows - missing != members:
            return None
        self._bury_invalid({candidates.UNIDENTIFIED: missing}, 0)
        fates: Fates = {None: rows - missing, candidates.UNIDENTIFIED: missing}
        return self._summary(fates, 0, {}, {}, int(members), 0)

    def _compared(self) -> PlanSummary:
        state, c = self.state, self.comparison
        for name in (candidates.CANDIDATES, candidates.DUPLICATES):
            state.run(e.drop(name))
        fates: Fates = dict(state.ask(candidates.count_fates(c)))
        members, seen = state.ask(candidates.count_known(c))[0]
        state.run(candidates.find_candidates(c))
        if c.dialect in candidates.WITHOUT_STATISTICS:
            state.run(e.analyze(e.local(candidates.CANDIDATES)))
        doubled = self._set_doubled_aside(fates, int(members))
        state.run(changes.write_plan(c))
        ops, causes = self._count_plan()
        if c.has_hash and seen and self._has_false_alarms(ops, causes):
            state.run(changes.refresh_fingerprints(c))
        self._bury_invalid(fates, doubled)
        adopted = 0
        if c.is_initial and self.sync.kind is Kind.EVENTS and ops:
            adopted, ops, causes = sum(ops.values()), {}, {}
            state.run(settle.adopt_plan(c, c.epoch))
            merge(state, c, c.epoch, "")
            clear(state)
        return self._summary(fates, doubled, ops, causes, int(members), adopted)

    def _summary(
        self,
        fates: Fates,
        doubled: int,
        ops: dict[Op, int],
        causes: dict[str, int],
        members: int,
        adopted: int,
    ) -> PlanSummary:
        known = self.known
        added, dropped = self._changed_traits
        return PlanSummary(
            model_rows=sum(fates.values()),
            fates=_decided(fates, doubled, ops),
            ops=ops,
            causes=causes,
            members=members,
            is_first=known is None or not known.is_baselined,
            adopted=adopted,
            is_definition_changed=known is not None
            and definition_moved(known.definition, self.sync.definition),
            added_traits=added,
            dropped_traits=dropped,
            wanted=fates.get(None, 0) - doubled,
            unidentified=fates.get(candidates.UNIDENTIFIED, 0),
            losses=self._losses(ops),
        )

    def _losses(self, ops: dict[Op, int]) -> tuple[Loss, ...]:
        """What the plan takes away by changes, trait by trait."""
        state, c = self.state, self.comparison
        kept = [column for column in c.columns if not column.is_dropped]
        if not ops.get(Op.CHANGE) or not kept:
            return ()
        lost = state.ask(changes.count_losses(c, kept))[0]
        if not any(lost):
            return ()
        holders = state.ask(changes.count_holders(c, kept))[0]
        return tuple(
            Loss(x.trait.name, int(gone), int(held), x.trait.default is not None)
            for x, gone, held in zip(kept, lost, holders, strict=True)
            if gone
        )

    def _set_doubled_aside(self, fates: Fates, known: int) -> int:
        """Set identities that stand twice aside; how many rows that are.

        They show without grouping every row: either twice among the candidates, or as more
        matching rows in the model than in the snapshot.
        """
        state, c = self.state, self.comparison
        unknown, unwanted = state.ask(candidates.count_candidates(c))[0]
        in_model = fates.get(None, 0)
        is_even = in_model - unknown == known - unwanted
        is_plain = c.removes and not c.can_move and not c.gates
        must_look = self.sync.kind is not Kind.EVENTS and not (is_plain and is_even)
        if not must_look and not state.ask(candidates.has_duplicate_candidates()):
            return 0
        state.run(candidates.find_duplicates(c))
        state.run(candidates.drop_duplicate_candidates())
        rows = exp.select(exp.Sum(this=e.col("model_rows"))).from_(e.local(candidates.DUPLICATES))
        return int(state.ask(rows)[0][0] or 0)

    def _has_false_alarms(self, ops: dict[Op, int], causes: dict[str, int]) -> bool:
        """Whether stage two dismissed a candidate; whoever moves stands in the plan twice."""
        query = exp.select(e.count()).from_(e.local(candidates.CANDIDATES))
        found = self.state.ask(query)[0][0]
        return bool(sum(ops.values()) - causes.get("moved", 0) // 2 < found)

    def _bury_invalid(self, fates: Fates, doubled: int) -> None:
        c = self.comparison
        self.state.run(letters.clear_invalid(c))
        if missing := fates.get(candidates.UNIDENTIFIED, 0):
            self.state.run(letters.bury_missing(c, missing))
        if doubled:
            self.state.run(letters.bury_doubled(c))
        if fates.get(Fate.INVALID, 0):
            for gate in c.gates:
                self.state.run(letters.bury_gated(c, gate.detail))

    def _count_plan(self) -> tuple[dict[Op, int], dict[str, int]]:
        query = (
            exp.select(e.col("op"), e.col("cause"), e.count())
            .from_(e.table(self.state.tables.plan))
            .group_by(e.col("op"), e.col("cause"))
        )
        ops: dict[Op, int] = {}
        causes: dict[str, int] = {}
        for op, cause, rows in self.state.ask(query):
            ops[Op(op)] = ops.get(Op(op), 0) + rows
            causes[cause] = causes.get(cause, 0) + rows
        return ops, causes


def _decided(fates: Fates, doubled: int, ops: dict[Op, int]) -> dict[Fate, int]:
    """Fates that the plan itself decides; the rest of the model's rows is unchanged."""
    decided = {
        Fate(fate): rows
        for fate, rows in fates.items()
        if fate is not None and fate != candidates.UNIDENTIFIED
    }
    missing = fates.get(candidates.UNIDENTIFIED, 0)
    decided[Fate.INVALID] = decided.get(Fate.INVALID, 0) + missing + doubled
    pending = ops.get(Op.ADD, 0) + ops.get(Op.CHANGE, 0)
    decided[Fate.UNCHANGED] = sum(fates.values()) - sum(decided.values()) - pending
    return decided


def _no_relation(sync: Sync) -> Problem:
    r = sync.relation
    return Problem(
        "relation-missing",
        f"{sync.model} is in the manifest, but the warehouse has no {r.schema}.{r.name}",
        where=sync.path,
        hint="It was never built on this target, or was dropped since.",
        fix=f"run: dbt build --select {sync.model}",
    )
