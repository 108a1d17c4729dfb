"""A status that may mean the whole account, or one row: which of them, the other rows tell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sync.destinations.one_by_one import one_by_one
from sync.destinations.spec import Conversation, Endpoint, Item, Limits, Request, Response
from sync.errors import SyncError
from sync.http.clock import SystemClock
from sync.http.delivery import converse
from sync.http.pacing import Pacing
from sync.http.ports import Permit
from sync.http.retry import RetryPolicy
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.model import DELIVERED, Change, Kind, Op, Outcome, Relation, Sync
from sync.run.engine import Engine
from sync.run.leases import Leases
from sync.run.source import Source
from sync.state.store import Ack, Mark
from tests.unit.http.test_delivery import OK, Vendor, status

SYNC = Sync("m__v", "m", "model.p.m", Relation(None, "s", "m"), "conn", "v", Kind.TRAITS, "id")
PAGE = b"<!DOCTYPE html><html><head><title>Blocked</title></head></html>"
ACCOUNT_WIDE = [(402, b"{}"), (403, PAGE), (404, b""), (405, b""), (410, b""), (426, b"")]
FEW_REQUESTS = 60


class Single(Vendor):
    """Sends each row in a request of its own."""

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Any]]:
        return (yield from one_by_one(batch, self._send))

    def _send(self, item: Item) -> Conversation[Outcome]:
        yield Request("POST", "/one", json={"ids": [item.parts[0]]})
        return DELIVERED


class Alone(Single):
    """Gets one row at a time."""

    limits = Limits(items=1, request_bytes=100_000, item_bytes=1000, requests_per_second=100_000)


VENDORS = [Vendor, Single, Alone]


@dataclass
class Rows:
    """A store that holds a plan of so many rows, and keeps what is recorded."""

    plan: Sequence[Change]
    acks: list[Ack] = field(default_factory=list)

    def changes(self, epoch: int, keep: Callable[[], None]) -> Iterator[Sequence[Change]]:
        yield self.plan

    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        self.acks += acks


@dataclass
class Delivered:
    outcomes: Counter[str]
    rejected: set[int]
    requests: Counter[str]
    error: SyncError | None

    @property
    def code(self) -> str:
        return self.error.problems[0].code if self.error else ""


Answer = Callable[[list[int], int], Response]


def deliver(tmp_path: Path, make: type[Vendor], count: int, answer: Answer) -> Delivered:
    """Deliver rows 0 to `count`; `answer` is given the rows of a request and its number."""
    requests: Counter[str] = Counter()

    class Wire:
        def send(
            self, endpoint: Endpoint, request: Request, deadline: float, permit: Permit
        ) -> Response:
            ids = [int(one) for one in json.loads(request.content or b"")["ids"]]
            requests[str(ids)] += 1
            return answer(ids, requests.total())

    vendor: Any = make()
    clock = SystemClock()
    store: Any = Rows([Change(i, Op.ADD, str(i), str(i), {}) for i in range(count)])
    journal = Journal(FileDisk(tmp_path / make.__name__))
    journal.begin(Mark(1, "one"))
    source = Source(SYNC, store, journal, 1)

    def send(batch: Sequence[Item], permit: Permit, begun: Any) -> Any:
        pace = Pacing(clock)
        return converse(vendor, batch, Wire(), clock, pace, RetryPolicy(), lambda: False)

    with ThreadPoolExecutor() as executor:
        engine = Engine(vendor, send, executor, clock, lambda: None)
        engine.deliver(Leases(clock), source)
    rejected = {ack.seq for ack in store.acks if ack.outcome == "rejected"}
    return Delivered(Counter(a.outcome for a in store.acks), rejected, requests, engine.error)


def refusing(bad: Collection[int], refusal: Response) -> Answer:
    return lambda ids, number: refusal if set(bad) & set(ids) else OK


@pytest.mark.parametrize("make", VENDORS)
@pytest.mark.parametrize(("code", "body"), ACCOUNT_WIDE)
def test_a_refused_account_costs_a_few_requests_and_no_dead_letter(
    tmp_path: Path, make: type[Vendor], code: int, body: bytes
) -> None:
    end = deliver(tmp_path, make, 2000, lambda ids, number: status(code, body))
    assert end.code == "destination-refuses"
    assert end.error is not None
    assert (end.error.exit_code, str(code) in str(end.error)) == (6, True)
    assert end.outcomes == {}
    assert end.requests.total() < FEW_REQUESTS


@pytest.mark.parametrize("make", VENDORS)
def test_a_refused_account_stops_a_small_sync_too(tmp_path: Path, make: type[Vendor]) -> None:
    for count in (1, 3):
        end = deliver(tmp_path / str(count), make, count, lambda ids, number: status(402))
        assert (end.code, end.outcomes) == ("destination-refuses", {})


@pytest.mark.parametrize("make", VENDORS)
def test_an_account_that_is_suspended_on_the_way_keeps_what_was_delivered(
    tmp_path: Path, make: type[Vendor]
) -> None:
    taken: set[int] = set()

    def answer(ids: list[int], number: int) -> Response:
        if len(taken) >= 600:
            return status(402, b'{"message":"the invoice is overdue"}')
        taken.update(ids)
        return OK

    end = deliver(tmp_path, make, 2000, answer)
    assert end.code == "destination-refuses"
    assert "the invoice is overdue" in str(end.error)
    assert end.outcomes == {"delivered": len(taken)}
    assert sum(n for ids, n in end.requests.items() if not taken & set(json.loads(ids))) < 150


@pytest.mark.parametrize("make", VENDORS)
@pytest.mark.parametrize(("code", "body"), [*ACCOUNT_WIDE, (422, b"{}"), (451, b"")])
def test_a_row_that_is_refused_alone_is_a_dead_letter_and_the_others_arrive(
    tmp_path: Path, make: type[Vendor], code: int, body: bytes
) -> None:
    bad = {0, 7, 120, 121, 399}
    end = deliver(tmp_path, make, 400, refusing(bad, status(code, body)))
    assert end.error is None
    assert end.rejected == bad
    assert end.outcomes == {"delivered": 395, "rejected": 5}


def test_a_first_batch_of_bad_rows_only_does_not_stop_the_good_ones(tmp_path: Path) -> None:
    bad = range(200)
    end = deliver(tmp_path, Vendor, 1000, refusing(bad, status(404)))
    assert end.error is None
    assert end.rejected == set(bad)
    assert end.outcomes == {"delivered": 800, "rejected": 200}


def test_a_last_row_that_is_refused_is_a_dead_letter(tmp_path: Path) -> None:
    end = deliver(tmp_path, Alone, 9, refusing({8}, status(405)))
    assert (end.error, end.rejected) == (None, {8})


def test_a_few_bad_rows_in_front_do_not_stop_the_others(tmp_path: Path) -> None:
    end = deliver(tmp_path, Alone, 20, refusing(range(6), status(410)))
    assert (end.error, end.rejected) == (None, set(range(6)))


@pytest.mark.parametrize("make", VENDORS)
def test_rows_that_are_all_wrong_for_what_they_are_become_dead_letters(
    tmp_path: Path, make: type[Vendor]
) -> None:
    end = deliver(tmp_path, make, 30, lambda ids, number: status(422, b"no such field"))
    assert (end.error, end.rejected) == (None, set(range(30)))
