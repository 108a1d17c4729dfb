"""What the page counts of a vendor, and the people it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activation_sandbox.page.segments import Shown
from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Person, World

ALWAYS = ("people", "requests")
"""Figures that are shown while they are 0 as well."""


def figures(vendor: Vendor[Any], totals: Mapping[str, int]) -> list[tuple[str, int]]:
    """What the overview counts for a vendor; figures of 0 are left out."""
    world = vendor.world
    counted = [
        ("people", len(world.people)),
        ("objects", len(world.objects)),
        ("events", sum(len(p.events) for p in world.people.values())),
        ("deliveries", len(world.deliveries)),
        ("operations", len(world.applied)),
        ("requests", totals.get("requests", 0)),
        ("failed requests", totals.get("failed", 0) - totals.get("misses", 0)),
        ("found nothing", totals.get("misses", 0)),
    ]
    return [(label, count) for label, count in counted if count or label in ALWAYS]


def search(vendor: Vendor[Any], wanted: str, segment: Shown | None = None) -> list[Person]:
    """People with `wanted` in an identifier or value, the last change or entry first."""
    people = vendor.world.people
    if segment is None:
        found = sorted(people.values(), key=_changed, reverse=True)
    else:
        inside = sorted(segment.entered.items(), key=lambda one: one[1], reverse=True)
        found = [people[key] for key, _ in inside if key in people]
    if not wanted:
        return found
    text = wanted.casefold()
    return [
        p
        for p in found
        if any(text in v.casefold() for v in p.identifiers.values())
        or any(text in str(v).casefold() for v in p.attributes.values())
    ]


def _changed(person: Person) -> float:
    return max(person.newest, person.created_at, *person.changed_at.values(), 0)


def known_as(world: World, wanted: str) -> list[Person]:
    """People with exactly this identifier, whatever the vendor calls it."""
    text = wanted.casefold()
    people = world.people.values() if text else ()
    return [p for p in people if any(v.casefold() == text for v in p.identifiers.values())]


def recent_activities(world: World, person: Person) -> list[dict[str, Any]]:
    """The last lines of a vendor's own log about a person."""
    known = set(person.identifiers.items())
    log = reversed(world.activities)
    about = (a for a in log if known & set(a["customer_identifiers"].items()))
    return [a for _, a in zip(range(20), about, strict=False)]
