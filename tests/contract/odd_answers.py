"""Answers of a vendor, spoiled by chance: bodies, statuses and headers that nobody documents."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sync.destinations.spec import Endpoint, Request, Response
from sync.http.ports import Permit

ODD = (
    *(None, True, False, 0, -1, 1, 2.5, 1e308, 10**30, "", "0", "7", "no", "\u202e", "x" * 300),
    *([], [None], [[]], [{}], ["a", 1], {}, {"a": None}, {"id": {}}, {"error": "no"}),
)
BODIES = (
    *(b"", b" ", b"null", b"[]", b"{}", b'"ok"', b"7", b"true", b'{"ok": false}', b"\xff\xfe"),
    *(b"<html><title>Sign in</title></html>", b'{"errors":[{"batch_index":0,"rea', b"NaN"),
    *(b'{"error": "forbidden"}', b'{"login_required": true}', b"[" * 5000, b"\xef\xbb\xbf{}"),
)
STATUSES = (200, 200, 200, 201, 202, 204, 206, 207, 400, 404, 409, 422, 500)
MOST_REQUESTS = 1_500


class EndlessConversation(AssertionError):
    """A conversation that asks and asks."""


@dataclass
class Mangler:
    """An HTTP port that spoils what the real one brings back.

    Each answer with some probability; when `is_stubborn`, every answer to a path in the same way.
    """

    inner: Any
    seed: int
    is_stubborn: bool = False
    chance: float = 0.5
    requests: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise EndlessConversation(f"{request.method} {request.path}")
        response = self.inner.send(endpoint, request, deadline_seconds, permit)
        rng = self._random
        if self.is_stubborn:
            rng = random.Random(f"{self.seed} {request.method} {request.path.partition('?')[0]}")
        return spoiled(response, rng) if rng.random() < self.chance else response


def spoiled(response: Response, rng: random.Random) -> Response:
    """Another status, other headers, a stray body, or one odd value inside the right one."""
    kind = rng.choice(("status", "headers", "body", "value", "value", "value", "value"))
    if kind == "status":
        return Response(rng.choice(STATUSES), response.headers, response.body)
    if kind == "headers":
        date = rng.choice(("", "yesterday", "Mon, 01 Jan 0001 00:00:00 -2300", "\u202e"))
        return Response(response.status, {**response.headers, "date": date}, response.body)
    if kind == "body":
        return Response(response.status, response.headers, rng.choice(BODIES))
    try:
        tree = json.loads(response.body)
    except ValueError:
        return Response(response.status, response.headers, rng.choice(BODIES))
    for _ in range(rng.choice((1, 1, 2, 3))):
        tree = _with_an_odd_value(tree, rng)
    return Response(response.status, response.headers, json.dumps(tree).encode())


def _odd(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(ODD))


def _with_an_odd_value(tree: Any, rng: random.Random) -> Any:
    places = list(_places(tree))
    if not places:
        return _odd(rng)
    holder, key = rng.choice(places)
    match rng.choice(("odd", "odd", "odd", "gone", "text", "extra")):
        case "gone":
            del holder[key]
        case "text":
            holder[key] = str(holder[key])
        case "extra" if isinstance(holder, dict):
            names = ("error", "next", "nextPage", "skipToken", "continuationToken", "x")
            holder[rng.choice(names)] = _odd(rng)
        case _:
            holder[key] = _odd(rng)
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a document, as what holds it and under which key."""
    if not isinstance(tree, dict | list):
        return
    keys: Any = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])
