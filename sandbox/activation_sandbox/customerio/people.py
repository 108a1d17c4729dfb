"""What identify, delete, merge and suppress do to people. Each returns the effect in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activation_sandbox.customerio.rules import is_email
from activation_sandbox.customerio.workspace import IDENTIFIER_KINDS, Workspace, canonical
from activation_sandbox.world import Person

IMMUTABLE = frozenset({"cio_id", "_created_in_customerio_at"})
MERGED_EVENT_SECONDS = 30 * 24 * 3600
TAKEN = "identifier already associated with another profile"
LATEST_TIMESTAMP = 10_000_000_000
"""Later "seconds" are milliseconds sent by mistake."""


def seconds(value: Any, now: int) -> int:
    """A Unix timestamp; anything that is none counts as now."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < LATEST_TIMESTAMP else now


def identify(
    ws: Workspace, kind: str, value: Any, attributes: Mapping[str, Any], timestamp: Any = None
) -> str:
    """Create or update one person."""
    update_only = attributes.get("_update") in (True, "true")
    others = {k: attributes[k] for k in IDENTIFIER_KINDS if k in attributes and ws.is_identifier(k)}
    if ws.world.suppressed and _is_any_suppressed(ws, {**others, kind: value}):
        return "ignored: suppressed"
    person = ws.find(kind, value) or _adopt(ws, kind, value, others)
    if person is None and (kind == "cio_id" or update_only):
        return _missed(ws, kind, value, update_only)
    is_new = person is None
    person = person or ws.create(kind, value)
    at = seconds(timestamp, ws.now())
    if not is_new and ws.switches.stale_scope == "profile" and at < person.newest:
        return _stale(ws, person)
    person.newest = max(person.newest, at)
    changed = False
    for name, content in attributes.items():
        if name in others:
            changed |= _identifier(ws, person, kind, name, content)
        elif name != "_update":
            changed |= _attribute(ws, person, name, content, at)
    person.operations += 1
    return "created" if is_new else "updated" if changed else "unchanged"


def _is_any_suppressed(ws: Workspace, identifiers: Mapping[str, Any]) -> bool:
    return any(ws.is_suppressed(kind, value) for kind, value in identifiers.items())


def _missed(ws: Workspace, kind: str, value: Any, update_only: bool) -> str:
    """Nobody to update, and nobody may be created."""
    if update_only and ws.switches.update_miss != "silent":
        reason = {"reason": "no profile matches and _update is set", "value": str(value)}
        ws.note(ws.switches.update_miss, {kind: str(value)}, {kind: reason})
    return "ignored: unknown person"


def _adopt(ws: Workspace, kind: str, value: Any, others: Mapping[str, Any]) -> Person | None:
    """Nobody has the identifier yet, but somebody has one that came along: they receive it."""
    for other, content in others.items():
        owner = ws.find(other, content) if content not in (None, "") else None
        if owner is None or kind == "cio_id":
            continue
        if kind not in owner.identifiers or ws.switches.reused_email == "move":
            ws.link(owner, kind, value)
            return owner
    return None


def _stale(ws: Workspace, person: Person) -> str:
    if ws.switches.stale_is_logged:
        ws.note("skipped_update", person, {"reason": "a newer update was applied before"})
    return "ignored: stale"


def _identifier(ws: Workspace, person: Person, addressed_by: str, kind: str, value: Any) -> bool:
    if value in (None, ""):
        had = kind in person.identifiers and kind != addressed_by and len(person.identifiers) > 1
        if had:
            ws.world.unlink(person, kind)
        return had
    owner = ws.find(kind, value)
    if owner is person:
        return False
    may_change = addressed_by == "cio_id" or (
        kind == "email" and addressed_by == "id" and ws.switches.update_email_by_id
    )
    problem = None
    if owner is not None:
        problem = TAKEN
    elif kind == "email" and not is_email(str(value)):
        problem = "value is not an email address"
    elif kind in person.identifiers and not may_change:
        problem = "identifier cannot be changed once it is set"
    if problem:
        ws.note("failed_attribute_change", person, {kind: {"reason": problem, "value": str(value)}})
        return False
    ws.link(person, kind, value)
    if kind == "anonymous_id" and ws.switches.anonymous_merging:
        _adopt_anonymous(ws, person, str(value))
    return True


