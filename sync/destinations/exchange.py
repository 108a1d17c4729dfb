"""What a conversation exchanges with the engine: requests, answers, waits, jobs, items.

A destination yields a `Request` and receives a `Response`; it answers with one `Outcome` per item.
It sees responses with a 2xx status, and those whose status its `verdicts` map to `Verdict.READ`.
Everything else (retryable statuses, credentials, too large, refused as a whole) is the engine's.
"""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import isfinite
from typing import Any, NamedTuple, TypeVar

from sync.destinations.credentials import Auth
from sync.model import Change, Sync

JSON = Any


class Verdict(StrEnum):
    """What the engine does with a status."""

    READ = "read"  # hand the response to the conversation
    RETRY = "retry"  # refused, safe to send again
    RETRY_UNKNOWN = "retry-unknown"  # may have been applied; again only if repeatable
    SPLIT = "split"  # refused as a whole: bisect, reject what stands alone
    SHRINK = "shrink"  # too large: halve, and remember
    STOP = "stop"  # credentials or configuration: stop this destination


SANDBOX_PORT = 8765
"""Where the sandbox answers unless it is asked to use another port."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of a vendor's hosts, with the credential it takes. `name` is what requests refer to."""

    base_url: str
    auth: Auth | None = None
    requests_per_second: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request that does not have its own."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request and one item may weigh; bytes are of the encoded JSON.

    256 bytes of each request are kept for what stands around the items.
    """

    items: int
    request_bytes: int
    item_bytes: int
    requests_per_second: float
    concurrency: int = 4
    reset_headers: tuple[str, ...] = ()
    """Where a 429 says when its window ends, besides `Retry-After`; lower case, best first. Read
    as an instant in milliseconds or seconds, or as seconds from now, by its size."""
    window_seconds: float = 0.0
    """How long a 429 without any of them is waited for at least: the length of a window."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `to` names the endpoint; the engine adds credentials.

    The body is `json` (in which `bytes`, such as items' parts, are JSON already), or `content` as
    it is, with its content type in `headers`. `is_repeatable`: sending it twice does no harm.
    """

    method: str
    path: str
    json: JSON = None
    content: bytes | None = None
    to: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = True
    reads: frozenset[int] = frozenset()
    """Statuses whose answer goes to the conversation, here and for no other request."""
    max_answer_bytes: int = 8_000_000
    deadline_seconds: float | None = None
    """From connecting to the last byte of the answer; None takes the run's own. For downloads."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause a conversation, for example between two polls of a job; ValueError without an end."""

    seconds: float

    def __post_init__(self) -> None:
        if not isfinite(self.seconds):
            raise ValueError("a wait has an end")


@dataclass(frozen=True, slots=True)
class Begun:
    """A job of the vendor has taken items, and works them off later. Yielded before it is asked.

    From then on the job outlives the run: what it has not told by the end of a run, a later one
    asks for (`Destination.resume`). None of its items is sent again before.
    """

    job: str
    """What `resume` needs to ask: an id, for example. No value of a row."""
    items: Sequence[Item]
    """In the order of the job. Empty when it has ended and the conversation knows what it did."""
    owing: frozenset[int] = frozenset()
    """The places of items for which more than the job is due."""


class NoAnswer(Exception):
    """Thrown into a conversation at a request that brought no answer, or was not to be sent.

    A conversation that does not catch it ends there, for all its items. One that does answers
    `Unknown` for the item of the request, or `NotAttempted` if it provably had no effect, and has
    outcomes for the others. It should end soon: a vendor that is down takes no other request.
    """

    def __init__(self, code: str, may_be_applied: bool = True) -> None:
        self.code, self.may_be_applied = code, may_be_applied
        super().__init__(code)


class UnreadableAnswer(Exception):
    """The body is not what the vendor documents: the outcome is unknown, never success."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> JSON:
        """Parse the body; raises UnreadableAnswer when it is not JSON."""
        try:
            return stdlib_json.loads(self.body)
        except (ValueError, RecursionError) as e:
            raise UnreadableAnswer("the body is not JSON") from e

    def object(self) -> dict[str, JSON]:
        """Parse a body that must be a JSON object; raises UnreadableAnswer when it is none."""
        body = self.json()
        if not isinstance(body, dict):
            raise UnreadableAnswer("the body is no JSON object")
        return body

    def list(self, name: str) -> Sequence[dict[str, JSON]]:
        """The objects listed under a name; raises UnreadableAnswer when it lists none."""
        return listed(self.object(), name)

    def instant(self) -> datetime:
        """When the vendor answered, by its own clock: the only one that a destination has."""
        try:
            at = parsedate_to_datetime(self.headers["date"])
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (KeyError, ValueError, TypeError, IndexError, OverflowError) as e:
            raise UnreadableAnswer("the answer has no date") from e


def listed(body: Mapping[str, JSON], name: str) -> Sequence[dict[str, JSON]]:
    """The objects listed under a name; raises UnreadableAnswer when it lists anything else."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnreadableAnswer(f"the answer does not list {name}")
    return found


NOTHING = Response(0, {}, b"")
"""What a conversation receives for a `Wait` and for `Begun`."""


class BatchRefused(Exception):
    """The vendor refused a request as a whole, and none of it applied.

    Raised by a conversation, or thrown into it at a request whose status it does not read. One that
    does not catch it is bisected, until the guilty items stand alone; one with a request for each
    item catches it, as `one_by_one` does. `may_be_applied`: an earlier attempt got no answer.
    """

    def __init__(self, code: str, reason: str, may_be_applied: bool = False) -> None:
        self.code, self.reason, self.may_be_applied = str(code), str(reason), may_be_applied
        super().__init__(f"{code}: {reason}")


class WrongOutcomes(Exception):
    """A stage has no outcome for some of its rows, or too many; `where` is its file and line."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        super().__init__(text)


T = TypeVar("T")
Conversation = Generator[Request | Wait | Begun, Response, T]
"""Yields requests, waits and begun jobs; receives the Response to a Request, else `NOTHING`."""


class Piece(NamedTuple):
    """One change of one sync."""

    sync: Sync
    change: Change


class Item(NamedTuple):
    """What is batched: the changes of one identity (one, unless the destination coalesces).

    `parts` are what `encode` returned, each serialised to `bytes`, None where a step does not
    concern this item; put them into a request's `json`.
    """

    pieces: tuple[Piece, ...]
    parts: tuple[JSON, ...]
