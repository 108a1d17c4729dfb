"""One person's key taken out of what LaunchDarkly keeps.

Contexts of another kind than `user` leave the list by themselves, after 30 days without an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sync.destinations.answers import nothing_but_yes
from sync.destinations.erasure import NOBODY, Erased
from sync.destinations.exchange import Conversation, Request, Wait
from sync.destinations.launchdarkly.calls import Environment, acknowledged, require_taken
from sync.destinations.launchdarkly.options import context_kind, segment_keys
from sync.destinations.launchdarkly.segments import find, keys_in
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
        found = (yield from find(env, segment)) or {}
        is_big = bool(found.get("unbounded"))
        # Who is in a big segment can't be read; one that an integration keeps is its own.
        if found.get("_external") or not (is_big or key in keys_in(found, kind)):
            return
        out, why = {"remove": [key]}, "dbt-activation: a person is forgotten"
        response = yield env.moving(segment, is_big, kind, out, why)
        if response.status != 409:
            require_taken(segment, is_big, response)
            return
        yield Wait(1.0)
    acknowledged(response)
