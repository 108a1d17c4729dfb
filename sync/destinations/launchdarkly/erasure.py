"""One person's key taken out of what LaunchDarkly keeps.

Contexts of another kind than `user` leave the list by themselves, after 30 days without an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sync.destinations.answers import nothing_but_yes
from sync.destinations.erasure import NOBODY, Erased
from sync.destinations.exchange import Conversation, Request, Response, Wait
from sync.destinations.launchdarkly.calls import SEMANTIC, Environment, acknowledged
from sync.destinations.launchdarkly.options import context_kind, segment_keys
from sync.destinations.launchdarkly.segments import Segment, find, keys_in
from sync.model import Kind, Sync

CONFLICTS = 5
"""How often a segment may have another writer who is faster."""


def forget(env: Environment, key: str, syncs: Sequence[Sync]) -> Conversation[Erased]:
    """Remove a key from the segments that these syncs write, then the user from the list."""
    people = [sync for sync in syncs if sync.kind is not Kind.OBJECTS]
    for sync in people:
        for segment in segment_keys(sync):
            yield from _leave(env, segment, context_kind(sync), key)
    if people and all(context_kind(sync) != "user" for sync in people):
        return Erased("PATCH /api/v2/segments/{project}/{environment}/{segment}", "200")
    path = f"/api/v2/users/{env.project}/{env.environment}/{quote(key, safe='')}"
    response = yield Request("DELETE", path)
    said_of = "DELETE /api/v2/users/{project}/{environment}/{key}"
    if response.status == 404:
        return Erased(said_of, NOBODY)
    nothing_but_yes(acknowledged(response, 204))
    return Erased(said_of, str(response.status))


def _leave(env: Environment, segment: str, kind: str, key: str) -> Conversation[None]:
    for _ in range(CONFLICTS):
        found = yield from find(env, segment)
        if found is None or not _may_hold(found, kind, key):
            return
        response = yield _removal(env, found, segment, kind, key)
        if response.status != 409:
            _require_taken(response, bool(found.get("unbounded")))
            return
        yield Wait(1.0)
    acknowledged(response)


def _may_hold(found: Segment, kind: str, key: str) -> bool:
    """Who is in a big segment can't be read; one that an integration keeps is its own."""
    if found.get("_external"):
        return False
    return bool(found.get("unbounded")) or key in keys_in(found, kind)


def _removal(env: Environment, found: Segment, segment: str, kind: str, key: str) -> Request:
    path = f"{env.segments}/{segment}"
    if found.get("unbounded"):
        return Request("POST", f"{path}/contexts", {"included": {"remove": [key]}})
    out = {"kind": "removeIncludedTargets", "contextKind": kind, "values": [key]}
    body = {"environmentKey": env.environment, "instructions": [out]}
    comment = "dbt-activation: a person is forgotten"
    return Request("PATCH", path, {**body, "comment": comment}, headers=SEMANTIC)


def _require_taken(response: Response, is_big: bool) -> None:
    if is_big:
        nothing_but_yes(acknowledged(response, 204))
    else:
        acknowledged(response)
