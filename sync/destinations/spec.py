"""What a destination is: declared limits and a conversation, without I/O.

A destination yields a `Request` and receives a `Response`; it answers with one `Outcome` per item.
The engine encodes, batches, sends, signs, paces, retries, bisects, redacts and journals.

What a destination sees: responses with a 2xx status, and those whose status its `verdicts` map to
`Verdict.READ`. Everything else (retryable statuses, credentials, too large, refused as a whole) is
the engine's.
"""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import isfinite
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from sync.destinations.credentials import Auth
from sync.destinations.credentials import Basic as Basic
from sync.destinations.credentials import Header as Header
from sync.destinations.credentials import Signed as Signed
from sync.errors import Problem
from sync.model import Change, Kind, Outcome, Sync

JSON = Any


class Verdict(StrEnum):
    """What the engine does with a status."""

    READ = "read"  # hand the response to the conversation
    RETRY = "retry"  # refused, safe to send again
    RETRY_UNKNOWN = "retry-unknown"  # may have been applied; again only if repeatable
    SPLIT = "split"  # refused as a whole: bisect, reject what stands alone
    SHRINK = "shrink"  # too large: halve, and remember
    STOP = "stop"  # credentials or configuration: stop this destination


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of a vendor's hosts, with the credential it takes. `name` is what requests refer to."""

    base_url: str
    auth: Auth | None = None
    requests_per_second: float | None = None


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

    def instant(self) -> datetime:
        """When the vendor answered, by its own clock: the only one that a destination has."""
        try:
            at = parsedate_to_datetime(self.headers["date"])
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (KeyError, ValueError, TypeError, IndexError, OverflowError) as e:
            raise UnreadableAnswer("the answer has no date") from e


NOTHING = Response(0, {}, b"")
"""What a conversation receives for a `Wait`."""


class BatchRefused(Exception):
    """The vendor refused a request as a whole, and none of it applied.

    Raised by a conversation, or thrown into it at a request whose status it does not read. One that
    does not catch it is bisected, until the guilty items stand alone; one with a request for each
    item catches it, as `one_by_one` does. `may_be_applied`: an earlier attempt got no answer.
    """

    def __init__(self, code: str, reason: str, may_be_applied: bool = False) -> None:
        self.code, self.reason, self.may_be_applied = str(code), str(reason), may_be_applied
        super().__init__(f"{code}: {reason}")


T = TypeVar("T")
Conversation = Generator[Request | Wait, Response, T]
"""Yields requests and waits; receives the Response to a Request, `NOTHING` for a Wait."""


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


@dataclass(frozen=True, slots=True)
class Health:
    """What a connection check found. `account` identifies the workspace and must never change."""

    account: str
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What the acknowledged snapshot says a destination should hold for one identity."""

    address: str
    is_member: bool
    traits: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was found for one `Expected`; `differing` names the traits that do not match."""

    address: str
    is_found: bool
    differing: tuple[str, ...] = ()
    note: str = ""
    """What holds back a row that is as it should be, in words that are the same for many rows."""


class Destination(Protocol):
    """One vendor. Built from its validated settings; holds no state of its own."""

    name: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]]
    settings: ClassVar[type[BaseModel]]
    """The connection in profiles.yml: region, keys, base_url."""
    options: ClassVar[type[BaseModel]]
    """The entry in a model's metadata: what only this vendor knows."""
    limits: Limits
    verdicts: ClassVar[Mapping[int, Verdict]]
    """Statuses this vendor uses differently from the engine's table."""
    coalesces: ClassVar[bool]
    """All pending changes of one identity, across syncs, become one item."""
    has_read_back: bool

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Hosts by name; the first is the default for `Request.to == ""`."""

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Offline: names, sizes and reserved words this vendor won't take; empty when fine."""

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """The JSON values one item contributes, one per step of `deliver`. Pure; same in, same out.

        Raises ValueError, without the value in its text, when a trait can't be expressed.
        """

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """Send one batch; answer one outcome per item, in order. All items are of one kind."""

    def check(self) -> Conversation[Health]:
        """Credentials, region, workspace. Never writes."""

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """Ask the vendor what it holds, where it can be asked."""


@runtime_checkable
class Hinting(Protocol):
    """A destination that takes what its users regret later."""

    @staticmethod
    def hints(sync: Sync) -> Sequence[Problem]:
        """Offline: what is better mapped otherwise. Told by `check`, and not refused."""


@runtime_checkable
class Sizing(Protocol):
    """A destination whose limits depend on what is sent."""

    def limits_for(self, syncs: Sequence[Sync]) -> Limits:
        """For a delivery of these syncs: one, or all that are coalesced with it. Pure."""


@runtime_checkable
class Preparing(Protocol):
    """A destination in which something has to exist before a sync can write to it."""

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """What is missing or unfit, each with the exact thing to create or change. Reads only.

        Asked by `debug`, `verify` and a run before its first change: problems hold the sync.
        """


class Lag(NamedTuple):
    """How long after an acknowledged write a vendor may still show what was there before."""

    seconds: float
    why: str
    """In words, for whoever wonders why somebody was not compared."""


@runtime_checkable
class Lagging(Protocol):
    """A destination that shows writes late: `read_back` is not asked about fresh ones."""

    lag: ClassVar[Lag]


@runtime_checkable
class Auditing(Protocol):
    """A destination that can find what is wrong over there, beyond the rows themselves."""

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """A problem for each thing to mend at the vendor, of what depends on these syncs."""


@runtime_checkable
class Linking(Protocol):
    """A destination with a page of its own about each person."""

    def person_url(self, address: str) -> str | None:
        """Where somebody who may log in sees that person; pure."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records pulled from a vendor. `cursor` continues after them and is kept in the state.

    Each record is a flat mapping with at least `record_id` and `recorded_at` (ISO 8601, UTC).
    """

    records: Sequence[Mapping[str, JSON]]
    cursor: str
    has_more: bool


@runtime_checkable
class Pulling(Protocol):
    """A destination that answers back: survey responses, for example."""

    def pull(self, cursor: str | None) -> Conversation[Page]:
        """The records after `cursor`, oldest first; all of them when it is None."""
