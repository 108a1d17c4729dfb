"""What a crashed run left in the warehouse, and how it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from sync.model import Sync
from sync.state import jobs, syncs
from sync.state.acks import append_acks, doubt_the_rest
from sync.state.catalogue import Catalogue
from sync.state.settle import RECOVERED, Settlement
from sync.state.settling import conclude, measure, merge
from sync.state.store import Ack, Leftover
from sync.state.written import counts_entries
from sync.warehouse import sql as e


def find_leftover(state: Catalogue) -> Leftover | None:
    """The newest plan that was committed and is not settled."""
    known = syncs.remembered(state)
    if known is None or known.is_settled:
        return None
    newest = exp.select(exp.Max(this=e.col("seq"))).from_(e.table(state.tables.plan))
    newest = newest.where(e.equals(e.col("epoch"), e.number(known.planned_epoch)))
    last_seq = int(state.ask(newest)[0][0] or 0)
    return Leftover(
        known.planned_epoch, last_seq, jobs.taken(state, known.planned_epoch), known.account
    )


def leftover_settlement(
    state: Catalogue, sync: Sync, plan_epoch: int, writer: int, is_local: bool = False
) -> Settlement:
    """How an older plan is settled: read with that plan's columns, not today's."""
    known = syncs.remembered(state)
    columns = known.columns if known else ()
    counts = known is not None and counts_entries(known.mapping)
    return Settlement(
        *(sync, columns, state.tables, state.salt(), plan_epoch, writer, is_local),
        counts_entries=counts,
    )


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
    jobs.forget(state, plan_epoch)
    append_acks(state, plan_epoch, RECOVERED, acks)
    measure(state, s.tables)
    if doubt_rest:
        state.run(doubt_the_rest(s))
    merge(state, s, run_id)
    conclude(state, plan_epoch)
    is_self = e.equals(e.col("sync"), e.text(sync.name))
    state.run(e.update(state.tables["syncs"], {"grown_epoch": e.number(writer)}, is_self))
