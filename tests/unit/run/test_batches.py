from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.destinations.spec import Item, Limits, Piece
from sync.http.body import encode
from sync.model import Change, Kind, Op, Rejected, Relation, Sync
from sync.run.batches import FRAMING_BYTES, batches, prepare

SYNC = Sync("m__v", "m", "model.p.m", Relation(None, "s", "m"), "v", "v", Kind.TRAITS, "id")


class Vendor:
    """The part of a destination that preparing needs."""

    name = "vendor"
    opt_outs: ClassVar[Mapping[str, bool]] = {}
    limits = Limits(items=3, request_bytes=1000, item_bytes=50, requests_per_second=1)

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[Any]:
        traits = dict(pieces[0].change.traits)
        if "refuse" in traits:
            raise ValueError("trait refuse can't be expressed")
        return (traits, None)


def piece(**traits: Any) -> Piece:
    return Piece(SYNC, Change(1, Op.ADD, "u1", "u1", traits))


def prepared(**traits: Any) -> Item | Rejected:
    return prepare(Vendor(), (piece(**traits),))  # type: ignore[arg-type]


def test_an_item_holds_its_parts_encoded_and_an_absent_step_stays_absent() -> None:
    item = prepared(plan="team")
    assert isinstance(item, Item)
    assert item.parts == (b'{"plan":"team"}', None)


def test_encoded_parts_are_copied_into_a_request_as_they_are() -> None:
    assert encode({"batch": [b'{"a":1}', b'"x"']}) == b'{"batch":[{"a":1},"x"]}'


def test_what_cannot_be_sent_is_rejected_alone_without_its_value() -> None:
    too_large, refused, broken = prepared(note="x" * 60), prepared(refuse=1), prepared(a="\ud800")
    assert isinstance(too_large, Rejected)
    assert too_large.code == "item-too-large"
    assert refused == Rejected("not-expressible", "trait refuse can't be expressed")
    assert isinstance(broken, Rejected)
    assert broken.code == "not-expressible"
    assert "xxx" not in too_large.reason


sizes = st.lists(st.tuples(st.integers(2, 900), st.integers(0, 900)), max_size=60)


def item_of(size: tuple[int, int]) -> Item:
    first, second = size
    parts = (b'"' + b"x" * (first - 2) + b'"', b"1" * second if second else None)
    return Item((piece(),), parts)


@given(sizes, st.integers(1, 20), st.integers(1200, 5000))
def test_every_item_is_in_one_batch_in_order_and_no_request_is_over_a_limit(
    sizes: list[tuple[int, int]], max_items: int, request_bytes: int
) -> None:
    items = [item_of(size) for size in sizes]
    limits = Limits(max_items, request_bytes, 900, 1)
    groups = list(batches(iter(items), limits))
    assert [item for group in groups for item in group] == items
    assert all(groups)
    for group in groups:
        assert len(group) <= max_items
        for step in (0, 1):
            body = {"batch": [i.parts[step] for i in group if i.parts[step] is not None]}
            if body["batch"]:
                assert len(encode(body)) <= request_bytes


@given(st.lists(st.integers(2, 400), min_size=1, max_size=200))
def test_a_batch_is_only_closed_when_the_next_item_does_not_fit(sizes: list[int]) -> None:
    limits = Limits(200, 5000, 400, 1)
    groups = list(batches((item_of((size, 0)) for size in sizes), limits))
    for group, following in pairwise(groups):
        body = encode({"batch": [i.parts[0] for i in group]})
        assert len(body) + len(following[0].parts[0]) > 5000 - FRAMING_BYTES - 20


@given(sizes, st.lists(st.integers(1, 20), min_size=1))
def test_limits_that_change_on_the_way_lose_no_item(
    sizes: list[tuple[int, int]], steps: list[int]
) -> None:
    items = [item_of(size) for size in sizes]
    current = [Limits(20, 5000, 900, 1)]
    seen: list[Item] = []
    for number, group in enumerate(batches(iter(items), lambda: current[0])):
        seen += group
        current[0] = Limits(steps[number % len(steps)], 1200 + 100 * len(seen), 900, 1)
    assert seen == items


def test_a_large_audience_fills_its_requests() -> None:
    items = [item_of((2000, 0)) for _ in range(1000)]
    limits = Limits(10_000, 475_000, 32_000, 10)
    *full, _ = batches(items, limits)
    for group in full:
        assert len(encode({"batch": [i.parts[0] for i in group]})) > 0.9 * 475_000


@pytest.mark.parametrize("value", [{"a": [1, None, "ü"]}, [], "x"])
def test_encoding_is_plain_json(value: Any) -> None:
    assert orjson.loads(encode(value)) == value
