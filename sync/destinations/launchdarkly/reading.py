"""What LaunchDarkly says of a connection, what it holds, and what will not go well for long.

Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import quote

from pydantic import SecretStr

from sync.destinations.answers import entries, text_of, word
from sync.destinations.exchange import JSON, Conversation, Request
from sync.destinations.launchdarkly.calls import (
    BETA,
    SEMANTIC,
    Environment,
    acknowledged,
    items,
    read,
    within,
)
from sync.destinations.launchdarkly.events import ATTRIBUTES, Context, contexts
from sync.destinations.launchdarkly.membership import memberships
from sync.destinations.launchdarkly.options import Options, context_kind, families, segment_keys
from sync.destinations.launchdarkly.segments import MAX_TARGETS, find, keys_in, size_of
from sync.destinations.read_back import Expected, Found
from sync.destinations.spec import Health
from sync.destinations.transitions import segment_name
from sync.errors import Problem
from sync.model import Change, Kind, Op, Sync

NEARLY_FULL = MAX_TARGETS * 4 // 5
NOBODY = {"kind": "removeIncludedUsers", "values": ["dbt-activation-check-nobody"]}


def health(env: Environment, sdk_key: SecretStr | None) -> Conversation[Health]:
    """Whose token it is, which environment it opens, and what would be refused there."""
    caller = yield from read(Request("GET", "/api/v2/caller-identity"))
    account = text_of(caller, "accountId")
    response = yield Request("GET", env.inside)
    if response.status == 404:
        return Health(account, {}, [_no_environment(env)])
    environment = acknowledged(response).object()
    number = text_of(environment, "_id")
    segments = yield from items(Request("GET", env.segments, query={"limit": "1"}))
    is_guarded = bool(within(environment, "resourceApprovalSettings", "segment", "required"))
    if is_guarded and segments:
        # A dry run changes nothing, and nobody has this key. A role that doesn't bypass approvals
        # is answered 403, which ends the check.
        body = {"environmentKey": env.environment, "instructions": [NOBODY]}
        path = f"{env.segments}/{quote(word(segments[0].get('key')), safe='')}"
        yield Request("PATCH", path, body, query={"dryRun": "true"}, headers=SEMANTIC)
    facts = {
        "project": env.project,
        "environment": env.environment,
        "token": "service" if caller.get("serviceToken") else "personal",
        "sdk_key": "none: attributes can't be shown" if sdk_key is None else "given",
        "approvals": "required for segments" if is_guarded else "none",
    }
    found = list(_problems(environment, segments, sdk_key))
    return Health(f"{account}/{number}", facts, found)


def _no_environment(env: Environment) -> Problem:
    return Problem(
        "launchdarkly-environment",
        f"there is no {env}, or the token may not read it",
        hint="Keys are written as in the address of the project's pages.",
        fix=f"create the {env}, or correct both in this connection in profiles.yml",
    )


def _problems(
    environment: Mapping[str, JSON], segments: Sequence[JSON], sdk_key: SecretStr | None
) -> Iterator[Problem]:
    # Only an existing segment tells what the token may do with it.
    denied = [entry for one in segments for entry in entries(within(one, "_access", "denied"))]
    if any(within(entry, "action") == "updateIncluded" for entry in denied):
        yield Problem(
            "launchdarkly-permission",
            "the token may read segments and not change their members",
            fix="give its role createSegment and updateIncluded on proj/*:env/*:segment/*",
        )
    theirs = str(environment.get("apiKey") or "")
    is_shown = theirs.startswith("sdk-") and "*" not in theirs
    if sdk_key is not None and is_shown and theirs != sdk_key.get_secret_value():
        yield Problem(
            "launchdarkly-sdk-key",
            f"the sdk_key is not the one of environment `{environment.get('key')}`",
            hint="Attributes would be shown in another environment.",
            fix="copy the environment's SDK key into this connection",
        )


def held(
    env: Environment, sync: Sync, expected: Sequence[Expected]
) -> Conversation[Sequence[Found | None]]:
    """A segment's list is definite: a person who is not on it is found to be outside."""
    if sync.kind is Kind.EVENTS:
        return []
    addresses = [one.external_id for one in expected]
    members = {}
    for key in segment_keys(sync):
        members[key] = yield from _members(env, context_kind(sync), key, addresses)
    known = None
    if Options.of(sync).identify:
        known, _ = yield from contexts(env, context_kind(sync), addresses)
    return [_found(sync, one, members, known) for one in expected]


def _members(
    env: Environment, kind: str, segment: str, keys: Sequence[str]
) -> Conversation[Collection[str]]:
    found = yield from find(env, segment)
    if found is None or not found.get("unbounded"):
        return keys_in(found or {}, kind)
    members = set()
    for key in keys:
        path = f"{env.segments}/{segment}/contexts/{quote(key, safe='')}"
        answer = yield from read(Request("GET", path))
        if answer.get("included") is True:
            members.add(key)
    return members


def _found(
    sync: Sync,
    one: Expected,
    members: Mapping[str, Collection[str]],
    known: Mapping[str, Context] | None,
) -> Found | None:
    change = Change(
        0, Op.ADD if one.is_member else Op.REMOVE, one.external_id, one.external_id, one.traits
    )
    wanted = {segment for segment, is_add in memberships(sync, change) if is_add}
    traits = {key: family.trait for family in families(sync) for key in family.keys.values()}
    differing = [
        traits.get(segment, segment_name(sync))
        for segment, keys in members.items()
        if (one.external_id in keys) != (segment in wanted)
    ]
    context = None if known is None else known.get(one.external_id)
    if context is not None and one.is_member:
        private = {trait.name for trait in sync.traits if trait.is_pii}
        shown = {name: value for name, value in one.traits.items() if name not in private}
        return Found(ATTRIBUTES.of(shown), context, differing)
    is_found = bool(members) or known is None or context is not None
    return Found(differing=differing) if is_found else None


def crowded(env: Environment, syncs: Sequence[Sync]) -> Conversation[list[Problem]]:
    """Segments that are nearly full, and big ones that server-side SDKs can't look up."""
    found: list[Problem] = []
    big: list[str] = []
    for name, key in [(sync.name, key) for sync in syncs for key in segment_keys(sync)]:
        segment = (yield from find(env, key)) or {}
        size = size_of(segment)
        if segment.get("unbounded"):
            big.append(key)
        elif size >= NEARLY_FULL:
            text = f"{name}: segment `{key}` holds {size} of at most {MAX_TARGETS} keys"
            hint = "A segment can't become a big one later, and every SDK loads this list."
            fix = "give the entry another segment with `big: true`, and move the flags' rules to it"
            found.append(Problem("launchdarkly-nearly-full", text, hint=hint, fix=fix))
    if big and not (yield from _has_store(env)):
        text = f"no store for big segments is configured here: {', '.join(big)}"
        hint = (
            "Without one, server-side SDKs silently answer that nobody is a member. A store that"
            " your own Relay Proxy fills is not visible to us."
        )
        fix = "configure a Redis or DynamoDB store for this environment"
        found.append(Problem("launchdarkly-big-store", text, hint=hint, fix=fix))
    return found


def _has_store(env: Environment) -> Conversation[bool]:
    path = "/api/v2/integration-capabilities/big-segment-store"
    stores = yield from items(Request("GET", path, headers=BETA))
    here = (env.project, env.environment, True)
    return here in [(s.get("projectKey"), s.get("environmentKey"), s.get("on")) for s in stores]
