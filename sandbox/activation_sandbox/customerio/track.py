"""The Track API, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from activation_sandbox.call import JSON, Answer, Call, Routes, json_answer
from activation_sandbox.customerio.operations import Op, subject
from activation_sandbox.customerio.rules import (
    EVENT_ACTIONS,
    SEGMENT_IDS,
    Error,
    check,
    error,
    is_email,
)

if TYPE_CHECKING:
    from activation_sandbox.customerio import Customerio

MAX_REQUEST_KILOBYTES = 500
MAX_ITEM_KILOBYTES = 32
MAX_V1_EVENT_BYTES = 100_000
HEADERS = (
    ("content-type", "application/json; charset=utf-8"),
    ("cache-control", "no-cache, no-store, must-revalidate, max-age=0"),
)


def accepted(items: int = 1) -> Answer:
    """The Track API's way of saying yes."""
    return Answer(200, b"{}\n", HEADERS, items)


def refused(errors: list[JSON], status: int = 400, items: int = 1) -> Answer:
    """A v2 answer that lists errors."""
    return Answer(status, orjson.dumps({"errors": errors}) + b"\n", HEADERS, items)


def meta_error(message: str) -> Answer:
    """A v1 refusal of a call about one customer."""
    return Answer(400, orjson.dumps({"meta": {"error": message}}), HEADERS)


def meta_errors(*messages: str) -> Answer:
    """A v1 refusal of an event or of a list of members."""
    return Answer(400, orjson.dumps({"meta": {"errors": messages}}), HEADERS)


