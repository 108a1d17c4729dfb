"""The page: what arrived, as HTML rendered on the server. It needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from activation_sandbox.control import is_foreign
from activation_sandbox.dump import find_person
from activation_sandbox.gate import Traffic
from activation_sandbox.page import breaking, exchanges, segments
from activation_sandbox.page.finding import figures, known_as, recent_activities, search
from activation_sandbox.page.rendering import render
from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Event, Person

PAGE_ROWS = 50
RECENT = 25

Vendors = Mapping[str, Vendor[Any]]


def page_routes(vendors: Vendors, traffic: Traffic) -> list[Route]:
    """The overview at `/`, under `/_page` the people of each vendor, requests and faults."""
    page = Page(vendors, traffic)
    return [
        Route("/", page.overview),
        Route("/_person", page.everywhere),
        Route("/_page/mark", page.mark),
        Route("/_page/faults", page.fault, methods=["POST"]),
        Route("/_page/request/{number:int}", page.request),
        Route("/_page/{vendor}", page.people),
        Route("/_page/{vendor}/objects", page.objects),
        Route("/_page/{vendor}/person/{key}", page.person),
    ]


class Page:
    """Reads the same worlds as the control API; changes nothing but faults."""

    def __init__(self, vendors: Vendors, traffic: Traffic) -> None:
        self._vendors = vendors
        self._traffic = traffic

    async def mark(self, request: Request) -> Response:
        """A text that changes with everything that the page shows; the page asks for it."""
        return PlainTextResponse(self._mark(), headers={"cache-control": "no-store"})

    def _mark(self) -> str:
        faults = list(self._traffic.faults)
        pending = sum(vendor.pending for vendor in self._vendors.values())
        counted = sum(totals["requests"] for totals in self._traffic.totals.values())
        ids = sum(fault.id for fault in faults)
        return f"{self._traffic.number}.{counted}.{pending}.{len(faults)}.{ids}"

    async def overview(self, request: Request) -> Response:
        """Totals, segments, faults, last requests."""
        for vendor in self._vendors.values():
            vendor.settle()
        used = [v for v in self._vendors.values() if self._is_used(v)]
        recent = list(self._traffic.exchanges)[: -RECENT - 1 : -1]
        return self._html(
            "overview.html",
            vendors=list(self._vendors.values()),
            cards=[(v, self._figures(v), segments.segments(v)) for v in used],
            requests=[(one.entry, exchanges.tone(one.entry)) for one in recent],
            faults=list(self._traffic.faults),
            presets=breaking.PRESETS,
        )

    def _figures(self, vendor: Vendor[Any]) -> list[tuple[str, int]]:
        return figures(vendor, self._traffic.totals.get(vendor.name, {}))

    def _is_used(self, vendor: Vendor[Any]) -> bool:
        world = vendor.world
        return bool(world.people or world.objects or vendor.name in self._traffic.totals)

    async def people(self, request: Request) -> Response:
        """A page of people, found by any part of an identifier or of a value."""
        vendor = self._of(request)
        if vendor is None:
            return self._missing("vendor")
        wanted = request.query_params.get("q", "").strip()
        segment = segments.find(vendor, request.query_params.get("segment", ""))
        found = search(vendor, wanted, segment)
        number, last = _paging(request, len(found))
        return self._html(
            "people.html",
            vendor=vendor,
            people=found[(number - 1) * PAGE_ROWS : number * PAGE_ROWS],
            total=len(found),
            wanted=wanted,
            segment=segment,
            number=number,
            last=last,
        )

    async def objects(self, request: Request) -> Response:
        """A page of objects, the newest first."""
        vendor = self._of(request)
        if vendor is None:
            return self._missing("vendor")
        found = list(vendor.world.objects.values())[::-1]
        number, last = _paging(request, len(found))
        shown = found[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
        return self._html(
            "objects.html", vendor=vendor, objects=shown, total=len(found), number=number, last=last
        )

    async def person(self, request: Request) -> Response:
        """Everything about one person."""
        vendor = self._of(request)
        if vendor is None:
            return self._missing("vendor")
        person = find_person(vendor.world, request.path_params["key"])
        if person is None:
            return self._missing("person")
        return self._html(
            "person.html",
            vendor=vendor,
            person=person,
            segments=segments.of(vendor, person),
            events=_newest(person)[:200],
            activities=recent_activities(vendor.world, person),
        )

    async def everywhere(self, request: Request) -> Response:
        """One person across all vendors, found by any identifier they know."""
        wanted = request.query_params.get("q", "").strip()
        found = []
        for vendor in self._vendors.values():
            vendor.settle()
            found += [
                {
                    "vendor": vendor,
                    "person": person,
                    "segments": segments.of(vendor, person),
                    "events": _newest(person),
                }
                for person in known_as(vendor.world, wanted)
            ]
        return self._html("everywhere.html", wanted=wanted, found=found)

    async def request(self, request: Request) -> Response:
        """One of the last requests, with both bodies."""
        exchange = exchanges.find(self._traffic.exchanges, request.path_params["number"])
        if exchange is None:
            return self._missing("request")
        entry = exchange.entry
        vendor = self._vendors[entry.vendor]
        return self._html(
            "request.html",
            entry=entry,
            vendor=vendor,
            tone=exchanges.tone(entry),
            query=exchanges.hide(exchange.query, vendor),
            sent=exchanges.body(exchange.sent, entry.request_bytes, vendor),
            answered=exchanges.body(exchange.answered, entry.response_bytes, vendor),
        )

    async def fault(self, request: Request) -> Response:
        """Switch a fault on, or take one or all back, and show the overview."""
        if is_foreign(request):
            return PlainTextResponse("pages of other origins may not use the sandbox", 403)
        given = {k: v[0] for k, v in parse_qs((await request.body()).decode("latin-1")).items()}
        vendor = given.get("vendor", "")
        if given.get("fault") in breaking.PRESETS and vendor in ("", *self._vendors):
            self._traffic.faults.add(breaking.spec_of(given["fault"], vendor))
        elif "mend" in given:
            self._traffic.faults.clear(_number(given["mend"], 0) or None)
        return RedirectResponse("/", 303)

    def _of(self, request: Request) -> Vendor[Any] | None:
        vendor = self._vendors.get(request.path_params["vendor"])
        if vendor is not None:
            vendor.settle()
        return vendor

    def _html(self, template: str, status: int = 200, **values: Any) -> Response:
        return render(template, status, mark=self._mark(), **values)

    def _missing(self, what: str) -> Response:
        return self._html("missing.html", 404, what=what)


def _newest(person: Person) -> list[Event]:
    return sorted(person.events, key=lambda e: (e.timestamp, e.number), reverse=True)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else default


def _paging(request: Request, rows: int) -> tuple[int, int]:
    last = max(1, -(-rows // PAGE_ROWS))
    return min(max(_number(request.query_params.get("page"), 1), 1), last), last
