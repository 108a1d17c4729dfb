"""Filters of the App API's search, also used for dynamic segments; and its text values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from activation_sandbox.customerio.workspace import shown_identifiers
from activation_sandbox.world import Person, Segment, World

MAX_DEPTH = 20


def as_text(value: Any) -> str:
    """A value as the App API returns it: always a string, nested values as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return orjson.dumps(value).decode()


def shown_attributes(person: Person) -> dict[str, str]:
    """All of a person's attributes as text, identifiers and creation time among them."""
    shown = {"created_at": str(person.created_at), **shown_identifiers(person)}
    return shown | {name: as_text(value) for name, value in person.attributes.items()}


def is_member(segment: Segment, person: Person, world: World) -> bool:
    """Whether a person is in a segment of either kind."""
    if segment.type == "manual" or segment.filter is None:
        return person.key in segment.members
    return matches(segment.filter, person, world)


def matches(
    condition: Mapping[str, Any], person: Person, world: World, depth: int = MAX_DEPTH
) -> bool:
    """Evaluate a filter; raises ValueError when it is none."""
    if depth == 0 or not isinstance(condition, dict) or len(condition) != 1:
        raise ValueError("a filter holds exactly one condition")
    ((kind, inner),) = condition.items()
    if kind in ("and", "or") and isinstance(inner, list):
        results = [matches(part, person, world, depth - 1) for part in inner]
        return all(results) if kind == "and" else any(results)
    if kind == "not":
        return not matches(inner, person, world, depth - 1)
    if kind == "segment" and isinstance(inner, dict):
        segment = world.segments.get(int(inner["id"]))
        return segment is not None and is_member(segment, person, world)
    if kind == "attribute" and isinstance(inner, dict):
        return _has_attribute(inner, person)
    raise ValueError("a condition is and, or, not, segment or attribute")


def _has_attribute(condition: Mapping[str, Any], person: Person) -> bool:
    value = shown_attributes(person).get(str(condition.get("field")))
    if condition.get("operator") == "exists":
        return value is not None
    if condition.get("operator") != "eq":
        raise ValueError("the operator is eq or exists")
    return value is not None and value == as_text(condition.get("value"))


def is_unsubscribed(value: Any) -> bool:
    """Only any casing of "true", and one, unsubscribe; everything else means subscribed."""
    return str(value).lower() in ("true", "1")
