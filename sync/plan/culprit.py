"""Which column of a model a statement failed on; asked only when one has failed.

Databases name the value and the types of a failed conversion, and seldom the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from sqlglot import exp

from sync.errors import SyncError, WarehouseError
from sync.model import Sync
from sync.plan import preparing
from sync.plan.comparison import Comparison
from sync.plan.gated import model_rows
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e
from sync.warehouse.errors import STATEMENT


def with_column(
    error: WarehouseError, state: Catalogue, sync: Sync, others: Sequence[Sync]
) -> WarehouseError:
    """The same error, placed at the column that can't be read by itself either, if there is one.

    `state` is an open session, not the transaction that failed. `others` as in `preparing.prepare`.
    """
    if [p.code for p in error.problems] != [STATEMENT]:
        return error
    found = None
    with suppress(SyncError):
        found = _culprit(state, preparing.prepare(state, sync, "", 0, others).comparison)
    where = f"{sync.path or sync.model}{f', column {found}' if found else ''}"
    return WarehouseError(replace(error.problems[0], where=where))


def _culprit(state: Catalogue, c: Comparison) -> str | None:
    rows = model_rows(c)
    if not _can_read(state, rows, e.number(1)):
        return None
    names = _columns(c)
    for read in rows.selects:
        if not _can_read(state, rows, read.unalias()):
            return names.get(read.alias)
    return None


def _can_read(state: Catalogue, rows: exp.Select, read: exp.Expr) -> bool:
    one = rows.copy().select(exp.alias_(read.copy(), "x", quoted=True), append=False)
    query = exp.select(exp.Count(this=e.col("x"))).from_(one.subquery(e.ident("r")))
    try:
        state.ask(query)
    except WarehouseError:
        return False
    return True


def _columns(c: Comparison) -> dict[str, str | None]:
    """The model's column behind each one that the plan reads."""
    s = c.sync
    keys = {"identity": s.identity, "external_id": s.external_id, "external_key": s.external_id}
    others = {"reason": s.reason, "event": s.event_column, "occurred_at": s.occurred_at}
    traits = {x.state_name: x.trait.column for x in c.live}
    return {**keys, "related_id": s.related_id, **others, **traits}
