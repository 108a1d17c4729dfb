"""What LaunchDarkly holds: read back, and looked at for what will not go well for long."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from sync.destinations.launchdarkly.calls import BETA, Place, api, items_of, read
from sync.destinations.launchdarkly.events import ATTRIBUTES, Context, listed
from sync.destinations.launchdarkly.membership import memberships
from sync.destinations.launchdarkly.options import (
    Options,
    context_kind,
    families,
    segment_keys,
)
from sync.destinations.launchdarkly.segments import MAX_TARGETS, find, keys_in, size_of
from sync.destinations.spec import Conversation, Expected, ReadBack
from sync.destinations.transitions import segment_name
from sync.errors import Problem
from sync.model import Change, Kind, Op, Sync

NEARLY_FULL = MAX_TARGETS * 4 // 5


def read_back(
    place: Place, sync: Sync, expected: Sequence[Expected]
) -> Conversation[Sequence[ReadBack]]:
    """A segment's list is definite: whoever is not on it is found to be outside."""
    if sync.kind is Kind.EVENTS:
        return []
    addresses = [one.address for one in expected]
    members = {}
    for key in segment_keys(sync):
        members[key] = yield from _members(place, context_kind(sync), key, addresses)
    known = None
    if Options.of(sync).identify:
        known, _ = yield from listed(place, context_kind(sync), addresses)
    return [_compared(sync, one, members, known) for one in expected]


def _members(
    place: Place, kind: str, segment: str, keys: Sequence[str]
) -> Conversation[Collection[str]]:
    found = yield from find(place, segment)
    if found is None or not found.get("unbounded"):
        return keys_in(found or {}, kind)
    members = set()
    for key in keys:
        path = f"{place.segments}/{segment}/contexts/{quote(key, safe='')}"
        answer = yield from read(api("GET", path))
        if answer.get("included") is True:
            members.add(key)
    return members


def _compared(
    sync: Sync,
    one: Expected,
    members: Mapping[str, Collection[str]],
    known: Mapping[str, Context] | None,
) -> ReadBack:
    change = Change(0, Op.ADD if one.is_member else Op.REMOVE, one.address, one.address, one.traits)
    wanted = {segment for segment, is_add in memberships(sync, change) if is_add}
    traits = {key: family.trait for family in families(sync) for key in family.keys.values()}
    differing = [
        traits.get(segment, segment_name(sync))
        for segment, keys in members.items()
        if (one.address in keys) != (segment in wanted)
    ]
    context = None if known is None else known.get(one.address)
    if context is not None and one.is_member:
        private = {trait.name for trait in sync.traits if trait.is_pii}
        shown = {name: value for name, value in one.traits.items() if name not in private}
        differing += [n for n, value in ATTRIBUTES.of(shown).items() if context.get(n) != value]
    is_found = bool(members) or known is None or context is not None
    return ReadBack(one.address, is_found, tuple(dict.fromkeys(differing)))


def crowded(place: Place, syncs: Sequence[Sync]) -> Conversation[list[Problem]]:
    """Segments that are nearly full, and big ones that server-side SDKs can't look up."""
    found: list[Problem] = []
    big: list[str] = []
    for name, key in [(sync.name, key) for sync in syncs for key in segment_keys(sync)]:
        segment = (yield from find(place, key)) or {}
        size = size_of(segment)
        if segment.get("unbounded"):
            big.append(key)
        elif size >= NEARLY_FULL:
            text = f"{name}: segment `{key}` holds {size} of at most {MAX_TARGETS} keys"
            hint = "a segment can't become a big one later, and every SDK loads this list"
            fix = "give the entry another segment with `big: true`, and move the flags' rules to it"
            found.append(Problem("launchdarkly-nearly-full", text, hint=hint, fix=fix))
    if big and not (yield from _has_store(place)):
        text = f"no store for big segments is configured here: {', '.join(big)}"
        hint = (
            "without one, server-side SDKs silently answer that nobody is a member; a store that"
            " your own Relay Proxy fills is not visible to us"
        )
        fix = "configure a Redis or DynamoDB store for this environment"
        found.append(Problem("launchdarkly-big-store", text, hint=hint, fix=fix))
    return found


def _has_store(place: Place) -> Conversation[bool]:
    path = "/api/v2/integration-capabilities/big-segment-store"
    stores = items_of((yield from read(api("GET", path, version=BETA))))
    here = (place.project, place.environment, True)
    return here in [(s.get("projectKey"), s.get("environmentKey"), s.get("on")) for s in stores]
