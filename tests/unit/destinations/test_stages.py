"""A batch in stages: who enters which, and what an earlier one means for a later one's outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sync.destinations.spec import (
    BatchRefused,
    Destination,
    Endpoint,
    Item,
    Limits,
    NoAnswer,
    Piece,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.destinations.stages import Row, Stage, each, in_stages
from sync.model import DELIVERED, Delivered, NotAttempted, Rejected, Unknown
from sync.testing import FakeVendor, a_change, a_sync, json_response
from sync.testing.world import send


def item(number: int, *parts: Any) -> Item:
    return Item((Piece(a_sync(), a_change(seq=number)),), parts)


class Wire:
    """Answers every request, but for those in whose body one of these texts stands."""

    def __init__(self, **refused: Exception) -> None:
        self.refused = refused
        self.sent: list[Any] = []

    def run(self, batch: Sequence[Item], *stages: Stage, names_records: bool = False) -> list[Any]:
        conversation: Any = in_stages(batch, stages, names_records)
        try:
            request = next(conversation)
            while True:
                self.sent.append(request.json)
                error = next((e for text, e in self.refused.items() if text in request.json), None)
                answer = Response(200, {}, b"{}")
                request = conversation.throw(error) if error else conversation.send(answer)
        except StopIteration as end:
            outcomes: list[Any] = end.value
            return outcomes


def naming(rows: Sequence[Row]) -> Iterator[Any]:
    yield Request("POST", "/", json=[row.part for row in rows])
    return [Delivered(f"of {row.part}") for row in rows]


@pytest.mark.parametrize(
    ("why", "outcome"),
    [
        (NoAnswer("timeout"), Unknown("timeout", remote_id="of a")),
        (NoAnswer("lease", may_be_applied=False), Unknown("lease", remote_id="of a")),
        (UnreadableAnswer("odd"), Unknown("unreadable-answer", remote_id="of a")),
        (BatchRefused("no", "bad"), Rejected("no", "bad", True, "of a")),
    ],
)
def test_the_id_of_a_record_is_known_whatever_becomes_of_a_later_stage(
    why: Exception, outcome: Any
) -> None:
    batch = [item(1, "a", "later"), item(2, "b", None)]
    found = Wire(later=why).run(batch, naming, together, names_records=True)
    assert found == [outcome, Delivered("of b")]


def test_an_id_that_is_known_is_no_news_and_handed_to_the_stages() -> None:
    answers = [DELIVERED, Delivered("r2"), Delivered(""), Delivered("old3")]

    def remembering(rows: Sequence[Row]) -> Iterator[Any]:
        yield Request("PATCH", "/", json=[row.remote_id for row in rows])
        return answers

    wire, known = Wire(), [f"old{n}" for n in range(4)]
    rows = [Item((Piece(a_sync(), a_change(remote_id=name)),), ("a",)) for name in known]
    assert wire.run(rows, remembering, names_records=True) == [*answers[:3], DELIVERED]
    assert wire.sent == [known]


def test_of_changes_that_are_coalesced_all_get_to_know_the_id_of_one() -> None:
    pieces = [Piece(a_sync(), a_change(remote_id=name)) for name in (None, "r1")]
    found = Wire().run([Item(tuple(pieces), ("a",))], together, names_records=True)
    assert found == [Delivered("r1")]


def together(rows: Sequence[Row]) -> Iterator[Any]:
    yield Request("POST", "/", json=[row.part for row in rows])
    return [DELIVERED] * len(rows)


def alone(row: Row) -> Iterator[Any]:
    yield Request("POST", "/", json=[row.part])
    return DELIVERED


def test_a_stage_gets_the_rows_with_a_part_for_it() -> None:
    wire = Wire()
    batch = [item(0, "a0", "a1"), item(1, None, "b1"), item(2, "c0")]
    assert wire.run(batch, together, together) == [Delivered()] * 3
    assert wire.sent == [["a0", "c0"], ["a1", "b1"]]


def test_no_request_is_made_for_nobody() -> None:
    wire = Wire()
    assert wire.run([], together, together) == []
    assert wire.run([item(0, None, None)], together, together) == [Delivered()]
    assert wire.sent == []


def test_a_row_that_is_refused_goes_no_further() -> None:
    def picky(rows: Sequence[Row]) -> Iterator[Any]:
        yield Request("POST", "/", json=[row.part for row in rows])
        return [Rejected("no", "no") if row.part == "b0" else DELIVERED for row in rows]

    wire = Wire()
    outcomes = wire.run([item(0, "a0", "a1"), item(1, "b0", "b1")], picky, together)
    assert outcomes == [Delivered(), Rejected("no", "no")]
    assert wire.sent[-1] == ["a1"]


def test_a_row_that_is_done_is_delivered_and_goes_no_further() -> None:
    def gone(rows: Sequence[Row]) -> Iterator[Any]:
        yield Request("POST", "/", json=["look"])
        rows[0].is_done = True
        return [DELIVERED] * len(rows)

    wire = Wire()
    assert wire.run([item(0, "a0", "a1"), item(1, "b0", "b1")], gone, together) == [Delivered()] * 2
    assert wire.sent[-1] == ["b1"]


def test_a_later_stage_that_is_refused_is_halved_alone_and_leaves_its_row_in_part() -> None:
    wire = Wire(c1=BatchRefused("odd", "no"))
    batch = [item(i, f"{name}0", f"{name}1") for i, name in enumerate("abcd")]
    outcomes = wire.run(batch, together, together)
    assert outcomes == [*[Delivered()] * 2, Rejected("odd", "no", is_partial=True), Delivered()]
    assert sum(body[0].endswith("0") for body in wire.sent) == 1


def test_what_a_later_stage_did_not_attempt_is_unconfirmed() -> None:
    wire = Wire(a1=NoAnswer("stopped", may_be_applied=False))
    outcomes = wire.run([item(0, "a0", "a1"), item(1, None, "b1")], together, each(alone))
    assert outcomes == [Unknown("stopped"), NotAttempted("stopped")]


@pytest.mark.parametrize("wrong", [[], [DELIVERED] * 3, None, "ab"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_stage_with_a_wrong_number_of_outcomes_is_a_bug_of_that_stage(
    wrong: Any, place: int
) -> None:
    def mistaken(rows: Sequence[Row]) -> Iterator[Any]:
        yield Request("POST", "/", json=[row.part for row in rows])
        return wrong

    class Mistaken(Destination):
        name = "mistaken"
        limits = Limits(10, 10_000, 1_000, 0.0)
        endpoints = {"": Endpoint("http://127.0.0.1:1")}  # noqa: RUF012

        def stages(self) -> Sequence[Stage]:
            return (mistaken, together) if place == 0 else (together, mistaken)

    batch = [item(0, b"1", b"1"), item(1, b"2", b"2")]
    vendor = FakeVendor(lambda request: json_response({}))
    exchange = send(Mistaken(), batch, vendor)
    assert exchange.endings == [Unknown("wrong-number-of-outcomes")] * 2
    assert len(vendor.requests) == place + 1
    assert exchange.stop is not None
    (problem,) = exchange.stop.problems
    assert problem.code == "unexpected"
    assert "test_stages.py:" in problem.where
    assert "for 2 rows" in problem.message
