"""What reaches a vendor and what it answers, free of sockets and of ASGI."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

JSON = Any


@dataclass(frozen=True)
class Call:
    """One request as a vendor sees it. Header names are lower case; the path starts after the
    vendor's name.
    """

    number: int
    method: str
    path: str
    body: bytes
    now: float
    origin: str = ""
    """Scheme and host the client used, for `Location` headers."""
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    refuse: Mapping[str, str] = field(default_factory=dict)
    """Identities that a fault wants refused, each with the reason to give."""

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Query parameters; an unescaped plus sign is a space, as in any form encoding."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def basic(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic; None when there is none or it can't be read."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if colon else None

    @cached_property
    def bearer(self) -> str | None:
        """The bearer token, if that is how the call identifies itself."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def json(self) -> JSON:
        """The body; raises ValueError when it is not JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response. `items` is how many things the request carried, for the log."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    items: int = 1


def json_answer(status: int, value: JSON, items: int = 1) -> Answer:
    """An answer with a JSON body and its content type."""
    headers = (("content-type", "application/json; charset=utf-8"),)
    return Answer(status, orjson.dumps(value), headers, items)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits; `pattern` is what requests are counted under."""

    pattern: str
    handler: Handler
    params: Mapping[str, str]


class Routes:
    """Paths to handlers, compared segment by segment before percent-decoding.

    Decoding first would split an identifier that contains an escaped slash.
    """

    def __init__(self) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[str, list[str], Handler]]] = {}

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register `handler`; `{name}` in the pattern stands for one path segment."""
        segments = pattern.strip("/").split("/")
        shape = self._by_shape.setdefault((method, len(segments)), [])
        shape.append((pattern, segments, handler))

    def match(self, method: str, raw_path: str) -> Match | None:
        """The first route that fits, in the order in which routes were added."""
        given = raw_path.strip("/").split("/")
        for pattern, segments, handler in self._by_shape.get((method, len(given)), ()):
            params = _params(segments, given)
            if params is not None:
                return Match(pattern, handler, params)
        return None


def _params(segments: list[str], given: list[str]) -> dict[str, str] | None:
    params = {}
    for wanted, actual in zip(segments, given, strict=True):
        if wanted.startswith("{"):
            params[wanted[1:-1]] = unquote(actual)
        elif wanted != actual:
            return None
    return params
