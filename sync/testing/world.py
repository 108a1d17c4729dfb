"""Syncs and changes for tests, and the engine that delivers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sync.destinations.spec import Conversation, Destination, Item, Piece
from sync.http.delivery import Exchange, ask, converse
from sync.http.pacing import Pacing
from sync.http.ports import Clock, Http
from sync.http.retry import RetryPolicy
from sync.model import Change, Kind, Op, Relation, Sync, Trait
from sync.run.batches import prepare
from sync.testing.fakes import WHEN, FakeClock, FakeVendor

T = TypeVar("T")

_OF_KIND: dict[Kind, dict[str, Any]] = {
    Kind.TRAITS: {},
    Kind.SEGMENT: {"segment": "churn_risk"},
    Kind.EVENTS: {"event": "invoice_paid", "event_id": "event_id", "occurred_at": "at"},
    Kind.OBJECTS: {"object_type": "1"},
}


def a_sync(kind: Kind = Kind.TRAITS, vendor: str = "vendor", **more: Any) -> Sync:
    """A sync of this kind, of the model `m_<kind>`; `more` are fields of `Sync`.

    It has the traits `plan`, `seats` and `note`, a segment only `plan`.
    """
    names = ("plan",) if kind is Kind.SEGMENT else ("plan", "seats", "note")
    model = f"m_{kind}"
    given: dict[str, Any] = {
        "name": f"{model}__{vendor}",
        "model": model,
        "unique_id": f"model.p.{model}",
        "relation": Relation(None, "s", model),
        "connection": vendor,
        "vendor": vendor,
        "kind": kind,
        "identity": "id",
        "traits": tuple(Trait(name, name) for name in names),
        **_OF_KIND[kind],
    }
    return Sync(**{**given, **more})


def a_change(op: Op = Op.ADD, kind: Kind = Kind.TRAITS, seq: int = 0, **more: Any) -> Change:
    """A change of the identity `key<seq>` for `a_sync(kind)`; `more` are fields of `Change`."""
    traits: dict[str, Any] = {} if op is Op.REMOVE else {"plan": "team"}
    if op is not Op.REMOVE and kind is not Kind.SEGMENT:
        traits["seats"] = seq
    key = f"key{seq:05d}"
    given: dict[str, Any] = {"identity": key, "external_id": key, "traits": traits}
    if kind is Kind.EVENTS:
        given |= {"external_id": f"person{seq}", "occurred_at": WHEN}
    return Change(**{"seq": seq, "op": op, **given, **more})


def deliver(
    destination: Destination,
    sync: Sync,
    changes: Sequence[Change],
    http: Http,
    clock: Clock | None = None,
    policy: RetryPolicy | None = None,
) -> Exchange:
    """Encode changes and send them as one batch, as a run does; raises ValueError for a change
    that can't be encoded."""
    return send(destination, encoded(destination, sync, changes), http, clock, policy)


def encoded(destination: Destination, sync: Sync, changes: Sequence[Change]) -> list[Item]:
    """The changes as items; raises ValueError for one that can't be encoded."""
    prepared = [prepare(destination, (Piece(sync, change),)) for change in changes]
    items = [item for item in prepared if isinstance(item, Item)]
    if len(items) != len(prepared):
        raise ValueError(f"some changes can't be encoded: {prepared}")
    return items


def send(
    destination: Destination,
    batch: Sequence[Item],
    http: Http,
    clock: Clock | None = None,
    policy: RetryPolicy | None = None,
) -> Exchange:
    """Send one batch of items, with all that the engine does about answers."""
    clock, policy = clock or FakeClock(), policy or RetryPolicy()
    return converse(destination, batch, http, clock, Pacing(clock), policy, lambda: False)


@dataclass
class World:
    """A destination, a sync that goes to it, and what stands in for its vendor."""

    destination: Destination
    sync: Sync
    http: FakeVendor
    clock: FakeClock = field(default_factory=FakeClock)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    count_records: Callable[[], int] = lambda: 0
    """How many records the vendor has, where it names them (`Destination.names_records`)."""
    hold_jobs: Callable[[bool], None] = lambda is_slow: None
    """Let the vendor's jobs go on, or end, where a destination can `resume` them."""
    job_size: int = 3
    """How many rows make a job."""

    def rows(self, count: int, op: Op = Op.ADD, **more: Any) -> list[Change]:
        """So many changes, of identities that differ."""
        return [a_change(op, self.sync.kind, seq, **more) for seq in range(count)]

    def items(self, changes: Sequence[Change]) -> list[Item]:
        """The changes, encoded."""
        return encoded(self.destination, self.sync, changes)

    def send(self, changes: Sequence[Change]) -> Exchange:
        """Deliver changes as one batch."""
        return self.converse(self.items(changes))

    def converse(self, batch: Sequence[Item], destination: Any = None) -> Exchange:
        """Deliver items as one batch, through another destination where one is given."""
        return send(destination or self.destination, batch, self.http, self.clock, self.policy)

    def ask(self, about: Callable[[Any], Conversation[T]]) -> T:
        """What a conversation of the destination finds: `world.ask(lambda d: d.check())`."""
        conversation, pace = about(self.destination), Pacing(self.clock)
        return ask(self.destination, conversation, self.http, self.clock, pace, self.policy)
