"""Batches that never come back: a run ends all the same, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from sync.destinations.spec import Item
from sync.errors import StateError
from sync.http.clock import SystemClock
from sync.http.delivery import Exchange
from sync.http.ports import Permit
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.run import engine as module
from sync.run.engine import Engine
from sync.run.leases import Leases
from sync.run.source import Source
from sync.run.workers import Workers
from sync.state.store import Mark
from tests.unit.run.test_coalescing import OneByOne, Planned, add, sync_of


@pytest.fixture
def never() -> Event:
    """What a worker waits for in vain."""
    return Event()


def engine_that_hangs(never: Event) -> Engine:
    def converse(batch: Sequence[Item], permit: Permit, begun: Any) -> Exchange:
        never.wait()
        raise AssertionError

    return Engine(OneByOne(), converse, Workers("c"), SystemClock(), lambda: None)  # type: ignore[arg-type]


def source(tmp_path: Path, store: Planned) -> Source:
    disk = FileDisk(tmp_path / "journal")
    journal = Journal(disk)
    journal.begin(Mark(1, "one"))
    return Source(sync_of("people"), store, journal, 1)  # type: ignore[arg-type]


def test_a_batch_that_never_comes_back_is_unconfirmed_and_ends_the_delivery(
    tmp_path: Path, never: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLIGHT_SECONDS", 0.05)
    store = Planned([add(n, f"p{n}", plan="pro") for n in range(1, 4)])
    engine = engine_that_hangs(never)
    engine.deliver(Leases(SystemClock()), source(tmp_path, store))
    assert engine.error is not None
    assert engine.error.problems[0].code == "destination-hangs"
    assert {(ack.outcome, ack.code) for ack in store.acks} == {("unknown", "no-end")}
    never.set()


def test_a_state_that_fails_does_not_wait_for_batches_that_never_come_back(
    tmp_path: Path, never: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LANDING_SECONDS", 0.05)

    class Failing(Planned):
        def changes(self, epoch, keep):  # type: ignore[no-untyped-def]
            yield self.plan[:1]
            raise StateError

    engine = engine_that_hangs(never)
    with pytest.raises(StateError):
        engine.deliver(Leases(SystemClock()), source(tmp_path, Failing([add(1, "p1", plan="pro")])))
    never.set()
