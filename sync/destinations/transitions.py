"""What a change means in words that every vendor has: a segment's name, emptied traits, events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync.destinations.identifiers import ulid
from sync.destinations.names import Names
from sync.destinations.options import ExitEvent, Transitions
from sync.destinations.values import unix_milliseconds
from sync.model import Cause, Change, Kind, Op, Sync
from sync.rules import ExitCause

PEOPLE = frozenset({Kind.TRAITS, Kind.SEGMENT})
"""Kinds that say what people are like."""
TRANSITION_MILLISECONDS = 1_704_067_200_000  # any constant


def segment_name(sync: Sync) -> str:
    """What the vendor calls a segment, and the trait that says whether a person is in it."""
    return sync.segment or sync.model


def tier_trait(sync: Sync) -> str:
    """The trait that holds a member's tier."""
    return f"{segment_name(sync)}_tier"


def emptied(sync: Sync, change: Change, kept: Collection[str] = ()) -> dict[str, Any]:
    """The traits that a removal takes away: those we own, but for what is `kept`.

    Of a sync that is gone, only what its change names: the rest may be another one's now. Who
    leaves for want of a consent is opted out where that consent has a field; no opt-out is emptied.
    """
    outs = opted_out(sync, change)
    if sync.on_remove == "keep":
        return outs
    owned = [] if sync.is_gone else [trait.name for trait in sync.traits]
    names = change.traits or owned
    one_way = {trait.name for trait in sync.traits if trait.opts_out is not None}
    return {name: None for name in names if name not in kept and name not in one_way} | outs


def opted_out(sync: Sync, change: Change) -> dict[str, bool]:
    """The opt-out fields that a removal writes: of the consent for want of which it happens."""
    if change.op is not Op.REMOVE or change.cause != ExitCause.NO_CONSENT:
        return {}
    asked = {consent.column for consent in sync.rules.requires}
    outs = [t for t in sync.traits if t.opts_out is not None and t.column in asked]
    return {trait.name: bool(trait.opts_out) for trait in outs}


def traits_of(sync: Sync, change: Change, kept: Collection[str] = ()) -> Mapping[str, Any]:
    """The traits that a change writes; those that it empties are None."""
    return emptied(sync, change, kept) if change.op is Op.REMOVE else change.traits


def flag(sync: Sync, is_member: bool) -> dict[str, bool]:
    """The trait that says whether a person is in the segment; none for other kinds."""
    return {segment_name(sync): is_member} if sync.kind is Kind.SEGMENT else {}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event on its way: a row of an events model, or a member entering or leaving a segment."""

    name: str
    key: tuple[str, ...]
    """Makes its id: equal after a crash, another one for a re-entry."""
    at: datetime | None
    """When it occurred. A transition may not know; an event always does."""
    facts: Mapping[str, Any]
    """As the warehouse has them; only a transition's are free of None."""
    is_transition: bool = False

    def timed(self, name: str, form: Callable[[datetime], Any]) -> dict[str, Any]:
        """When it occurred, in a vendor's form and under its name; empty where that is unknown."""
        return {} if self.at is None else {name: form(self.at)}

    @property
    def ulid(self) -> str:
        """Its id as a ULID, equal after a crash. A transition's own time isn't stable."""
        at = None if self.is_transition else self.at
        return ulid(TRANSITION_MILLISECONDS if at is None else unix_milliseconds(at), self.key)


def occurrence(sync: Sync, change: Change, names: Names) -> Occurrence | None:
    """The event that a change sends, if it sends one; ValueError when it can't be one.

    A change of a member, a moved address, and a first, quiet population are no transitions. A
    person who moves while the entry is not acknowledged enters at the new address.
    """
    if sync.kind is Kind.EVENTS:
        return _event(sync, change, names)
    entry = sync.options
    if (
        not isinstance(entry, Transitions)
        or sync.kind is not Kind.SEGMENT
        or change.op is Op.CHANGE
    ):
        return None
    chosen = entry.on_exit if change.op is Op.REMOVE else entry.on_enter
    unsaid = (Cause.MOVED, ExitCause.FORGOTTEN)
    is_silent = change.is_quiet if change.op is Op.ADD else change.cause in unsaid
    if chosen is None or is_silent:
        return None
    if isinstance(chosen, ExitEvent) and change.cause in chosen.silent:
        return None
    tier = change.traits.get(tier_trait(sync))
    cause = change.cause if change.cause in tuple(ExitCause) else None
    facts = {
        "segment": segment_name(sync),
        "reason": change.reason,
        "tier": tier,
        "cause": cause,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    key = (
        sync.lasting_name,
        change.identity,
        change.identity,  # the address stood here, of which one entry may see several
        str(change.transition),
        change.op.value,
    )
    return Occurrence(chosen.event, key, change.occurred_at, known, is_transition=True)


def _event(sync: Sync, change: Change, names: Names) -> Occurrence:
    name = (change.event or sync.event or "").strip()
    if any(names.errors([name])):
        raise ValueError(f"the event's name is blank or over {names.max_bytes} bytes")
    if change.occurred_at is None:
        raise ValueError("an event without a time would count as having happened just now")
    return Occurrence(name, (sync.lasting_name, change.identity), change.occurred_at, change.traits)


def event_errors(sync: Sync, names: Names) -> Iterator[tuple[str, str]]:
    """(what is wrong, how to mend it) for the events that a sync names."""
    found = [sync.event] if sync.event is not None else []
    if isinstance(entry := sync.options, Transitions):
        found += [chosen.event for chosen in (entry.on_enter, entry.on_exit) if chosen]
    yield from names.errors(list(dict.fromkeys(found)))
