"""Questions to Fullstory: the account of a key, a person, and how much of a budget is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync.destinations.answers import empty, inside, refused, word
from sync.destinations.erasure import NOBODY, Erased, Known
from sync.destinations.exchange import JSON, Conversation, Request, UnreadableAnswer
from sync.destinations.fullstory.operations import (
    MAX_PROPERTIES,
    OWN_FIELDS,
    Options,
    properties,
    property_names,
)
from sync.destinations.read_back import Expected, Found, ReadBack, compare
from sync.destinations.spec import Health
from sync.destinations.stages import Row
from sync.destinations.transitions import PEOPLE, flag
from sync.destinations.values import utc
from sync.errors import Problem
from sync.model import DELIVERED, Kind, Op, Outcome, Rejected, Sync

READERS = frozenset({"ADMIN", "ARCHITECT"})
MANY_NAMES, MANY_SEGMENTS = 400, 60
"""Where to warn: an account may have 500 names, and the browser takes from them too."""
NO_READER = (
    "none: one refused event leaves its whole import job unconfirmed, refused users cost more"
    " requests, and nothing is read back or looked up"
)
SEARCH = "Fullstory's search finds people only after their first session or event"


def health(org_id: str | None, data_center: str, has_reader: bool) -> Conversation[Health]:
    """Both keys open the same account; only the reading one needs a higher level."""
    account, level = yield from _key_of("")
    facts = {"data_center": data_center, "api_key": level, "search": SEARCH}
    facts["read_api_key"] = NO_READER
    found = []
    if org_id not in (None, account):
        text = f"the key opens account {account}, the connection says {org_id}"
        fix = f"write org_id: {account} for this connection in profiles.yml, or mend the key"
        found.append(Problem("fullstory-account", text, fix=fix))
    if has_reader:
        read_account, level = yield from _key_of("read")
        facts["read_api_key"] = level
        if read_account != account:
            text = f"api_key opens account {account}, read_api_key opens {read_account}"
            found.append(Problem("fullstory-account", text, fix="give both keys of one account"))
        elif level not in READERS:
            text = f"read_api_key has the level {level}, which may not read people"
            fix = "create a key of level Architect or Admin, or remove the line"
            found.append(Problem("fullstory-key-level", text, fix=fix))
    return Health(account, facts, found)


def _key_of(endpoint: str) -> Conversation[tuple[str, str]]:
    """(account, level) of an endpoint's key: USER is Standard, ARCHITECT and ADMIN may read."""
    response = yield Request("GET", "/me", to=endpoint)
    body = response.object()
    account = word(body.get("orgId"))
    if response.status != 200 or not account:
        raise UnreadableAnswer("the answer does not name an account")
    return account, word(body.get("role")) or "UNKNOWN"


def absent(rows: Sequence[Row]) -> Conversation[dict[Row, Outcome]]:
    """Outcomes of rows whose person must not be created and is not there for sure.

    A removal has nothing left to do, and no event follows. A refused question leaves the answer to
    the write.
    """
    found: dict[Row, Outcome] = {}
    text = "nobody has this uid, and update_only forbids creating them"
    unknown = Rejected("fullstory-unknown-person", text)
    for row in rows:
        is_removal, chosen = row.change.op is Op.REMOVE, Options.of(row.sync).update_only
        is_guarded = is_removal if chosen is None else chosen
        if is_guarded and (yield from _known(row.change.external_id)) == []:
            row.is_done, found[row] = True, DELIVERED if is_removal else unknown
    return found


def forget(how: str, known: Known, syncs: Sequence[Sync]) -> Conversation[Erased]:
    """Order the deletion of a user and their recordings, once; it ends a while later."""
    said_of = "DELETE /v2/users?uid="
    people = yield from _listed(known.external_id)
    if people and all(one.get("is_being_deleted") for one in people):
        return Erased(said_of, "is being deleted", is_done=False)
    response = yield Request("DELETE", "/v2/users", to="read", query={"uid": known.external_id})
    if response.status == 404:
        return Erased(said_of, NOBODY)
    if response.status >= 400:
        raise refused(f"fullstory-{response.status}", response)
    empty(response)
    is_there = bool((yield from _listed(known.external_id)))
    return Erased(said_of, str(response.status), is_done=not is_there)


def _known(uid: str) -> Conversation[list[Mapping[str, Any]] | None]:
    """The person with this uid whom Fullstory is not deleting; None when it refuses to say."""
    people = yield from _listed(uid)
    if people is None:
        return None
    return [one for one in people if not one.get("is_being_deleted")]


def _listed(uid: str) -> Conversation[list[Mapping[str, Any]] | None]:
    """The person with this uid; None when Fullstory refuses to say."""
    query = {"uid": uid, "include_schema": "true"}
    response = yield Request("GET", "/v2/users", to="read", query=query)
    if response.status >= 400:
        return None
    results = response.object().get("results")
    if response.status != 200 or not isinstance(results, list):
        raise UnreadableAnswer("the answer does not list users")
    return [one for one in results if isinstance(one, dict) and one.get("uid") == uid]


def seen(sync: Sync, expected: Expected) -> Conversation[ReadBack]:
    """One person by uid, and a note when only that may find them."""
    people = yield from _known(expected.external_id)
    shown = compare(expected, _found(sync, expected, people[0]) if people else None, _matches)
    if (
        shown.is_found
        and not shown.differing
        and (yield from _has_no_session(expected.external_id))
    ):
        return replace(shown, note=f"no session yet; {SEARCH}")
    return shown


def _has_no_session(uid: str) -> Conversation[bool]:
    """Whether none is listed; nothing lists events without one. A refusal leaves it open."""
    query = {"uid": uid, "limit": "1"}
    response = yield Request("GET", "/sessions/v2", to="read", query=query)
    return response.status == 200 and not response.object().get("sessions")


def _found(sync: Sync, expected: Expected, person: Mapping[str, Any]) -> Found:
    """A name with several types differs too: searches by it find only a part."""
    own = {name: person.get(name) for name in OWN_FIELDS}
    wanted: dict[str, JSON] = dict.fromkeys(expected.traits)
    wanted |= properties(sync, expected.traits)[0] | flag(sync, expected.is_member)
    conflicts = inside(person, "type_conflicts", "properties")
    ours = [name for name in wanted if name in conflicts]
    return Found(wanted, {**inside(person, "properties"), **own}, ours)


def _matches(wanted: JSON, shown: JSON) -> bool:
    """Nothing, an empty text and an empty list are one; times are compared as instants."""
    if wanted in (None, "", []):
        return shown in (None, "", [])
    if isinstance(wanted, bool) or isinstance(shown, bool):
        return wanted is shown
    if wanted == shown or not isinstance(wanted, str) or not isinstance(shown, str):
        return bool(wanted == shown)
    try:
        return utc(datetime.fromisoformat(wanted)) == utc(datetime.fromisoformat(shown))
    except ValueError:
        return False


def audit(syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
    """The account's budget of property names, shared with whatever the browser records."""
    yield from ()
    people = [sync for sync in syncs if sync.kind in PEOPLE]
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
