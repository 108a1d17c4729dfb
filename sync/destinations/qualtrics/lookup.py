"""Finding contacts: page by page through a mailing list where that is cheap, else by search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from sync.destinations.qualtrics.wire import elements, next_page, result_of
from sync.destinations.spec import JSON, Conversation, Request, UnreadableAnswer, Wait

PAGE = 50
SEARCH_DELAY_SECONDS = 5.0
"""The search index follows writes; how late is not documented."""
SEARCH_KEYS = {"extRef": "externalDataReference", "email": "email"}


@dataclass(slots=True)
class Lookup:
    """Looks for contacts by key (lower case, to the item wanted); doubles are told apart."""

    directory: str
    mailing_list: str
    key: str = "extRef"
    wanted: Mapping[str, int] = field(default_factory=dict)
    found: dict[int, str] = field(default_factory=dict)
    doubles: set[int] = field(default_factory=set)

    def run(self, is_patient: bool) -> Conversation[dict[int, str]]:
        """Contact ids by item. Patient: whoever is not found is searched once more, later."""
        size = yield from self._size()
        if 0 < size <= PAGE * len(self.wanted):
            yield from self._through_the_list()
        yield from self._search()
        if is_patient and len(self.found) + len(self.doubles) < len(self.wanted):
            yield Wait(SEARCH_DELAY_SECONDS)
            yield from self._search()
        return {i: contact for i, contact in self.found.items() if i not in self.doubles}

    def opted_out(self) -> Conversation[frozenset[str]]:
        """Contacts who opted out of the mailing list."""
        found: set[str] = set()
        path: str | None = self._page_of("optedOutContacts")
        while path is not None:
            response = yield Request("GET", path, to="api")
            if response.status == 404:
                break
            found.update(str(one.get("contactId")) for one in elements(response))
            path = next_page(response)
        return frozenset(found)

    def event_ids(self, contact: str) -> Conversation[frozenset[str]]:
        """What we wrote as `event_id` into the transactions of a contact."""
        found: set[str] = set()
        of = f"/directories/{self.directory}/contacts/{quote(contact, safe='')}"
        path: str | None = f"{of}/transactions?withData=true&pageSize=100"
        while path is not None:
            response = yield Request("GET", path, to="api")
            for one in elements(response):
                data = one.get("data")
                if isinstance(data, dict) and data.get("event_id"):
                    found.add(str(data["event_id"]))
            path = next_page(response)
        return frozenset(found)

    def _page_of(self, what: str) -> str:
        query = f"pageSize={PAGE}&useNewPaginationScheme=true"
        return f"/directories/{self.directory}/mailinglists/{self.mailing_list}/{what}?{query}"

    def _size(self) -> Conversation[int]:
        path = f"/directories/{self.directory}/mailinglists/{self.mailing_list}"
        response = yield Request("GET", path, to="api")
        if response.status == 404:
            return 0
        count = result_of(response).get("contactCount")
        return count if type(count) is int else 0

    def _through_the_list(self) -> Conversation[None]:
        path: str | None = self._page_of("contacts")
        while path is not None:
            response = yield Request("GET", path, to="api")
            for one in elements(response):
                self._note(one.get(self.key), one.get("contactId"))
            path = next_page(response)

    def _search(self) -> Conversation[None]:
        for key, i in self.wanted.items():
            if i in self.found:
                continue
            for one in (yield from search(self.key, key)):
                self._note(one.get(SEARCH_KEYS[self.key]), one.get("id"))

    def _note(self, key: JSON, contact: JSON) -> None:
        i = self.wanted.get(str(key or "").lower())
        if i is None or not contact:
            return
        if self.found.setdefault(i, str(contact)) != str(contact):
            self.doubles.add(i)


def search(key: str, value: str, with_embedded: bool = False) -> Conversation[list[JSON]]:
    """Contacts with exactly this key. The names in the answer differ from those elsewhere."""
    condition = {"filterType": key, "comparison": "eq", "value": value}
    query = {"pageSize": "100", "includeEmbedded": "true" if with_embedded else "false"}
    response = yield Request("POST", "/contacts/search", json={"filter": condition}, query=query)
    if response.status >= 400:
        raise UnreadableAnswer("the search was refused")
    return list(elements(response))
