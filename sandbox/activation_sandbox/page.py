"""The page: what arrived, as HTML rendered on the server. It needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from activation_sandbox.dump import find_person
from activation_sandbox.gate import Traffic
from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Person, World

PAGE_ROWS = 50
RECENT = 15
SHOWN_CHARACTERS = 300

Vendors = Mapping[str, Vendor[Any]]


@cache
def _style() -> str:
    return files("activation_sandbox").joinpath("templates", "page.css").read_text("utf-8")


@cache
def _security() -> dict[str, str]:
    """Only our own style may apply, and nothing else may load or run."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; " + (
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("activation_sandbox", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "when": when,
        "clock": lambda at: f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}",
        "value": shown_value,
        "number": lambda n: f"{n:,}",
        "size": shown_size,
        "query": lambda values: urlencode({k: v for k, v in values.items() if v != ""}),
    }
    return environment


def when(at: float) -> str:
    """A point in time, in UTC."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return str(at)


def shown_size(size: int) -> str:
    """A number of bytes."""
    return f"{size:,} B" if size < 10_000 else f"{size / 1000:,.0f} kB"


def shown_value(value: Any) -> str:
    """A trait's value as JSON, cut where it gets long; texts without quotes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"


def _html(template: str, status: int = 200, **values: Any) -> Response:
    body = _environment().get_template(template).render(style=_style(), **values)
    return HTMLResponse(body, status, headers=_security())


def page_routes(vendors: Vendors, traffic: Traffic) -> list[Route]:
    """The overview at `/`, and under `/_page` the people and each person of a vendor."""
    page = Page(vendors, traffic)
    return [
        Route("/", page.overview),
        Route("/_person", page.everywhere),
        Route("/_page/{vendor}", page.people),
        Route("/_page/{vendor}/objects", page.objects),
        Route("/_page/{vendor}/person/{key}", page.person),
    ]


class Page:
    """Reads the same worlds as the control API; changes nothing."""

    def __init__(self, vendors: Vendors, traffic: Traffic) -> None:
        self._vendors = vendors
        self._traffic = traffic

    async def overview(self, request: Request) -> Response:
        """Totals, last requests, active faults."""
        cards = []
        for name, vendor in self._vendors.items():
            vendor.settle()
            totals = self._traffic.totals.get(name, Counter())
            cards.append({"vendor": vendor, "figures": figures(vendor, totals)})
        return _html(
            "overview.html",
            cards=cards,
            requests=self._traffic.recent(RECENT),
            faults=list(self._traffic.faults),
            traffic=self._traffic,
        )

    async def people(self, request: Request) -> Response:
        """A page of people, found by any part of an identifier or of a value."""
        vendor = self._vendors.get(request.path_params["vendor"])
        if vendor is None:
            return self._missing("vendor")
        vendor.settle()
        wanted = request.query_params.get("q", "").strip()
        segment = _number(request.query_params.get("segment"), 0)
        found = search(vendor, wanted, segment)
        number, last = _paging(request, len(found))
        return _html(
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
        """A page of objects."""
        vendor = self._vendors.get(request.path_params["vendor"])
        if vendor is None:
            return self._missing("vendor")
        vendor.settle()
        found = list(vendor.world.objects.values())
        number, last = _paging(request, len(found))
        shown = found[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
        return _html(
            "objects.html", vendor=vendor, objects=shown, total=len(found), number=number, last=last
        )

    async def person(self, request: Request) -> Response:
        """Everything about one person."""
        vendor = self._vendors.get(request.path_params["vendor"])
        if vendor is None:
            return self._missing("vendor")
        vendor.settle()
        person = find_person(vendor.world, request.path_params["key"])
        if person is None:
            return self._missing("person")
        events = sorted(person.events, key=lambda e: (e.timestamp, e.number), reverse=True)
        return _html(
            "person.html",
            vendor=vendor,
            person=person,
            segments=vendor.segments_of(person),
            events=events[:200],
            activities=_activities(vendor.world, person),
        )

    async def everywhere(self, request: Request) -> Response:
        """One person across all vendors, found by any identifier they know."""
        wanted = request.query_params.get("q", "").strip()
        found = []
        for vendor in self._vendors.values():
            vendor.settle()
            for person in known_as(vendor.world, wanted):
                events = sorted(person.events, key=lambda e: (e.timestamp, e.number), reverse=True)
                segments = vendor.segments_of(person)
                found.append(
                    {"vendor": vendor, "person": person, "segments": segments, "events": events}
                )
        return _html("everywhere.html", wanted=wanted, found=found)

    def _missing(self, what: str) -> Response:
        return _html("missing.html", 404, what=what)


def figures(vendor: Vendor[Any], totals: Mapping[str, int]) -> list[tuple[str, int]]:
    """What the overview counts for a vendor."""
    world = vendor.world
    return [
        ("people", len(world.people)),
        ("objects", len(world.objects)),
        ("segments", len(world.segments)),
        ("events", sum(len(p.events) for p in world.people.values())),
        ("deliveries", len(world.deliveries)),
        ("operations", len(world.applied)),
        ("requests", totals.get("requests", 0)),
        ("failed requests", totals.get("failed", 0)),
    ]


def search(vendor: Vendor[Any], wanted: str, segment: int = 0) -> list[Person]:
    """People with `wanted` in an identifier or value, within a segment if one is given."""
    people = vendor.world.people.values()
    chosen = vendor.world.segments.get(segment)
    if chosen is not None:
        people_in = [p for p in people if chosen in vendor.segments_of(p)]
    else:
        people_in = list(people)
    if not wanted:
        return people_in
    text = wanted.casefold()
    return [
        p
        for p in people_in
        if any(text in v.casefold() for v in p.identifiers.values())
        or any(text in str(v).casefold() for v in p.attributes.values())
    ]


def known_as(world: World, wanted: str) -> list[Person]:
    """People with exactly this identifier, whatever the vendor calls it."""
    text = wanted.casefold()
    people = world.people.values() if text else ()
    return [p for p in people if any(v.casefold() == text for v in p.identifiers.values())]


def _activities(world: World, person: Person) -> list[dict[str, Any]]:
    known = set(person.identifiers.items())
    log = reversed(world.activities)
    about = (a for a in log if known & set(a["customer_identifiers"].items()))
    return [a for _, a in zip(range(20), about, strict=False)]


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else default


def _paging(request: Request, rows: int) -> tuple[int, int]:
    last = max(1, -(-rows // PAGE_ROWS))
    return min(max(_number(request.query_params.get("page"), 1), 1), last), last
