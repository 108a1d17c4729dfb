"""What a crashed run left in the warehouse, and how it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlglot import exp

from sync.model import Sync
from sync.state import schema as t
from sync.state import settle, syncs
from sync.state.catalogue import Catalogue
from sync.state.settle import RECOVERED, Settlement
from sync.state.settling import conclude, measure, merge
from sync.state.store import Ack, Leftover
from sync.warehouse import sql as e


def find_leftover(state: Catalogue) -> Leftover | None:
    """The newest plan that was committed and is not settled."""
    known = syncs.remembered(state)
    if known is None or known.is_settled:
        return None
    newest = exp.select(exp.Max(this=e.col("seq"))).from_(e.table(state.tables.plan))
    newest = newest.where(e.equals(e.col("epoch"), e.number(known.planned_epoch)))
    return Leftover(known.planned_epoch, int(state.ask(newest)[0][0] or 0))


def leftover_settlement(
    state: Catalogue, sync: Sync, plan_epoch: int, writer: int, is_local: bool = False
) -> Settlement:
    """How an older plan is settled: read with that plan's columns, not today's."""
    known = syncs.remembered(state)
    columns = known.columns if known else ()
    return Settlement(sync, columns, state.tables, state.salt(), plan_epoch, writer, is_local)


def settle_leftover(
    state: Catalogue,
    sync: Sync,
    plan_epoch: int,
    writer: int,
    run_id: str,
    acks: Sequence[Ack],
    doubt_rest: bool,
    is_late: bool = False,
) -> None:
    """Outcomes of an older plan into the snapshot; late ones where its run may yet live."""
    s = replace(leftover_settlement(state, sync, plan_epoch, writer), is_late=is_late)
    append_acks(state, plan_epoch, RECOVERED, acks)
    measure(state, s.tables)
    if doubt_rest:
        state.run(settle.doubt_the_rest(s))
    merge(state, s, run_id)
    conclude(state, plan_epoch)
    is_self = e.equals(e.col("sync"), e.text(sync.name))
    state.run(e.update(state.tables["syncs"], {"grown_epoch": e.number(writer)}, is_self))


def append_acks(state: Catalogue, plan_epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
    """Outcomes into the append-only table; those that stand there already are left out.

    A flush may be repeated; what recovery found out is no news where the run's own flush came
    through.
    """
    state.session.append(
        e.table(state.tables.acks).sql(state.dialect),
        [e.ident(name).sql(state.dialect) for name in t.ACKS],
        ack_rows(plan_epoch, flush_id, acks),
        unless=[e.ident(name).sql(state.dialect) for name in ("epoch", "seq")],
    )


def ack_rows(plan_epoch: int, flush_id: int, acks: Sequence[Ack]) -> list[tuple[object, ...]]:
    """Outcomes as rows of the table, UTC without a zone."""
    return [
        (plan_epoch, flush_id, a.seq, str(a.outcome), a.code, a.reason, _naive(a.answered_at))
        for a in acks
    ]


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