class Track:
    """Both versions on both hosts; `host` is us or eu."""

    def __init__(self, vendor: Customerio, routes: Routes) -> None:
        self.vendor = vendor
        v1: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("PUT", "customers/{identifier}"): self.identify,
            ("DELETE", "customers/{identifier}"): self.delete,
            ("POST", "customers/{identifier}/events"): self.event,
            ("PUT", "customers/{identifier}/devices"): self.add_device,
            ("DELETE", "customers/{identifier}/devices/{token}"): self.delete_device,
            ("POST", "customers/{identifier}/suppress"): self.suppress,
            ("POST", "customers/{identifier}/unsuppress"): self.unsuppress,
            ("POST", "events"): self.anonymous_event,
            ("POST", "merge_customers"): self.merge,
            ("POST", "segments/{segment}/add_customers"): self.add_members,
            ("POST", "segments/{segment}/remove_customers"): self.remove_members,
        }
        for prefix, host in (("/track", "us"), ("/track-eu", "eu")):
            routes.add("GET", f"{prefix}/api/v1/accounts/region", self._guarded(self.region, None))
            routes.add("POST", f"{prefix}/api/v2/batch", self._guarded(self.batch, host))
            routes.add("POST", f"{prefix}/api/v2/entity", self._guarded(self.entity, host))
            for (method, path), handler in v1.items():
                routes.add(method, f"{prefix}/api/v1/{path}", self._guarded(handler, host))

    def _guarded(
        self, handler: Callable[[Call], Answer], host: str | None
    ) -> Callable[[Call], Answer]:
        """Credentials, region and pace; `host` None takes an account of any region."""

        def guarded(call: Call) -> Answer:
            switches = self.vendor.switches
            if call.basic != (switches.site_id, switches.track_key):
                return Answer(401, b'{"meta":{"error":"Unauthorized request"}}', HEADERS)
            if host is not None and host != switches.region and switches.wrong_region != "accept":
                return self._wrong_region(call, switches.wrong_region)
            limiter = self.vendor.track_limiter
            if host is not None and limiter is not None and not limiter.allow(call.now):
                return Answer(429, b"", HEADERS)
            return handler(call)

        return guarded

    def _wrong_region(self, call: Call, status: int) -> Answer:
        if self.vendor.switches.region == "us":
            return Answer(401, b'{"meta":{"error":"Unauthorized request"}}', HEADERS)
        path = call.path.replace("/track/", "/track-eu/", 1)
        query = f"?{call.query_string}" if call.query_string else ""
        location = f"{call.origin}/{self.vendor.name}{path}{query}"
        return Answer(status, b"", (*HEADERS, ("location", location)))

    def region(self, call: Call) -> Answer:
        """Where the account lives, whichever host is asked."""
        switches = self.vendor.switches
        suffix = "" if switches.region == "us" else "-eu"
        url = f"https://track{suffix}.customer.io"
        if switches.region_url == "sandbox":
            url = f"{call.origin}/{self.vendor.name}/track{suffix}"
        body = {"url": url, "region": switches.region, "environment_id": switches.environment_id}
        return json_answer(200, body)

    def batch(self, call: Call) -> Answer:
        """Many operations; each is accepted or refused by itself."""
        switches = self.vendor.switches
        if len(call.body) > MAX_REQUEST_KILOBYTES * switches.kilobyte:
            return refused([error("", "request is too large", "too_large")], self._oversize())
        try:
            ops = orjson.loads(call.body)["batch"]
        except (ValueError, TypeError, KeyError):
            return refused([error("batch", "must be a JSON object with an array `batch`")])
        if not isinstance(ops, list):
            return refused([error("batch", "must be an array")])
        if not ops:
            empty = switches.empty_batch == 200
            return accepted(0) if empty else refused([error("batch", "is empty")], items=0)
        errors: list[JSON] = []
        good: list[Op] = []
        for index, op in enumerate(ops):
            problems = self._problems(call, op)
            errors += [{"batch_index": index, **problem} for problem in problems]
            if not problems:
                good.append(op)
        if good:
            self.vendor.accept(good, call.number)
        if not errors:
            return accepted(len(ops))
        return refused(errors, 207 if good else switches.all_invalid_batch, len(ops))

    def entity(self, call: Call) -> Answer:
        """One operation."""
        if len(call.body) > MAX_ITEM_KILOBYTES * self.vendor.switches.kilobyte:
            return refused([error("", "request is too large", "too_large")], self._oversize())
        try:
            op = orjson.loads(call.body)
        except ValueError:
            return refused([error("", "must be a JSON object")])
        problems = self._problems(call, op)
        if problems:
            return refused(list(problems))
        self.vendor.accept([op], call.number)
        return accepted()

    def _oversize(self) -> int:
        return self.vendor.switches.oversize_status

    def _problems(self, call: Call, op: Any, max_bytes: int | None = None) -> list[Error]:
        """What is wrong with an operation: the rules, its size, or a fault that refuses it."""
        problems = check(op, self.vendor.switches)
        if problems:
            return problems
        limit = max_bytes or MAX_ITEM_KILOBYTES * self.vendor.switches.kilobyte
        if len(orjson.dumps(op)) > limit:
            return [error("", f"operation is larger than {limit} bytes", "too_large")]
        if call.refuse and (reason := call.refuse.get(subject(op)[1])) is not None:
            return [error("identifiers", reason)]
        return []

    # Version 1: the same operations in another dress.

    def _address(self, call: Call) -> dict[str, str]:
        """The kind of identifier, guessed from its shape, as the vendor does."""
        value = call.params["identifier"]
        if value.startswith("cio_"):
            return {"cio_id": value.removeprefix("cio_")}
        has_email = "email" in self.vendor.switches.identifiers
        return {"email" if has_email and is_email(value) else "id": value}

    def _object(self, call: Call) -> dict[str, Any]:
        body = orjson.loads(call.body) if call.body else {}
        if not isinstance(body, dict):
            raise TypeError("the body must be a JSON object")
        return body

    def _run(self, call: Call, op: Mapping[str, Any], complain: Callable[..., Answer]) -> Answer:
        is_event = op["action"] in EVENT_ACTIONS
        problems = self._problems(call, op, MAX_V1_EVENT_BYTES if is_event else None)
        if problems:
            return complain("; ".join(f"{p['field']} {p['message']}".strip() for p in problems))
        self.vendor.accept([op], call.number)
        return accepted()

    def identify(self, call: Call) -> Answer:
        """`PUT customers/{identifier}`: the body is the attributes."""
        try:
            attributes = self._object(call)
        except (ValueError, TypeError):
            return meta_error("the body must be a JSON object")
        op: dict[str, Any] = {"type": "person", "action": "identify"}
        op["identifiers"] = self._address(call)
        if "_timestamp" in attributes:
            op["timestamp"] = attributes.pop("_timestamp")
        related = attributes.pop("cio_relationships", None)
        op["attributes"] = attributes
        if isinstance(related, dict) and related.get("action") == "add_relationships":
            op["cio_relationships"] = related.get("relationships")
        return self._run(call, op, meta_error)

    def _simple(self, call: Call, action: str) -> Answer:
        op = {"type": "person", "action": action, "identifiers": self._address(call)}
        return self._run(call, op, meta_error)

    def delete(self, call: Call) -> Answer:
        """`DELETE customers/{identifier}`: 200 even for somebody unknown."""
        return self._simple(call, "delete")

    def suppress(self, call: Call) -> Answer:
        """Delete and block."""
        return self._simple(call, "suppress")

    def unsuppress(self, call: Call) -> Answer:
        """Free what was blocked."""
        return self._simple(call, "unsuppress")

    def add_device(self, call: Call) -> Answer:
        """Version 1 calls the token `id`."""
        try:
            device = dict(self._object(call)["device"])
        except (ValueError, TypeError, KeyError):
            return meta_error("device is required")
        device["token"] = device.pop("id", None)
        op = {"type": "person", "action": "add_device", "identifiers": self._address(call)}
        return self._run(call, {**op, "device": device}, meta_error)

    def delete_device(self, call: Call) -> Answer:
        """The token stands in the path."""
        op = {"type": "person", "action": "delete_device", "identifiers": self._address(call)}
        return self._run(call, {**op, "device": {"token": call.params["token"]}}, meta_error)

    def merge(self, call: Call) -> Answer:
        """`primary` and `secondary` as in version 2."""
        try:
            body = self._object(call)
        except (ValueError, TypeError):
            return meta_error("the body must be a JSON object")
        sides = {side: body.get(side) for side in ("primary", "secondary")}
        return self._run(call, {"type": "person", "action": "merge", **sides}, meta_error)

    def event(self, call: Call) -> Answer:
        """An event of a person."""
        return self._event(call, self._address(call))

    def anonymous_event(self, call: Call) -> Answer:
        """An event of somebody not yet known."""
        return self._event(call, None)

    def _event(self, call: Call, identifiers: dict[str, str] | None) -> Answer:
        try:
            body = self._object(call)
        except (ValueError, TypeError):
            return meta_errors("the body must be a JSON object")
        if not isinstance(body.get("data", {}), dict | None):
            return meta_errors("event data must be an object")
        action = body.get("type", "event")
        op = {"type": "person", "action": action if action in EVENT_ACTIONS else "event"}
        anonymous = {"anonymous_id": body.get("anonymous_id") or f"request-{call.number}"}
        op["identifiers"] = identifiers or anonymous
        op |= {key: body[key] for key in ("name", "id", "timestamp") if key in body}
        return self._run(call, {**op, "attributes": body.get("data") or {}}, meta_errors)

    def add_members(self, call: Call) -> Answer:
        """Add people to a manual segment."""
        return self._members(call, "add")

    def remove_members(self, call: Call) -> Answer:
        """Take people out of a manual segment."""
        return self._members(call, "remove")

    def _members(self, call: Call, action: str) -> Answer:
        id_type = call.query.get("id_type", "id")
        try:
            ids = self._object(call)["ids"]
        except (ValueError, TypeError, KeyError):
            return meta_errors("ids is required")
        number = call.params["segment"]
        segment = self.vendor.world.segments.get(int(number)) if number.isdecimal() else None
        problem = None
        if id_type not in ("id", "email", "cio_id"):
            problem = "id_type must be id, email or cio_id"
        elif not isinstance(ids, list) or not all(isinstance(i, str | int) for i in ids):
            problem = "ids must be an array of strings"
        elif len(ids) > SEGMENT_IDS:
            problem = f"ids cannot hold more than {SEGMENT_IDS} entries"
        elif segment is None or segment.type != "manual":
            problem = "segment is not a manual segment"
        elif any(str(i) in call.refuse for i in ids):
            problem = next(call.refuse[str(i)] for i in ids if str(i) in call.refuse)
        if problem:
            return meta_errors(problem)
        values = [str(i) for i in ids]
        self.vendor.change_members(int(number), action, id_type, values, call.number)
        return accepted(len(ids))
