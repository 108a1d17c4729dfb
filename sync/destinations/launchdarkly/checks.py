"""What LaunchDarkly says about a connection, and about what it holds. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from sync.core import Change, Kind, Op, Sync
from sync.destinations.launchdarkly.calls import Place, api, body_of, exchange, read
from sync.destinations.launchdarkly.events import listed
from sync.destinations.launchdarkly.mapping import (
    ATTRIBUTES,
    base_segment,
    context_kind,
    families,
    memberships,
    options_of,
    segment_keys,
)
from sync.destinations.launchdarkly.segments import keys_in
from sync.destinations.spec import (
    JSON,
    Conversation,
    Expected,
    Health,
    ReadBack,
    UnreadableAnswer,
)
from sync.errors import Problem


def health(place: Place, sdk_key: SecretStr | None) -> Conversation[Health]:
    """Whose token it is, which environment it opens, and what would be refused there."""
    caller = yield from read(api("GET", "/api/v2/caller-identity"))
    account = caller.get("accountId")
    if not isinstance(account, str) or not account:
        raise UnreadableAnswer("the caller's identity does not name an account")
    response = yield from exchange(api("GET", place.inside()))
    if response.status == 404:
        return Health(account, {}, [_no_environment(place)])
    environment = body_of(response)
    if not isinstance(environment.get("_id"), str):
        raise UnreadableAnswer("the environment has no id")
    first = yield from read(api("GET", place.segment(), query={"limit": "1"}))
    needs_approval = _needs_approval(environment)
    if needs_approval:
        yield from _rehearse(place, first)
    facts = {
        "project": place.project,
        "environment": place.environment,
        "token": "service" if caller.get("serviceToken") else "personal",
        "sdk_key": "none: attributes can't be shown" if sdk_key is None else "given",
        "approvals": "required for segments" if needs_approval else "none",
    }
    found = [*_denied(first), *_sdk_key(environment, sdk_key)]
    return Health(f"{account}/{environment['_id']}", facts, found)


def _no_environment(place: Place) -> Problem:
    return Problem(
        "launchdarkly-environment",
        f"there is no environment `{place.environment}` in project `{place.project}`, or the token"
        " may not read it",
        hint="keys are written as in the address of the project's pages",
        fix=f"create the environment `{place.environment}` in project `{place.project}`, or correct"
        " project and environment of this connection in profiles.yml",
    )


def _needs_approval(environment: Mapping[str, JSON]) -> bool:
    settings = environment.get("resourceApprovalSettings")
    segment = settings.get("segment") if isinstance(settings, dict) else None
    return isinstance(segment, dict) and bool(segment.get("required"))


def _rehearse(place: Place, segments: Mapping[str, JSON]) -> Conversation[None]:
    """Ask whether the token's role bypasses approvals; if not, the 403 says so and ends the check.

    A dry run changes nothing, and nobody has this key.
    """
    items = segments.get("items")
    for segment in items[:1] if isinstance(items, list) else ():
        nobody = {"kind": "removeIncludedUsers", "values": ["dbt-activation-check-nobody"]}
        body = {"environmentKey": place.environment, "instructions": [nobody]}
        path, query = place.segment(str(segment.get("key"))), {"dryRun": "true"}
        yield from exchange(api("PATCH", path, body, query))


def _denied(segments: Mapping[str, JSON]) -> list[Problem]:
    """Only an existing segment tells what the token may do with it."""
    items = segments.get("items")
    for segment in items if isinstance(items, list) else ():
        access = segment.get("_access") if isinstance(segment, dict) else None
        denied = access.get("denied") if isinstance(access, dict) else None
        for entry in denied or ():
            if isinstance(entry, dict) and entry.get("action") == "updateIncluded":
                return [
                    Problem(
                        "launchdarkly-permission",
                        "the token may read segments and not change their members",
                        fix="give its role createSegment and updateIncluded on"
                        " proj/*:env/*:segment/*",
                    )
                ]
    return []


def _sdk_key(environment: Mapping[str, JSON], sdk_key: SecretStr | None) -> list[Problem]:
    theirs = str(environment.get("apiKey") or "")
    is_shown = theirs.startswith("sdk-") and "*" not in theirs
    if sdk_key is None or not is_shown or theirs == sdk_key.get_secret_value():
        return []
    return [
        Problem(
            "launchdarkly-sdk-key",
            f"the sdk_key is not the one of environment `{environment.get('key')}`",
            hint="attributes would be shown in another environment",
            fix="copy the environment's SDK key into this connection",
        )
    ]


def read_back(
    place: Place, sync: Sync, expected: Sequence[Expected]
) -> Conversation[Sequence[ReadBack]]:
    """A segment's list is definite: whoever is not on it is found to be outside."""
    if sync.kind is Kind.EVENTS:
        return []
    differing: list[list[str]] = [[] for _ in expected]
    wanted = [_wanted(sync, one) for one in expected]
    names = {key: family.trait for family in families(sync) for key in family.keys.values()}
    for segment in segment_keys(sync):
        members = yield from _members(place, sync, segment, [one.address for one in expected])
        for i, one in enumerate(expected):
            name = names.get(segment, base_segment(sync))
            if (one.address in members) != (segment in wanted[i]) and name not in differing[i]:
                differing[i].append(name)
    missing: set[int] = set()
    if options_of(sync).identify:
        kind = context_kind(sync)
        known = yield from listed(place, kind, [one.address for one in expected])
        for i, one in enumerate(expected):
            if one.address not in known:
                missing.add(i)
            elif one.is_member:
                differing[i] += _differing(sync, one, known[one.address])
    is_only_listed = not segment_keys(sync)
    return [
        ReadBack(one.address, not (is_only_listed and i in missing), tuple(differing[i]))
        for i, one in enumerate(expected)
    ]


def _wanted(sync: Sync, one: Expected) -> set[str]:
    op = Op.ADD if one.is_member else Op.REMOVE
    change = Change(0, op, one.address, one.address, one.traits)
    return {segment for segment, is_add in memberships(sync, change) if is_add}


def _members(
    place: Place, sync: Sync, segment: str, keys: Sequence[str]
) -> Conversation[frozenset[str]]:
    response = yield from exchange(api("GET", place.segment(segment)))
    if response.status == 404:
        return frozenset()
    found = body_of(response)
    if not found.get("unbounded"):
        return keys_in(found, context_kind(sync))
    members = set()
    for key in keys:
        answer = yield from read(api("GET", place.segment(segment, "contexts", key)))
        if answer.get("included") is True:
            members.add(key)
    return frozenset(members)


def _differing(sync: Sync, one: Expected, context: Mapping[str, JSON]) -> list[str]:
    private = {trait.name for trait in sync.traits if trait.is_pii}
    traits = {name: value for name, value in one.traits.items() if name not in private}
    return [n for n, value in ATTRIBUTES.of(traits).items() if context.get(n) != value]
