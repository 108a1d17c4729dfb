"""From plan row to wire: changes per second through the real engine, journal, flushes and all."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sync.delivery.clock import SystemClock
from sync.delivery.conversation import converse
from sync.delivery.engine import Engine, Source
from sync.delivery.pacing import Pacing
from sync.delivery.retry import RetryPolicy
from sync.delivery.transport import HttpTransport
from sync.destinations.customerio import Customerio, Settings
from sync.plan.tables import StateTables
from sync.state.disk import FileDisk
from sync.state.journal import Journal
from sync.state.sql_store import SqlStore
from sync.state.store import Holder

from benchmarks import sink, worlds


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one delivery cost."""

    changes: int
    seconds: float
    cpu_seconds: float
    requests: int
    peak_mb_before: float
    peak_mb: float


def measure(rows: int) -> Delivered:
    """Deliver a first sync of `rows` people of twelve traits to a server that does nothing."""
    with worlds.duckdb_world() as warehouse, sink.running() as url:
        worlds.build(warehouse, rows)
        with tempfile.TemporaryDirectory() as place:
            tables = StateTables(None, "bench_activation", worlds.sync().name)
            store = SqlStore(warehouse, worlds.sync(), tables, Path(place) / "spool")
            journal = Journal(FileDisk(Path(place) / "journal"))
            with store.held():
                epoch = store.acquire(Holder("bench", "bench", "1::", "0"))
                journal.begin(epoch)
                store.plan(epoch)
            return _deliver(Source(worlds.sync(), store, journal, epoch), url, rows)


def _deliver(source: Source, url: str, rows: int) -> Delivered:
    clock = SystemClock()
    settings = Settings(site_id="site", api_key="key", base_url=url)
    destination, pacing, policy = Customerio(settings), Pacing(clock), RetryPolicy()
    before = peak_mb()
    with HttpTransport() as http, ThreadPoolExecutor() as executor:
        engine = Engine(
            destination,
            lambda batch: converse(
                destination, batch, http, clock, pacing, policy, lambda: False
            ),
            executor,
            clock,
            lambda: None,
        )
        started, cpu = time.perf_counter(), time.process_time()
        engine.deliver(source)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert engine.error is None and sum(source.tally.values()) == rows
    return Delivered(rows, took, cpu, sink.counts(url)["requests"], before, peak_mb())


def peak_mb() -> float:
    """This process's peak resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
    print(found, f"{found.changes / found.seconds:,.0f}/s wall {found.changes / found.cpu_seconds:,.0f}/s cpu")
