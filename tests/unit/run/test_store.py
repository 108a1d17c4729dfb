"""Leases, fencing and recovery of the store in the warehouse; plans are in `tests/faults`."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync.errors import Busy, LeaseLost, StateError
from sync.http.clock import SystemClock
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.journal.process import host, is_dead, own_process
from sync.model import Counts, Op, Sync
from sync.run.access import StateAccess
from sync.run.protocol import Hooks, Ports, run_sync
from sync.run.store import SqlStore
from sync.state import installation
from sync.state.schema import FORMAT_VERSION, StateTables
from sync.state.store import DELIVERED, UNKNOWN, Ack, Holder, Mark, SyncReport
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.duckdb import DuckDBWarehouse
from sync.warehouse.port import Warehouse
from tests.conftest import Postgres

AT = datetime(2026, 11, 21, tzinfo=UTC)
SCHEMA = "shop_activation"


def holder(process: str = "", on: str = "") -> Holder:
    return Holder("me", on or host(), process or own_process(), "1")


def run_statement(warehouse: Warehouse, sql: str) -> None:
    with warehouse.session() as session:
        session.execute(sql)


@pytest.fixture
def store(warehouse: DuckDBWarehouse, people: Sync, tmp_path: Path) -> SqlStore:
    return SqlStore(warehouse, people, StateTables(None, SCHEMA, people.name), tmp_path / "spool")


def report(epoch: int) -> SyncReport:
    return SyncReport("run", epoch, "success", "", AT, AT, Counts())


def test_epochs_count_up(store: SqlStore) -> None:
    assert store.acquire(holder()).epoch == 1
    store.release(1)
    assert store.acquire(holder()).epoch == 2


def test_a_living_holder_keeps_everyone_else_out(store: SqlStore) -> None:
    store.acquire(holder())
    with pytest.raises(Busy) as busy:
        store.acquire(holder(on="elsewhere"))
    assert "state unlock people__crm --epoch 1" in str(busy.value)
    with pytest.raises(Busy):
        store.acquire(holder())


def test_a_dead_holder_of_this_host_is_taken_over_at_once(store: SqlStore) -> None:
    child = subprocess.run(
        [
            sys.executable,
            "-c",
            "from sync.journal.process import own_process; print(own_process())",
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    gone = child.stdout.strip()
    assert is_dead(gone)
    store.acquire(holder(gone))
    assert store.acquire(holder()).epoch == 2


def test_a_holder_elsewhere_is_taken_over_when_its_lease_and_a_request_have_run_out(
    store: SqlStore, warehouse: Warehouse
) -> None:
    store.acquire(holder(on="elsewhere"))
    for seconds, is_free in ((10, False), (100, True)):
        run_statement(
            warehouse,
            f"update {SCHEMA}.leases set expires_at ="
            f" (current_timestamp at time zone 'UTC') - interval '{seconds} seconds'",
        )
        if is_free:
            assert store.acquire(holder()).epoch == 2
        else:
            with pytest.raises(Busy):
                store.acquire(holder())


def test_a_lease_can_be_given_up_by_hand_with_its_epoch_only(store: SqlStore) -> None:
    store.acquire(holder())
    assert not store.unlock(7)
    assert store.unlock(1)
    assert store.acquire(holder(on="elsewhere")).epoch == 2


WRITES: dict[str, Callable[[SqlStore], object]] = {
    "record": lambda s: s.record(1, 1, [Ack(1, DELIVERED, None, None, AT)]),
    "settle": lambda s: s.settle(1, 1, "run", [], doubt_rest=True),
    "plan": lambda s: s.plan(1),
    "discard": lambda s: s.discard(1),
    "finish": lambda s: s.finish(1, report(1)),
}


@pytest.mark.parametrize("name", WRITES)
def test_whoever_lost_the_lease_writes_nothing(store: SqlStore, name: str) -> None:
    store.acquire(holder())
    store.plan(1)
    store.release(1)
    store.acquire(holder())
    before = contents(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store)
    assert contents(store) == before


def contents(store: SqlStore) -> list[object]:
    names = (f"plan_{store.sync.name}", f"snapshot_{store.sync.name}", "run_syncs", "leases")
    with store.warehouse.session() as session:
        return [session.query(f'select * from {SCHEMA}."{name}" order by 1, 2') for name in names]


def test_giving_back_a_lost_lease_leaves_the_new_holder_alone(store: SqlStore) -> None:
    store.acquire(holder())
    store.unlock(1)
    store.acquire(holder())
    store.release(1)
    with pytest.raises(Busy):
        store.acquire(holder(on="elsewhere"))


def test_a_flush_that_is_repeated_is_recorded_once(store: SqlStore) -> None:
    store.acquire(holder())
    store.plan(1)
    for _ in range(2):
        store.record(1, 1, [Ack(1, DELIVERED, None, None, AT)])
    store.record(1, 2, [Ack(2, DELIVERED, None, None, AT)])
    with store.warehouse.session() as session:
        found = session.query(f'select seq from {SCHEMA}."acks_{store.sync.name}" order by 1')
    assert found == [(1,), (2,)]


def test_a_leftover_is_the_plan_that_nobody_settled(store: SqlStore) -> None:
    store.acquire(holder())
    assert store.leftover() is None
    store.plan(1)
    left = store.leftover()
    assert left is not None
    assert (left.epoch, left.last_seq) == (1, 3)
    store.discard(1)
    assert store.leftover() is None


def test_state_of_a_newer_version_is_refused(store: SqlStore, warehouse: Warehouse) -> None:
    store.acquire(holder())
    store.release(1)
    newer = FORMAT_VERSION + 1
    run_statement(warehouse, f"update {SCHEMA}.installation set format_version = {newer}")
    with pytest.raises(StateError) as told:
        store.check()
    assert told.value.problems[0].code == "state-newer"
    assert str(newer) in str(told.value)


def test_a_journal_ahead_of_the_warehouse_stops_the_run_before_anything_is_sent(
    store: SqlStore, disk: FileDisk
) -> None:
    """A restored backup, a clone, or a database that lost committed rows."""
    Journal(disk).begin(Mark(5, "five"))

    def never(*_: object) -> Any:
        raise AssertionError("nothing may be sent or asked")

    hooks = Hooks(lambda summary: None, lambda known, may_wait: "account", never, never)
    result = run_sync(store.sync, Ports(store, disk, SystemClock(), holder(), "run"), hooks)
    assert (result.exit_code, result.problems[0].code) == (7, "state-backwards")
    assert disk.names() == ["lock", "wal-5-0.log"]
    again = run_sync(store.sync, Ports(store, disk, SystemClock(), holder(), "run"), hooks)
    assert (again.exit_code, again.problems[0].code) == (7, "state-backwards")


def race(make: Callable[[int], SqlStore], count: int) -> list[object]:
    """That many processes' worth of stores acquire at once; an epoch or an error each."""
    ended: list[object] = []
    gate = threading.Barrier(count)

    def one(number: int) -> None:
        store = make(number)
        gate.wait()
        try:
            ended.append(store.acquire(holder(on=f"host-{number}")).epoch)
        except Busy as busy:
            ended.append(busy)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def test_of_racing_acquirers_one_wins(postgres: Postgres, people: Sync, tmp_path: Path) -> None:
    credentials = postgres.credentials("public")
    access = StateAccess(AdapterWarehouse("postgres", credentials), "race_activation", tmp_path)
    first = access.store(people)
    first.acquire(holder())

    def make(number: int) -> SqlStore:
        warehouse = AdapterWarehouse("postgres", credentials)
        with warehouse.session():
            pass
        tables = StateTables(None, "race_activation", people.name)
        return SqlStore(warehouse, people, tables, tmp_path / str(number))

    for before in (1, 2, 3):
        first.unlock(before)
        ended = race(make, 4)
        assert [found for found in ended if isinstance(found, int)] == [before + 1]
        assert sum(isinstance(found, Busy) for found in ended) == 3


