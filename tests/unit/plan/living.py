"""One sync of one model, run at different times, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from sync.commands.plan import Preview, preview
from sync.journal.process import host, own_process
from sync.model import Counts, Fate, Kind, Relation, Sync
from sync.rules import AsOf
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state.store import DELIVERED, Ack, Holder, PlanSummary, SyncReport
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.duckdb import DuckDBWarehouse
from sync.warehouse.port import Session, Warehouse
from tests.conftest import Postgres

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COLUMNS = "id varchar, email varchar, person varchar, happened timestamp, score double precision"
SEGMENT = Sync(
    name="carts__crm",
    model="carts",
    unique_id="model.shop.carts",
    relation=Relation(None, "shop", "carts"),
    connection="crm",
    vendor="crm",
    kind=Kind.SEGMENT,
    identity="id",
    segment="carts",
    initial="send",
)


@dataclass
class World:
    """A model, and one sync of it at different times."""

    warehouse: Warehouse
    session: Session
    spool: Path
    sync: Sync

    def write(self, *rows: str) -> None:
        self.session.execute("delete from shop.carts")
        if rows:
            self.session.execute(f"insert into shop.carts values {', '.join(rows)}")

    def has(self, *people: str) -> None:
        self.write(*(f"('{p}', '{p}@x', '{p}', null, null)" for p in people))

    def scores(self, **scores: float | str) -> None:
        self.write(*(f"('{p}', '{p}@x', '{p}', null, {n})" for p, n in scores.items()))

    def access(self, at: datetime) -> StateAccess:
        return StateAccess(self.warehouse, "shop_activation", self.spool, as_of=AsOf(at))

    def preview(self, at: datetime, identity: str | None = None) -> Preview:
        return preview(self.access(at), self.sync, identity=identity)

    def begin(self, at: datetime, may_be_sent: bool = False) -> tuple[SqlStore, int, PlanSummary]:
        """Plan after settling what a run left, of which all `may_be_sent`, or nothing was."""
        store = self.access(at).store(self.sync)
        store.check()
        epoch = store.acquire(Holder("me", host(), own_process(), "1")).epoch
        if (left := store.leftover()) is not None:
            store.settle(epoch, left.epoch, "run", [], may_be_sent)
        return store, epoch, store.plan(epoch)

    def run(self, at: datetime, **outcomes: str) -> set[tuple[str, str, str]]:
        """What a run sends; `outcomes` are of single identities."""
        shown = self.preview(at).summary
        store, epoch, summary = self.begin(at)
        assert shown is not None
        told = (summary.fates, summary.ops, summary.causes, summary.waiting)
        assert (shown.fates, shown.ops, shown.causes, shown.waiting) == told
        changes = [c for batch in store.changes(epoch) for c in batch] if summary.total else []
        answers = [(c.seq, outcomes.get(c.identity, DELIVERED)) for c in changes]
        answered = [Ack(s, o, None, None, at) for s, o in answers if o != "not attempted"]
        store.record(epoch, 1, answered)
        store.finish(epoch, SyncReport("run", epoch, "success", "", at, at, Counts()))
        store.release(epoch)
        assert sum(summary.waiting.values()) == summary.fates.get(Fate.DEFERRED, 0)
        return {(str(c.op), c.cause, c.identity) for c in changes}

    def entries(self) -> set[tuple[str, datetime]]:
        rows = self.session.query(
            "select person, entered_at, is_reserved from shop_activation.entries"
        )
        assert not any(is_reserved for _, _, is_reserved in rows)
        return {(person, at.replace(tzinfo=UTC)) for person, at, _ in rows}


@contextmanager
def living(warehouse: Warehouse, spool: Path) -> Iterator[World]:
    with warehouse.session() as session:
        drop_schemas(session)
        session.execute("create schema shop")
        session.execute(f"create table shop.carts ({COLUMNS})")
        yield World(warehouse, session, spool, SEGMENT)
        drop_schemas(session)


def drop_schemas(session: Session) -> None:
    """Nothing of another test that used the same server."""
    for name in ("shop", "shop_activation"):
        session.execute(f"drop schema if exists {name} cascade")


def in_a_file(path: Path) -> Warehouse:
    duckdb.connect(str(path / "carts.duckdb")).close()
    return DuckDBWarehouse({"path": "carts.duckdb"}, path)


def on_a_server(postgres: Postgres) -> Warehouse:
    return AdapterWarehouse("postgres", postgres.credentials("public"))
