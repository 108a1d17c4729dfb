"""Contacts of the whole directory: create, update, read, search, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call
from activation_sandbox.qualtrics.contacts import FIELDS, complaint
from activation_sandbox.qualtrics.envelope import (
    Refusal,
    answer,
    body_of,
    page_size,
    skip,
    skip_token,
    success,
)
from activation_sandbox.world import Person

if TYPE_CHECKING:
    from activation_sandbox.qualtrics import Qualtrics

PAGE = 100
MOST_FOUND = 10_000
FILTERS = frozenset(
    {"email", "firstName", "lastName", "language", "phone", "extRef", "created", "lastModified"}
    | {"inList", "infoFieldState"}
)


class DirectoryApi:
    """`/directories/{directory}/contacts`."""

    def __init__(self, vendor: Qualtrics) -> None:
        self.vendor = vendor
        route = vendor.in_directory
        route("POST", "/contacts", self.create)
        route("GET", "/contacts", self.list_all, 3000)
        route("POST", "/contacts/search", self.search)
        route("GET", "/contacts/optedOutContacts", self.opted_out, 3000)
        route("GET", "/contacts/{contact}", self.read, 3000)
        route("PUT", "/contacts/{contact}", self.update)
        route("DELETE", "/contacts/{contact}", self.delete)

    def create(self, call: Call) -> Answer:
        """A new contact, or the one that deduplication finds."""
        self.vendor.needs_write()
        body = checked(call, is_listed=False)
        directory, switches = self.vendor.directory, self.vendor.switches
        person, effect = directory.upsert(body, switches, call.now)
        if "unsubscribed" in body:
            directory.opt_out(person, body["unsubscribed"], call.now)
        directory.note(call.number, "create", person, body, effect)
        return success(call, {"id": person.key})

    def update(self, call: Call) -> Answer:
        """The fields that are given; the others stay."""
        self.vendor.needs_write()
        body = checked(call, is_listed=False)
        directory = self.vendor.directory
        person = directory.contact(call.params["contact"])
        if why := refusal(call, person):
            raise Refusal(400, why)
        effect = directory.update(person, body, self.vendor.switches, call.now)
        if "unsubscribed" in body:
            directory.opt_out(person, body["unsubscribed"], call.now)
        directory.note(call.number, "update", person, body, effect)
        return success(call)

    def read(self, call: Call) -> Answer:
        """Everything about one contact."""
        directory = self.vendor.directory
        person = directory.contact(call.params["contact"])
        at = directory.opted_out.get(person.key)
        lists = {
            found.id: {
                "contactLookupId": found.contacts[person.key],
                "name": found.segment.name,
                "unsubscribed": person.key in found.opted_out,
                "unsubscribeDate": None,
                "ownerId": "UR_sandbox",
            }
            for found in directory.lists.values()
            if person.key in found.contacts
        }
        return success(
            call,
            {
                **shown(person),
                "creationDate": person.created_at * 1000,
                "lastModified": person.newest * 1000,
                "emailDomain": person.attributes.get("email", "").partition("@")[2] or None,
                "embeddedData": embedded(person),
                "directoryUnsubscribed": at is not None,
                "directoryUnsubscribeDate": None if at is None else at * 1000,
                "mailingListMembership": lists,
            },
        )

    def delete(self, call: Call) -> Answer:
        """Gone from the directory and from all lists."""
        self.vendor.needs_write()
        directory = self.vendor.directory
        person = directory.contact(call.params["contact"])
        directory.note(call.number, "delete", person, {}, "deleted")
        directory.erase(person)
        return success(call)

    def list_all(self, call: Call) -> Answer:
        """Pages of contacts."""
        people = list(self.vendor.world.people.values())
        return self._page(call, "/contacts", people)

    def opted_out(self, call: Call) -> Answer:
        """Pages of contacts who opted out of the directory."""
        directory = self.vendor.directory
        people = [directory.contact(key) for key in directory.opted_out]
        return self._page(call, "/contacts/optedOutContacts", people)

    def _page(self, call: Call, path: str, people: list[Person]) -> Answer:
        size, start = page_size(call, PAGE, is_clamped=False), skip(call)
        rows: list[JSON] = [shown(p) for p in people[start : start + size]]
        return self.vendor.page(call, path, rows, start, start + size < len(people))

    def search(self, call: Call) -> Answer:
        """Exact matches, whatever the case; the names differ from those of reading."""
        condition = body_of(call).get("filter")
        size, start = page_size(call, PAGE, is_clamped=False), skip(call)
        found = self._found(condition, call.now)
        if start >= MOST_FOUND:
            raise Refusal(400, "A search is at most 10000 results deep")
        with_embedded = call.query.get("includeEmbedded") == "true"
        rows = [hit(self.vendor, p, with_embedded) for p in found[start : start + size]]
        result: dict[str, JSON] = {"elements": rows, "nextPage": None}
        if start + size < len(found):
            result["skipToken"] = skip_token(start + size)
        return answer(call, 200, {"result": result})

    def _found(self, condition: Any, now: float) -> list[Person]:
        filters = condition.get("filters", [condition]) if isinstance(condition, dict) else []
        if "filters" in (condition or {}) and not 2 <= len(filters) <= 5:
            raise Refusal(400, "A conjunction holds 2 to 5 filters")
        if not filters:
            raise Refusal(400, "A search needs a filter")
        delay = self.vendor.switches.search_delay_seconds
        found: list[Person] | None = None
        for one in filters:
            people = [p for p in self._matching(one) if p.created_at + delay <= now or not delay]
            found = people if found is None else [p for p in found if p in people]
        return found or []

    def _matching(self, one: Any) -> list[Person]:
        kind = one.get("filterType") if isinstance(one, dict) else None
        if kind not in FILTERS or one.get("comparison") not in ("eq", "neq"):
            raise Refusal(400, "filterType or comparison is unknown")
        value = str(one.get("value", "")).strip()
        if kind in ("extRef", "email", "phone") and one["comparison"] == "eq":
            return self.vendor.directory.having(kind, value)
        is_wanted = one["comparison"] == "eq"
        people = self.vendor.world.people.values()
        return [
            p
            for p in people
            if (str(shown(p).get(kind) or "").lower() == value.lower()) is is_wanted
        ]


def checked(call: Call, is_listed: bool) -> dict[str, Any]:
    """The body as a valid contact; a fault may refuse it by its key."""
    body = body_of(call)
    if wrong := complaint(body, is_listed):
        raise Refusal(400, wrong)
    if why := refused_by_key(call, body):
        raise Refusal(400, why)
    return body


def refused_by_key(call: Call, body: dict[str, Any]) -> str | None:
    """Why a fault wants this contact refused."""
    keys = (body.get("extRef"), body.get("email"))
    return next((call.refuse[key] for key in keys if key is not None and key in call.refuse), None)


def refusal(call: Call, person: Person) -> str | None:
    """Why a fault wants this contact refused, by any of its identifiers."""
    return next((call.refuse[v] for v in person.identifiers.values() if v in call.refuse), None)


def embedded(person: Person) -> dict[str, str]:
    """Embedded data, without the contact's own fields."""
    return {n: v for n, v in person.attributes.items() if n not in FIELDS}


def shown(person: Person) -> dict[str, JSON]:
    """A contact as reading shows it."""
    fields = {name: person.attributes.get(name) for name in FIELDS}
    return {"contactId": person.key, "extRef": person.identifiers.get("id"), **fields}


def hit(vendor: Qualtrics, person: Person, with_embedded: bool) -> dict[str, JSON]:
    """A contact as search shows it."""
    row: dict[str, JSON] = {
        "id": person.key,
        "firstName": person.attributes.get("firstName"),
        "lastName": person.attributes.get("lastName"),
        "email": person.attributes.get("email"),
        "phoneNumber": person.attributes.get("phone"),
        "externalDataReference": person.identifiers.get("id"),
        "language": person.attributes.get("language"),
        "unsubscribed": person.key in vendor.directory.opted_out,
    }
    return {**row, "embeddedData": embedded(person)} if with_embedded else row
