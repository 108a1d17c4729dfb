"""Bugs of leases, put in on purpose, each with what has to catch it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path

import duckdb
import pytest

from sync.errors import StateError
from sync.http import client
from sync.journal import process
from sync.journal.process import is_dead, own_process
from sync.model import Counts, Op
from sync.run.leases import Tenure
from sync.run.store import SqlStore
from sync.state.lease import LeaseTable
from sync.state.schema import StateTables
from sync.state.store import DELIVERED, Ack, Holder, Mark, SyncReport
from sync.warehouse.duckdb import DuckDBWarehouse
from tests.faults import memory
from tests.faults.freezing import check, frozen
from tests.faults.mutants.seeds import Edit
from tests.faults.reference import Row
from tests.faults.vendor import SLOW_LINES
from tests.faults.world import SYNC, Setting, World, Wrong

HERE, THERE = Holder("me", "here", "1:1:", "1"), Holder("you", "there", "2:2:", "1")
Check = Callable[[Path, pytest.MonkeyPatch], None]


def freeze(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are frozen, by turns of every sort."""
    for first in range(7):
        for scenario in islice(frozen(), first, None, 7):
            check(scenario)


def answer_slowly(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warehouse that answers late, on lines that are slow to open."""
    for answer in (0.0, 50.0, 80.0, 110.0):
        for slow, line in product((1, 2, 3), SLOW_LINES):
            world = World(model=[Row(name, (1, "p")) for name in "abcd"])
            setting = Setting(batch=1, answer_seconds=answer)
            world.run(faults={slow: line}, setting=setting)
            if world.account.strays:
                raise Wrong(f"{world.account.strays} requests left when the lease had ended")


def _store(directory: Path) -> SqlStore:
    with duckdb.connect(str(directory / "shop.duckdb")) as connection:
        connection.execute("create table people (id varchar, x integer, y varchar)")
        connection.execute("insert into people values ('a', 1, 'p')")
    warehouse = DuckDBWarehouse({"path": "shop.duckdb"}, directory)
    return SqlStore(warehouse, SYNC, StateTables(None, "state", SYNC.name), directory / "spool")


def retry_with_a_journal_ahead(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that its own repetition ends is none, also with a journal of an older version."""
    store = _store(directory)
    store.acquire(HERE)
    store.release(1)
    for _ in range(2):
        try:
            store.acquire(HERE, Mark(2))
        except StateError:
            store.unlock(2)
        else:
            raise Wrong("a state that is older than the journal was taken for good")


def take_over_by_time(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run may still have on its way is asserted by the next two."""
    store = _store(directory)
    plan_epoch = store.acquire(HERE).epoch
    store.plan(plan_epoch)
    store.unlock(plan_epoch)
    epoch = store.acquire(THERE).epoch
    store.settle(epoch, plan_epoch, "run", [], doubt_rest=True)
    for ops in ({Op.ADD: 1}, {Op.ADD: 1}, {}):
        assert store.plan(epoch).ops == ops
        _answer_all(store, epoch)
        epoch = store.acquire(THERE).epoch


def _answer_all(store: SqlStore, epoch: int) -> None:
    at = memory.FakeClock().now()
    changes = [change for rows in store.changes(epoch) for change in rows]
    store.record(epoch, 1, [Ack(change.seq, DELIVERED, None, None, at) for change in changes])
    store.finish(epoch, SyncReport("run", epoch, "success", "", at, at, Counts()))
    store.release(epoch)


def look_up_a_pid_of_another_container(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ended there says nothing of one here with the same number."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(process, "_namespace", lambda path: "pid:[1]")
    _, start, place = own_process().split(":")
    monkeypatch.undo()
    assert ended.pid != os.getpid()
    assert not is_dead(f"{ended.pid}:{start}:{place}")


LEASES: dict[str, tuple[Edit, Check]] = {
    "nothing is asked before a request leaves": (
        Edit(
            client.Client,
            "_attempt",
            "seconds = self.permit.seconds(wanted)",
            "self.permit, seconds = ANYTIME, wanted",
        ),
        freeze,
    ),
    "the lease is asked once for each batch": (
        Edit(
            client.Client,
            "_attempt",
            "self.http.send(endpoint, request, seconds, self.permit)",
            "self.http.send(endpoint, request, seconds, ANYTIME)",
        ),
        answer_slowly,
    ),
    "the lease is counted from when the warehouse has answered": (
        Edit(
            Tenure,
            "extend",
            "self.until = before + self.store.terms.seconds",
            "self.until = clock.elapsed() + self.store.terms.seconds",
        ),
        answer_slowly,
    ),
    "whoever takes over believes the first answers": (
        Edit(SqlStore, "_is_late", "return plan_epoch < late and", "return False and"),
        take_over_by_time,
    ),
    "a lease that time has ended is taken for one that was given back": (
        Edit(
            LeaseTable,
            "_take",
            "late_epoch = row.late_epoch if is_certain else epoch",
            "late_epoch = row.late_epoch",
        ),
        take_over_by_time,
    ),
    "a frozen run is taken for a dead one": (
        Edit(memory.MemoryStore, "settle", "plan_epoch < t.lease.lease.late_epoch", "False"),
        freeze,
    ),
    "the boot alone tells where a process runs": (
        Edit(
            process,
            "_place",
            "parts = (_machine(), _text(_BOOT), *map(_namespace, _NAMESPACES))",
            "parts = (_text(_BOOT),)",
        ),
        look_up_a_pid_of_another_container,
    ),
    "the epoch is raised before the journal is asked": (
        Edit(
            LeaseTable,
            "acquire",
            "if row.went_before(mark):",
            "if row.went_before(mark) and self._take("
            "row, holder, is_gone, row.epoch + 1, row.tokens):",
        ),
        retry_with_a_journal_ahead,
    ),
}
