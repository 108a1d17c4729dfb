"""The seams to the outside that delivery stands on: HTTP and time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sync.destinations.spec import Endpoint, Request, Response

CONNECTION_LOST = "connection-lost"
"""What an `AnswerUnknown` says of a connection that ended in the middle of an exchange."""

NOBODY_LISTENS = "connection-refused"
"""What a `RequestRefused` says of a host that is there, and runs nothing at the port."""

TOO_LARGE = "answer-too-large"
"""What an `AnswerUnknown` says of an answer over the request's `max_answer_bytes`."""


class RequestRefused(Exception):
    """The request provably never reached the vendor: name resolution, connect, TLS handshake."""


class AnswerUnknown(Exception):
    """A byte may have left and no complete answer came back: timeout, reset, too many bytes."""


class Http(Protocol):
    """Sends one request and returns one complete response, redirects not followed."""

    def send(self, endpoint: Endpoint, request: Request, deadline_seconds: float) -> Response:
        """Raises RequestRefused or AnswerUnknown; their texts hold no secret and no value."""


class Clock(Protocol):
    """Time and chance, passed in so that tests can hold them still."""

    def now(self) -> datetime:
        """The current time in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never going back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def random(self) -> float:
        """A number in [0, 1), for jitter."""
