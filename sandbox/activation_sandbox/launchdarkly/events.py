"""The events host: what SDKs send, and the import of metric events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import Answer, Call, Routes, json_answer
from activation_sandbox.launchdarkly.environment import context_id
from activation_sandbox.launchdarkly.evaluation import contexts_of
from activation_sandbox.world import Event

if TYPE_CHECKING:
    from activation_sandbox.launchdarkly import Launchdarkly

JSON = Any
MAX_IMPORT_BYTES = 10_000_000
FOUR = "4"


class Events:
    """Handlers; a body is acknowledged by 202 whatever becomes of its events."""

    def __init__(self, vendor: Launchdarkly, routes: Routes) -> None:
        self.vendor = vendor
        for path, handler in (
            ("/bulk", self._keyed("sdk_key", self.bulk)),
            ("/mobile", self._keyed("mobile_key", self.bulk)),
            ("/events/bulk/{id}", self.by_client_side_id),
            ("/diagnostic", self._keyed("sdk_key", lambda call: Answer(202))),
            ("/v2/event-data-import/{project}/{environment}", self.import_),
        ):
            routes.add("POST", f"/events{path}", handler)
            for method in ("GET", "PUT", "DELETE"):
                routes.add(method, f"/events{path}", lambda call: Answer(405))

    def _keyed(self, name: str, handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        def guarded(call: Call) -> Answer:
            if call.headers.get("authorization") != getattr(self.vendor.switches, name):
                return Answer(401)
            return handler(call)

        return guarded

    def by_client_side_id(self, call: Call) -> Answer:
        """Browsers: no credential but the id in the path."""
        is_known = call.params["id"] == self.vendor.switches.client_side_id
        return self.bulk(call) if is_known else Answer(404)

    def bulk(self, call: Call) -> Answer:
        """Any kind of event; a payload id that was seen before is acknowledged and dropped."""
        try:
            events = call.json()
        except ValueError:
            return Answer(400)
        if not isinstance(events, list):
            return Answer(400)
        if reason := self._refusal(call, events):
            return json_answer(400, {"code": "invalid_request", "message": reason})
        self._accept(call, events)
        return Answer(202, items=len(events))

    def import_(self, call: Call) -> Answer:
        """Metric events with an access token; malformed ones are dropped without a word."""
        switches = self.vendor.switches
        token = call.headers.get("authorization")
        if token != switches.access_token:
            return json_answer(401, {"code": "unauthorized", "message": "Invalid access token"})
        wanted = (switches.project, switches.environment)
        if (call.params["project"], call.params["environment"]) != wanted:
            return json_answer(404, {"code": "not_found", "message": "unknown environment"})
        if call.headers.get("x-launchdarkly-event-schema") != FOUR:
            return Answer(406)
        agent = call.headers.get("user-agent", "")
        if not agent.startswith("MetricImport-") or "-int/" not in agent:
            return json_answer(400, {"code": "invalid_request", "message": "User-Agent"})
        if len(call.body) > MAX_IMPORT_BYTES:
            return Answer(switches.oversized_import_status)
        try:
            events = call.json()
        except ValueError:
            events = None
        is_custom = isinstance(events, list) and all(
            isinstance(e, dict) and e.get("kind") == "custom" for e in events
        )
        reason = "only custom events" if not is_custom else self._refusal(call, events)
        if reason:
            return json_answer(400, {"code": "invalid_request", "message": reason})
        self._accept(call, events)
        return Answer(202, items=len(events))

    def _refusal(self, call: Call, events: list[JSON]) -> str | None:
        """A fault that refuses somebody, which the vendor can only do for the whole body."""
        for event in events if call.refuse else ():
            for kind, key in _subjects(event):
                if (reason := call.refuse.get(context_id(kind, key))) is not None:
                    return reason
        return None

    def _accept(self, call: Call, events: list[JSON]) -> None:
        environment = self.vendor.environment
        payload = call.headers.get("x-launchdarkly-payload-id")
        if payload is not None:
            if payload in environment.payloads:
                return
            environment.payloads[payload] = None
            while len(environment.payloads) > self.vendor.switches.payload_memory:
                del environment.payloads[next(iter(environment.payloads))]

        def effect() -> None:
            for event in events:
                if isinstance(event, dict):
                    self._apply(event, call.number)

        self.vendor.write(effect)

    def _apply(self, event: Mapping[str, JSON], request: int) -> None:
        created = event.get("creationDate")
        if not isinstance(created, int):
            return
        if event.get("kind") in ("identify", "index"):
            try:
                contexts = contexts_of(event.get("context") or {})
            except (ValueError, AttributeError):
                return
            for kind, context in contexts.items():
                self._show(kind, context, created, request)
        elif event.get("kind") == "custom" and isinstance(event.get("key"), str):
            self._store(event, created, request)

    def _show(self, kind: str, context: Mapping[str, JSON], created: int, request: int) -> None:
        """An identify event replaces all that is listed of a context."""
        environment = self.vendor.environment
        person = environment.context(kind, context["key"])
        hidden = ("kind", "key")
        attributes = {k: v for k, v in context.items() if k not in hidden and v is not None}
        now = int(self.vendor.clock())
        changed = {k for k, v in attributes.items() if person.attributes.get(k) != v}
        person.changed_at = {k: v for k, v in person.changed_at.items() if k in attributes}
        person.changed_at |= dict.fromkeys(changed, now)
        person.attributes = attributes
        person.newest = max(created // 1000, 1)
        person.operations += 1
        environment.record(request, "context", "identify", kind, context["key"], "shown")

    def _store(self, event: Mapping[str, JSON], created: int, request: int) -> None:
        environment = self.vendor.environment
        subjects = list(_subjects(event))
        if not subjects:
            return
        kind, key = subjects[0]
        data = dict(event.get("data") or {}) if isinstance(event.get("data") or {}, dict) else {}
        if isinstance(event.get("metricValue"), int | float):
            data["metricValue"] = event["metricValue"]
        person, number = environment.context(kind, key), self.vendor.world.next_number("event")
        stamp = created // 1000
        person.events.append(
            Event(number, str(event["key"]), "custom", None, stamp, data, True, request)
        )
        person.operations += 1
        environment.record(request, "event", "custom", kind, key, "stored")


def _subjects(event: JSON) -> list[tuple[str, str]]:
    """(context kind, key) of everybody an event is about."""
    if not isinstance(event, dict):
        return []
    keys = event.get("contextKeys")
    if isinstance(keys, dict):
        return [(k, v) for k, v in keys.items() if isinstance(v, str) and v]
    try:
        contexts = contexts_of(event.get("context") or {})
    except (ValueError, AttributeError):
        return []
    return [(kind, context["key"]) for kind, context in contexts.items()]
