"""External segments, whose members are told, and the segments that rules make."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call, json_answer
from activation_sandbox.gainsight_px.answers import (
    HTML_FORBIDDEN,
    Refused,
    entity,
    json_object,
    nothing_found,
    number,
)
from activation_sandbox.world import Segment

if TYPE_CHECKING:
    from activation_sandbox.gainsight_px import GainsightPx


class Segments:
    """`ids` are the external segments by the id that Gainsight PX gave them."""

    def __init__(self, vendor: GainsightPx) -> None:
        self.vendor = vendor
        self.ids: dict[str, dict[str, Any]] = {}
        vendor.route("POST", "/external_segment/metadata", self.create)
        vendor.route("PUT", "/external_segment/metadata", self.change)
        vendor.route("POST", "/external_segment/update_membership", self.update_membership)
        vendor.route("GET", "/segment", self.index)
        vendor.route("GET", "/segment/{id}", self.show)

    def _is_on(self) -> Answer | None:
        state = self.vendor.switches.external_segments
        if state == "403":
            return Answer(403, HTML_FORBIDDEN, (("content-type", "text/html"),))
        if state == "404":
            raise Refused(404, "External segments are not enabled")
        return None

    def _by_external_id(self, external_id: str) -> dict[str, Any] | None:
        return next((s for s in self.ids.values() if s["externalId"] == external_id), None)

    def create(self, call: Call) -> Answer:
        """A new one, or the one that is there unless `failIfExists`."""
        if (closed := self._is_on()) is not None:
            return closed
        body = json_object(call)
        if not body.get("externalId") or not body.get("name"):
            raise Refused(400, "Validation error", "externalId and name must not be empty")
        found = self._by_external_id(str(body["externalId"]))
        if found is not None and call.query.get("failIfExists") == "true":
            raise Refused(400, "External segment already exists")
        if found is None:
            found = self._make(body)
            self.vendor.log(call, "segment", "create", found["externalId"], found)
        return json_answer(200, _shown(found))

    def _make(self, body: dict[str, Any]) -> dict[str, Any]:
        world = self.vendor.world
        place, now = world.next_number("segment"), int(self.vendor.clock())
        name, about = str(body["name"]), str(body.get("description") or "")
        world.segments[place] = Segment(place, name, about, "manual", now, now)
        made = str(uuid.UUID(int=self.vendor.rng.getrandbits(128), version=4))
        entry = {"externalId": str(body["externalId"]), "name": name, "description": about}
        self.ids[made] = {"id": made, **entry, "place": place}
        return self.ids[made]

    def change(self, call: Call) -> Answer:
        """Another name or description."""
        if (closed := self._is_on()) is not None:
            return closed
        body = json_object(call)
        found = self._by_external_id(str(body.get("externalId", "")))
        if found is None:
            raise nothing_found("External segment", "externalId", str(body.get("externalId")))
        found |= {k: str(body[k]) for k in ("name", "description") if body.get(k)}
        self.vendor.world.segments[found["place"]].name = found["name"]
        return json_answer(200, _shown(found))

    def update_membership(self, call: Call) -> Answer:
        """Both lists are required, even when empty."""
        if (closed := self._is_on()) is not None:
            return closed
        body = json_object(call)
        if not all(isinstance(body.get(verb), list) for verb in ("add", "remove")):
            raise Refused(400, "Validation error", "add and remove are required")
        if body.get("identityType", "IDENTIFY_ID") not in ("IDENTIFY_ID", "GLOBAL_ID"):
            raise Refused(400, "Validation error", "identityType is unknown")
        actions = [(verb, self._checked(call, a)) for verb in ("add", "remove") for a in body[verb]]
        for verb, (segment, identities) in actions:
            self._refuse_repeats(verb, segment, identities)
        for verb, (segment, identities) in actions:
            self.vendor.write(partial(self._move, call, verb, segment, identities))
        return entity(200)

    def _checked(self, call: Call, action: Any) -> tuple[Segment, list[str]]:
        wanted = {"segmentId", "lastQualificationTime", "identities"}
        if not isinstance(action, dict) or not wanted <= set(action):
            raise Refused(400, "Validation error", "a segment action lacks a field")
        at = action["lastQualificationTime"]
        try:
            datetime.fromisoformat(at)
        except (TypeError, ValueError) as e:
            text = "lastQualificationTime must be ISO 8601"
            raise Refused(400, "Validation error", text) from e
        refused = [call.refuse[i] for i in action["identities"] if i in call.refuse]
        if refused:
            raise Refused(400, "Validation error", *refused)
        return self._segment(str(action["segmentId"])), list(action["identities"])

    def _segment(self, named: str) -> Segment:
        how = self.vendor.switches.segment_id
        found = self.ids.get(named) if how in ("id", "either") else None
        if found is None and how in ("external_id", "either"):
            found = self._by_external_id(named)
        if found is None:
            raise Refused(400, "Validation error", "segmentId is unknown")
        return self.vendor.world.segments[found["place"]]

    def _refuse_repeats(self, verb: str, segment: Segment, identities: list[str]) -> None:
        if self.vendor.switches.repeated_membership == "accept":
            return
        people = [p for i in identities if (p := self.vendor.users.find(i))]
        if any((p.key in segment.members) == (verb == "add") for p in people):
            raise Refused(400, "Bad request, possible duplicate")

    def _move(self, call: Call, verb: str, segment: Segment, identities: list[str]) -> None:
        for identity in identities:
            person = self.vendor.users.find(identity)
            if person is not None:
                if verb == "add":
                    segment.join(person.key, call.now)
                else:
                    segment.leave(person.key)
                person.operations += 1
            self.vendor.log(call, "segment", verb, identity, {segment.name: verb})

    def index(self, call: Call) -> Answer:
        """Names and ids; members can't be listed."""
        size = number(call, "pageSize", 25, 1, 200)
        place = number(call, "pageNumber", 0, 0, 10_000)
        rows = self._all()
        start = place * size
        return json_answer(
            200,
            {
                "segments": rows[start : start + size],
                "pageNumber": place,
                "isLastPage": start + size >= len(rows),
            },
        )

    def _all(self) -> list[JSON]:
        external = [{"id": s["id"], "name": s["name"]} for s in self.ids.values()]
        return self.vendor.rule_segments + external

    def show(self, call: Call) -> Answer:
        """One of them."""
        for segment in self._all():
            if segment["id"] == call.params["id"]:
                return json_answer(200, segment)
        raise nothing_found("Segment", "id", call.params["id"])


def _shown(segment: dict[str, Any]) -> JSON:
    return {name: segment[name] for name in ("id", "externalId", "name", "description")}
