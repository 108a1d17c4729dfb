"""Gainsight PX: the REST API of one subscription, and its Segment-compatible endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from activation_sandbox.call import JSON, Answer, Call, Match, Routes, json_answer
from activation_sandbox.gainsight_px.answers import (
    HTML_FORBIDDEN,
    Refused,
    api_error,
    json_object,
    nothing_found,
)
from activation_sandbox.gainsight_px.events import Events
from activation_sandbox.gainsight_px.fields import ACCOUNT_FIELDS, USER_FIELDS
from activation_sandbox.gainsight_px.records import ACCOUNT, Deleted, applied
from activation_sandbox.gainsight_px.resources import Accounts, Users
from activation_sandbox.gainsight_px.segments import Segments
from activation_sandbox.gainsight_px.switches import GainsightPxSwitches
from activation_sandbox.limiter import Limiter
from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Person

REGIONS = ("us", "eu", "us2")
PREFERENCES = ("guidedTours", "onboardingBot", "productUpdates", "surveys", "trackUsage")
READING_POSTS = ("/user/preferences",)


class GainsightPx(Vendor[GainsightPxSwitches]):
    """`/api` and `/push` are the US hosts; with `-eu` or `-us2` appended, the other ones."""

    name = "gainsight_px"
    title = "Gainsight PX"
    switches_type = GainsightPxSwitches

    def on_reset(self) -> None:
        """Empty, with routes whose rate limiter has forgotten."""
        self._routes = Routes()
        self._limiter: Limiter | None = None
        self._pace: int | None = None
        self.deleted: dict[str, Deleted] = {}
        self.property_keys: dict[str, list[str]] = {}
        self.custom_events: list[dict[str, Any]] = []
        self.segment_matches: list[dict[str, Any]] = []
        self.rule_segments: list[JSON] = []
        self.preferences: dict[str, dict[str, bool]] = {}
        self.denied: dict[str, bool] = {}
        self.route("GET", "/users/denylist/{id}", self._denylist)
        self.route("PUT", "/users/denylist/{id}", self._deny)
        self.route("GET", "/user/preferences/{id}", self._read_preferences)
        self.route("PUT", "/user/preferences/{id}", self._set_preferences)
        self.route("GET", "/admin/subscription", self._subscription)
        self.route("GET", "/admin/model/{type}/attributes", self._attributes)
        self.users = Users(self)
        self.accounts = Accounts(self)
        self.events = Events(self)
        self.segments = Segments(self)
        for region in REGIONS:
            path = f"/push{_suffix(region)}/rte/segmentio/v1/push"
            self._routes.add("POST", path, self._pushed(region))

    def match(self, method: str, path: str) -> Match | None:
        """Find the endpoint, after bringing the optional limit up to date."""
        pace = self.switches.requests_per_second
        if pace != self._pace:
            self._pace = pace
            self._limiter = Limiter(pace, 1.0) if pace else None
        return self._routes.match(method, path)

    def no_route(self, call: Call) -> Answer:
        """404, in the usual envelope."""
        return api_error(404, "No message available")

    def route(self, method: str, path: str, handler: Callable[[Call], Answer]) -> None:
        """Add an endpoint on all hosts, behind key, region and pace."""
        for region in REGIONS:
            guarded = self._guarded(handler, region, method == "GET" or path in READING_POSTS)
            self._routes.add(method, f"/api{_suffix(region)}/v1{path}", guarded)

    def _guarded(
        self, handler: Callable[[Call], Answer], region: str, is_read: bool
    ) -> Callable[[Call], Answer]:
        def guarded(call: Call) -> Answer:
            switches = self.switches
            key = call.headers.get("x-aptrinsic-api-key", "")
            keys = (switches.api_key, switches.read_only_key)
            if key not in keys or region != switches.region:
                return api_error(401, "Unauthorized or bad API key")
            if self._limiter is not None and not self._limiter.allow(call.now):
                return self._too_many()
            if key == switches.read_only_key and not is_read:
                if switches.forbidden_body == "html":
                    return Answer(403, HTML_FORBIDDEN, (("content-type", "text/html"),))
                return api_error(403, "Access is denied")
            try:
                return handler(call)
            except Refused as e:
                return api_error(e.status, e.message, e.details)

        return guarded

    def _too_many(self) -> Answer:
        after = self.switches.retry_after
        headers = () if after is None else (("retry-after", str(after)),)
        return Answer(429, b"Rate limit exceeded", headers)

    def _pushed(self, region: str) -> Callable[[Call], Answer]:
        def pushed(call: Call) -> Answer:
            if region != self.switches.region:
                return json_answer(401, {"message": "Unknown subscription"})
            return self.events.push(call)

        return pushed

    def link(self, person: Person) -> None:
        """Show a user under the account that its accountId names."""
        wanted = str(person.attributes.get("accountId", ""))
        for key in [k for k in person.relationships if k[1] != wanted]:
            del person.relationships[key]
            self.world.objects[key].people.pop(person.key, None)
        thing = self.world.objects.get((ACCOUNT, wanted))
        if thing is not None:
            thing.people[person.key] = person.relationships.setdefault((ACCOUNT, wanted), {})

    def log(self, call: Call, kind: str, action: str, who: str, data: Any) -> None:
        """Write one accepted operation into the log."""
        applied(self, call, kind, action, who, data)

    def _subscription(self, call: Call) -> Answer:
        """The products and their tag keys; the shape is the sandbox's own."""
        products = [{"name": "Product", "propertyKey": self.switches.tag_key}]
        return json_answer(200, {"id": "sandbox", "name": "Sandbox", "products": products})

    def _attributes(self, call: Call) -> Answer:
        """Default and custom ones, with type and state."""
        tables = {
            "user": (USER_FIELDS, self.switches.user_attributes),
            "account": (ACCOUNT_FIELDS, self.switches.account_attributes),
        }
        if call.params["type"] not in tables:
            raise nothing_found("Model", "type", call.params["type"])
        fields, custom = tables[call.params["type"]]
        rows = [(name, kind, "DEFAULT") for name, kind in fields.items()]
        rows += [(name, kind, "CUSTOM") for name, kind in custom.items()]
        return json_answer(200, [self._definition(*row) for row in rows])

    def _definition(self, name: str, kind: str, origin: str) -> JSON:
        is_off = name in self.switches.disabled_attributes
        return {
            "id": f"attr-{name}",
            "name": name,
            "apiName": name,
            "internalName": name,
            "description": "",
            "type": kind if kind in ("NUMBER", "BOOLEAN", "DATE_TIME") else "STRING",
            "state": "DISABLED" if is_off else "ENABLED",
            "origin": origin,
            "createdDate": 0,
            "modifiedDate": 0,
            "defaultValue": "",
        }

    def _known(self, call: Call) -> str:
        if self.users.find(call.params["id"]) is None:
            raise nothing_found("User", "id", call.params["id"])
        return call.params["id"]

    def _denylist(self, call: Call) -> Answer:
        who = self._known(call)
        return json_answer(200, {"denied": self.denied.get(who, False), "identifyId": who})

    def _deny(self, call: Call) -> Answer:
        who, body = self._known(call), json_object(call)
        self.denied[who] = body.get("denied") is True
        return Answer(204)

    def _read_preferences(self, call: Call) -> Answer:
        chosen = self.preferences.get(self._known(call), {})
        return json_answer(200, {name: chosen.get(name, True) for name in PREFERENCES})

    def _set_preferences(self, call: Call) -> Answer:
        who, body = self._known(call), json_object(call)
        given = {k: v for k, v in body.items() if k in PREFERENCES and v is not None}
        self.preferences.setdefault(who, {}).update(given)
        return Answer(204)

    def seed(self, things: Mapping[str, JSON]) -> None:
        """`segments`: rule-based ones as `{id, name}`; `segment_matches`: who matched when."""
        self.rule_segments += [
            {"id": str(s["id"]), "name": str(s["name"])} for s in things.get("segments", ())
        ]
        self.segment_matches += [dict(m) for m in things.get("segment_matches", ())]

    def misplace(self, answer: Answer, by: int) -> Answer:
        """Says of somebody else that they don't exist."""
        return api_error(404, f"User was not found for parameters {{id=somebody-else-{by}}}")


def _suffix(region: str) -> str:
    return "" if region == "us" else f"-{region}"
