"""One by one within a batch: a lost answer is nobody's doubt but its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sync.destinations.one_by_one import one_by_one
from sync.destinations.spec import Conversation, Item, NoAnswer, Request, UnreadableAnswer, Verdict
from sync.http.ports import AnswerUnknown, RequestRefused
from sync.http.retry import RetryPolicy
from sync.model import DELIVERED, Delivered, NotAttempted, Outcome, Rejected, Retry, Unknown
from tests.unit.http.test_delivery import (
    OK,
    Talk,
    Vendor,
    World,
    always,
    in_order,
    status,
)


class OneByOne(Vendor):
    """Sends each item of a batch in a request of its own."""

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Any]]:
        return (yield from one_by_one(batch, self._send))

    def _send(self, item: Item) -> Conversation[Outcome]:
        body = {"ids": [item.parts[0]]}
        response = yield Request("POST", "/one", json=body, is_repeatable=self.is_repeatable)
        if response.body == b"<html>":
            raise UnreadableAnswer("a page")
        return DELIVERED if response.status == 200 else Rejected("no", "no")


@pytest.fixture
def talk(clock: Any) -> Talk:
    return Talk(clock)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (AnswerUnknown("timeout"), "timeout"),
        (AnswerUnknown("connection-lost"), "connection-lost"),
        (status(500), "http-500"),
        (status(200, b"<html>"), "unreadable-answer"),
    ],
)
def test_whoever_gets_no_answer_is_undecided_alone(talk: Talk, failure: Any, code: str) -> None:
    world = World(lambda n, ids, path: failure if "c" in ids else OK)
    endings = talk(OneByOne(), world, *"abcde").endings
    assert endings == [Delivered(), Delivered(), Unknown(code), Delivered(), Delivered()]
    assert world.sent.count(["a"]) == world.sent.count(["e"]) == 1


def test_a_refusal_beside_a_lost_answer_is_a_plain_one(talk: Talk) -> None:
    vendor = OneByOne(verdicts={422: Verdict.READ})
    world = World(
        lambda n, ids, path: (
            AnswerUnknown("timeout") if "a" in ids else status(422) if "b" in ids else OK
        )
    )
    unknown, refused, delivered = talk(vendor, world, *"abc").endings
    assert (unknown, delivered) == (Unknown("timeout"), Delivered())
    assert isinstance(refused, Rejected)
    assert not refused.is_partial


def test_a_vendor_that_is_down_is_asked_for_two_of_them_only(talk: Talk) -> None:
    world = World(lambda n, ids, path: OK if "a" in ids else AnswerUnknown("timeout"))
    endings = talk(OneByOne(), world, *"abcdef").endings
    assert endings[:3] == [Delivered(), Unknown("timeout"), Unknown("timeout")]
    assert endings[3:] == [NotAttempted("timeout")] * 3
    assert len(world.sent) == 1 + 2 * RetryPolicy().attempts


def test_whoever_was_answered_before_the_line_broke_keeps_the_answer(talk: Talk) -> None:
    world = World(lambda n, ids, path: OK if "a" in ids else RequestRefused("connect-failed"))
    endings = talk(OneByOne(), world, *"abc").endings
    assert endings == [Delivered(), *[NotAttempted("connect-failed")] * 2]


def test_a_stop_in_the_middle_leaves_nobody_in_doubt(talk: Talk) -> None:
    world = always(OK)
    talk.is_stopping = lambda: len(world.sent) == 2
    endings = talk(OneByOne(), world, *"abcd").endings
    assert endings == [Delivered(), Delivered(), *[NotAttempted("stopped")] * 2]


def test_a_row_that_was_reached_before_the_batch_was_halved_is_not_called_unsent(
    talk: Talk,
) -> None:
    """The first row is applied, the second too large; a stop comes before either is repeated."""

    class Unguarded(Vendor):
        def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Any]]:
            for item in batch:
                yield Request("POST", "/one", json={"ids": [item.parts[0]]})
            return [DELIVERED] * len(batch)

    world = in_order(OK, status(413))
    talk.is_stopping = lambda: len(world.sent) == 2
    first, second = talk(Unguarded(), world, "a", "b").endings
    assert first == Unknown("stopped")
    assert isinstance(second, Unknown | NotAttempted)


@pytest.mark.parametrize("refusal", [422, 405, 451, 413])
@pytest.mark.parametrize("is_repeatable", [True, False])
def test_a_row_that_is_refused_is_rejected_alone_and_no_other_is_sent_again(
    talk: Talk, refusal: int, is_repeatable: bool
) -> None:
    world = World(lambda n, ids, path: status(refusal, b"no") if "d" in ids else OK)
    endings = talk(OneByOne(is_repeatable=is_repeatable), world, *"abcdefghi").endings
    refused = endings.pop(3)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.is_partial) == ("no", False)
    assert endings == [Delivered()] * 8
    again = ["d"] if refusal == 413 else []
    assert world.sent == [[name] for name in [*"abcdefghi", *again]]


def test_a_row_that_is_refused_after_an_unanswered_attempt_may_be_applied(talk: Talk) -> None:
    failures = iter([status(500), status(422)])
    world = World(lambda n, ids, path: next(failures) if "b" in ids else OK)
    first, refused, last = talk(OneByOne(), world, *"abc").endings
    assert (first, last) == (Delivered(), Delivered())
    assert isinstance(refused, Rejected)
    assert refused.is_partial


def test_a_credential_that_is_revoked_on_the_way_stops_the_destination(talk: Talk) -> None:
    world = in_order(OK, status(401))
    exchange = talk(OneByOne(), world, *"abc")
    assert exchange.stop is not None
    assert exchange.endings == [Delivered(), *[NotAttempted("http-401")] * 2]
    assert len(world.sent) == 2


@pytest.mark.parametrize("last", [RequestRefused("connect-failed"), status(429), status(401)])
def test_a_refusal_at_last_does_not_take_back_a_lost_answer(talk: Talk, last: Any) -> None:
    """The first attempt may have been applied, whatever the later ones are answered."""
    world = World(lambda n, ids, path: AnswerUnknown("timeout") if n == 1 else last)
    first, second = talk(OneByOne(), world, "a", "b").endings
    assert isinstance(first, Unknown)
    assert isinstance(second, NotAttempted | Unknown)


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_row_that_is_sent_again_for_its_size_keeps_an_earlier_lost_answer(
    talk: Talk, is_stopped: bool
) -> None:
    """Its first attempt may have been applied, whatever comes of the later ones."""
    world = in_order(AnswerUnknown("timeout"), status(413), status(413))
    talk.is_stopping = lambda: is_stopped and len(world.sent) == 2
    (ending,) = talk(OneByOne(), world, "a").endings
    assert ending == Unknown("stopped") or (isinstance(ending, Rejected) and ending.is_partial)


def test_what_a_lost_batch_may_have_reached_is_not_called_unsent_afterwards(talk: Talk) -> None:
    """The batch fails without an answer; then each row is tried alone, and can't be sent."""

    class Narrowing(OneByOne):
        def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Any]]:
            if len(batch) == 1:
                return (yield from one_by_one(batch, self._send))
            yield Request("POST", "/all", json={"ids": [item.parts[0] for item in batch]})
            return [DELIVERED] * len(batch)

    world = World(
        lambda n, ids, path: status(500) if path == "/all" else RequestRefused("connect-failed")
    )
    assert talk(Narrowing(), world, "a", "b").endings == [Unknown("connect-failed")] * 2


def test_whoever_asks_again_after_a_lost_answer_is_in_doubt(talk: Talk) -> None:
    class Hopeful(Vendor):
        def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Any]]:
            try:
                yield Request("POST", "/one", json={"ids": [item.parts[0] for item in batch]})
            except NoAnswer:
                return [Retry()] * len(batch)
            return [DELIVERED] * len(batch)

    world = World(lambda n, ids, path: AnswerUnknown("timeout"))
    assert talk(Hopeful(), world, "a", "b").endings == [Unknown("retry-later")] * 2
