"""Segments as the page shows them: those of the vendor, and attributes that are true or false."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Person


@dataclass(frozen=True, slots=True)
class Shown:
    """One segment; `ref` names it in an address."""

    ref: str
    name: str
    type: str
    entered: dict[str, float] = field(default_factory=dict)
    """By the person's key, when each entered, in seconds since 1970."""
    today: int = 0

    @property
    def is_computed(self) -> bool:
        """Whether the vendor works out its members itself, at no moment that is kept."""
        return self.type == "dynamic"


def segments(vendor: Vendor[Any]) -> list[Shown]:
    """Every segment with its members."""
    return [*_own(vendor), *_attributes(vendor)]


def find(vendor: Vendor[Any], ref: str) -> Shown | None:
    """The segment of an address; None where there is none."""
    return next((s for s in segments(vendor) if s.ref == ref), None) if ref else None


def of(vendor: Vendor[Any], person: Person) -> list[tuple[str, str]]:
    """Reference and name of each segment that a person is in."""
    own = [(f"s{s.id}", s.name) for s in vendor.segments_of(person)]
    flags = [(f"a.{name}", name) for name, value in person.attributes.items() if value is True]
    return own + flags


def _own(vendor: Vendor[Any]) -> Iterator[Shown]:
    midnight = _midnight(vendor)
    for segment in vendor.world.segments.values():
        if segment.type == "manual":
            entered = dict(segment.members)
        else:
            people = vendor.world.people.values()
            entered = {p.key: 0.0 for p in people if segment in vendor.segments_of(p)}
        today = sum(at >= midnight for at in entered.values())
        yield Shown(f"s{segment.id}", segment.name, segment.type, entered, today)


def _attributes(vendor: Vendor[Any]) -> Iterator[Shown]:
    """Attributes that are true for their members, as most destinations keep a segment."""
    found: dict[str, dict[str, float]] = {}
    for person in vendor.world.people.values():
        for name, value in person.attributes.items():
            if isinstance(value, bool):
                members = found.setdefault(name, {})
                if value:
                    members[person.key] = person.changed_at.get(name, person.created_at)
    midnight = _midnight(vendor)
    for name, entered in sorted(found.items()):
        today = sum(at >= midnight for at in entered.values())
        yield Shown(f"a.{name}", name, "attribute", entered, today)


def _midnight(vendor: Vendor[Any]) -> float:
    now = datetime.fromtimestamp(vendor.clock(), UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
