"""The App API's endpoints about segments and collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activation_sandbox.call import JSON, Answer, Call, json_answer
from activation_sandbox.customerio.app import App, BadRequest, identifier_page, json_object, page
from activation_sandbox.customerio.filters import is_member
from activation_sandbox.world import Person, Segment

if TYPE_CHECKING:
    from activation_sandbox.customerio import Customerio

MEMBERSHIP_PAGE = 30_000


class Segments:
    """Manual segments are made here; dynamic ones only by seeding, as in the vendor's UI."""

    def __init__(self, vendor: Customerio, app: App) -> None:
        self.vendor = vendor
        self.app = app
        app.route("GET", "/segments", self.index)
        app.route("POST", "/segments", self.create)
        app.route("GET", "/segments/{segment}", self.show)
        app.route("DELETE", "/segments/{segment}", self.delete)
        app.route("GET", "/segments/{segment}/customer_count", self.count)
        app.route("GET", "/segments/{segment}/membership", self.membership)
        app.route("GET", "/segments/{segment}/used_by", self.used_by)
        app.route("GET", "/collections", self.collections)
        app.route("POST", "/collections", self.create_collection)
        app.route("PUT", "/collections/{id}/content", self.replace_collection)
        app.route("GET", "/collections/{id}/content", self.collection_content)

    def index(self, call: Call) -> Answer:
        """Every segment."""
        return json_answer(200, {"segments": [shown(s) for s in self._all()]})

    def _all(self) -> list[Segment]:
        return list(self.vendor.world.segments.values())

    def create(self, call: Call) -> Answer:
        """A new manual segment, always empty. Names need not be unique."""
        wanted = json_object(call).get("segment")
        if not isinstance(wanted, dict) or not str(wanted.get("name") or "").strip():
            raise BadRequest("segment.name cannot be blank")
        segment = self.vendor.create_segment(
            str(wanted["name"]), str(wanted.get("description") or "")
        )
        return json_answer(200, {"segment": shown(segment)})

    def _segment(self, call: Call) -> Segment | None:
        number = call.params["segment"]
        return self.vendor.world.segments.get(int(number)) if number.isdecimal() else None

    def show(self, call: Call) -> Answer:
        """One segment."""
        segment = self._segment(call)
        if segment is None:
            return self.app.not_found(call)
        return json_answer(200, {"segment": shown(segment)})

    def delete(self, call: Call) -> Answer:
        """Only a manual one."""
        segment = self._segment(call)
        if segment is None:
            return self.app.not_found(call)
        if segment.type != "manual":
            raise BadRequest("only manual segments can be deleted")
        del self.vendor.world.segments[segment.id]
        return Answer(204)

    def _members(self, segment: Segment) -> list[Person]:
        world = self.vendor.world
        if segment.type == "manual":
            return [world.people[key] for key in sorted(segment.members)]
        return [p for p in world.people.values() if is_member(segment, p, world)]

    def count(self, call: Call) -> Answer:
        """The size of one segment."""
        segment = self._segment(call)
        if segment is None:
            return self.app.not_found(call)
        size = len(self._members(segment))
        return json_answer(200, {"segment_id": segment.id, "count": size})

    def membership(self, call: Call) -> Answer:
        """The members of one segment, in pages of at most 30000."""
        segment = self._segment(call)
        if segment is None:
            return self.app.not_found(call)
        limit = call.query.get("limit", "")
        over = limit.isdecimal() and int(limit) > MEMBERSHIP_PAGE
        if over and self.vendor.switches.membership_over_limit == 400:
            raise BadRequest(f"limit cannot be above {MEMBERSHIP_PAGE}")
        chosen, after = page(self._members(segment), call, MEMBERSHIP_PAGE, default=1000)
        return json_answer(200, {**identifier_page(chosen), "next": after})

    def used_by(self, call: Call) -> Answer:
        """The sandbox has no campaigns, so nothing uses a segment."""
        if self._segment(call) is None:
            return self.app.not_found(call)
        return json_answer(200, {"used_by": {"campaigns": [], "sent_newsletters": []}})

    def collections(self, call: Call) -> Answer:
        """Reference tables, without their rows."""
        tables = [
            {"id": number, "name": table["name"], "rows": len(table["data"])}
            for number, table in self.vendor.world.collections.items()
        ]
        return json_answer(200, {"collections": tables})

    def create_collection(self, call: Call) -> Answer:
        """A new reference table."""
        body = json_object(call)
        if not isinstance(body.get("name"), str) or not isinstance(body.get("data"), list):
            raise BadRequest("name and data are required")
        number = self.vendor.world.next_number("collection")
        self.vendor.world.collections[number] = {"name": body["name"], "data": body["data"]}
        table = {"id": number, "name": body["name"], "rows": len(body["data"])}
        return json_answer(200, {"collection": table})

    def replace_collection(self, call: Call) -> Answer:
        """Replace all rows."""
        table, data = self._collection(call), call.json()
        if table is None:
            return self.app.not_found(call)
        table["data"] = data if isinstance(data, list) else [data]
        return json_answer(200, {})

    def collection_content(self, call: Call) -> Answer:
        """All rows."""
        table = self._collection(call)
        return self.app.not_found(call) if table is None else json_answer(200, table["data"])

    def _collection(self, call: Call) -> dict[str, JSON] | None:
        number = call.params["id"]
        return self.vendor.world.collections.get(int(number)) if number.isdecimal() else None


def shown(segment: Segment) -> JSON:
    """One segment as the App API shows it."""
    return {
        "id": segment.id,
        "deduplicate_id": f"{segment.id}:{segment.updated_at}",
        "name": segment.name,
        "description": segment.description,
        "type": segment.type,
        "state": "finished",
        "progress": None,
        "tags": None,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }
