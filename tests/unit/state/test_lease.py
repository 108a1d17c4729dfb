"""The lease as a row that any engine can keep: no counts, no keys, no second writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sync.errors import Busy, LeaseLost, StateError
from sync.model import Sync
from sync.run.store import SqlStore
from sync.state.lease import TOKENS_KEPT
from sync.state.schema import StateTables
from sync.state.store import UNMARKED, Holder, Lease, Mark, Terms
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.duckdb import DuckDBWarehouse
from sync.warehouse.port import Session, Warehouse
from tests.conftest import Postgres

SCHEMA = "shop_activation"
HERE, THERE = Holder("me", "here", "1:1:", "1"), Holder("you", "there", "2:2:", "1")
OVER = "(current_timestamp at time zone 'UTC') - interval '10 minutes'"


class Uncounted:
    """A session of a driver that can't say how many rows a statement has changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def execute(self, sql: str) -> int:
        self._session.execute(sql)
        return -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class UncountedWarehouse(DuckDBWarehouse):
    """An engine without counts."""

    @contextmanager
    def session(self, *waiting: Any) -> Iterator[Session]:
        with DuckDBWarehouse.session(self, *waiting) as session:
            yield Uncounted(session)  # type: ignore[misc]


@pytest.fixture(params=["duckdb", "without counts", "postgres"])
def any_warehouse(
    request: pytest.FixtureRequest, warehouse: DuckDBWarehouse, tmp_path: Path
) -> Warehouse:
    if request.param == "duckdb":
        return warehouse
    if request.param == "without counts":
        return UncountedWarehouse({"path": "shop.duckdb"}, tmp_path)
    postgres: Postgres = request.getfixturevalue("postgres")
    found = AdapterWarehouse("postgres", postgres.credentials("public"))
    run(found, f"drop schema if exists {SCHEMA} cascade")
    return found


@pytest.fixture
def stores(any_warehouse: Warehouse, people: Sync, tmp_path: Path) -> tuple[SqlStore, SqlStore]:
    """Two processes with an eye on the same sync."""
    return store(any_warehouse, people, tmp_path), store(any_warehouse, people, tmp_path)


def store(warehouse: Warehouse, people: Sync, directory: Path) -> SqlStore:
    return SqlStore(warehouse, people, StateTables(None, SCHEMA, people.name), directory)


def run(warehouse: Warehouse, *statements: str) -> None:
    with warehouse.session() as session:
        for statement in statements:
            session.execute(statement)


def let_it_run_out(one: SqlStore) -> None:
    run(one.warehouse, f"update {SCHEMA}.leases set expires_at = {OVER}")


def row(one: SqlStore) -> tuple[Any, ...]:
    with one.warehouse.session() as session:
        (found,) = session.query(f"select epoch, owner, token from {SCHEMA}.leases")
    return found


