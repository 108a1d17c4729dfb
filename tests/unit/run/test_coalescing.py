"""Several plans of one destination, read side by side and delivered person by person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sync.destinations.spec import Destination, Item, Limits, Piece
from sync.http.clock import SystemClock
from sync.http.delivery import Exchange
from sync.http.ports import Permit
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal
from sync.model import (
    DELIVERED,
    Change,
    Delivered,
    Kind,
    NotAttempted,
    Op,
    Rejected,
    Relation,
    Sync,
)
from sync.run.engine import Engine
from sync.run.leases import Leases
from sync.run.source import Source
from sync.state.store import Ack, Mark


class OneByOne(Destination):
    """A destination that takes everything about one person in one request."""

    name = "one by one"
    coalesces = True
    limits = Limits(items=1, request_bytes=10_000, item_bytes=9_000, requests_per_second=1000)

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[Any]:
        if any(p.change.traits.get("shade") == "unspeakable" for p in pieces):
            raise ValueError("trait shade can't be expressed")
        return ({name: v for p in pieces for name, v in p.change.traits.items()},)


@dataclass
class Planned:
    """A store that holds a plan and remembers outcomes."""

    plan: Sequence[Change]
    acks: list[Ack] = field(default_factory=list)

    def changes(self, epoch: int, keep: Callable[[], None]) -> Iterator[Sequence[Change]]:
        yield self.plan[:1]
        yield self.plan[1:]

    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        self.acks += acks


def sync_of(model: str) -> Sync:
    return Sync(
        name=model,
        model=model,
        unique_id=model,
        relation=Relation(None, "s", model),
        connection="c",
        vendor="v",
        kind=Kind.TRAITS,
        identity="id",
        is_coalesced=True,
    )


def add(seq: int, person: str, **traits: Any) -> Change:
    return Change(seq, Op.ADD, person, person, traits)


def deliver(
    tmp_path: Path, plans: dict[str, list[Change]], refuse: str = ""
) -> tuple[list[tuple[str, ...]], dict[str, dict[int, str]]]:
    """What was sent, as the models in each item by person, and the outcomes by model."""
    sent: list[tuple[str, ...]] = []

    def converse(batch: Sequence[Item], permit: Permit, begun: Any) -> Exchange:
        endings: list[Delivered | Rejected | NotAttempted | Any] = []
        for item in batch:
            sent.append((item.pieces[0].change.external_id, *(p.sync.model for p in item.pieces)))
            is_refused = any(refuse in p.change.traits for p in item.pieces)
            endings.append(Rejected("no", "no") if is_refused else DELIVERED)
        return Exchange(endings, requests=len(batch))

    sources = []
    for model, plan in plans.items():
        journal = Journal(FileDisk(tmp_path / model))
        journal.begin(Mark(1, "one"))
        sources.append(Source(sync_of(model), Planned(plan), journal, 1))  # type: ignore[arg-type]
    with ThreadPoolExecutor() as executor:
        engine = Engine(OneByOne(), converse, executor, SystemClock(), lambda: None)  # type: ignore[arg-type]
        engine.deliver(Leases(SystemClock()), *sources)
    assert engine.error is None
    outcomes = {
        source.sync.model: {a.seq: a.outcome for a in source.store.acks}  # type: ignore[attr-defined]
        for source in sources
    }
    return sorted(sent), outcomes


def test_all_changes_of_one_person_are_one_item_and_each_sync_gets_its_outcome(tmp_path):
    sent, outcomes = deliver(
        tmp_path,
        {
            "traits": [add(1, "u1", plan="a"), add(2, "u2", plan="b"), add(3, "u4", plan="c")],
            "segment": [add(1, "u2", is_in=True), add(2, "u3", is_in=True)],
        },
    )
    assert sent == [
        ("u1", "traits"),
        ("u2", "traits", "segment"),
        ("u3", "segment"),
        ("u4", "traits"),
    ]
    assert outcomes == {
        "traits": dict.fromkeys((1, 2, 3), "delivered"),
        "segment": dict.fromkeys((1, 2), "delivered"),
    }


def test_the_id_of_a_record_reaches_every_sync_of_an_item(tmp_path: Path) -> None:
    def converse(batch: Sequence[Item], permit: Permit, begun: Any) -> Exchange:
        return Exchange([Delivered(f"of {item.pieces[0].change.external_id}") for item in batch])

    sources = []
    for model in ("traits", "segment"):
        journal = Journal(FileDisk(tmp_path / model))
        journal.begin(Mark(1, "one"))
        planned: Any = Planned([add(1, "u1", plan="a")])
        sources.append(Source(sync_of(model), planned, journal, 1))
    with ThreadPoolExecutor() as executor:
        destination: Any = OneByOne()
        engine = Engine(destination, converse, executor, SystemClock(), lambda: None)
        engine.deliver(Leases(SystemClock()), *sources)
    found: Any = [source.store for source in sources]
    assert [ack.remote_id for store in found for ack in store.acks] == ["of u1", "of u1"]


def test_a_refused_item_is_taken_apart_so_that_one_bad_value_hides_no_other(tmp_path):
    sent, outcomes = deliver(
        tmp_path,
        {"traits": [add(1, "u1", bad=1)], "segment": [add(1, "u1", is_in=True)]},
        refuse="bad",
    )
    assert sent == [("u1", "segment"), ("u1", "traits"), ("u1", "traits", "segment")]
    assert outcomes == {"traits": {1: "rejected"}, "segment": {1: "delivered"}}


def test_a_value_that_can_not_be_expressed_is_rejected_alone(tmp_path):
    sent, outcomes = deliver(
        tmp_path,
        {
            "traits": [add(1, "u1", shade="unspeakable")],
            "segment": [add(1, "u1", is_in=True), add(2, "u2", is_in=True)],
        },
    )
    assert sent == [("u1", "segment"), ("u2", "segment")]
    assert outcomes["traits"] == {1: "rejected"}
    assert outcomes["segment"] == dict.fromkeys((1, 2), "delivered")


def test_whoever_moves_leaves_the_old_address_before_anything_else_is_sent(tmp_path):
    leaving = replace_cause(Change(1, Op.REMOVE, "p1", "z@x.io", {"plan": None}), "moved")
    arriving = replace_cause(add(2, "p1", plan="a")._replace(external_id="a@x.io"), "moved")
    order: list[str] = []

    def converse(batch: Sequence[Item], permit: Permit, begun: Any) -> Exchange:
        order.extend(item.pieces[0].change.external_id for item in batch)
        return Exchange([DELIVERED] * len(batch), requests=1)

    journal = Journal(FileDisk(tmp_path / "j"))
    journal.begin(Mark(1, "one"))
    source = Source(
        replace(sync_of("traits"), identify_by="email", external_id="email"),
        Planned([leaving, arriving]),  # type: ignore[arg-type]
        journal,
        1,
    )
    with ThreadPoolExecutor() as executor:
        engine = Engine(OneByOne(), converse, executor, SystemClock(), lambda: None)  # type: ignore[arg-type]
        engine.deliver(Leases(SystemClock()), source)
    assert order == ["z@x.io", "a@x.io"]


def replace_cause(change: Change, cause: str) -> Change:
    return change._replace(cause=cause)
