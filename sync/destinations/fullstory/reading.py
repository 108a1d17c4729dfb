"""What Fullstory can be asked: whose a key is, whom it knows, and how much of a budget is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sync.core import Kind, Sync
from sync.destinations.fullstory.jobs import HEADERS
from sync.destinations.fullstory.operations import (
    MAX_PROPERTIES,
    OWN_FIELDS,
    properties,
    property_names,
    segment_property,
)
from sync.destinations.spec import (
    JSON,
    Conversation,
    Expected,
    ReadBack,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.destinations.values import utc
from sync.errors import Problem

READERS = frozenset({"ADMIN", "ARCHITECT"})
MANY_NAMES, MANY_SEGMENTS = 400, 60
"""Where to warn: an account may have 500 names, and the browser takes from them too."""


def key_of(endpoint: str) -> Conversation[tuple[str, str]]:
    """(account, level) of an endpoint's key: USER is Standard, ARCHITECT and ADMIN may read."""
    response = yield Request("GET", "/me", to=endpoint, headers=HEADERS)
    body = response.json()
    if response.status != 200 or not isinstance(body, dict) or not body.get("orgId"):
        raise UnreadableAnswer("the answer does not name an account")
    return str(body["orgId"]), str(body.get("role") or "UNKNOWN")


def person_of(uid: str) -> Conversation[Mapping[str, Any] | None]:
    """Whom Fullstory knows by this uid, unless they are being deleted."""
    response = yield from _asked(uid)
    return _listed(response, uid) if response.status < 400 else None


def is_absent(uid: str) -> Conversation[bool]:
    """Whether nobody has this uid for sure; a refused question leaves the answer to the write."""
    response = yield from _asked(uid)
    return response.status < 400 and _listed(response, uid) is None


def _asked(uid: str) -> Conversation[Response]:
    query = {"uid": uid, "include_schema": "true"}
    response = yield Request("GET", "/v2/users", to="read", query=query, headers=HEADERS)
    return response


def _listed(response: Response, uid: str) -> Mapping[str, Any] | None:
    body = response.json()
    results = body.get("results") if isinstance(body, dict) else None
    if response.status != 200 or not isinstance(results, list):
        raise UnreadableAnswer("the answer does not list users")
    return next((one for one in results if _is_person(one, uid)), None)


def _is_person(result: Any, uid: str) -> bool:
    is_known = isinstance(result, dict) and result.get("uid") == uid
    return is_known and not result.get("is_being_deleted")


def other_account(org_id: str | None, account: str) -> Iterator[Problem]:
    """A complaint when the key opens another account than the connection says."""
    if org_id not in (None, account):
        text = f"the key opens account {account}, the connection says {org_id}"
        fix = f"write org_id: {account} for this connection in profiles.yml, or mend the key"
        yield Problem("fullstory-account", text, fix=fix)


def unfit_reader(account: str, read_account: str, level: str) -> Iterator[Problem]:
    """A complaint when the reading key is of another account, or may not read."""
    if read_account != account:
        text = f"api_key opens account {account}, read_api_key opens {read_account}"
        yield Problem("fullstory-account", text, fix="give both keys of one account")
    elif level not in READERS:
        text = f"read_api_key has the level {level}, which may not read people"
        fix = "create a key of level Architect or Admin, or remove the line"
        yield Problem("fullstory-key-level", text, fix=fix)


def over_budget(syncs: Sequence[Sync]) -> list[Problem]:
    """Complaints about names that an account will run out of."""
    people = [sync for sync in syncs if sync.kind is not Kind.EVENTS]
    names = {name for sync in people for name in property_names(sync)}
    segments = sum(sync.kind is Kind.SEGMENT for sync in people)
    found = []
    if len(names) > MANY_NAMES:
        text = f"{len(names)} user properties of the {MAX_PROPERTIES} an account may have"
        fix = "send fewer traits, or archive unused ones in Fullstory's settings"
        found.append(Problem("fullstory-property-budget", text, fix=fix))
    if segments > MANY_SEGMENTS:
        text = f"{segments} segments, each with properties of its own"
        fix = "send reason and tier of fewer segments"
        found.append(Problem("fullstory-segment-budget", text, fix=fix))
    return found


def compared(sync: Sync, expected: Expected, person: Mapping[str, Any] | None) -> ReadBack:
    """A name with several types differs too: searches by it find only a part."""
    if person is None:
        return ReadBack(expected.address, False)
    shown = {**(person.get("properties") or {}), **{name: person.get(name) for name in OWN_FIELDS}}
    wanted: dict[str, JSON] = dict.fromkeys(expected.traits)
    wanted |= properties(sync, expected.traits)[0]
    if sync.kind is Kind.SEGMENT:
        wanted[segment_property(sync)] = expected.is_member
    conflicts = (person.get("type_conflicts") or {}).get("properties") or {}
    differing = [
        name
        for name, value in wanted.items()
        if name in conflicts or not _matches(value, shown.get(name))
    ]
    return ReadBack(expected.address, True, tuple(differing))


def _matches(value: JSON, shown: Any) -> bool:
    """Nothing, an empty text and an empty list are one; times are compared as instants."""
    if value in (None, "", []):
        return shown in (None, "", [])
    if isinstance(value, bool) or isinstance(shown, bool):
        return value is shown
    if value == shown or not isinstance(value, str) or not isinstance(shown, str):
        return bool(value == shown)
    try:
        return utc(datetime.fromisoformat(value)) == utc(datetime.fromisoformat(shown))
    except ValueError:
        return False
