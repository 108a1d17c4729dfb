"""What a plan costs beside a bare key-only full outer join of the same two tables."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import worlds
from sync.model import Counts
from sync.run.store import SqlStore
from sync.state.acks import adopt_plan
from sync.state.schema import StateTables
from sync.state.store import Holder, PlanSummary, SyncReport
from sync.warehouse import Warehouse

BARE_JOIN = """
select count(*) from bench.people as m
full outer join bench_activation.snapshot_people__bench as s on m.customer_id = s.identity
where m.customer_id is null or s.identity is null
"""


OPEN = 2
"""Rows that every plan tries again: one that was refused, one without an answer."""


def store(warehouse: Warehouse, is_first: bool = False) -> SqlStore:
    """A store as a run would have it."""
    sync = worlds.sync(is_first)
    tables = StateTables(None, "bench_activation", sync.name)
    return SqlStore(warehouse, sync, tables, Path("unused-spool"))


def plan_once(
    warehouse: Warehouse, is_acknowledged: bool = False, is_first: bool = False
) -> tuple[float, PlanSummary]:
    """Seconds for one plan, lease excluded; with the whole plan acknowledged afterwards or not."""
    made = store(warehouse, is_first)
    with made.held():
        epoch = made.acquire(Holder("bench", "bench", "1::", "0")).epoch
        started = time.perf_counter()
        summary = made.plan(epoch)
        took = time.perf_counter() - started
        if is_acknowledged:
            with made.opened() as state:
                state.run(adopt_plan(state.tables, epoch))
            now = datetime.now(UTC)
            made.finish(epoch, SyncReport("r", epoch, "", "", now, now, Counts(), is_complete=True))
        else:
            made.discard(epoch)
        made.release(epoch)
        with made.opened() as state:
            statement = (
                "checkpoint"
                if warehouse.dialect == "duckdb"
                else ("vacuum analyze bench_activation.snapshot_people__bench")
            )
            state.session.execute(statement)
    return took, summary


def bare_join(warehouse: Warehouse) -> float:
    """Seconds for the join that every diff has to pay at least."""
    with warehouse.session() as session:
        started = time.perf_counter()
        session.query(BARE_JOIN)
        return time.perf_counter() - started


def paired(
    warehouse: Warehouse, runs: int, planned: Callable[[Warehouse], float]
) -> tuple[float, float, float]:
    """Medians of join and plan, taken in turn, and the median of their ratios."""
    pairs = [(bare_join(warehouse), planned(warehouse)) for _ in range(runs)]
    ratios = [plan / join for join, plan in pairs]
    return (
        statistics.median(j for j, _ in pairs),
        statistics.median(p for _, p in pairs),
        statistics.median(ratios),
    )


def measure(warehouse: Warehouse, rows: int, runs: int) -> list[tuple[str, float, float, float]]:
    """(what, join seconds, plan seconds, ratio) for a first, unchanged, 1 % and 100 % plan."""
    worlds.build(warehouse, rows)
    first, summary = plan_once(warehouse, is_acknowledged=True, is_first=True)
    assert summary.total == rows
    plan_once(warehouse, is_acknowledged=True)  # under today's mapping
    worlds.wear(warehouse)
    found = [("first run, all rows new", bare_join(warehouse), first)]
    table = [(what, join, plan, plan / join) for what, join, plan in found]

    def plan(expected: int) -> Callable[[Warehouse], float]:
        def once(w: Warehouse) -> float:
            took, summary = plan_once(w)
            assert expected <= summary.total <= expected + OPEN, summary
            return took

        return once

    table.append(("unchanged", *paired(warehouse, runs, plan(0))))
    worlds.change(warehouse, 100)
    table.append(("1 % changed", *paired(warehouse, runs, plan(rows // 100))))
    worlds.change(warehouse, 1)
    table.append(("100 % changed", *paired(warehouse, max(1, runs // 3), plan(rows))))
    return table
