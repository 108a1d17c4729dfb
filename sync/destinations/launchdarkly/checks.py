"""What LaunchDarkly says about a connection. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from pydantic import SecretStr

from sync.destinations.answers import entries, word
from sync.destinations.launchdarkly.calls import Place, acknowledged, api, items_of, read, within
from sync.destinations.spec import JSON, Conversation, Health, UnreadableAnswer
from sync.errors import Problem

NOBODY = {"kind": "removeIncludedUsers", "values": ["dbt-activation-check-nobody"]}


def health(place: Place, sdk_key: SecretStr | None) -> Conversation[Health]:
    """Whose token it is, which environment it opens, and what would be refused there."""
    caller = yield from read(api("GET", "/api/v2/caller-identity"))
    account = caller.get("accountId")
    if not isinstance(account, str) or not account:
        raise UnreadableAnswer("the caller's identity does not name an account")
    response = yield api("GET", place.inside)
    if response.status == 404:
        return Health(account, {}, [_no_environment(place)])
    environment = acknowledged(response).object()
    if not isinstance(environment.get("_id"), str):
        raise UnreadableAnswer("the environment has no id")
    segments = items_of((yield from read(api("GET", place.segments, query={"limit": "1"}))))
    is_guarded = bool(within(environment, "resourceApprovalSettings", "segment", "required"))
    if is_guarded and segments:
        # A dry run changes nothing, and nobody has this key. A role that doesn't bypass approvals
        # is answered 403, which ends the check.
        body = {"environmentKey": place.environment, "instructions": [NOBODY]}
        path = f"{place.segments}/{quote(word(segments[0].get('key')), safe='')}"
        yield api("PATCH", path, body, {"dryRun": "true"})
    facts = {
        "project": place.project,
        "environment": place.environment,
        "token": "service" if caller.get("serviceToken") else "personal",
        "sdk_key": "none: attributes can't be shown" if sdk_key is None else "given",
        "approvals": "required for segments" if is_guarded else "none",
    }
    found = list(_problems(environment, segments, sdk_key))
    return Health(f"{account}/{environment['_id']}", facts, found)


def _no_environment(place: Place) -> Problem:
    return Problem(
        "launchdarkly-environment",
        f"there is no {place}, or the token may not read it",
        hint="keys are written as in the address of the project's pages",
        fix=f"create the {place}, or correct both in this connection in profiles.yml",
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
            hint="attributes would be shown in another environment",
            fix="copy the environment's SDK key into this connection",
        )
