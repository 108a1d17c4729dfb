"""The Pipelines API: calls shaped like Segment's, translated into operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import Answer, Call, Routes, json_answer
from activation_sandbox.customerio.operations import Op
from activation_sandbox.customerio.rules import check

if TYPE_CHECKING:
    from activation_sandbox.customerio import Customerio

MAX_CALL_KILOBYTES = 32
MAX_BATCH_KILOBYTES = 500
TYPES = ("identify", "track", "page", "screen", "group", "alias")


class Pipelines:
    """Without strict mode everything answers 200, and what is wrong is dropped."""

    def __init__(self, vendor: Customerio, routes: Routes) -> None:
        self.vendor = vendor
        for prefix in ("/cdp/v1", "/cdp-eu/v1"):
            for kind in TYPES:
                routes.add("POST", f"{prefix}/{kind}", self._single(kind))
            routes.add("POST", f"{prefix}/batch", self.batch)

    def _single(self, kind: str) -> Callable[[Call], Answer]:
        def single(call: Call) -> Answer:
            return self._take(call, MAX_CALL_KILOBYTES, lambda body: [{**body, "type": kind}])

        return single

    def batch(self, call: Call) -> Answer:
        """Many calls of any type."""
        return self._take(call, MAX_BATCH_KILOBYTES, lambda body: list(body["batch"]))

    def _take(
        self, call: Call, kilobytes: int, calls_of: Callable[[Any], list[Mapping[str, Any]]]
    ) -> Answer:
        switches = self.vendor.switches
        strict = call.headers.get("x-strict-mode") == "1"
        if call.basic != (switches.source_key, ""):
            if strict or not switches.cdp_silent_401:
                return json_answer(401, {"error": {"message": "invalid API key"}})
            return json_answer(200, {"success": True})
        problem, ops = None, []
        if len(call.body) > kilobytes * switches.kilobyte:
            problem = "the request is too large"
        else:
            try:
                ops = [op for item in calls_of(call.json()) for op in operations(item)]
            except (ValueError, TypeError, KeyError, AttributeError):
                problem = "the request is not a valid call"
        if problem is None and any(check(op, switches) for op in ops):
            problem = "a call is not valid"
        if problem is not None and strict:
            return json_answer(400, {"error": {"message": problem}})
        good = [op for op in ops if not check(op, switches)]
        if good:
            self.vendor.accept(good, call.number)
        return json_answer(200, {"success": True}, len(ops) or 1)


def operations(item: Mapping[str, Any]) -> list[Op]:
    """One call as operations of the Track API; raises KeyError or ValueError when it is none."""
    kind = item["type"]
    if kind == "alias":
        return []
    op: dict[str, Any] = {"type": "person", "action": kind, "identifiers": _who(item)}
    if kind == "identify":
        return [{**op, "attributes": dict(item.get("traits") or {})}]
    if kind == "group":
        return [_group(item)]
    if kind not in TYPES:
        raise ValueError("unknown type")
    data = dict(item.get("properties") or {})
    name = item["event"] if kind == "track" else item.get("name") or "page"
    if kind == "track" and name in SEMANTIC:
        return [SEMANTIC[name](op["identifiers"], data)]
    op |= {"action": "event" if kind == "track" else kind, "name": name, "attributes": data}
    if item.get("messageId"):
        op["id"] = str(item["messageId"])
    if item.get("timestamp"):
        op["timestamp"] = int(datetime.fromisoformat(str(item["timestamp"])).timestamp())
    return [op]


def _who(item: Mapping[str, Any]) -> dict[str, str]:
    if item.get("userId"):
        value = str(item["userId"])
        return {"email" if "@" in value else "id": value}
    return {"anonymous_id": str(item["anonymousId"])}


def _object(data: Mapping[str, Any], key: str) -> dict[str, str]:
    return {"object_type_id": str(data.get("objectTypeId", "1")), "object_id": str(data[key])}


def _group(item: Mapping[str, Any]) -> Op:
    traits = {k: v for k, v in (item.get("traits") or {}).items() if k != "objectTypeId"}
    target = _object({**(item.get("traits") or {}), "groupId": item["groupId"]}, "groupId")
    op: dict[str, Any] = {"type": "object", "action": "identify", "identifiers": target}
    op["attributes"] = traits
    if item.get("userId"):
        op["cio_relationships"] = [{"identifiers": _who(item)}]
    return op


def _person(action: str) -> Callable[[dict[str, str], Mapping[str, Any]], Op]:
    return lambda who, data: {"type": "person", "action": action, "identifiers": who}


SEMANTIC: Mapping[str, Callable[[dict[str, str], Mapping[str, Any]], Op]] = {
    "User Deleted": _person("delete"),
    "User Suppressed": _person("suppress"),
    "User Unsuppressed": _person("unsuppress"),
    "Object Deleted": lambda who, data: {
        "type": "object",
        "action": "delete",
        "identifiers": _object(data, "objectId"),
    },
    "Relationship Deleted": lambda who, data: {
        "type": "object",
        "action": "delete_relationships",
        "identifiers": _object(data, "objectId"),
        "cio_relationships": [{"identifiers": who}],
    },
}
