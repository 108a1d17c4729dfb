"""What a comparison finds beside the plan, kept in step in the snapshot."""

from __future__ import annotations

from sqlglot import exp

from sync.model import Fate, Kind, Op
from sync.plan import invalid
from sync.plan.comparison import Comparison, held_key
from sync.plan.delays import JUDGED
from sync.plan.diff import PLANNED
from sync.plan.doubles import CANDIDATES, doubled
from sync.plan.gates import UNIDENTIFIED
from sync.plan.seen import Seen
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e


def keep_in_step(state: Catalogue, c: Comparison, seen: Seen, doubled: int) -> None:
    """Write what a comparison finds beside the plan: false alarms, refusals that are over, letters.

    `doubled` rows of the model were set aside.
    """
    is_compared = not seen.is_even or bool(seen.open)
    if is_compared and seen.known and c.sync.kind is not Kind.EVENTS:
        if not seen.is_even:
            rows = refreshed(c, has_doubled=bool(doubled))
            state.run(e.merge(c.tables.snapshot, rows, ["identity"], ["fingerprint", "target_id"]))
        if seen.open:
            state.run(forget_attempts(c))
            if not c.removes:
                state.run(end_doubts(c))
    for heir in c.heirs:
        if heir.asserted is not None:
            for name in heir.names:
                state.run(hand_over(c, name, heir.asserted))
    state.run(invalid.clear(c))
    if missing := seen.held[UNIDENTIFIED]:
        state.run(invalid.record_missing(c, missing))
    if doubled:
        state.run(invalid.record_doubled(c))
    for gate in c.gates[1:]:
        if gate.fate is Fate.INVALID and seen.held[gate.name]:
            state.run(invalid.record_gated(c, gate))


def refreshed(c: Comparison, has_doubled: bool = True) -> exp.Select:
    """False alarms of stage one with today's fingerprint and target: (identity, both).

    So they are not looked at again. A name that only left a mapping is not sent for it.
    """
    told = exp.select(e.number(1)).from_(e.local(_changes(c), "p"))
    told = told.where(e.equals(e.col("identity", "p"), e.col("identity", "c")))
    fresh = [
        ("identity", e.col("identity", "c")),
        ("fingerprint", e.col("fingerprint", "c") if c.has_hash else e.null("bigint")),
        ("target_id", e.number(c.target_id)),
    ]
    rows = (
        e.select(*e.aliased(fresh))
        .from_(e.local(CANDIDATES, "c"))
        .where(e.col("is_wanted", "c"), e.col("is_known", "c"), exp.Not(this=exp.Exists(this=told)))
    )
    return rows.where(exp.Not(this=exp.Exists(this=doubled("c")))) if has_doubled else rows


def _changes(c: Comparison) -> str:
    """The relation with every change, also of what waits."""
    return JUDGED if c.delays else PLANNED


def forget_attempts(c: Comparison) -> exp.Update:
    """What was refused and is not tried again: it left the model, or is as acknowledged again."""
    told = exp.select(e.col("identity")).from_(e.local(_changes(c)))
    return e.update(
        c.tables.snapshot,
        {"attempted": e.null(), "attempted_op": e.null()},
        e.all_of(
            e.not_null(e.col("attempted_op")),
            e.is_null(e.col("unconfirmed")),
            exp.Not(this=exp.In(this=e.col("identity"), query=told.subquery())),
        ),
    )


def end_doubts(c: Comparison) -> exp.Update:
    """Who stays at the destination and is told nothing more is in doubt for no request's sake.

    Such a doubt is about every name: another sync may have written over it, or a person asked to
    assert it. It stays noted there, and all is said once the row is back.
    """
    told = exp.select(e.col("identity")).from_(e.local(_changes(c)))
    return e.update(
        c.tables.snapshot,
        {"unconfirmed": e.null(), "fingerprint": e.null()},
        e.all_of(
            e.equals(e.col("unconfirmed"), e.text(Op.CHANGE)),
            e.equals(e.col("unsure"), e.text("*")),
            e.is_null(e.col("attempted_op")),
            exp.Not(this=exp.In(this=e.col("identity"), query=told.subquery())),
        ),
    )


def hand_over(c: Comparison, name: str, asserted: exp.Query) -> exp.Update:
    """A name that its new owner has sent for a person is not ours to empty any more."""
    key = held_key(c.sync, None)
    return e.update(
        c.tables.snapshot,
        {name: e.null()},
        e.all_of(e.not_null(e.col(name)), exp.In(this=key, query=asserted.subquery())),
    )
