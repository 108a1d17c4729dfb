"""Custom events, over REST and over the Segment-compatible endpoint; segment matches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import Answer, Call, json_answer
from activation_sandbox.gainsight_px.answers import Refused, filters, json_object, page, written
from activation_sandbox.gainsight_px.fields import TYPES
from activation_sandbox.gainsight_px.filters import matcher
from activation_sandbox.world import Event

if TYPE_CHECKING:
    from activation_sandbox.gainsight_px import GainsightPx

MAX_NAME = 2000
MAX_PROPERTIES = 50
MAX_KEY = 1024
DAY_MS = 86_400_000
MAX_RANGE_DAYS = 190
REQUIRED = ("eventName", "identifyId", "propertyKey", "userType")
_TAG = re.compile(r"AP-[A-Za-z0-9]+(-[0-9]+)+")


class Events:
    """What happened, as told; nothing is deduplicated unless switched on."""

    def __init__(self, vendor: GainsightPx) -> None:
        self.vendor = vendor
        vendor.route("POST", "/events/custom", self.post)
        vendor.route("GET", "/events/custom", self.custom)
        vendor.route("GET", "/events/segment_match", self.segment_matches)
        vendor.route("GET", "/events/identify", self.identify_log)

    def post(self, call: Call) -> Answer:
        """One event."""
        body = json_object(call)
        wrong = [f"{name} must not be empty" for name in REQUIRED if not body.get(name)]
        if body.get("userType") and body["userType"] not in TYPES:
            wrong.append("userType is unknown")
        if "date" in body and (type(body["date"]) is not int):
            wrong.append("date must be a number of milliseconds")
        wrong += self._oversized(body)
        if wrong:
            raise Refused(400, "Validation error", *wrong)
        who = str(body["identifyId"])
        if who in call.refuse:
            raise Refused(400, "Validation error", call.refuse[who])
        if self.vendor.switches.event_of_nobody == "reject" and not self.vendor.users.find(who):
            raise Refused(400, "Validation error", "identifyId is unknown")
        self.vendor.write(lambda: self._store(call, body))
        return written(self.vendor.switches.write_status, 201)

    def _oversized(self, body: Mapping[str, Any]) -> list[str]:
        attributes = body.get("attributes") or {}
        if not isinstance(attributes, dict):
            return ["attributes must be an object"]
        if self.vendor.switches.oversized_event != "reject":
            return []
        wrong = []
        if len(str(body.get("eventName", ""))) > MAX_NAME:
            wrong.append(f"eventName is longer than {MAX_NAME}")
        if len(attributes) > MAX_PROPERTIES:
            wrong.append(f"more than {MAX_PROPERTIES} attributes")
        if any(len(name) > MAX_KEY for name in attributes):
            wrong.append(f"an attribute's name is longer than {MAX_KEY}")
        return wrong

    def _store(self, call: Call, body: Mapping[str, Any]) -> None:
        event_id, world = body.get("eventId"), self.vendor.world
        if self.vendor.switches.dedupe_event_ids and event_id in world.seen_event_ids:
            return
        if event_id:
            world.seen_event_ids.add(str(event_id))
        now = int(self.vendor.clock() * 1000)
        kept = {**body, "date": body.get("date", now)}
        self.vendor.custom_events.append(kept)
        event = Event(
            number=world.next_number("event"),
            name=str(body["eventName"])[:MAX_NAME],
            type="event",
            id=event_id,
            timestamp=int(kept["date"]) // 1000,
            data=dict(body.get("attributes") or {}),
            may_trigger=True,
            request=call.number,
        )
        who = str(body["identifyId"])
        person = self.vendor.users.find(who)
        if person is None:
            world.anonymous_events.setdefault(who, []).append(event)
        else:
            person.events.append(event)
            person.operations += 1
        self.vendor.log(call, "event", "create", who, kept)

    def custom(self, call: Call) -> Answer:
        """Within a range of dates, the last day unless told."""
        now = int(self.vendor.clock() * 1000)
        start = _milliseconds(call.query.get("dateRangeStart")) or now - DAY_MS
        end = _milliseconds(call.query.get("dateRangeEnd")) or max(now, start)
        if end - start > MAX_RANGE_DAYS * DAY_MS:
            raise Refused(400, f"Exceeded date range{MAX_RANGE_DAYS}days")
        is_wanted = matcher(filters(call))
        rows = [
            event
            for event in self.vendor.custom_events
            if start <= event["date"] <= end and is_wanted(event)
        ]
        return page(call, rows, "customEvents")

    def segment_matches(self, call: Call) -> Answer:
        """Only what was seeded: matches arise while users are active in the product."""
        rows = filter(matcher(filters(call)), self.vendor.segment_matches)
        return page(call, list(rows), "featureMatchEvents")

    def identify_log(self, call: Call) -> Answer:
        """Writes over REST leave no trace here, only the product's own calls do."""
        return page(call, [], "identifyEvents")

    def push(self, call: Call) -> Answer:
        """The Segment-compatible endpoint; its key is the product's tag."""
        tag = call.basic[0] if call.basic else ""
        if not _TAG.fullmatch(tag):
            text = f"Unable to authenticate key '{tag}': not a valid API key structure"
            return json_answer(401, {"message": text})
        if tag != self.vendor.switches.tag_key:
            return json_answer(401, {"message": f"Unknown subscription for {tag}"})
        try:
            body = call.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.get("type") or not body.get("userId"):
            return json_answer(400, {"message": "type and userId are required"})
        if str(body["userId"]) in call.refuse:
            return json_answer(400, {"message": call.refuse[str(body["userId"])]})
        if body["type"] == "track":
            if not body.get("event"):
                return json_answer(400, {"message": "event is required"})
            self.vendor.write(lambda: self._store(call, self._as_custom(body)))
        return json_answer(200, {"success": True})

    def _as_custom(self, body: Mapping[str, Any]) -> dict[str, Any]:
        event = {
            "eventId": body.get("messageId"),
            "eventName": body["event"],
            "identifyId": str(body["userId"]),
            "propertyKey": self.vendor.switches.tag_key,
            "userType": "USER",
            "attributes": body.get("properties") or {},
        }
        at = _milliseconds(body.get("timestamp"))
        return event if at is None else {**event, "date": at}


def _milliseconds(text: Any) -> int | None:
    """Milliseconds as a number or as ISO 8601; None when there is nothing."""
    if not text:
        return None
    if str(text).isdecimal():
        return int(text)
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as e:
        raise Refused(400, "a date is not valid") from e
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
