"""The forms of Fullstory's answers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from activation_sandbox.call import Answer, Call, json_answer

RETRY_AFTER_SECONDS = 3


class Add(Protocol):
    """Registers an endpoint; `reads` ones need a key that sees people."""

    def __call__(
        self, method: str, path: str, handler: Callable[[Call], Answer], reads: bool = False
    ) -> None:
        """Add one route."""


def refusal(status: int, code: str, message: str, *headers: tuple[str, str]) -> Answer:
    """The vendor's error envelope."""
    answer = json_answer(status, {"message": message, "code": code})
    return Answer(status, answer.body, (*answer.headers, *headers))


def busy() -> Answer:
    """429, with the wait in seconds."""
    wait = ("retry-after", str(RETRY_AFTER_SECONDS))
    return refusal(429, "too_many_requests", "too many requests", wait)


def not_found() -> Answer:
    """404: no such thing."""
    return refusal(404, "resource_not_found", "Requested resource does not exist")


def body_of(call: Call) -> dict[str, Any] | None:
    """The JSON object that was sent; None when it is something else."""
    try:
        body = call.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def page(call: Call, found: Sequence[Any], size: int) -> dict[str, Any]:
    """One page of a list; the total is a text, as all totals are."""
    start = _start(call.query.get("page_token", ""))
    body: dict[str, Any] = {
        "results": list(found[start : start + size]),
        "total_records": str(len(found)),
    }
    if start + size < len(found):
        body["next_page_token"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return body


def _start(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error):
        return 0
