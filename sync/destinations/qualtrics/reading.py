"""Finding contacts, page by page through a list or by search, and comparing what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from sync.destinations.qualtrics.contacts import (
    BUILT_IN,
    OPT_OUT,
    Options,
    address_of,
    key_of,
    texts,
)
from sync.destinations.qualtrics.wire import CRITERIA, elements, inside, pages, result_of
from sync.destinations.spec import (
    JSON,
    Conversation,
    Expected,
    ReadBack,
    Request,
    UnreadableAnswer,
    Wait,
)
from sync.destinations.transitions import segment_name
from sync.model import Kind, Sync

if TYPE_CHECKING:
    from sync.destinations.qualtrics import Settings

PAGE = 50
PAGED = f"pageSize={PAGE}&useNewPaginationScheme=true"
SEARCH_DELAY_SECONDS = 5.0
"""The search index follows writes; how late is not documented."""


def look_up(
    mailing_list: str, key: str, wanted: Mapping[str, int], is_patient: bool
) -> Conversation[dict[int, set[str]]]:
    """The contacts that have each of these keys (in lower case, to an item): none, one, several.

    Through the mailing list with this path where that is cheap, else by search. Patient: whoever
    is not found is searched once more, later.
    """
    found: dict[int, set[str]] = {i: set() for i in wanted.values()}

    def listed(one: Mapping[str, JSON]) -> None:
        i = wanted.get(str(one.get(key) or "").lower())
        if i is not None and one.get("contactId"):
            found[i].add(str(one["contactId"]))

    response = yield Request("GET", mailing_list, to="api")
    size = 0 if response.status == 404 else result_of(response).get("contactCount")
    if type(size) is int and 0 < size <= PAGE * len(wanted):
        yield from pages(f"{mailing_list}/contacts?{PAGED}", listed)
    for is_late in (False, True) if is_patient else (False,):
        missing = {text: i for text, i in wanted.items() if not found[i]}
        if is_late and missing:
            yield Wait(SEARCH_DELAY_SECONDS)
        for text, i in missing.items():
            hits = yield from search(key, text)
            found[i] |= {str(one["id"]) for one in hits if one.get("id")}
    return found


def search(
    key: str, value: str, with_embedded: bool = False
) -> Conversation[list[Mapping[str, JSON]]]:
    """Contacts with exactly this key. The names in the answer differ from those elsewhere."""
    condition = {"filterType": key, "comparison": "eq", "value": value}
    query = {"pageSize": "100", "includeEmbedded": "true" if with_embedded else "false"}
    response = yield Request("POST", "/contacts/search", json={"filter": condition}, query=query)
    if response.status >= 400:
        raise UnreadableAnswer("the search was refused")
    theirs = CRITERIA[key]
    return [one for one in elements(response) if str(one.get(theirs)).lower() == value.lower()]


def opted_out(mailing_list: str) -> Conversation[frozenset[str]]:
    """Contacts who opted out of the mailing list with this path."""
    found: set[str] = set()
    path = f"{mailing_list}/optedOutContacts?{PAGED}"
    yield from pages(path, lambda one: found.add(str(one.get("contactId"))))
    return frozenset(found)


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
        if segment_name(sync) not in differing:
            is_right = yield from _is_placed(settings, sync, one, str(found[0].get("id")))
            differing += [] if is_right else [segment_name(sync)]
        results.append(ReadBack(one.address, True, tuple(differing)))
    return results


def _differing(
    settings: Settings, sync: Sync, one: Expected, found: Mapping[str, JSON]
) -> Iterator[str]:
    wanted = texts({n: v for n, v in one.traits.items() if n != OPT_OUT})
    if sync.kind is Kind.SEGMENT:
        wanted[segment_name(sync)] = "1" if one.is_member else "0"
    embedded = inside(found, "embeddedData")
    own = {**found, "phone": found.get("phoneNumber")}
    for name, text in wanted.items():
        if name in BUILT_IN and not text:
            continue  # never emptied over there
        value = str((own if name in BUILT_IN else embedded).get(name) or "")
        if value != text and not (not text and value == settings.empty_value):
            yield name


def _is_placed(settings: Settings, sync: Sync, one: Expected, contact: str) -> Conversation[bool]:
    """On the segment's list, or off it; whoever opted out of the list stays, and counts as off."""
    mailing_list = Options.of(sync).mailing_list
    if mailing_list is None:
        return True
    of = f"/directories/{settings.directory_id}/mailinglists/{mailing_list}"
    response = yield Request("GET", f"{of}/contacts/{quote(contact, safe='')}", to="api")
    if response.status >= 400:
        return not one.is_member
    return one.is_member or bool(result_of(response).get("mailingListUnsubscribed"))