def test_whoever_lost_the_lease_learns_it_even_where_nothing_is_counted(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    first, second = stores
    assert first.acquire(HERE).epoch == 1
    first.renew(1)
    let_it_run_out(first)
    assert second.acquire(THERE).epoch == 2
    with pytest.raises(LeaseLost):
        first.renew(1)
    second.renew(2)
    first.release(1)
    with pytest.raises(Busy):
        first.acquire(HERE)


def test_an_epoch_that_another_run_has_given_itself_too_is_not_ours(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    """As in a restored copy, where the numbers start over and the tokens do not."""
    first, _ = stores
    first.acquire(HERE)
    run(first.warehouse, f"update {SCHEMA}.leases set token = 'another'")
    with pytest.raises(LeaseLost):
        first.renew(1)


def test_a_lease_that_ran_out_is_not_taken_from_a_run_that_extended_it_meanwhile(
    stores: tuple[SqlStore, SqlStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the row and the statement that takes it."""
    first, second = stores
    first.acquire(HERE)
    let_it_run_out(first)
    from sync.state import lease

    read = lease.LeaseTable.read

    def slowly(self: lease.LeaseTable) -> lease.Row | None:
        found = read(self)
        monkeypatch.setattr(lease.LeaseTable, "read", read)
        assert lease.LeaseTable(self.state, Terms()).extend(first._lease)  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(lease.LeaseTable, "read", slowly)
    with pytest.raises(Busy):
        second.acquire(THERE)
    first.renew(1)


def test_of_two_first_rows_one_is_the_lease(
    people: Sync, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Where keys are not enforced, two runs may each have laid a first row."""
    first, second = store(warehouse, people, tmp_path), store(warehouse, people, tmp_path)
    first.acquire(HERE)
    first.release(1)
    run(
        warehouse,
        f"create table {SCHEMA}.kept as select * from {SCHEMA}.leases",
        f"drop table {SCHEMA}.leases",
        f"alter table {SCHEMA}.kept rename to leases",
        f"update {SCHEMA}.leases set epoch = 0, token = null",
        f"insert into {SCHEMA}.leases select * from {SCHEMA}.leases",
    )
    assert first.acquire(HERE).epoch == 1
    with pytest.raises(Busy):
        second.acquire(THERE)
    first.renew(1)
    # A third one, that was laid when the lease was taken already.
    run(
        warehouse,
        f"insert into {SCHEMA}.leases (sync, epoch, owner, host, process, version, is_released,"
        f" acquired_at, expires_at) values ('{people.name}', 0, '', '', '', '', true, {OVER},"
        f" {OVER})",
    )
    with pytest.raises(Busy):
        second.acquire(THERE)
    first.renew(1)


def test_a_journal_ahead_of_the_state_is_refused_until_somebody_overrules_it(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    first, second = stores
    first.acquire(HERE)
    first.release(1)
    before = row(first)
    for _ in range(3):
        with pytest.raises(StateError) as refused:
            first.acquire(HERE, Mark(2, "two"))
        assert refused.value.problems[0].code == "state-backwards"
    # Another machine, that has no journal, is not let through either.
    with pytest.raises(StateError):
        second.acquire(THERE, UNMARKED)
    assert row(first) == before
    assert first.overrule(HERE, Mark(2, "two")).epoch == 3
    first.release(3)
    assert second.acquire(THERE).epoch == 4


def test_a_journal_of_a_run_that_the_state_does_not_know_is_refused(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    """A copy was restored, and another machine, without a journal, has gone on from there."""
    first, second = stores
    lost = Mark(2, "lost-token")
    for epoch in (1, 2, 3):
        assert second.acquire(THERE).epoch == epoch
        second.release(epoch)
    with pytest.raises(StateError) as refused:
        first.acquire(HERE, lost)
    assert refused.value.problems[0].code == "state-backwards"
    with pytest.raises(StateError):
        second.acquire(THERE)


def test_a_journal_of_any_earlier_lease_is_welcome(stores: tuple[SqlStore, SqlStore]) -> None:
    """Another machine went on after this one had crashed: what its journal says is out of date."""
    first, second = stores
    mine = first.acquire(HERE).mark
    let_it_run_out(first)
    taken: list[Lease] = []
    for _ in range(TOKENS_KEPT + 2):
        taken.append(second.acquire(THERE))
        second.release(taken[-1].epoch)
        lease = first.acquire(HERE, mine)
        first.release(lease.epoch)
    assert len(lease.tokens) < 255


def test_only_time_makes_a_takeover_late(stores: tuple[SqlStore, SqlStore]) -> None:
    first, second = stores
    assert first.acquire(HERE).late_epoch == 0
    first.release(1)
    assert second.acquire(THERE).late_epoch == 0
    let_it_run_out(first)
    assert first.acquire(HERE).late_epoch == 3
    first.release(3)
    assert second.acquire(THERE).late_epoch == 3
    assert second.unlock(4)
    assert first.acquire(HERE).late_epoch == 5, "a hand can't know either what is on its way"


def test_a_run_that_was_frozen_while_it_wrote_makes_nobody_wait_for_ever(
    postgres: Postgres, people: Sync, tmp_path: Path
) -> None:
    """Its transaction holds the row; whether it will extend the lease is not known."""
    schema = "frozen_activation"
    tables = StateTables(None, schema, people.name)
    credentials = postgres.credentials("public")
    first = SqlStore(AdapterWarehouse("postgres", credentials), people, tables, tmp_path)
    second = SqlStore(
        AdapterWarehouse("postgres", credentials), people, tables, tmp_path, lock_wait=0.2
    )
    first.acquire(HERE)
    run(first.warehouse, f"update {schema}.leases set expires_at = {OVER}")
    with first._fenced(1), pytest.raises(Busy):
        second.acquire(THERE)
    first.renew(1)


def test_a_transaction_that_took_long_leaves_a_lease_that_has_not_run_out(
    postgres: Postgres, people: Sync, tmp_path: Path
) -> None:
    """The clock of the warehouse stands still within it: a plan may take longer than a lease."""
    schema = "slow_activation"
    times = iter((0.0, 500.0))
    first, second = (
        SqlStore(
            AdapterWarehouse("postgres", postgres.credentials("public")),
            people,
            StateTables(None, schema, people.name),
            tmp_path,
            clock=lambda: next(times),
        )
        for _ in range(2)
    )
    first.acquire(HERE)
    with first._fenced(1):
        pass
    (left,) = lease_left(first, schema)
    assert left > 500
    with pytest.raises(Busy):
        second.acquire(THERE)


def lease_left(one: SqlStore, schema: str) -> tuple[float]:
    query = (
        "select extract(epoch from expires_at - (current_timestamp at time zone 'UTC'))"
        f" from {schema}.leases"
    )
    with one.warehouse.session() as session:
        (found,) = session.query(query)
    return (float(found[0]),)
