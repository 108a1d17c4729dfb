"""What a crashed run left in the warehouse, and how it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlglot import exp

from sync.model import Sync
from sync.plan import settle
from sync.plan.planner import compare
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.settling import clear, measure, merge
from sync.state.store import Ack, Leftover
from sync.warehouse import sql as e


def find_leftover(state: Catalogue) -> Leftover | None:
    """The newest plan that is still there; a settled or discarded one is gone."""
    plan = state.tables.plan
    if state.session.columns(plan) is None:
        return None
    newest = exp.select(exp.Max(this=e.col("epoch")), exp.Max(this=e.col("seq"))).from_(
        e.table(plan)
    )
    epoch, last_seq = state.ask(newest)[0]
    return None if epoch is None else Leftover(int(epoch), int(last_seq))


def settle_leftover(
    state: Catalogue,
    sync: Sync,
    engine: str,
    plan_epoch: int,
    run_id: str,
    acks: Sequence[Ack],
    doubt_rest: bool,
) -> None:
    """Outcomes of an older plan into the snapshot, read with that plan's columns, not today's."""
    known = state.remembered()
    comparison = compare(sync, state, engine, known.columns if known else (), plan_epoch)
    append_acks(state, plan_epoch, settle.RECOVERED, acks)
    measure(state, comparison)
    state.run(settle.drop_known_again(comparison, plan_epoch))
    if doubt_rest:
        state.run(settle.doubt_the_rest(comparison, plan_epoch))
    merge(state, comparison, plan_epoch, run_id)
    clear(state)


def append_acks(state: Catalogue, plan_epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
    """Outcomes into the append-only table."""
    state.session.append(
        e.table(state.tables.acks).sql(state.dialect),
        [e.ident(name).sql(state.dialect) for name in t.ACKS],
        [
            (plan_epoch, flush_id, a.seq, a.outcome, a.code, a.reason, _naive(a.answered_at))
            for a in acks
        ],
    )


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
