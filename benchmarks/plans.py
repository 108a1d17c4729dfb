"""What a plan costs beside a bare full outer join of the keys of both tables, in CPU seconds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import worlds
from benchmarks.worlds import World
from sync.model import Counts, Sync
from sync.run.store import SqlStore
from sync.state.acks import adopt_plan
from sync.state.schema import StateTables
from sync.state.store import Holder, PlanSummary, SyncReport
from sync.warehouse import Warehouse

BARE_JOIN = """
select count(*) from bench.people as m
full outer join bench_activation.snapshot_{sync} as s on m.customer_id = s.identity
where m.customer_id is null or s.identity is null
"""


OPEN = 2
"""Rows that every plan tries again: one that was refused, one without an answer."""


def store(warehouse: Warehouse, sync: Sync) -> SqlStore:
    """A store as a run would have it."""
    tables = StateTables(None, "bench_activation", sync.name)
    siblings = [worlds.flags(), worlds.winback(), worlds.guarded()] if sync.rules.asked else []
    return SqlStore(warehouse, sync, tables, Path("unused-spool"), siblings=siblings)


def plan_once(
    world: World, is_acknowledged: bool = False, sync: Sync | None = None
) -> tuple[float, PlanSummary]:
    """CPU seconds of one plan, lease excluded; afterwards it is acknowledged as a whole, or not."""
    warehouse = world.warehouse
    sync = sync or worlds.sync()
    made = store(warehouse, sync)
    with made.held():
        epoch = made.acquire(Holder("bench", "bench", "1::", "0")).epoch
        started = world.spent()
        summary = made.plan(epoch)
        took = world.spent() - started
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
                else f"vacuum analyze bench_activation.snapshot_{sync.name}"
            )
            state.session.execute(statement)
    return took, summary


def bare_join(world: World, sync: str = "people__bench") -> float:
    """CPU seconds of the join that every diff has to pay at least."""
    with world.warehouse.session() as session:
        started = world.spent()
        session.query(BARE_JOIN.format(sync=sync))
        return world.spent() - started


def copy_of_model(world: World) -> float:
    """CPU seconds of a plain copy of the model: what a first plan has to write at least."""
    with world.warehouse.session() as session:
        started = world.spent()
        session.execute("create table bench.copied as select * from bench.people")
        took = world.spent() - started
        session.execute("drop table bench.copied")
        return took


def paired(
    world: World, runs: int, planned: Callable[[], float], sync: str = "people__bench"
) -> tuple[float, float, float]:
    """Medians of join and plan, taken in turn, and the median of their ratios."""
    pairs = [(bare_join(world, sync), planned()) for _ in range(runs)]
    ratios = [plan / join for join, plan in pairs]
    return (
        statistics.median(j for j, _ in pairs),
        statistics.median(p for _, p in pairs),
        statistics.median(ratios),
    )


def measure(world: World, rows: int, runs: int) -> Iterator[tuple[str, float, float, float]]:
    """(what, join seconds, seconds, ratio) for a first, unchanged, 1 % and 100 % plan.

    Between them stands a copy of the model, beside the same join.
    """
    warehouse = world.warehouse

    def first() -> float:
        worlds.build(warehouse, rows)
        took, summary = plan_once(world, is_acknowledged=True, sync=worlds.sync(is_first=True))
        assert summary.total == rows
        return took

    def plan(expected: int) -> Callable[[], float]:
        def once() -> float:
            took, summary = plan_once(world)
            assert expected <= summary.total <= expected + OPEN, summary
            return took

        return once

    first()  # for the join beside the first of those that count
    few = max(3, runs // 3)
    yield "first run, all rows new", *paired(world, few, first)
    yield "a copy of the model", *paired(world, few, lambda: copy_of_model(world))
    plan_once(world, is_acknowledged=True)  # under today's mapping
    worlds.wear(warehouse)
    yield "unchanged", *paired(world, runs, plan(0))
    worlds.change(warehouse, 100)
    yield "1 % changed", *paired(world, runs, plan(rows // 100))
    worlds.change(warehouse, 1)
    yield "100 % changed", *paired(world, few, plan(rows))


def measure_guarded(
    world: World, rows: int, runs: int
) -> Iterator[tuple[str, float, float, float]]:
    """(what, join seconds, seconds, ratio) for an unchanged plan under every rule, and under none.

    Each stands beside the join of the model with its own snapshot.
    """
    worlds.build(world.warehouse, rows)
    worlds.lists(world.warehouse, rows)
    for one in (worlds.flags(), worlds.guarded()):
        plan_once(world, is_acknowledged=True, sync=one)
    for what, sync in (
        ("unchanged, under every rule", worlds.guarded()),
        ("unchanged, under none", worlds.flags()),
    ):

        def plan(sync: Sync = sync) -> float:
            took, summary = plan_once(world, sync=sync)
            assert summary.total == 0, summary
            return took

        yield what, *paired(world, runs, plan, sync.name)
