"""The seams to the outside that delivery stands on: HTTP, time, and the right to send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync.destinations.spec import Endpoint, Request, Response

CONNECTION_LOST = "connection-lost"
"""What an `AnswerUnknown` says of a connection that ended in the middle of an exchange."""

NOBODY_LISTENS = "connection-refused"
"""What a `RequestRefused` says of a host that is there, and runs nothing at the port."""

TOO_LARGE = "answer-too-large"
"""What an `AnswerUnknown` says of an answer over the request's `max_answer_bytes`."""


LEASE_OVER = "lease-over"
"""The code of a request that was not sent because no byte may leave any more."""


class RequestRefused(Exception):
    """The request provably never reached the vendor: name resolution, connect, TLS handshake."""


class AnswerUnknown(Exception):
    """A byte may have left and no complete answer came back: timeout, reset, too many bytes."""


class Permit(Protocol):
    """Says whether bytes may still leave. Each worker asks right before it sends them."""

    def allows(self) -> bool:
        """False from the moment on in which no byte may leave any more."""

    def seconds(self, wanted: float) -> float:
        """How long a request that begins now may take, `wanted` at most; 0 when none may begin."""


class Anytime:
    """A permit without an end, for conversations that only read."""

    def allows(self) -> bool:
        """True."""
        return True

    def seconds(self, wanted: float) -> float:
        """All that is wanted."""
        return wanted


ANYTIME = Anytime()


@dataclass(frozen=True, slots=True)
class Until:
    """A permit that ends at a moment of the calendar, if not before."""

    permit: Permit
    clock: Clock
    end: datetime

    def allows(self) -> bool:
        """Whether the moment is still to come."""
        return self.clock.now() < self.end and self.permit.allows()

    def seconds(self, wanted: float) -> float:
        """As the other permit says; nothing begins once the moment has come."""
        return self.permit.seconds(wanted) if self.clock.now() < self.end else 0.0


class Http(Protocol):
    """Sends one request and returns one complete response, redirects not followed."""

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        """Raises RequestRefused or AnswerUnknown; their texts hold no secret and no value.

        No byte leaves once `permit` forbids it, however long a connection took to open.
        """


class Clock(Protocol):
    """Time and chance, passed in so that tests can hold them still."""

    def now(self) -> datetime:
        """The current time in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never going back."""

    def elapsed(self) -> float:
        """The same, with the time in which the machine slept."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def random(self) -> float:
        """A number in [0, 1), for jitter."""
