"""What must not leave any more: its moment is looked at before each attempt, retries included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from sync.destinations.spec import Item, Piece
from sync.http.delivery import Exchange, converse
from sync.http.pacing import Pacing
from sync.http.ports import AnswerUnknown
from sync.http.retry import RetryPolicy
from sync.model import Change, Delivered, Fate, NotAttempted, Op, Unknown, too_late
from sync.rules import Rules
from sync.run.batches import prepare
from sync.testing.fakes import FakeClock
from sync.timing import Expiry, Span, Window
from tests.unit.http.test_delivery import OK, SYNC, Vendor, World, in_order, status

WHEN = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOURLY = replace(SYNC, rules=Rules(expires=Expiry("at", Span(1, "hour"))))
UNTIL_31 = replace(SYNC, rules=Rules(window=Window(time(12, 0), time(12, 31), "Etc/UTC")))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(start=WHEN)


def change(name: str, ends_in: float = 0.0, op: Op = Op.ADD) -> Change:
    """One that expires so many seconds after the clock's start."""
    since = WHEN + timedelta(seconds=ends_in) - timedelta(hours=1)
    return Change(1, op, name, name, {}, expires_from=since)


def send(clock: Any, world: World, sync: Any, *changes: Change) -> Exchange:
    batch = []
    for one in changes:
        item = prepare(Vendor(), (Piece(sync, one),))  # type: ignore[arg-type]
        assert isinstance(item, Item)
        batch.append(item)
    args = (Vendor(), batch, world, clock, Pacing(clock), RetryPolicy(), lambda: False)
    return converse(*args)  # type: ignore[arg-type]


def test_an_item_that_is_too_late_never_leaves_and_keeps_nobody_back(clock: Any) -> None:
    world = in_order(OK)
    exchange = send(clock, world, HOURLY, change("a", 0), change("b", 1))
    assert exchange.endings == [NotAttempted("too-late"), Delivered()]
    assert world.sent == [["b"]]


def test_a_retry_is_not_sent_once_the_moment_has_passed(clock: Any) -> None:
    world = in_order(status(429, retry_after="40"), OK)
    exchange = send(clock, world, HOURLY, change("a", 30), change("b", 90))
    assert exchange.endings == [NotAttempted("too-late"), Delivered()]
    assert world.sent == [["a", "b"], ["b"]]


def test_what_may_have_arrived_before_is_in_doubt(clock: Any) -> None:
    world = in_order(AnswerUnknown("timeout"), OK)
    (ending,) = send(clock, world, HOURLY, change("a", 0.1)).endings
    assert isinstance(ending, Unknown)
    assert len(world.sent) == 1


def test_nobody_enters_once_the_window_has_closed(clock: Any) -> None:
    world = in_order(status(429, retry_after="70"), OK)
    leaving = change("b", op=Op.REMOVE)
    exchange = send(clock, world, UNTIL_31, change("a"), leaving)
    assert exchange.endings == [NotAttempted("too-late"), Delivered()]
    assert world.sent == [["a", "b"], ["b"]]


@pytest.mark.parametrize(
    ("sync", "one", "at", "fate"),
    [
        (HOURLY, change("a", 1), WHEN, None),
        (HOURLY, change("a", 0), WHEN, Fate.EXPIRED),
        (HOURLY, change("a", 0)._replace(expires_from=None), WHEN, Fate.EXPIRED),
        (HOURLY, change("a", 0)._replace(cause="moved"), WHEN, None),
        (HOURLY, change("a", 0, Op.CHANGE), WHEN, None),
        (UNTIL_31, change("a"), WHEN, None),
        (UNTIL_31, change("a"), WHEN + timedelta(minutes=1), Fate.DEFERRED),
        (SYNC, change("a"), WHEN, None),
    ],
)
def test_only_who_enters_can_be_too_late(
    sync: Any, one: Change, at: datetime, fate: Fate | None
) -> None:
    assert too_late(sync, one, at) is fate
