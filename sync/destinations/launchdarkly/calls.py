"""How LaunchDarkly is called: its paths, headers, and its own way of saying `later`.

Source: https://launchdarkly.com/docs/api (version 20240415, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
    Wait,
)

VERSION = {"ld-api-version": "20240415"}  # a token has a default of its own, so always said
SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"
WINDOW_SECONDS = 10.0  # the length of a rate limit's window
PATIENCE = 3


class Busy(UnreadableAnswer):
    """Refused for now: over the rate limit, or somebody else was writing."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        super().__init__("LaunchDarkly asked to come again later")


@dataclass(frozen=True, slots=True)
class Place:
    """One environment of one project; makes requests about it."""

    project: str
    environment: str

    def segment(self, *more: str) -> str:
        """The path of the segments, of one, or of something below it."""
        return "/".join(["/api/v2/segments", self.project, self.environment, *map(_quoted, more)])

    def inside(self, *more: str) -> str:
        """The path of the environment, or of something below it."""
        project = f"/api/v2/projects/{self.project}/environments"
        return "/".join([project, self.environment, *more])


def api(
    method: str, path: str, json: JSON = None, query: Mapping[str, str] | None = None
) -> Request:
    """A request to the REST API; a PATCH is a semantic one."""
    headers = {**VERSION, "content-type": SEMANTIC} if method == "PATCH" else VERSION
    return Request(method, path, json=json, query=query or {}, headers=headers)


def exchange(request: Request) -> Conversation[Response]:
    """Send, and wait out a full window a few times; Busy when that was not enough."""
    seconds = 0.0
    for _ in range(PATIENCE):
        response = yield request
        if response.status != 429:
            return response
        seconds = refill_seconds(response.headers)
        yield Wait(seconds)
    raise Busy(seconds)


def read(request: Request) -> Conversation[dict[str, JSON]]:
    """The JSON object of a success; BatchRefused where it is none."""
    response = yield from exchange(request)
    return body_of(response)


def body_of(response: Response) -> dict[str, JSON]:
    """The JSON object of a success; BatchRefused with LaunchDarkly's words for a refusal."""
    if response.status >= 400:
        raise refusal(response)
    body = response.json()
    if not isinstance(body, dict):
        raise UnreadableAnswer("the body is no JSON object")
    return body


def refusal(response: Response) -> BatchRefused:
    """The request was refused and nothing of it applied."""
    try:
        body = response.json()
    except UnreadableAnswer:
        body = None
    said = body.get("message") if isinstance(body, dict) else None
    return BatchRefused(f"launchdarkly-{response.status}", str(said or "no reason given"))


def refill_seconds(headers: Mapping[str, str]) -> float:
    """Until the limit's window is over: `Retry-After` is in seconds, a reset is an instant in
    milliseconds and may lie in the past."""
    try:
        if "retry-after" in headers:
            return min(max(float(headers["retry-after"]), 0.1), 300.0)
        reset = headers.get("x-ratelimit-reset") or headers["x-ratelimit-auth-token-reset"]
        instant = server_time(headers)
        ahead = float(reset) / 1000 - instant.timestamp() if instant else 0.0
    except (KeyError, ValueError):
        return WINDOW_SECONDS
    return min(ahead, 300.0) if ahead > 0 else WINDOW_SECONDS


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """When LaunchDarkly says it answered: the only clock a destination has."""
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None


def _quoted(part: str) -> str:
    return quote(part, safe="")
