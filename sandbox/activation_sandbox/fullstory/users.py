"""`/v2/users`: one at a time, in jobs, and read back; and the sessions of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from activation_sandbox.call import JSON, Answer, Call, json_answer
from activation_sandbox.fullstory.answers import Add, body_of, not_found, page, refusal
from activation_sandbox.fullstory.imports import Imports
from activation_sandbox.fullstory.rules import LENGTHS, user_complaint
from activation_sandbox.world import Person

if TYPE_CHECKING:
    from activation_sandbox.fullstory import Fullstory

APP = "https://app.fullstory.com/ui"
SESSIONS = 20


class Users:
    """The endpoints about people."""

    def __init__(self, vendor: Fullstory, add: Add) -> None:
        self.vendor = vendor
        add("POST", "/v2/users", self.create)
        add("GET", "/v2/users", self.listing, True)
        add("DELETE", "/v2/users", self.delete, True)
        Imports(vendor, add, "users", self.problem, self.listed)
        add("POST", "/v2/users/{id}", self.update)
        add("GET", "/v2/users/{id}", self.get, True)
        add("DELETE", "/v2/users/{id}", self.delete, True)
        add("GET", "/sessions/v2", self.sessions_v1, True)
        add("GET", "/v2/sessions", self.sessions_v1, True)

    def problem(self, call: Call, user: Any) -> tuple[str, str] | None:
        """The rules, or a fault that refuses this person."""
        found = user_complaint(user, self.vendor.switches)
        if found is None and call.refuse and (why := call.refuse.get(str(user.get("uid")))):
            return "invalid_argument", why
        return found

    def apply(self, user: Any, request: int) -> Person:
        """Write a valid user."""
        vendor = self.vendor
        return vendor.account.upsert(user, request, vendor.clock(), vendor.switches)

    def listed(self, user: Any, request: int) -> JSON:
        """Write a user of a job, who is listed with the id it has now."""
        return {**user, "id": self.apply(user, request).key}

    def create(self, call: Call) -> Answer:
        """An upsert by uid; without one, another anonymous user on every call."""
        body = body_of(call)
        found = self.problem(call, body)
        if found is not None:
            return refusal(400, *found)
        person = self.apply({k: v for k, v in (body or {}).items() if k != "id"}, call.number)
        return json_answer(200, {"id": person.key})

    def update(self, call: Call) -> Answer:
        """By Fullstory's own id; a uid that was set can't be changed."""
        person = self._person(call.params["id"])
        if person is None:
            return not_found()
        body = body_of(call)
        found = self.problem(call, body)
        if found is not None:
            return refusal(400, *found)
        uid, known = (body or {}).get("uid"), person.identifiers.get("id")
        if uid is not None and known is not None and uid != known:
            return refusal(400, "invalid_argument", "uid cannot be changed")
        self.apply({**(body or {}), "id": person.key, "uid": known or uid}, call.number)
        return json_answer(200, {"id": person.key})

    def get(self, call: Call) -> Answer:
        """One user."""
        person = self._person(call.params["id"])
        return not_found() if person is None else json_answer(200, self._shown(person, call))

    def listing(self, call: Call) -> Answer:
        """Users that match every filter given."""
        query = call.query
        found = [
            person
            for person in self.vendor.world.people.values()
            if query.get("uid", person.identifiers.get("id")) == person.identifiers.get("id")
            and all(
                query.get(name, person.attributes.get(name)) == person.attributes.get(name)
                for name in ("email", "display_name")
            )
            and query.get("is_identified", _flag("id" in person.identifiers))
            == _flag("id" in person.identifiers)
        ]
        body = page(call, found, self.vendor.switches.page_size)
        body["results"] = [self._shown(person, call) for person in body["results"]]
        body["app_url"] = f"{APP}/{self.vendor.switches.org_id}/segments/everyone/people:search:x/0"
        return json_answer(200, body)

    def delete(self, call: Call) -> Answer:
        """Asynchronous and irreversible."""
        uid, key = call.query.get("uid"), call.params.get("id")
        if uid is None and key is None:
            return refusal(400, "required_field", "uid is required")
        person = self.vendor.account.find(uid, key)
        if person is None:
            return not_found()
        gone_at = call.now + self.vendor.switches.delete_seconds
        self.vendor.account.delete(person, call.number, gone_at)
        return json_answer(200, {})

    def sessions_v1(self, call: Call) -> Answer:
        """The latest sessions of a user; numbers are texts."""
        person = self.vendor.account.find(call.query.get("uid", ""))
        limit = int(call.query.get("limit", SESSIONS))
        org = self.vendor.switches.org_id
        found = [
            {
                "userId": s.key,
                "sessionId": s.id,
                "createdTime": str(int(s.at)),
                "fsUrl": f"{APP}/{org}/session/{quote(s.id, safe='')}",
            }
            for s in sorted(self.vendor.account.sessions.values(), key=lambda s: -s.at)
            if person is not None and s.key == person.key
        ]
        return json_answer(200, {"sessions": found[:limit]})

    def _person(self, key: str) -> Person | None:
        return self.vendor.world.people.get(key)

    def _shown(self, person: Person, call: Call) -> JSON:
        account, org = self.vendor.account, self.vendor.switches.org_id
        types = account.types.get(person.key, {})
        has_schema = call.query.get("include_schema") == "true"
        schema = {name: words[-1] for name, words in types.items() if name in person.attributes}
        conflicts = {name: words for name, words in types.items() if len(words) > 1}
        shown: dict[str, Any] = {
            "id": person.key,
            "is_being_deleted": person.key in account.deleting,
            "properties": {k: v for k, v in person.attributes.items() if k not in LENGTHS},
            "schema": {"properties": schema} if has_schema else None,
            "type_conflicts": {"properties": conflicts} if has_schema and conflicts else None,
            "app_url": f"{APP}/{org}/segments/everyone/people:search:x/user/{person.key}",
        }
        if "id" in person.identifiers:
            shown["uid"] = person.identifiers["id"]
        own = ("display_name", "email")
        return {**shown, **{n: person.attributes[n] for n in own if n in person.attributes}}


def _flag(value: bool) -> str:
    return "true" if value else "false"
