"""How LaunchDarkly is called, and what counts as its answer.

Source: https://launchdarkly.com/docs/api (version 20240415, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.destinations.answers import UnreadableAnswer, listed, nothing_but_yes, refused, says_no
from sync.destinations.exchange import JSON, Conversation, Request, Response

VERSION = {"ld-api-version": "20240415"}  # a token has a default of its own, so always said
BETA = {"ld-api-version": "beta"}  # what is in beta answers 403 to any other version
SEMANTIC = {"content-type": "application/json; domain-model=launchdarkly.semanticpatch"}

Segment = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Environment:
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

    def moving(
        self, segment: str, is_big: bool, kind: str, lists: Mapping[str, Sequence[JSON]], why: str
    ) -> Request:
        """Moves contexts of one kind, whose keys are listed under `remove` and `add`."""
        path = f"{self.segments}/{segment}"
        if is_big:
            return Request("POST", f"{path}/contexts", {"included": lists})
        instructions = [
            {"kind": f"{verb}IncludedTargets", "contextKind": kind, "values": keys}
            for verb, keys in lists.items()
        ]
        body = {"environmentKey": self.environment, "instructions": instructions, "comment": why}
        return Request("PATCH", path, body, headers=SEMANTIC)


def read(request: Request) -> Conversation[dict[str, JSON]]:
    """The JSON object that a request is answered with."""
    return acknowledged((yield request)).object()


def items(request: Request) -> Conversation[Sequence[dict[str, JSON]]]:
    """The objects of the list that a request is answered with."""
    return listed((yield from read(request)), "items")


def acknowledged(response: Response, status: int = 200) -> Response:
    """The answer if it is this success; BatchRefused, in LaunchDarkly's words, if it refuses."""
    if response.status >= 400:
        raise refused(f"launchdarkly-{response.status}", response)
    if response.status != status:
        raise UnreadableAnswer(f"a success is said with {status} here")
    return response


def require_taken(segment: str, is_big: bool, response: Response) -> None:
    """Raise BatchRefused or UnreadableAnswer where the answer to `Environment.moving` is no yes."""
    if is_big:
        nothing_but_yes(acknowledged(response, 204))
    else:
        require_segment(segment, acknowledged(response))


def require_segment(key: str, response: Response) -> None:
    """A segment is written if the answer shows it, as it is now, and says nothing of an error."""
    shown = response.object()
    if shown.get("key") != key or says_no(shown, is_deep=False):  # inside are the rules of people
        raise UnreadableAnswer("the answer is not the segment that was written")


def within(said: JSON, *names: str) -> JSON:
    """What stands at a path in an answer; None where there is nothing."""
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said
