"""How Gainsight PX says no, and how it hands out pages."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from activation_sandbox.call import JSON, Answer, Call, json_answer

HTML_FORBIDDEN = (
    b"<html><head><title>403 Forbidden</title></head><body>"
    b"<center><h1>403 Forbidden</h1></center></body></html>"
)


class Refused(Exception):
    """Answered with a status and the vendor's envelope."""

    def __init__(self, status: int, message: str, *details: str) -> None:
        self.status, self.message, self.details = status, message, details
        super().__init__(message)


def api_error(status: int, message: str, details: Sequence[str] = ()) -> Answer:
    """The envelope of every error."""
    error = {
        "status": HTTPStatus(status).name,
        "message": message,
        "debugMessage": None,
        "subErrors": [{"message": text} for text in details] or None,
    }
    return json_answer(status, {"externalapierror": error})


def entity(status: int, body: JSON = None) -> Answer:
    """The generic response entity."""
    name = HTTPStatus(status).name
    return json_answer(status, {"body": body, "statusCode": name, "statusCodeValue": status})


def written(status: str | int, documented: int) -> Answer:
    """The answer to a write: as documented, or under the status that a switch names."""
    if status == "documented":
        return Answer(204) if documented == 204 else entity(documented)
    return entity(int(status))


def nothing_found(what: str, key: str, value: str) -> Refused:
    """404 in the recorded words."""
    return Refused(404, f"{what} was not found for parameters {{{key}={value}}}")


def json_object(call: Call) -> dict[str, Any]:
    """The body; refused unless it is a JSON object."""
    try:
        body = call.json()
    except ValueError as e:
        raise Refused(400, "Malformed JSON request") from e
    if not isinstance(body, dict):
        raise Refused(400, "Malformed JSON request")
    return body


def filters(call: Call) -> list[str]:
    """Every `filter` parameter; several of them mean any of them."""
    pairs = parse_qsl(call.query_string, keep_blank_values=True)
    return [value for name, value in pairs if name == "filter"]


def number(call: Call, name: str, default: int, least: int, most: int) -> int:
    """An integer parameter within its bounds."""
    text = call.query.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise Refused(400, f"{name} must be between {least} and {most}")
    return int(text)


def page(call: Call, rows: list[JSON], name: str) -> Answer:
    """One page; `scrollId` is never null, not even on the last one."""
    size = number(call, "pageSize", 25, 1, 1000)
    scroll = call.query.get("scrollId") or "s0"
    if not scroll.startswith("s") or not scroll[1:].isdecimal():
        raise Refused(400, "unknown scrollId")
    start = int(scroll[1:])
    shown = rows[start : start + size]
    following = f"s{start + len(shown)}"
    return json_answer(200, {name: shown, "totalHits": len(rows), "scrollId": following})
