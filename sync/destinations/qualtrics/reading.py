"""Finding contacts, page by page through a list or by search, and comparing what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from sync.destinations.answers import inside
from sync.destinations.erasure import NOBODY, Erased, Known
from sync.destinations.exchange import JSON, Conversation, Request, UnreadableAnswer, Wait
from sync.destinations.qualtrics.contacts import (
    BUILT_IN,
    OPT_OUT,
    Options,
    address_of,
    key_of,
    texts,
)
from sync.destinations.qualtrics.wire import CRITERIA, counted, elements, pages, result_of
from sync.destinations.read_back import Expected, Found
from sync.destinations.transitions import flag, segment_name
from sync.model import Kind, Sync

if TYPE_CHECKING:
    from sync.destinations.qualtrics import Qualtrics, Settings

PAGE = 50
PAGED = f"pageSize={PAGE}&useNewPaginationScheme=true"
SEARCH_DELAY_SECONDS = 5.0
"""The search index follows writes; how late is not documented."""


def look_up(
    mailing_list: str, key: str, wanted: Mapping[str, int], is_patient: bool
) -> Conversation[dict[int, set[str]]]:
    """The contacts that have each of these keys (in lower case, to an item): none, one, several.

    Through the mailing list with this path where that is cheap, else by search. Patient: contacts
    that are not found are searched once more, later.
    """
    found: dict[int, set[str]] = {i: set() for i in wanted.values()}
    response = yield Request("GET", mailing_list, to="api")
    size = 0 if response.status == 404 else result_of(response).get("contactCount")
    if type(size) is int and 0 < size <= PAGE * len(wanted):
        for one in (yield from pages(f"{mailing_list}/contacts?{PAGED}")):
            i = wanted.get(str(one.get(key) or "").lower())
            if i is not None and one.get("contactId"):
                found[i].add(str(one["contactId"]))
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
    listed = yield from pages(f"{mailing_list}/optedOutContacts?{PAGED}")
    return frozenset(str(one.get("contactId")) for one in listed)


def find(
    qualtrics: Qualtrics, sync: Sync, expected: Sequence[Expected]
) -> Conversation[Sequence[Found | None]]:
    """By search, whose index follows writes after a delay that is not documented."""
    settings, results = qualtrics.connection, list[Found | None]()
    for one in expected if sync.kind is not Kind.EVENTS else ():
        people = yield from search(
            key_of(sync), address_of(sync, one.external_id), with_embedded=True
        )
        if len(people) != 1:
            results.append(None)
            continue
        is_right = yield from _is_placed(settings, sync, one, str(people[0].get("id")))
        also = () if is_right else (segment_name(sync),)
        results.append(Found(*_compared(settings, sync, one, people[0]), also))
    return results


def _compared(
    settings: Settings, sync: Sync, one: Expected, person: Mapping[str, JSON]
) -> tuple[dict[str, str], dict[str, str]]:
    """What the contact should show, and what it does, all as text."""
    wanted = texts({n: v for n, v in one.traits.items() if n != OPT_OUT})
    wanted |= {name: "1" if is_in else "0" for name, is_in in flag(sync, one.is_member).items()}
    own = {**person, "phone": person.get("phoneNumber")}
    embedded = inside(person, "embeddedData")
    shown = {n: str((own if n in BUILT_IN else embedded).get(n) or "") for n in wanted}
    # A field of the contact's own is never emptied, and the word for an empty value means that.
    kept = {n: text for n, text in wanted.items() if text or n not in BUILT_IN}
    empty = {n for n, text in kept.items() if not text and shown[n] == settings.empty_value}
    return kept, {n: "" if n in empty else text for n, text in shown.items()}


def _is_placed(settings: Settings, sync: Sync, one: Expected, contact: str) -> Conversation[bool]:
    """On the segment's list, or off it; a contact who opted out of it stays, and counts as off."""
    mailing_list = Options.of(sync).mailing_list
    if mailing_list is None:
        return True
    path = f"{settings.list_path(mailing_list)}/contacts/{quote(contact, safe='')}"
    response = yield Request("GET", path, to="api")
    if response.status >= 400:
        return not one.is_member
    return one.is_member or bool(result_of(response).get("mailingListUnsubscribed"))


def forget(
    qualtrics: Qualtrics, how: str, known: Known, syncs: Sequence[Sync]
) -> Conversation[Erased]:
    """Delete every contact with this key; the search knows of new ones only after a while."""
    settings = qualtrics.connection
    path, key = settings.list_path(settings.mailing_list), known.identify_by or "extRef"
    found = yield from look_up(path, key, {known.external_id.lower(): 0}, is_patient=True)
    answer = NOBODY
    for contact in sorted(found[0]):
        response = yield Request("DELETE", f"/contacts/{quote(contact, safe='')}")
        if response.status != 404:
            counted(response)
            answer = str(response.status)
    return Erased("DELETE /directories/{directory}/contacts/{contact}", answer)
