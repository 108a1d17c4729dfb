"""How LaunchDarkly is called, and what counts as its answer.

Source: https://launchdarkly.com/docs/api (version 20240415, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sync.destinations.kit import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
)

VERSION = "20240415"  # a token has a default of its own, so always said
BETA = "beta"  # what is in beta answers 403 to any other version
SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"


@dataclass(frozen=True, slots=True)
class Place:
    """One environment of one project, in words and in paths."""

    project: str
    environment: str

    def __str__(self) -> str:
        return f"environment `{self.environment}` of project `{self.project}`"

    @property
    def segments(self) -> str:
        """Where its segments are."""
        return f"/api/v2/segments/{self.project}/{self.environment}"

    @property
    def inside(self) -> str:
        """The environment itself, and the start of what is asked about it."""
        return f"/api/v2/projects/{self.project}/environments/{self.environment}"


def api(
    method: str,
    path: str,
    json: JSON = None,
    query: Mapping[str, str] | None = None,
    version: str = VERSION,
) -> Request:
    """A request to the REST API; a PATCH is a semantic one."""
    headers = {"ld-api-version": version}
    if method == "PATCH":
        headers["content-type"] = SEMANTIC
    return Request(method, path, json=json, query=query or {}, headers=headers)


def read(request: Request) -> Conversation[dict[str, JSON]]:
    """The JSON object that a request is answered with."""
    return acknowledged((yield request)).object()


def acknowledged(response: Response, status: int = 200) -> Response:
    """The answer if it is this success; BatchRefused, in LaunchDarkly's words, if it refuses."""
    if response.status >= 400:
        try:
            said = response.object().get("message")
        except UnreadableAnswer:
            said = None
        raise BatchRefused(f"launchdarkly-{response.status}", str(said or "no reason given"))
    if response.status != status:
        raise UnreadableAnswer(f"a success is said with {status} here")
    return response


def within(said: JSON, *names: str) -> JSON:
    """What stands at a path in an answer; None where there is nothing."""
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said
