"""One user or account brought to its state: read where needed, updated, created where allowed."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from sync.core import DELIVERED, Delivered, Op, Outcome, Rejected, Sync
from sync.destinations.gainsight_px.bodies import subject
from sync.destinations.gainsight_px.model import (
    ACCOUNTS,
    USERS,
    Resource,
    options_of,
    path_of,
    resource_of,
)
from sync.destinations.gainsight_px.reading import look, refusal
from sync.destinations.spec import (
    JSON,
    Conversation,
    Item,
    Piece,
    Request,
    UnreadableAnswer,
)

GONE = Delivered()
"""A removal about nobody: done, and unlike `DELIVERED` without the steps that would follow."""


def write_state(item: Item, tag_key: str, may_revive: bool) -> Conversation[Outcome]:
    """Update; after a 404 create, where an add may.

    An update would bring back a user deleted a short while ago, so who may not be created is read
    first, unless `may_revive`.
    """
    if item.parts[0] is None:
        return DELIVERED
    resource, identity = subject(item.pieces)
    may_create = any(_may_create(sync, change.op) for sync, change in item.pieces)
    links = _links_to_cut(item.pieces)
    if links or (resource is USERS and not may_create and not may_revive):
        found = yield from look(resource, identity)
        if found is None:
            return _missing(resource, item.pieces)
        if links and found.get("accountId") not in links:
            return DELIVERED  # belongs to another account by now
    outcome = yield from _update(resource, identity, item.parts[0])
    if outcome is not None:
        return outcome
    if not may_create:
        return _missing(resource, item.pieces)
    return (yield from _create(resource, identity, item.parts[0], tag_key))


def _create(resource: Resource, identity: str, part: bytes, tag_key: str) -> Conversation[Outcome]:
    own: dict[str, JSON] = {"type": "USER"} if resource is USERS else {"name": identity}
    given = {**own, "propertyKeys": [tag_key], **orjson.loads(part)}
    response = yield Request("POST", f"/v1/{resource.name}", json=given)
    if response.status == 201:
        return DELIVERED
    if response.status != 400:
        raise UnreadableAnswer("a creation is answered with 201 or 400")
    # Refused, or there since a moment ago: by an earlier attempt, or by the product itself.
    again = yield from _update(resource, identity, part)
    return again or refusal(response)


def _update(resource: Resource, identity: str, part: bytes) -> Conversation[Outcome | None]:
    """None when there is nobody to update."""
    path = path_of(resource, identity) or f"/v1/{resource.name}/update"
    response = yield Request("PUT", path, json=part)
    if response.status == 204:
        return DELIVERED
    if response.status not in (400, 404):
        raise UnreadableAnswer("an update is answered with 204, 400 or 404")
    refused = refusal(response)
    return None if response.status == 404 else refused


def _may_create(sync: Sync, op: Op) -> bool:
    """Only an add has everything that a new user or account needs."""
    default = "create" if resource_of(sync) is ACCOUNTS else "skip"
    return op is Op.ADD and (options_of(sync).on_missing or default) == "create"


def _links_to_cut(pieces: Sequence[Piece]) -> set[str]:
    """The accounts that a user is to leave, if all that the item does is to cut links."""
    is_cut = all(s.related is not None and c.op is Op.REMOVE for s, c in pieces)
    return {change.address for _, change in pieces} if is_cut else set()


def _missing(resource: Resource, pieces: Sequence[Piece]) -> Outcome:
    """A removal has nothing left to do; everything else is tried again by the next run."""
    if all(change.op is Op.REMOVE for _, change in pieces):
        return GONE
    if any(change.op is Op.ADD for _, change in pieces):
        text = f"no such {resource.model}; nobody is created unless on_missing says create"
        return Rejected("gainsight-px-unknown", text)
    text = f"the {resource.model} is gone since the last write; a change creates nobody"
    return Rejected("gainsight-px-gone", text)
