"""Qualtrics' envelope, its errors, and what a request's body must look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activation_sandbox.call import JSON, Answer, Call, json_answer

REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
    429: "Too Many Requests",
}


class Refusal(Exception):
    """Answered as an error with this status."""

    def __init__(self, status: int, text: str, code: str = "QVAL_1") -> None:
        self.status, self.text, self.code = status, text, code
        super().__init__(text)


def success(call: Call, result: JSON = None, items: int = 1, **more: Any) -> Answer:
    """200 with `result`; without one, only `meta`."""
    return answer(call, 200, {} if result is None else {"result": result}, items, **more)


def answer(
    call: Call, status: int, body: Mapping[str, JSON], items: int = 1, notice: str | None = None
) -> Answer:
    """Any success in the envelope."""
    meta = {"httpStatus": f"{status} - {REASONS[status]}", "requestId": f"req-{call.number:08x}"}
    if notice is not None:
        meta["notice"] = notice
    return json_answer(status, {**body, "meta": meta}, items)


def error(call: Call, refusal: Refusal) -> Answer:
    """The vendor's error body."""
    words = {"errorMessage": refusal.text, "errorCode": refusal.code}
    status = f"{refusal.status} - {REASONS[refusal.status]}"
    meta = {"httpStatus": status, "requestId": f"req-{call.number:08x}", "error": words}
    return json_answer(refusal.status, {"meta": meta})


def body_of(call: Call) -> dict[str, Any]:
    """The body as an object; Refusal when it is none."""
    try:
        body = call.json()
    except ValueError:
        raise Refusal(400, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not an object")
    return body


def page_size(call: Call, most: int, is_clamped: bool) -> int:
    """`pageSize`, at most `most`."""
    text = call.query.get("pageSize", str(most))
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise Refusal(400, "pageSize is not a positive number")
    if int(text) > most and not is_clamped:
        raise Refusal(400, f"pageSize is at most {most}")
    return min(int(text), most)


def skip(call: Call) -> int:
    """Where a page starts, from its opaque token."""
    token = call.query.get("skipToken", "")
    try:
        return int(bytes.fromhex(token).decode()) if token else 0
    except ValueError:
        raise Refusal(400, "skipToken is not one of ours") from None


def skip_token(start: int) -> str:
    """The token of a later page."""
    return str(start).encode().hex()
