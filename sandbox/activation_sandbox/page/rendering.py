"""Templates, and how moments, sizes and values are written on the page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

SHOWN_CHARACTERS = 300
DATED = re.compile(r"(^|_)(at|on|date|day|since|until|time|timestamp|expires|last|first)(_|$)")
"""Names of attributes whose numbers are read as moments."""
SECONDS = range(10**9, 4 * 10**9)
"""Moments from 2001 to 2096 in seconds since 1970."""


def render(template: str, status: int = 200, **values: Any) -> Response:
    """A page; it may load and run nothing but its own style and script."""
    body = (
        _environment()
        .get_template(template)
        .render(style=_source("page.css"), script=_source("page.js"), **values)
    )
    return HTMLResponse(body, status, headers=_security())


@cache
def _source(name: str) -> str:
    return files("activation_sandbox").joinpath("templates", name).read_text("utf-8")


@cache
def _security() -> Mapping[str, str]:
    policy = {
        "default-src": "'none'",
        "style-src": _digest("page.css"),
        "script-src": _digest("page.js"),
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{k} {v}" for k, v in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }


def _digest(name: str) -> str:
    digest = hashlib.sha256(_source(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


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
    environment.globals["moment"] = moment_of
    return environment


def when(at: float) -> str:
    """A point in time, in UTC."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return str(at)


def moment_of(name: str, value: Any) -> str:
    """The moment that a number of seconds or milliseconds stands for; empty for other values."""
    if isinstance(value, bool) or not isinstance(value, int) or not DATED.search(name):
        return ""
    seconds = value // 1000 if value // 1000 in SECONDS else value
    return when(seconds) if seconds in SECONDS else ""


def shown_size(size: int) -> str:
    """A number of bytes."""
    return f"{size:,} B" if size < 10_000 else f"{size / 1000:,.0f} kB"


def shown_value(value: Any) -> str:
    """A trait's value as JSON, cut where it gets long; texts without quotes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"