def _adopt_anonymous(ws: Workspace, person: Person, anonymous_id: str) -> None:
    oldest = ws.now() - MERGED_EVENT_SECONDS
    events = ws.world.anonymous_events.pop(anonymous_id, [])
    person.events += [e for e in events if e.timestamp >= oldest]


def _attribute(ws: Workspace, person: Person, name: str, value: Any, at: int) -> bool:
    if name in IMMUTABLE:
        reason = {"reason": "attribute is reserved", "value": str(value)}
        ws.note("failed_attribute_change", person, {name: reason})
        return False
    if ws.switches.stale_scope == "attribute" and at < person.changed_at.get(name, 0):
        _stale(ws, person)
        return False
    if name.startswith("cio_subscription_preferences."):
        return _preference(ws, person, name.split(".")[1:], value)
    changed = set_attribute(person.attributes, name, value, ws.switches.empty_string_removes)
    if changed:
        person.changed_at[name] = at
    return changed


def set_attribute(
    attributes: dict[str, Any], name: str, value: Any, empty_removes: bool = True
) -> bool:
    """Set or, for null, remove one attribute; True when that changed anything."""
    if value is None or (value == "" and empty_removes):
        return attributes.pop(name, None) is not None
    before = attributes.get(name)
    if before == value and type(before) is type(value):
        return False
    attributes[name] = value
    return True


def _preference(ws: Workspace, person: Person, path: list[str], value: Any) -> bool:
    """Set one nested preference, leaving its siblings alone."""
    name = "cio_subscription_preferences"
    root = person.attributes.get(name)
    root = place = dict(root) if isinstance(root, dict) else {}
    for step in path[:-1]:
        inner = place.get(step)
        place[step] = dict(inner) if isinstance(inner, dict) else {}
        place = place[step]
    changed = set_attribute(place, path[-1], value)
    person.attributes[name] = root
    if changed:
        person.changed_at[name] = ws.now()
    return changed


def delete(ws: Workspace, kind: str, value: Any) -> str:
    """Remove a profile and its history; nothing stops it from being created again."""
    person = ws.find(kind, value)
    if person is None:
        return "ignored: unknown person"
    ws.note("profile_delete", person, {})
    ws.world.drop_person(person)
    return "deleted"


def suppress(ws: Workspace, kind: str, value: Any) -> str:
    """Delete the profile and block all of its identifiers."""
    person = ws.find(kind, value)
    blocked = {(kind, canonical(kind, value))}
    if person is not None:
        blocked |= {(k, canonical(k, v)) for k, v in person.identifiers.items()}
        ws.world.drop_person(person)
    group = frozenset(blocked)
    ws.world.suppressed.update(dict.fromkeys(group, group))
    return "suppressed"


def unsuppress(ws: Workspace, kind: str, value: Any) -> str:
    """Free the identifiers that were blocked together; restores nothing."""
    group = ws.world.suppressed.get((kind, canonical(kind, value)), frozenset())
    for identifier in group:
        ws.world.suppressed.pop(identifier, None)
    return "freed" if group else "unchanged"


def merge(ws: Workspace, primary: tuple[str, Any], secondary: tuple[str, Any]) -> str:
    """Fill the primary's gaps from the secondary and remove that one."""
    keep, gone = ws.find(*primary), ws.find(*secondary)
    if keep is None or gone is None or keep is gone:
        return "ignored: unknown person"
    for name, value in gone.attributes.items():
        if name not in keep.attributes:
            keep.attributes[name] = value
            keep.changed_at[name] = ws.now()
    oldest = ws.now() - MERGED_EVENT_SECONDS
    for event in gone.events:
        if event.timestamp >= oldest:
            event.may_trigger = False
            keep.events.append(event)
    keep.deliveries += gone.deliveries
    for segment in ws.world.segments_of(gone):
        segment.join(keep.key, ws.now())
    for key, relation in gone.relationships.items():
        keep.relationships.setdefault(key, relation)
        ws.world.objects[key].people.setdefault(keep.key, relation)
    identifiers = dict(gone.identifiers)
    ws.note("profile_merge", keep, {"secondary": identifiers})
    ws.world.drop_person(gone)
    for kind, value in identifiers.items():
        if kind not in keep.identifiers:
            ws.link(keep, kind, value)
    return "merged"