def test_of_racing_first_acquirers_one_wins(
    postgres: Postgres, people: Sync, tmp_path: Path
) -> None:
    credentials = postgres.credentials("public")
    other = StateAccess(AdapterWarehouse("postgres", credentials), "first_activation", tmp_path)
    with other.opened() as state:
        installation.ensure(state)

    def make(number: int) -> SqlStore:
        warehouse = AdapterWarehouse("postgres", credentials)
        tables = StateTables(None, "first_activation", people.name)
        return SqlStore(warehouse, people, tables, tmp_path / str(number))

    ended = race(make, 4)
    assert [found for found in ended if isinstance(found, int)] == [1]


def test_a_change_says_whether_an_earlier_run_may_have_sent_it(
    store: SqlStore, warehouse: Warehouse
) -> None:
    epoch = store.acquire(holder()).epoch
    store.plan(epoch)
    ann, bob, _ = [change for rows in store.changes(epoch) for change in rows]
    assert not ann.is_doubtful
    acks = [Ack(ann.seq, UNKNOWN, "timeout", None, AT), Ack(bob.seq, DELIVERED, None, None, AT)]
    store.record(epoch, 1, acks)
    store.finish(epoch, report(epoch))
    store.release(epoch)
    run_statement(warehouse, "delete from people where id in ('ann', 'bob')")
    epoch = store.acquire(holder()).epoch
    store.plan(epoch)
    found = {change.identity: change for rows in store.changes(epoch) for change in rows}
    assert {name: (c.op, c.is_doubtful) for name, c in found.items()} == {
        "ann": (Op.REMOVE, True),
        "bob": (Op.REMOVE, False),
        "cy": (Op.ADD, False),
    }
