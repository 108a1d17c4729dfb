"""Mailing lists and their contacts."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from activation_sandbox.call import JSON, Answer, Call
from activation_sandbox.qualtrics.contacts import MailingList
from activation_sandbox.qualtrics.directory import checked, embedded, refusal, shown
from activation_sandbox.qualtrics.envelope import Refusal, body_of, page_size, skip, success
from activation_sandbox.world import Person

if TYPE_CHECKING:
    from activation_sandbox.qualtrics import Qualtrics

PAGE = 50
MAX_NAME = 100


class ListApi:
    """`/directories/{directory}/mailinglists`."""

    def __init__(self, vendor: Qualtrics) -> None:
        self.vendor = vendor
        route = vendor.in_directory
        route("GET", "/mailinglists", self.list_all, 3000)
        route("POST", "/mailinglists", self.create)
        route("GET", "/mailinglists/{list}", self.read, 3000)
        route("PUT", "/mailinglists/{list}", self.rename)
        route("DELETE", "/mailinglists/{list}", self.delete)
        route("GET", "/mailinglists/{list}/contacts", self.members, 3000)
        route("POST", "/mailinglists/{list}/contacts", self.add)
        route("GET", "/mailinglists/{list}/optedOutContacts", self.opted_out, 3000)
        route("GET", "/mailinglists/{list}/contacts/{contact}", self.member, 3000)
        route("PUT", "/mailinglists/{list}/contacts/{contact}", self.update)
        route("DELETE", "/mailinglists/{list}/contacts/{contact}", self.remove)

    def _list(self, call: Call) -> MailingList:
        return self.vendor.directory.list_of(call.params["list"])

    def _described(self, found: MailingList) -> dict[str, JSON]:
        return {
            "mailingListId": found.id,
            "name": found.segment.name,
            "ownerId": "UR_sandbox",
            "creationDate": found.segment.created_at * 1000,
            "lastModifiedDate": found.segment.updated_at * 1000,
            "contactCount": len(found.contacts),
        }

    def list_all(self, call: Call) -> Answer:
        """Every list, one page after the other."""
        found = list(self.vendor.directory.lists.values())
        size, start = page_size(call, 100, is_clamped=True), skip(call)
        rows: list[JSON] = [self._described(one) for one in found[start : start + size]]
        return self.vendor.page(call, "/mailinglists", rows, start, start + size < len(found))

    def create(self, call: Call) -> Answer:
        """A new list, also where the name exists."""
        self.vendor.needs_write()
        name = self._name(call)
        list_id = f"CG_{self.vendor.world.next_number('list'):015d}"
        self.vendor.directory.create_list(list_id, name, call.now)
        return success(call, {"id": list_id})

    def _name(self, call: Call) -> str:
        name = body_of(call).get("name")
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            raise Refusal(400, "Bad mailing list parameter", "GP_0")
        return name

    def read(self, call: Call) -> Answer:
        """One list with its size."""
        return success(call, self._described(self._list(call)))

    def rename(self, call: Call) -> Answer:
        """Another name."""
        self.vendor.needs_write()
        self._list(call).segment.name = self._name(call)
        return success(call)

    def delete(self, call: Call) -> Answer:
        """The list goes, its contacts stay in the directory."""
        self.vendor.needs_write()
        found = self._list(call)
        del self.vendor.directory.lists[found.id]
        del self.vendor.world.segments[found.segment.id]
        return success(call)

    def members(self, call: Call) -> Answer:
        """Pages of at most 50."""
        return self._page(call, "contacts", self._list(call).contacts)

    def opted_out(self, call: Call) -> Answer:
        """Members who opted out of this list."""
        found = self._list(call)
        return self._page(
            call, "optedOutContacts", {k: "" for k in found.opted_out if k in found.contacts}
        )

    def _page(self, call: Call, what: str, keys: dict[str, str]) -> Answer:
        found = self._list(call)
        clamps = self.vendor.switches.large_pages == "clamp"
        size, start = page_size(call, PAGE, clamps), skip(call)
        people = [self.vendor.world.people[k] for k in islice(keys, start, start + size)]
        with_embedded = call.query.get("includeEmbedded") == "true"
        rows: list[JSON] = [self._member(found, p, with_embedded) for p in people]
        path = f"/mailinglists/{found.id}/{what}"
        return self.vendor.page(call, path, rows, start, start + size < len(keys))

    def _member(self, found: MailingList, person: Person, with_embedded: bool) -> dict[str, JSON]:
        row = {
            **shown(person),
            "contactLookupId": found.contacts.get(person.key),
            "unsubscribed": person.key in found.opted_out,
        }
        return {**row, "embeddedData": embedded(person)} if with_embedded else row

    def _of(self, call: Call) -> tuple[MailingList, Person]:
        found, person = self._list(call), self.vendor.directory.contact(call.params["contact"])
        if person.key not in found.contacts:
            raise Refusal(404, "Contact is not on the mailing list", "PACC_1")
        return found, person

    def member(self, call: Call) -> Answer:
        """One contact as this list knows it."""
        found, person = self._of(call)
        at = found.opted_out.get(person.key)
        return success(
            call,
            {
                **shown(person),
                "embeddedData": embedded(person),
                "privateEmbeddedData": found.private.get(person.key, {}),
                "contactLookupId": found.contacts[person.key],
                "mailingListUnsubscribed": at is not None,
                "mailingListUnsubscribeDate": None if at is None else at * 1000,
                "directoryUnsubscribed": person.key in self.vendor.directory.opted_out,
            },
        )

    def add(self, call: Call) -> Answer:
        """Create or find the contact, and put it on the list."""
        self.vendor.needs_write()
        found = self._list(call)
        body = checked(call, is_listed=True)
        directory = self.vendor.directory
        person, effect = directory.upsert(body, self.vendor.switches, call.now)
        was_member = person.key in found.contacts
        lookup = directory.join(found, person, body, call.now)
        effect = effect if was_member or effect == "created" else "joined"
        directory.note(call.number, f"add to {found.id}", person, body, effect)
        return success(call, {"id": person.key, "contactLookupId": lookup})

    def update(self, call: Call) -> Answer:
        """Fields of a member, and what the list alone knows of it."""
        self.vendor.needs_write()
        found, person = self._of(call)
        body = checked(call, is_listed=True)
        directory = self.vendor.directory
        effect = directory.update(person, body, self.vendor.switches, call.now)
        directory.join(found, person, body, call.now)
        directory.note(call.number, f"update on {found.id}", person, body, effect)
        return success(call)

    def remove(self, call: Call) -> Answer:
        """Off the list; 404 for a contact that is not on it."""
        self.vendor.needs_write()
        found, person = self._of(call)
        if why := refusal(call, person):
            raise Refusal(400, why)
        self.vendor.directory.part(found, person, self.vendor.switches.rejoining_forgets_opt_out)
        self.vendor.directory.note(call.number, f"remove from {found.id}", person, {}, "left")
        return success(call)
