"""What a warehouse that tells has read for one sync, in plans and runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.commands.plan import preview
from sync.journal.disk import FileDisk
from sync.journal.process import host, own_process
from sync.model import Counts, Sync
from sync.report.events import Ended, Place, PlanEnded, Previewed, RunEnded
from sync.report.results import plan_result, run_result
from sync.run.access import StateAccess
from sync.run.protocol import Hooks, Job, Ports, run_sync, run_together
from sync.run.store import SqlStore
from sync.state.schema import StateTables
from sync.state.store import Holder
from sync.testing import FakeClock
from sync.warehouse.duckdb import DuckDBSession, DuckDBWarehouse
from sync.warehouse.port import Session

TABLES = StateTables(None, "main_activation", "people__crm")
EACH = 10
"""Bytes that each statement reads."""


class Measured(DuckDBSession):
    """Each statement reads as much as another."""

    total: list[int]

    def execute(self, sql: str) -> int:
        self._add()
        return super().execute(sql)

    def query(self, sql: str) -> list[Any]:
        self._add()
        return super().query(sql)

    def _add(self) -> None:
        self.bytes_scanned = (self.bytes_scanned or 0) + EACH
        self.total.append(EACH)


class Telling(DuckDBWarehouse):
    """A warehouse whose sessions tell what they read; within another one, it is the same."""

    total: list[int]
    open: Session | None = None

    @contextmanager
    def session(self, *waiting: Any) -> Iterator[Session]:
        if self.open is not None:
            yield self.open
            return
        with super().session(*waiting) as found:
            assert isinstance(found, DuckDBSession)
            found.__class__ = Measured
            found.total, found.bytes_scanned = self.total, 0  # type: ignore[attr-defined]
            self.open = found
            try:
                yield found
            finally:
                self.open = None


@pytest.fixture
def telling(warehouse: DuckDBWarehouse) -> Telling:
    warehouse.__class__ = Telling
    assert isinstance(warehouse, Telling)
    warehouse.total = []
    return warehouse


def job(warehouse: DuckDBWarehouse, people: Sync, disk: FileDisk, clock: FakeClock) -> Job:
    store = SqlStore(warehouse, people, TABLES, disk.directory / "spool")
    ports = Ports(store, disk, clock, Holder("me", host(), own_process(), "1"), "r")
    hooks = Hooks(lambda summary: None, lambda known, go_on: None, _nobody, _nobody)
    return Job(people, ports, hooks)


def _nobody(*_: Any) -> Any:
    raise AssertionError("nothing is to be sent")


def nothing_to_send(warehouse: DuckDBWarehouse) -> None:
    with warehouse.session() as session:
        session.execute("delete from people")


def test_a_run_tells_what_all_of_its_statements_have_read(
    telling: Telling, people: Sync, disk: FileDisk, clock: FakeClock
) -> None:
    nothing_to_send(telling)
    telling.total.clear()
    found = job(telling, people, disk, clock)
    result = run_sync(found.sync, found.ports, found.hooks)
    assert result.exit_code == 0, result.problems
    assert result.bytes_scanned == sum(telling.total) > 10 * EACH


def test_the_second_part_of_a_run_adds_to_the_first(
    telling: Telling, people: Sync, disk: FileDisk, clock: FakeClock
) -> None:
    nothing_to_send(telling)
    telling.total.clear()
    (first,) = run_together([job(telling, people, disk, clock)])
    later = replace(job(telling, people, disk, clock), first=first)
    (both,) = run_together([later])
    assert both.bytes_scanned == sum(telling.total)


def test_a_lease_that_is_extended_meanwhile_counts_and_within_a_session_once(
    telling: Telling, people: Sync, tmp_path: Path
) -> None:
    store = SqlStore(telling, people, TABLES, tmp_path / "spool")
    epoch = store.acquire(Holder("me", host(), own_process(), "1")).epoch
    store.renew(epoch)
    with store.held():
        store.renew(epoch)
    assert store.bytes_scanned == sum(telling.total)


def test_a_plan_tells_what_it_has_read(telling: Telling, people: Sync, tmp_path: Path) -> None:
    found = preview(StateAccess(telling, "main_activation", tmp_path), people)
    assert found.summary is not None
    assert found.bytes_scanned == sum(telling.total) > 0


def test_an_engine_that_does_not_tell_is_said_nothing_of(
    warehouse: DuckDBWarehouse, people: Sync, tmp_path: Path, disk: FileDisk, clock: FakeClock
) -> None:
    nothing_to_send(warehouse)
    found = job(warehouse, people, disk, clock)
    assert run_sync(found.sync, found.ports, found.hooks).bytes_scanned is None
    access = StateAccess(warehouse, "main_activation", tmp_path)
    assert preview(access, people).bytes_scanned is None


@pytest.mark.parametrize("scanned", [None, 0, 70])
def test_both_stand_in_the_json(scanned: int | None, clock: FakeClock) -> None:
    place, now = Place(1, 1, "people__crm", "people", "crm"), clock.now()
    seen = Previewed(place, None, bytes_scanned=scanned)
    ended = Ended(place, "success", 0, Counts(), {}, 1.0, bytes_scanned=scanned)
    run = RunEnded("r", now, now, 0, (ended,))
    results = [*plan_result(PlanEnded((seen,)))["results"], *run_result(run)["results"]]
    assert [result["bytes_scanned"] for result in results] == [scanned, scanned]
