"""What the logs say of a sync under its present definition, for the stage of a rollout."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from sqlglot import exp

from sync.project.naming import definition_moved
from sync.state.catalogue import Catalogue
from sync.state.history import COMPLETE
from sync.state.schema import StateTables
from sync.warehouse import sql as e


class StageRun(NamedTuple):
    """A complete run of a sync under its present definition. Times are UTC, without a zone."""

    definition: str
    started_at: datetime
    delivered: int
    rejected: int
    undecided: int
    is_whole: bool
    """It tried all people that the rules let through, not a cohort alone."""


class Check(NamedTuple):
    """What the newest read-back of a sync found."""

    checked_at: datetime
    sent: int
    matched: int


MOST_STAGE_RUNS = 500


def runs_of(state: Catalogue, sync: str, definition: str) -> list[StageRun]:
    """The newest complete runs of a sync, as far back as its definition is this one."""
    if not state.is_installed():
        return []
    asked = state.ask(_runs(state.tables, sync, MOST_STAGE_RUNS))
    runs = (StageRun(was or "", *more) for was, *more in asked)
    return list(takewhile(lambda run: not definition_moved(run.definition, definition), runs))


def newest_check(state: Catalogue, sync: str) -> Check | None:
    """None where it was never read back."""
    rows = state.ask(_check(state.tables, sync)) if state.is_installed() else []
    return Check(*rows[0]) if rows else None


def _runs(tables: StateTables, sync: str, most: int) -> exp.Select:
    """(definition, started_at, delivered, rejected, undecided, is_whole) of complete runs."""
    names = ("definition", "started_at", "delivered", "rejected", "undecided")
    is_whole = e.equals(e.coalesce(e.col("not_attempted"), e.number(0)), e.number(0))
    runs = exp.select(*map(e.col, names), *e.aliased([("is_whole", is_whole)]))
    runs = runs.from_(e.table(tables["run_syncs"]))
    runs = runs.where(e.equals(e.col("sync"), e.text(sync)), e.among(e.col("status"), COMPLETE))
    return runs.order_by(exp.Ordered(this=e.col("finished_at"), desc=True)).limit(most)


def _check(tables: StateTables, sync: str) -> exp.Select:
    """(checked_at, sent, matched)."""
    found = exp.select(*map(e.col, ("checked_at", "sent", "matched")))
    found = found.from_(e.table(tables["checks"])).where(e.equals(e.col("sync"), e.text(sync)))
    return found.order_by(exp.Ordered(this=e.col("checked_at"), desc=True)).limit(1)
