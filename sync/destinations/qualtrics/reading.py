"""What is asked of Qualtrics without writing: is the connection fit, and what does it hold?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sync.core import Kind, Sync
from sync.destinations.names import problems
from sync.destinations.qualtrics.contacts import (
    BUILT_IN,
    OPT_OUT,
    address_of,
    flag,
    key_of,
    options_of,
    texts,
)
from sync.destinations.qualtrics.lookup import search
from sync.destinations.qualtrics.settings import Settings
from sync.destinations.qualtrics.wire import counted, elements, next_page, result_of
from sync.destinations.spec import (
    JSON,
    Conversation,
    Expected,
    Health,
    ReadBack,
    Request,
    UnreadableAnswer,
)
from sync.errors import Problem

HOME_NAME = "zz data sync - do not send"
CRITERIA = {"extRef": "externalDataReference", "email": "email"}
PROFILE_FIX = "in profiles.yml, then run: python -m sync debug"


def check(settings: Settings) -> Conversation[Health]:
    """Datacenter, directory, deduplication, and the list all contacts are written through."""
    response = yield Request("GET", "/whoami", to="api")
    who, meta = result_of(response), counted(response)["meta"]
    if not who.get("userName") or not who.get("brandId"):
        raise UnreadableAnswer("whoami did not name a user of a brand")
    account = f"{who['brandId']}/{settings.directory_id}"
    datacenter = str(who.get("datacenter"))
    facts = {"datacenter": datacenter, "user": str(who.get("userId"))}
    if meta.get("notice") or datacenter != settings.datacenter:
        return Health(account, facts, [_elsewhere(settings, datacenter)])
    found = yield from _find_directory(settings.directory_id)
    if found is None:
        return Health(account, facts, [_no_directory(settings)])
    criteria = found.get("deduplicationCriteria") or {}
    rules = sorted(name for name, is_on in criteria.items() if is_on is True)
    facts |= {"deduplication": ", ".join(rules) or "off"}
    faults = [] if CRITERIA[settings.deduplicate_by] in rules else [_no_rule(settings)]
    if not (yield from _has_list(settings, settings.mailing_list)):
        faults.append(_no_home(settings))
    return Health(account, facts, faults)


def _find_directory(directory_id: str) -> Conversation[Mapping[str, JSON] | None]:
    path: str | None = "/directories"
    while path is not None:
        response = yield Request("GET", path, to="api")
        if response.status == 404:
            return None
        for one in elements(response):
            if one.get("directoryId") == directory_id:
                return one
        path = next_page(response)
    return None


def _has_list(settings: Settings, mailing_list: str) -> Conversation[bool]:
    path = f"/directories/{settings.directory_id}/mailinglists/{mailing_list}"
    response = yield Request("GET", path, to="api")
    if response.status in (400, 404):
        return False
    counted(response)
    return True


def audit(settings: Settings, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
    """Every segment's mailing list exists, and is not the one for all contacts."""
    found: list[Problem] = []
    for sync in syncs:
        wanted = options_of(sync).mailing_list
        if sync.kind is not Kind.SEGMENT or wanted is None:
            continue
        if wanted == settings.mailing_list:
            text = f"mailing list {wanted} is the connection's own, which holds everybody"
            found += problems(sync, "qualtrics-list", [(text, "name a list of its own")])
        elif not (yield from _has_list(settings, wanted)):
            text = f"there is no mailing list {wanted} in {settings.directory_id}"
            fix = f"create a list named `{flag(sync)}` and write its CG_ id in `mailing_list`"
            found += problems(sync, "qualtrics-list", [(text, fix)])
    return found


def read_back(
    settings: Settings, sync: Sync, expected: Sequence[Expected]
) -> Conversation[Sequence[ReadBack]]:
    """By search, whose index follows writes after a delay that is not documented."""
    if sync.kind is Kind.EVENTS:
        return []
    results: list[ReadBack] = []
    for one in expected:
        found = yield from search(key_of(sync), address_of(sync, one.address), with_embedded=True)
        if len(found) != 1:
            results.append(ReadBack(one.address, False))
            continue
        differing = list(_differing(settings, sync, one, found[0]))
        if flag(sync) not in differing:
            is_right = yield from _is_placed(settings, sync, one, str(found[0].get("id")))
            differing += [] if is_right else [flag(sync)]
        results.append(ReadBack(one.address, True, tuple(differing)))
    return results


def _differing(
    settings: Settings, sync: Sync, one: Expected, found: Mapping[str, Any]
) -> Iterator[str]:
    embedded = found.get("embeddedData") or {}
    own = {**found, "phone": found.get("phoneNumber")}
    wanted = texts({n: v for n, v in one.traits.items() if n != OPT_OUT})
    if sync.kind is Kind.SEGMENT:
        wanted[flag(sync)] = "1" if one.is_member else "0"
    for name, text in wanted.items():
        if name in BUILT_IN and not text:
            continue  # never emptied over there
        value = str((own if name in BUILT_IN else embedded).get(name) or "")
        if value != text and not (not text and value == settings.empty_value):
            yield name


def _is_placed(settings: Settings, sync: Sync, one: Expected, contact: str) -> Conversation[bool]:
    """On the segment's list, or off it; whoever opted out of the list stays, and counts as off."""
    mailing_list = options_of(sync).mailing_list
    if sync.kind is not Kind.SEGMENT or mailing_list is None:
        return True
    of = f"/directories/{settings.directory_id}/mailinglists/{mailing_list}"
    response = yield Request("GET", f"{of}/contacts/{quote(contact, safe='')}", to="api")
    if response.status >= 400:
        return not one.is_member
    return one.is_member or bool(result_of(response).get("mailingListUnsubscribed"))


def _elsewhere(settings: Settings, datacenter: str) -> Problem:
    return Problem(
        "qualtrics-datacenter",
        f"the account lives in datacenter {datacenter}, the connection says {settings.datacenter}",
        hint="a call to the wrong datacenter is passed on, slowly, and imports fail there",
        fix=f"write datacenter: {datacenter} for this connection {PROFILE_FIX}",
    )


def _no_directory(settings: Settings) -> Problem:
    return Problem(
        "qualtrics-directory",
        f"this token's user sees no directory {settings.directory_id}",
        hint="XM Directory Lite and employee directories have none that can be written",
        fix=f"write the POOL_ id that XM Directory shows as directory_id {PROFILE_FIX}",
    )


def _no_rule(settings: Settings) -> Problem:
    rule = CRITERIA[settings.deduplicate_by]
    return Problem(
        "qualtrics-deduplication",
        f"automatic deduplication by {rule} is off: every write would make a new contact",
        hint="Directory settings, automatic deduplication: a rule with this one field",
        fix=f"add that rule in XM Directory, or choose another deduplicate_by {PROFILE_FIX}",
    )


def _no_home(settings: Settings) -> Problem:
    return Problem(
        "qualtrics-mailing-list",
        f"there is no mailing list {settings.mailing_list} in {settings.directory_id}",
        hint="contacts are written through one list, on which everybody who was synced stands",
        fix=f"create a list named `{HOME_NAME}` and write its CG_ id as mailing_list {PROFILE_FIX}",
    )
