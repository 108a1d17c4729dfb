"""Leases as their process knows them: extended in time, and never believed too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from sync.destinations.spec import Destination, Endpoint, Item, Limits, Piece, Request, Response
from sync.errors import LeaseLost, Problem, WarehouseError
from sync.http.delivery import ask, converse
from sync.http.pacing import Pacing
from sync.http.ports import LEASE_OVER, Permit
from sync.http.retry import RetryPolicy
from sync.model import Change, NotAttempted, Op, Sync
from sync.run.batches import prepare
from sync.run.leases import Leases
from sync.state.store import Holder, Lease, Mark, Terms
from sync.testing import FakeClock

HOLDER = Holder("me", "here", "1:1:", "1")


@dataclass
class Slow:
    """A store whose warehouse takes its time, or does not answer."""

    clock: FakeClock
    seconds: float = 0.0
    failure: Exception | None = None
    terms: Terms = field(default_factory=Terms)
    renewed: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None

    def while_waiting(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    def acquire(self, holder: Holder, mark: Mark) -> Lease:
        self.clock.sleep(self.seconds)
        return Lease(1, "token")

    def renew(self, epoch: int, wait_seconds: float | None = None) -> None:
        self.renewed.append(self.clock.seconds)
        self.clock.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure

    def release(self, epoch: int) -> None:
        """It is free."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def taken(leases: Leases, people: Sync, store: Slow) -> Any:
    return leases.take(people, store, HOLDER, Mark())  # type: ignore[arg-type]


def test_a_lease_ends_counted_from_before_it_was_asked_for(clock: FakeClock, people: Sync) -> None:
    leases = Leases(clock)
    taken(leases, people, Slow(clock, seconds=50))
    assert leases.seconds(1000) == 100, "70 of the lease and 30 of grace"
    clock.sleep(69.9)
    assert leases.allows()
    clock.sleep(0.1)
    assert not leases.allows()
    assert leases.seconds(10) == 0


def test_the_first_of_several_leases_to_end_ends_the_sending(
    clock: FakeClock, people: Sync
) -> None:
    leases = Leases(clock)
    first = taken(leases, people, Slow(clock))
    clock.sleep(100)
    taken(leases, people, Slow(clock))
    assert leases.seconds(1000) == 50
    clock.sleep(20)
    leases.give_back(first)
    assert leases.allows(), "what was given back is not sent under"


def test_what_was_refused_once_is_refused_for_good(clock: FakeClock, people: Sync) -> None:
    """Else a batch of which half was refused would pass for one that a destination left open."""
    leases = Leases(clock)
    taken(leases, people, Slow(clock))
    clock.sleep(121)
    assert not leases.allows()
    leases.require()
    assert not leases.allows()
    assert leases.error is not None
    assert leases.error.problems[0].code == "lease-expired"


def test_a_lease_that_ran_out_unnoticed_is_extended_before_anything_is_sent(
    clock: FakeClock, people: Sync
) -> None:
    leases, store = Leases(clock), Slow(clock)
    taken(leases, people, store)
    clock.sleep(1000)
    leases.require()
    assert store.renewed == [1000]
    assert leases.allows()


def test_leases_are_extended_when_a_quarter_has_passed_and_not_more_often(
    clock: FakeClock, people: Sync
) -> None:
    leases, store = Leases(clock), Slow(clock)
    taken(leases, people, store)
    for _ in range(100):
        clock.sleep(1)
        leases.keep()
    assert store.renewed == [30, 60, 90]


def test_a_warehouse_that_does_not_answer_is_asked_again_until_the_lease_is_over(
    clock: FakeClock, people: Sync
) -> None:
    leases, store = Leases(clock), Slow(clock, failure=WarehouseError(Problem("gone", "gone")))
    taken(leases, people, store)
    for _ in range(119):
        clock.sleep(1)
        leases.keep()
        assert leases.allows()
    assert store.renewed == [float(second) for second in range(30, 120, 5)]
    clock.sleep(1)
    assert not leases.allows()
    with pytest.raises(WarehouseError):
        leases.require()


def test_a_lease_that_another_run_has_taken_ends_the_sending_at_once(
    clock: FakeClock, people: Sync
) -> None:
    leases, store = Leases(clock), Slow(clock, failure=LeaseLost(Problem("lease-lost", "taken")))
    taken(leases, people, store)
    clock.sleep(31)
    leases.keep()
    assert not leases.allows()
    with pytest.raises(LeaseLost):
        leases.require()


class Vendor(Destination):
    """Asked once, and sent to once for each batch."""

    name = "vendor"
    limits = Limits(items=10, request_bytes=1000, item_bytes=100, requests_per_second=0)
    endpoints = {"": Endpoint("http://127.0.0.1:1")}  # noqa: RUF012
    verdicts: dict[int, Any] = {}  # noqa: RUF012

    def encode_together(self, pieces: Any) -> Any:
        return (pieces[0].change.external_id,)

    def deliver(self, batch: Sequence[Item]) -> Any:
        yield Request("POST", "/", json=[item.parts[0] for item in batch])
        raise AssertionError("it is never answered")

    def _question(self) -> Any:
        return (yield Request("GET", "/"))


@dataclass
class Wire:
    """Turns requests away with a long `Retry-After`, so often; then answers."""

    turned_away: int
    clock: FakeClock
    sent: list[float] = field(default_factory=list)

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        self.sent.append(self.clock.seconds)
        if len(self.sent) <= self.turned_away:
            return Response(429, {"retry-after": "143"}, b"")
        return Response(200, {}, b"{}")


def test_a_lease_is_extended_while_a_destination_keeps_us_waiting_with_a_question(
    clock: FakeClock, people: Sync
) -> None:
    leases, store = Leases(clock), Slow(clock)
    taken(leases, people, store)
    vendor, wire = Vendor(), Wire(2, clock)

    def is_stopping() -> bool:
        leases.keep()
        return False

    line = (wire, clock, Pacing(clock), RetryPolicy(), "", is_stopping)
    ask(vendor, vendor._question(), *line)  # type: ignore[arg-type]
    assert clock.seconds > 280
    assert len(store.renewed) == 9
    assert leases.allows()


def test_a_retry_after_a_long_wait_is_not_sent_when_the_lease_is_over(
    clock: FakeClock, people: Sync
) -> None:
    """As a worker waits whose process is frozen meanwhile, so that nobody extends anything."""
    leases = Leases(clock)
    taken(leases, people, Slow(clock))
    vendor, wire = Vendor(), Wire(5, clock)
    item = prepare(vendor, (Piece(people, Change(1, Op.ADD, "ann", "ann", {})),))  # type: ignore[arg-type]
    exchange = converse(
        vendor,  # type: ignore[arg-type]
        [item],  # type: ignore[list-item]
        wire,
        clock,
        Pacing(clock),
        RetryPolicy(),
        lambda: False,
        leases,
    )
    assert wire.sent == [0]
    assert exchange.endings == [NotAttempted(LEASE_OVER)]


def test_whoever_waits_for_the_warehouse_extends_what_is_due(
    clock: FakeClock, people: Sync
) -> None:
    leases, store = Leases(clock), Slow(clock)
    taken(leases, people, store)
    assert store.meanwhile is not None
    store.meanwhile()
    assert store.renewed == []
    clock.sleep(31)
    store.meanwhile()
    assert store.renewed == [31]
