"""From plan row to wire: changes per second through the real engine, journal, flushes and all."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks import sink, worlds
from sync.destinations.customerio import Customerio, Settings
from sync.destinations.spec import Begun, Item
from sync.http.clock import SystemClock
from sync.http.delivery import Exchange, converse
from sync.http.pacing import Pacing
from sync.http.ports import Permit
from sync.http.retry import RetryPolicy
from sync.http.transport import HttpTransport
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.run.engine import Engine
from sync.run.leases import Leases
from sync.run.source import Source
from sync.run.store import SqlStore
from sync.state.schema import StateTables
from sync.state.store import UNMARKED, Holder


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one delivery cost."""

    changes: int
    seconds: float
    cpu_seconds: float
    requests: int
    added_mb: float
    """The most that was resident while delivering, less what was before."""


def measure(rows: int) -> Delivered:
    """Deliver a first sync of `rows` people of twelve traits to a server that does nothing."""
    with worlds.duckdb_world() as (warehouse, _), sink.running() as url:
        worlds.build(warehouse, rows)
        with tempfile.TemporaryDirectory() as place:
            tables = StateTables(None, "bench_activation", worlds.sync().name)
            store = SqlStore(warehouse, worlds.sync(), tables, Path(place) / "spool")
            journal = Journal(FileDisk(Path(place) / "journal"))
            leases = Leases(SystemClock())
            with store.held():
                store.check()
                holder = Holder("bench", "bench", "1::", "0")
                lease = leases.take(worlds.sync(), store, holder, UNMARKED).lease
                journal.begin(lease.mark)
                store.plan(lease.epoch)
            source = Source(worlds.sync(), store, journal, lease.epoch)
            return _deliver(leases, source, url, rows)


def _deliver(leases: Leases, source: Source, url: str, rows: int) -> Delivered:
    clock = SystemClock()
    settings = Settings(site_id="site", api_key="key", base_url=url)
    destination, pacing, policy = Customerio(settings), Pacing(clock), RetryPolicy()
    before, most = resident_mb(), [0.0]

    def sample(source: Source, done: int) -> None:
        most[0] = max(most[0], resident_mb())

    def send(batch: Sequence[Item], permit: Permit, begun: Callable[[Begun], None]) -> Exchange:
        asked = (destination, batch, http, clock, pacing, policy, lambda: False)
        return converse(*asked, permit, begun)

    with HttpTransport() as http, ThreadPoolExecutor() as executor:
        engine = Engine(destination, send, executor, clock, lambda: None, on_progress=sample)
        started, cpu = time.perf_counter(), time.process_time()
        engine.deliver(leases, source)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert engine.error is None and sum(source.tally.values()) == rows
    return Delivered(rows, took, cpu, sink.counts(url)["requests"], most[0] - before)


def resident_mb() -> float:
    """This process's resident size now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def peak_mb() -> float:
    """This process's peak resident size so far, in MB.

    Not from getrusage: its peak is inherited from the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
