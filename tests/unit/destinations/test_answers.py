"""Reading answers: lists of several pages, jobs, and what was found against what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sync.destinations.answers import chunks, inside, paged, poll, text_of
from sync.destinations.options import VendorOptions
from sync.destinations.spec import (
    NOTHING,
    Expected,
    Found,
    ReadBack,
    Request,
    Response,
    UnreadableAnswer,
    Wait,
)
from sync.destinations.spec import Destination as Base
from sync.model import Kind
from sync.testing import a_sync, json_response

Pages = dict[str, tuple[list[int], str]]


def finish(conversation: Any, answer: Any = lambda step: NOTHING) -> Any:
    """What a conversation returns when each of its steps is answered like this."""
    try:
        step = next(conversation)
        while True:
            step = conversation.send(answer(step))
    except StopIteration as end:
        return end.value


def listing(pages: Pages) -> Any:
    def ask(token: str) -> Iterator[Any]:
        yield Request("GET", f"/list/{token}")
        return pages[token]

    return ask


def test_every_page_of_a_list_is_read() -> None:
    pages: Pages = {"": ([1, 2], "b"), "b": ([], "c"), "c": ([3], "")}
    assert finish(paged(listing(pages), "rows")) == [1, 2, 3]


@pytest.mark.parametrize("most", [100, 3])
def test_pages_that_do_not_end_are_no_answer(most: int) -> None:
    pages: Pages = {"": ([1, 2], "b"), "b": ([3, 4], "c"), "c": ([5], "b" if most == 100 else "d")}
    with pytest.raises(UnreadableAnswer, match="pages of rows do not end"):
        finish(paged(listing(pages), "rows", most))


def test_a_job_is_asked_about_until_it_has_ended() -> None:
    left, waits = [None, None, "done"], list[float]()

    def look() -> Iterator[Any]:
        yield from ()
        return left.pop(0)

    def answer(step: Any) -> Response:
        assert isinstance(step, Wait)
        waits.append(step.seconds)
        return NOTHING

    assert finish(poll(look, "the job"), answer) == "done"
    assert waits == [1.0, 2.0, 4.0]


def test_chunks_hold_every_row_once_in_order() -> None:
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(chunks([], 2)) == []


@pytest.mark.parametrize("body", [{}, {"rows": None}, {"rows": {}}, {"rows": [1]}, []])
def test_an_answer_that_lists_no_objects_is_no_answer(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        json_response(body).list("rows")


class Vendor(Base):
    name = "vendor"

    class Chosen(VendorOptions):
        KINDS = {"color": {Kind.SEGMENT}}  # noqa: RUF012

        color: str = "grey"

    options = Chosen

    def find(self, sync: Any, expected: Sequence[Expected]) -> Any:
        yield from ()
        return [
            Found({"plan": "team", "seats": 3}, {"plan": "team", "seats": 4}, ("list",)),
            Found({"plan": "TEAM", "city": None}, {"plan": "team"}),
            Found({"plan": "TEAM"}, {}),
            None,
        ][: len(expected)]

    @staticmethod
    def matches(wanted: Any, shown: Any) -> bool:
        return wanted is shown or str(wanted).lower() == str(shown)


def test_what_was_found_is_compared_by_the_vendors_rule() -> None:
    expected = [Expected(who, True, {}) for who in "abcd"]
    assert finish(Vendor().read_back(a_sync(), expected)) == [
        ReadBack("a", True, ("seats", "list"), held=("plan", "seats")),
        ReadBack("b", True, held=("plan",)),
        ReadBack("c", True, ("plan",), held=("plan",), missing=("plan",)),
        ReadBack("d", False),
    ]


def test_a_vendor_that_finds_nothing_can_not_be_asked() -> None:
    class Silent(Base):
        name = "silent"

    assert finish(Silent().read_back(a_sync(), [Expected("a", True, {})])) == []


def test_options_are_always_set_and_checked_against_the_kind() -> None:
    assert Vendor.Chosen.of(a_sync()).color == "grey"
    assert Vendor.Chosen.of(a_sync(options=Vendor.Chosen(color="red"))).color == "red"
    (problem,) = Vendor.validate(a_sync(options=Vendor.Chosen(color="red")))
    assert problem.code == "vendor-mapping"
    assert "`color` is for kind segment" in problem.message
    assert Vendor.validate(a_sync(Kind.SEGMENT, options=Vendor.Chosen(color="red"))) == []


def test_an_object_is_found_at_the_end_of_a_path_and_is_empty_where_there_is_none() -> None:
    body = {"a": {"b": {"c": 1}}, "list": []}
    assert inside(body, "a", "b") == {"c": 1}
    assert inside(body, "a", "x", "y") == {}
    with pytest.raises(UnreadableAnswer):
        inside(body, "list")


@pytest.mark.parametrize("value", [None, "", 7, ["id"]])
def test_a_text_that_has_to_be_there_is_one(value: Any) -> None:
    assert text_of({"id": "a"}, "id") == "a"
    with pytest.raises(UnreadableAnswer, match="without `id`"):
        text_of({"id": value}, "id")
