"""The App API: people, activities, and what else a sync reads back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from sync.sandbox.call import JSON, Answer, Call, Routes, json_answer
from sync.sandbox.customerio.filters import (
    as_text,
    is_unsubscribed,
    matches,
    shown_attributes,
)
from sync.sandbox.customerio.workspace import shown_identifiers
from sync.sandbox.limiter import Limiter
from sync.sandbox.world import Person, Thing

if TYPE_CHECKING:
    from sync.sandbox.customerio import Customerio

PAGE = 1000
BULK_IDS = 100
ACTIVITY_PAGE = 100
CHANNELS = ("email", "push", "sms", "whatsapp", "inbox_message", "in_app")


def app_error(status: int, detail: str) -> Answer:
    """The App API's error envelope; its statuses are strings."""
    return json_answer(status, {"errors": [{"detail": detail, "status": str(status)}]})


class BadRequest(Exception):
    """Answered with 400 and the text."""


class App:
    """Guards every route with the key, the region and the pace; holds those about people."""

    def __init__(self, vendor: Customerio, routes: Routes) -> None:
        self.vendor = vendor
        self.routes = routes
        self.general = Limiter(10, 1.0)
        self.sends = Limiter(100, 1.0)
        self.broadcasts = Limiter(1, 10.0)
        self.route("GET", "/customers", self.by_email)
        self.route("POST", "/customers", self.search)
        self.route("POST", "/customers/attributes", self.bulk_attributes)
        self.route("GET", "/customers/{id}/attributes", self.attributes)
        self.route("GET", "/customers/{id}/segments", self.segments_of)
        self.route("GET", "/activities", self.activities)
        self.route("GET", "/object_types", self.object_types)
        self.route("POST", "/objects", self.objects)
        self.route("GET", "/objects/{type}/{id}/attributes", self.object_attributes)
        self.route("GET", "/objects/{type}/{id}/relationships", self.object_relationships)
        self.route("GET", "/subscription_topics", self.topics)
        self.route("GET", "/index/attributes", self.attribute_names)
        self.route("GET", "/index/events", self.event_names)
        self.route("POST", "/campaigns/{id}/triggers", self.broadcast, self.broadcasts)
        for channel in CHANNELS:
            self.route("POST", f"/send/{channel}", self._sender(channel), self.sends)

    def route(
        self,
        method: str,
        path: str,
        handler: Callable[[Call], Answer],
        limiter: Limiter | None = None,
    ) -> None:
        """Add an endpoint on both hosts, behind the guards."""
        for prefix, host in (("/app/v1", "us"), ("/app-eu/v1", "eu")):
            guarded = self._guarded(handler, host, limiter or self.general)
            self.routes.add(method, prefix + path, guarded)

    def _guarded(
        self, handler: Callable[[Call], Answer], host: str, limiter: Limiter
    ) -> Callable[[Call], Answer]:
        def guarded(call: Call) -> Answer:
            switches = self.vendor.switches
            elsewhere = host != switches.region and switches.wrong_region != "accept"
            if call.bearer != switches.app_key or elsewhere:
                return app_error(401, "unauthorized")
            if switches.app_rate_limit and not limiter.allow(call.now):
                return Answer(429)
            try:
                return handler(call)
            except BadRequest as e:
                return app_error(400, str(e))

        return guarded

    def not_found(self, call: Call) -> Answer:
        """404 in the recorded form."""
        return app_error(404, f"not found (reference {call.number:08x})")

    def by_email(self, call: Call) -> Answer:
        """An exact match, whatever the casing."""
        person = self.vendor.workspace.find("email", call.query.get("email", ""))
        return json_answer(200, {"results": [shown_identifiers(person)] if person else []})

    def search(self, call: Call) -> Answer:
        """People that match a filter, in pages of at most 1000."""
        condition: Any = json_object(call).get("filter")
        world = self.vendor.world
        try:
            found = [p for p in world.people.values() if matches(condition, p, world)]
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            raise BadRequest("the filter is not valid") from e
        chosen, after = page(found, call, PAGE)
        return json_answer(200, {**identifier_page(chosen), "next": after})

    def _person(self, value: str, id_type: str) -> Person | None:
        if id_type not in {"cio_id", *self.vendor.switches.identifiers}:
            raise BadRequest("id_type is not an identifier of this workspace")
        wanted = value.removeprefix("cio_") if id_type == "cio_id" else value
        return self.vendor.workspace.find(id_type, wanted)

    def bulk_attributes(self, call: Call) -> Answer:
        """Up to 100 people; unknown ids are left out."""
        ids = json_object(call).get("ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= BULK_IDS:
            raise BadRequest(f"ids must hold 1 to {BULK_IDS} entries")
        id_type = call.query.get("id_type", "id")
        found = [p for value in ids if (p := self._person(str(value), id_type))]
        return json_answer(200, {"customers": [{"customer": customer(p)} for p in found]})

    def attributes(self, call: Call) -> Answer:
        """One person."""
        person = self._person(call.params["id"], call.query.get("id_type", "id"))
        return json_answer(200, {"customer": customer(person)}) if person else self.not_found(call)

    def segments_of(self, call: Call) -> Answer:
        """The segments of one person."""
        person = self._person(call.params["id"], call.query.get("id_type", "id"))
        if person is None:
            return self.not_found(call)
        segments = [
            {"id": s.id, "name": s.name, "description": s.description}
            for s in self.vendor.segments_of(person)
        ]
        return json_answer(200, {"segments": segments})

    def activities(self, call: Call) -> Answer:
        """The activity log, newest first."""
        query = call.query
        found = [
            a
            for a in reversed(self.vendor.world.activities)
            if ("type" not in query or a["type"] == query["type"])
            and ("name" not in query or a["data"].get("name") == query["name"])
            and ("customer_id" not in query or _is_about(a, query))
        ]
        chosen, after = page(found, call, ACTIVITY_PAGE)
        return json_answer(200, {"activities": chosen, "next": after})

    def object_types(self, call: Call) -> Answer:
        """The types created in the workspace."""
        types = sorted(self.vendor.switches.object_types)
        return json_answer(
            200, {"types": [{"id": t, "name": f"Type {t}", "enabled": True} for t in types]}
        )

    def objects(self, call: Call) -> Answer:
        """Objects of one type that have a given attribute value, or all of the type."""
        body = json_object(call)
        found = [
            t
            for t in self.vendor.world.objects.values()
            if t.type == str(body.get("object_type_id", t.type))
        ]
        chosen, after = page(found, call, PAGE)
        identifiers = [
            {"object_type_id": t.type, "object_id": t.id, "cio_object_id": t.key} for t in chosen
        ]
        return json_answer(200, {"identifiers": identifiers, "next": after})

    def _thing(self, call: Call) -> Thing | None:
        if call.query.get("id_type") == "cio_object_id":
            return self.vendor.world.object_by_key(call.params["id"])
        return self.vendor.world.objects.get((call.params["type"], call.params["id"]))

    def object_attributes(self, call: Call) -> Answer:
        """One object."""
        thing = self._thing(call)
        if thing is None:
            return self.not_found(call)
        shown = {
            "attributes": {name: as_text(v) for name, v in thing.attributes.items()},
            "timestamps": thing.changed_at,
            "identifiers": {
                "object_type_id": thing.type,
                "object_id": thing.id,
                "cio_object_id": thing.key,
            },
        }
        return json_answer(200, {"object": shown})

    def object_relationships(self, call: Call) -> Answer:
        """The people of one object."""
        thing = self._thing(call)
        if thing is None:
            return self.not_found(call)
        chosen, after = page(list(thing.people.items()), call, PAGE)
        related = [
            {
                "identifiers": shown_identifiers(self.vendor.world.people[key]),
                "attributes": {name: as_text(v) for name, v in relation.items()},
            }
            for key, relation in chosen
        ]
        return json_answer(200, {"cio_relationships": related, "next": after})

    def topics(self, call: Call) -> Answer:
        """Subscription topics."""
        topics = [
            {"id": number, "identifier": f"topic_{number}", "name": name}
            for number, name in self.vendor.world.topics.items()
        ]
        return json_answer(200, {"topics": topics})

    def attribute_names(self, call: Call) -> Answer:
        """Every attribute name anybody has."""
        names = {name for p in self.vendor.world.people.values() for name in p.attributes}
        return json_answer(200, {"attributes": [{"name": name} for name in sorted(names)]})

    def event_names(self, call: Call) -> Answer:
        """Every event name seen."""
        names = {event.name for _, _, event in self.vendor.world.events()}
        return json_answer(200, {"events": [{"name": name} for name in sorted(names)]})

    def broadcast(self, call: Call) -> Answer:
        """Accept a broadcast; the sandbox sends nothing."""
        number = self.vendor.world.next_number("delivery")
        return json_answer(200, {"id": number})

    def _sender(self, channel: str) -> Callable[[Call], Answer]:
        def send(call: Call) -> Answer:
            body = json_object(call)
            identifiers = body.get("identifiers")
            if not isinstance(identifiers, dict) or len(identifiers) != 1:
                raise BadRequest("identifiers must hold exactly one identifier")
            ((kind, value),) = identifiers.items()
            delivery = self.vendor.deliver(channel, kind, value, body)
            queued = {"delivery_id": delivery["id"], "queued_at": delivery["timestamp"]}
            return json_answer(200, queued)

        return send


def customer(person: Person) -> JSON:
    """One person as the attribute endpoints show it."""
    return {
        "id": person.identifiers.get("id", ""),
        "identifiers": shown_identifiers(person),
        "attributes": shown_attributes(person),
        "timestamps": person.changed_at,
        "unsubscribed": is_unsubscribed(person.attributes.get("unsubscribed")),
        "devices": [
            {"id": token, "platform": device.get("platform")}
            for token, device in person.devices.items()
        ],
    }


def _is_about(activity: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    kind, value = query.get("id_type", "id"), query["customer_id"]
    wanted = value.removeprefix("cio_") if kind == "cio_id" else value
    return bool(activity["customer_identifiers"].get(kind) == wanted)


def identifier_page(people: Iterable[Person]) -> dict[str, JSON]:
    """`identifiers` and `ids` for a page of people; who has no id gives an empty string."""
    chosen = list(people)
    return {
        "identifiers": [shown_identifiers(p) for p in chosen],
        "ids": [p.identifiers.get("id", "") for p in chosen],
    }


def json_object(call: Call) -> dict[str, Any]:
    """The body; raises BadRequest unless it is a JSON object."""
    try:
        body = call.json()
    except ValueError as e:
        raise BadRequest("the body must be a JSON object") from e
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body


def page(
    rows: list[Any], call: Call, most: int, default: int | None = None
) -> tuple[list[Any], str]:
    """The rows that `limit` and `start` ask for, and the token of the next page or ""."""
    try:
        limit = int(call.query.get("limit", default or most))
        start = int(call.query.get("start") or 0)
    except ValueError as e:
        raise BadRequest("limit must be a number and start a token") from e
    if limit < 1 or start < 0:
        raise BadRequest("limit must be positive")
    end = start + min(limit, most)
    return list(islice(rows, start, end)), str(end) if end < len(rows) else ""
