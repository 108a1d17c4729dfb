"""The control API under `/_sandbox`: what arrived, switches, faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activation_sandbox.dump import SUBJECTS, dump, find_person, person_json
from activation_sandbox.faults import Fault, FaultSpec
from activation_sandbox.gate import Traffic
from activation_sandbox.vendor import Vendor

APPLIED_PAGE = 100_000

Vendors = Mapping[str, Vendor[Any]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Wrong(Exception):
    """Answered with 400 and the text."""


def control_routes(vendors: Vendors, traffic: Traffic) -> list[Route]:
    """The endpoints, ready to be mounted."""
    control = Control(vendors, traffic)
    return [
        _route("/health", control.health),
        _route("/state", control.state),
        _route("/person", control.person),
        _route("/counters", control.counters),
        _route("/applied", control.applied),
        _route("/requests", control.requests),
        _route("/switches", control.switches),
        _route("/switches", control.set_switches, "POST"),
        _route("/faults", control.faults),
        _route("/faults", control.add_fault, "POST"),
        _route("/faults", control.clear_faults, "DELETE"),
        _route("/reset", control.reset, "POST"),
        _route("/settle", control.settle, "POST"),
        _route("/seed", control.seed, "POST"),
    ]


def _route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    async def guarded(request: Request) -> Response:
        if is_foreign(request):
            return answer({"error": "pages of other origins may not use the sandbox"}, 403)
        try:
            return await endpoint(request)
        except (Wrong, ValueError) as e:
            return answer({"error": str(e)}, 400)

    return Route(path, guarded, methods=[method])


def is_foreign(request: Request) -> bool:
    """Whether a page of another origin sent it."""
    origin = request.headers.get("origin")
    return origin is not None and origin != f"http://{request.headers.get('host')}"


def answer(value: Any, status: int = 200) -> Response:
    """A JSON response."""
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json")


class Control:
    """Reads and changes the vendors' worlds; everything runs on the server's one thread."""

    def __init__(self, vendors: Vendors, traffic: Traffic) -> None:
        self._vendors = vendors
        self._traffic = traffic

    def _vendor(self, request: Request) -> Vendor[Any]:
        name = request.query_params.get("vendor", next(iter(self._vendors)))
        if name not in self._vendors:
            raise Wrong(f"no vendor {name!r}; there are: {', '.join(self._vendors)}")
        vendor = self._vendors[name]
        vendor.settle()
        return vendor

    async def health(self, request: Request) -> Response:
        """Up, and which vendors there are."""
        return answer({"status": "ok", "vendors": list(self._vendors)})

    async def state(self, request: Request) -> Response:
        """Everything a vendor holds, or one `part` of it."""
        vendor = self._vendor(request)
        part = request.query_params.get("part")
        if part is not None and part not in SUBJECTS:
            raise Wrong(f"no part {part!r}; there are: {', '.join(SUBJECTS)}")
        parts = {p: dump(vendor, p) for p in ([part] if part else SUBJECTS)}
        return answer({**parts, "pending": vendor.pending})

    async def person(self, request: Request) -> Response:
        """One person by any identifier, `null` when there is none."""
        vendor = self._vendor(request)
        found = find_person(vendor.world, request.query_params.get("id", ""))
        return answer(person_json(found, vendor) if found else None)

    async def counters(self, request: Request) -> Response:
        """Requests, and operations per identity and type."""
        vendor = self._vendor(request)
        return answer(
            {
                **self._traffic.counters(),
                "people": len(vendor.world.people),
                "objects": len(vendor.world.objects),
                "applied": len(vendor.world.applied),
                "operations": dict(vendor.world.operations),
            }
        )

    async def applied(self, request: Request) -> Response:
        """The log of accepted operations from ordinal `since` on, and where to go on."""
        log = self._vendor(request).world.applied
        since = int(request.query_params.get("since", 0))
        limit = int(request.query_params.get("limit", APPLIED_PAGE))
        rows = [entry._asdict() for entry in islice(log, max(since, 0), max(since, 0) + limit)]
        return answer({"applied": rows, "next": since + len(rows), "total": len(log)})

    async def requests(self, request: Request) -> Response:
        """The last requests, newest first."""
        limit = int(request.query_params.get("limit", 100))
        recent = self._traffic.recent(limit, request.query_params.get("vendor"))
        return answer({"requests": recent})

    async def switches(self, request: Request) -> Response:
        """Every switch with its value, default and meaning."""
        vendor = self._vendor(request)
        values = vendor.switches.model_dump(mode="json")
        fields = type(vendor.switches).model_fields
        default = type(vendor.switches)().model_dump(mode="json")
        return answer(
            {
                name: {"value": v, "default": default[name], "about": fields[name].description}
                for name, v in values.items()
            }
        )

    async def set_switches(self, request: Request) -> Response:
        """Change the switches that the body names."""
        vendor = self._vendor(request)
        try:
            vendor.set_switches(await _object(request))
        except ValidationError as e:
            raise Wrong(complaints(e)) from e
        return answer(vendor.switches.model_dump(mode="json"))

    async def faults(self, request: Request) -> Response:
        """The active faults and how often each struck."""
        return answer({"faults": [fault_json(f) for f in self._traffic.faults]})

    async def add_fault(self, request: Request) -> Response:
        """Activate the fault in the body."""
        try:
            spec = FaultSpec.model_validate(await _object(request))
        except ValidationError as e:
            raise Wrong(complaints(e)) from e
        if spec.vendor is not None and spec.vendor not in self._vendors:
            raise Wrong(f"no vendor {spec.vendor!r}; there are: {', '.join(self._vendors)}")
        return answer(fault_json(self._traffic.faults.add(spec)), 201)

    async def clear_faults(self, request: Request) -> Response:
        """Take back the fault `id`, or all."""
        given = request.query_params.get("id")
        self._traffic.faults.clear(int(given) if given else None)
        return answer({"faults": [fault_json(f) for f in self._traffic.faults]})

    async def reset(self, request: Request) -> Response:
        """Forget what arrived and all faults; `switches=1` restores the switches as well."""
        for vendor in self._vendors.values():
            if request.query_params.get("switches") == "1":
                vendor.restore_switches()
            vendor.reset()
        self._traffic.reset()
        self._traffic.faults.clear()
        return answer({"status": "ok"})

    async def settle(self, request: Request) -> Response:
        """Let accepted writes take effect at once."""
        vendor = self._vendor(request)
        vendor.settle(everything=True)
        return answer({"pending": vendor.pending})

    async def seed(self, request: Request) -> Response:
        """Create what the vendor's API can't."""
        try:
            self._vendor(request).seed(await _object(request))
        except (KeyError, TypeError, AttributeError) as e:
            raise Wrong("this is not what the vendor can be seeded with") from e
        return answer({"status": "ok"})


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.body())
    except ValueError as e:
        raise Wrong("the body must be a JSON object") from e
    if not isinstance(body, dict):
        raise Wrong("the body must be a JSON object")
    return body


def complaints(error: ValidationError) -> str:
    """What pydantic found, one line each."""
    lines = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
    return "\n".join(dict.fromkeys(lines))


def fault_json(fault: Fault) -> dict[str, Any]:
    """A fault as the control API shows it: what was asked for, and what came of it."""
    asked = fault.spec.model_dump(mode="json", exclude_defaults=True)
    return {"id": fault.id, "struck": fault.struck, "seen": fault.seen, **asked}
