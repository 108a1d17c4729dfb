"""Changes that a job of the vendor has taken: `running` in the table of acks, until it has told.

They are all of a plan that is left when its run settles.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from sqlglot import exp

from sync.model import JobRow
from sync.state.catalogue import Catalogue
from sync.state.schema import StateTables
from sync.state.store import DELIVERED, RUNNING, UNKNOWN, Ack, in_job
from sync.warehouse import sql as e


def taken(state: Catalogue, epoch: int) -> tuple[Ack, ...]:
    """What is recorded of such changes of a plan."""
    rows = exp.select(*map(e.col, ("seq", "code", "reason", "answered_at")))
    rows = rows.from_(e.table(state.tables.acks)).where(_is_taken(epoch))
    return tuple(
        Ack(int(seq), RUNNING, job, place, at.replace(tzinfo=UTC))
        for seq, job, place, at in state.ask(rows)
    )


def rows_of(state: Catalogue, epoch: int, acks: Sequence[Ack]) -> list[JobRow]:
    """Whom the changes are about, in the order of `acks`."""
    names = ("seq", "identity", "external_id")
    first, last = min(ack.seq for ack in acks), max(ack.seq for ack in acks)
    rows = exp.select(*map(e.col, names)).from_(e.table(state.tables.plan))
    rows = rows.where(
        e.equals(e.col("epoch"), e.number(epoch)),
        exp.GTE(this=e.col("seq"), expression=e.number(first)),
        exp.LTE(this=e.col("seq"), expression=e.number(last)),
    )
    known = {seq: (identity, address or identity) for seq, identity, address in state.ask(rows)}
    return [JobRow(in_job(ack).place, *known[ack.seq]) for ack in acks]


def forget(state: Catalogue, epoch: int) -> None:
    """Record of no change of a plan any more that a job has it."""
    state.run(e.delete(state.tables.acks, _is_taken(epoch)))


def leave(state: Catalogue, epoch: int) -> None:
    """Clear a plan that is settled, but for such changes: they are what the next run finds."""
    here = e.equals(e.col("epoch"), e.number(epoch))
    is_other = exp.Not(this=exp.In(this=e.col("seq"), query=_seqs(state.tables, epoch).subquery()))
    state.run(e.delete(state.tables.plan, e.all_of(here, is_other)))
    is_told = e.differs(e.col("outcome"), e.text(RUNNING))
    state.run(e.delete(state.tables.acks, e.all_of(here.copy(), is_told)))


def foretold() -> exp.Expr:
    """The outcome of an ack, where a job has the change what it is expected to tell of it.

    As `store.foretold`, for acks that are recorded.
    """
    outcome = e.col("outcome")
    is_running = e.equals(outcome, e.text(RUNNING))
    is_owing = exp.Like(this=e.col("reason"), expression=e.text("% owing"))
    expected = e.case((is_owing, e.text(UNKNOWN)), default=e.text(DELIVERED))
    return e.case((is_running, expected), default=outcome.copy())


def _seqs(tables: StateTables, epoch: int) -> exp.Select:
    return exp.select(e.col("seq")).from_(e.table(tables.acks)).where(_is_taken(epoch))


def _is_taken(epoch: int) -> exp.Expr:
    is_running = e.equals(e.col("outcome"), e.text(RUNNING))
    return e.all_of(e.equals(e.col("epoch"), e.number(epoch)), is_running)
