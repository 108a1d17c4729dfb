"""Old rows of the logs: how many there are, and their end.

No run reads them to decide what to send, but for `run_syncs`: what is usual is learned from it, a
wrong run is forgiven by it, and a table of leases that was lost goes on from its newest rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlglot import exp

from sync.state import whose
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

ANSWERS = "responses"
LEARNED = timedelta(days=400)
"""How much of `runs` and `run_syncs` stays in any case."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What is old at an instant."""

    before: datetime
    now: datetime
    answers_of: Sequence[str] = ()
    """Connections of which pulled answers are deleted too."""


def count(state: Catalogue, kept: Retention) -> dict[str, int]:
    """By table, how many rows `prune` deletes; without tables that are not there."""
    found = {}
    for table, is_old in _old(state, kept).items():
        query = exp.select(e.count()).from_(e.table(state.tables[table])).where(is_old)
        found[table] = int(state.ask(query)[0][0])
    return found


def prune(state: Catalogue, kept: Retention) -> dict[str, int]:
    """Delete them; how many, by table. Runs inside the caller's transaction.

    What a sync of another project or target wrote stays, as long as that is recorded.
    """
    old = _old(state, kept)
    return {table: state.run(e.delete(state.tables[table], old[table])) for table in old}


def _old(state: Catalogue, kept: Retention) -> dict[str, exp.Expr]:
    """By table, which rows are old. `runs` is the last: it keeps what `run_syncs` still names."""
    others = list(whose.of_others(state))
    is_ours = [exp.Not(this=e.among(e.col("sync"), others))] if others else []
    learned = min(kept.before, kept.now - LEARNED)
    is_over = e.any_of(e.not_null(e.col("finished_at")), e.not_null(e.col("superseded_by")))
    found = {
        "deliveries": [_older("delivered_at", kept.before), *is_ours],
        **{
            table: [_older("checked_at", kept.before), _has_newer(state, table), *is_ours]
            for table in ("checks", "checked_fields")
        },
        "held_plans": [_older("held_at", kept.before), e.paren(is_over), *is_ours],
        "run_syncs": [_older("finished_at", learned), _has_newer(state, "run_syncs"), *is_ours],
        "runs": [_older("finished_at", learned), exp.Not(this=_is_named(state))],
    }
    if kept.answers_of:
        connections = e.among(e.col("connection"), kept.answers_of)
        found[ANSWERS] = [_older("pulled_at", kept.before), connections]
    present = state.present()
    return {
        table: e.all_of(*(condition.copy() for condition in conditions))
        for table, conditions in found.items()
        if state.tables[table].name in present
    }


def _older(column: str, than: datetime) -> exp.Expr:
    return exp.LT(this=e.col(column), expression=e.moment(than))


def _has_newer(state: Catalogue, table: str) -> exp.Expr:
    """Whether the sync of a row has a newer one in the same table."""
    relation, at = state.tables[table], "epoch" if table == "run_syncs" else "checked_at"
    newer = exp.select(e.number(1)).from_(e.table(relation, "n"))
    newer = newer.where(
        e.equals(e.col("sync", "n"), e.col("sync", relation.name)),
        exp.GT(this=e.col(at, "n"), expression=e.col(at, relation.name)),
    )
    return exp.Exists(this=newer)


def _is_named(state: Catalogue) -> exp.Expr:
    """Whether a row of `runs` has a row of `run_syncs`."""
    named = exp.select(e.col("run_id")).from_(e.table(state.tables["run_syncs"]))
    return exp.In(this=e.col("run_id"), query=named.subquery())
