"""The log of read-backs: a row of `checks` for each sync that was compared, and a row of
`checked_fields` for each of its traits that has a value in the sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

FIELDS = "checked_fields"


@dataclass(frozen=True, slots=True)
class Check:
    """How a sample compared; `differing` is `trait:count`, comma-separated."""

    run_id: str
    sync: str
    checked_at: datetime
    sent: int
    found: int
    matched: int
    differing: str


@dataclass(frozen=True, slots=True)
class Field:
    """One trait of a sample: how many people have a value of it, and for how many of them the
    destination shows no value, or another one."""

    name: str
    held: int
    missing: int
    differing: int


def log_check(state: Catalogue, check: Check, fields: Sequence[Field] = ()) -> None:
    """Write the rows."""
    values: dict[str, exp.Expr] = {
        "run_id": e.text(check.run_id),
        "sync": e.text(check.sync),
        "checked_at": e.moment(check.checked_at),
        "sent": e.number(check.sent),
        "found": e.number(check.found),
        "matched": e.number(check.matched),
        "differing_traits": e.text(check.differing) if check.differing else e.null(),
    }
    state.run(e.insert(state.tables["checks"], list(values), exp.select(*values.values())))
    of_all = (check.run_id, check.sync, e.naive(check.checked_at))
    rows = [(*of_all, f.name, f.held, f.missing, f.differing) for f in fields]
    if rows and state.tables[FIELDS].name in state.present():  # a run brings it to older state
        state.append(state.tables[FIELDS], tuple(t.SHARED[FIELDS]), rows)


def newest_checks(state: Catalogue) -> dict[str, Check]:
    """The last read-back of each sync that `verify` has compared."""
    if state.tables["checks"].name not in state.present():
        return {}
    names = ("run_id", "sync", "checked_at", "sent", "found", "matched", "differing_traits")
    order = exp.Order(expressions=[exp.Ordered(this=e.col("checked_at"), desc=True)])
    rank = exp.Window(this=exp.RowNumber(), partition_by=[e.col("sync")], order=order)
    rows = exp.select(*map(e.col, names), *e.aliased([("rank_in_sync", rank)]))
    ranked = rows.from_(e.table(state.tables["checks"])).subquery(e.ident("ranked"))
    newest = exp.select(*map(e.col, names)).from_(ranked)
    newest = newest.where(e.equals(e.col("rank_in_sync"), e.number(1)))
    return {
        sync: Check(run_id, sync, at, int(sent), int(found), int(matched), differing or "")
        for run_id, sync, at, sent, found, matched, differing in state.ask(newest)
    }
