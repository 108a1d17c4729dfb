"""The App API: people, activities, and what else a sync reads back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call, Routes, json_answer
from activation_sandbox.customerio.filters import (
    is_unsubscribed,
    matches,
    shown_attributes,
)
from activation_sandbox.customerio.workspace import shown_identifiers
from activation_sandbox.limiter import Limiter
from activation_sandbox.world import Person

if TYPE_CHECKING:
    from activation_sandbox.customerio import Customerio

PAGE, SEARCH_PAGE = 1000, 50
BULK_IDS = 100
ACTIVITY_PAGE, FEW_ACTIVITIES = 100, 10
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
        chosen, after = page(found, call, PAGE, SEARCH_PAGE)
        return json_answer(200, {**identifier_page(chosen), "next": after})

    def _id_type(self, call: Call) -> str:
        """How the request names people: only by an identifier that the workspace uses."""
        id_type = call.query.get("id_type", "id")
        if id_type not in {"cio_id", *self.vendor.switches.identifiers}:
            raise BadRequest("id_type is not an identifier of this workspace")
        return id_type

    def _person(self, value: str, id_type: str) -> Person | None:
        wanted = value.removeprefix("cio_") if id_type == "cio_id" else value
        return self.vendor.workspace.find(id_type, wanted)

    def bulk_attributes(self, call: Call) -> Answer:
        """Up to 100 people; unknown ids are left out."""
        ids = json_object(call).get("ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= BULK_IDS:
            raise BadRequest(f"ids must hold 1 to {BULK_IDS} entries")
        id_type = self._id_type(call)
        found = [p for value in ids if (p := self._person(str(value), id_type))]
        return json_answer(200, {"customers": [{"customer": customer(p)} for p in found]})

    def attributes(self, call: Call) -> Answer:
        """One person."""
        person = self._person(call.params["id"], self._id_type(call))
        return json_answer(200, {"customer": customer(person)}) if person else self.not_found(call)

    def segments_of(self, call: Call) -> Answer:
        """The segments of one person."""
        person = self._person(call.params["id"], self._id_type(call))
        if person is None:
            return self.not_found(call)
        segments = [
            {"id": s.id, "name": s.name, "description": s.description}
            for s in self.vendor.segments_of(person)
        ]
        return json_answer(200, {"segments": segments})

    def activities(self, call: Call) -> Answer:
        """The activity log, newest first."""
        query, id_type = call.query, self._id_type(call)
        found = [
            a
            for a in reversed(self.vendor.world.activities)
            if ("type" not in query or a["type"] == query["type"])
            and ("name" not in query or a["data"].get("name") == query["name"])
            and ("customer_id" not in query or _is_about(a, id_type, query["customer_id"]))
        ]
        chosen, after = page(found, call, ACTIVITY_PAGE, FEW_ACTIVITIES)
        return json_answer(200, {"activities": chosen, "next": after})

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


def _is_about(activity: Mapping[str, Any], kind: str, value: str) -> bool:
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
