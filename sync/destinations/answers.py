"""What counts as a yes: a destination names the body, and every other success is no answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import TypeVar

from sync.destinations.exchange import JSON, Conversation, Response, Wait
from sync.destinations.exchange import BatchRefused as BatchRefused
from sync.destinations.exchange import UnreadableAnswer as UnreadableAnswer
from sync.destinations.exchange import listed as listed
from sync.destinations.yes import says_no as says_no
from sync.destinations.yes import says_yes

T = TypeVar("T")

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def empty(response: Response) -> None:
    """The documented body is `{}`; raises UnreadableAnswer for any other."""
    if response.object():
        raise UnreadableAnswer("a success that says more than is documented")


def free_of_no(response: Response) -> Mapping[str, JSON]:
    """The body of a success whose form is the receiver's own: an object without a refusal, or
    nothing where the status is another than 200, which comes with a body.

    Raises UnreadableAnswer for anything else, a page of HTML for example.
    """
    body = object_if_any(response)
    if says_no(body):
        raise UnreadableAnswer("a success that speaks of an error")
    return body


def nothing_but_yes(response: Response) -> None:
    """The same, of a vendor that documents no body: there is none, or words such as
    `{"ok": true}`."""
    if not says_yes(object_if_any(response)):
        raise UnreadableAnswer("a success that says more than is documented")


def object_if_any(response: Response) -> Mapping[str, JSON]:
    """The object in a success; nothing where the status is another than 200 and has no body."""
    is_bare = response.status != 200 and not response.body.strip()
    return {} if is_bare else response.object()


def mapping(value: JSON) -> Mapping[str, JSON]:
    """An object; an absent one is empty. Raises UnreadableAnswer for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableAnswer("there is no object where one should be")
    return value


def inside(body: Mapping[str, JSON], *names: str) -> Mapping[str, JSON]:
    """The object at the end of a path of names, in the same way."""
    for name in names:
        body = mapping(body.get(name))
    return body


def text_of(body: Mapping[str, JSON], name: str) -> str:
    """A text that has to be there; raises UnreadableAnswer without it."""
    value = body.get(name)
    if isinstance(value, str) and value:
        return value
    raise UnreadableAnswer(f"an answer without `{name}`")


def entries(value: JSON) -> Sequence[JSON]:
    """A list; an absent one is empty. Raises UnreadableAnswer for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableAnswer("there is no list where one should be")
    return value


def objects(value: JSON) -> Sequence[Mapping[str, JSON]]:
    """A list of objects, in the same way."""
    return [mapping(one) for one in entries(value)]


def whole(value: JSON) -> int | None:
    """A whole number, written as a number or as digits; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if type(value) is int else None


def word(value: JSON) -> str:
    """A name or number as text; empty for whatever names nothing."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def chunks(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The rows in their order, so many at a time."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def paged(
    ask: Callable[[str], Conversation[tuple[Sequence[T], str]]], what: str, most: float = inf
) -> Conversation[list[T]]:
    """Every entry of a list: `ask` has those of one page, and the token of the next; "" at the end.

    It is called with "" first. Raises UnreadableAnswer where the pages of `what` do not end, or
    have more than `most` entries.
    """
    found: list[T] = []
    token, seen = "", {""}
    while True:
        page, token = yield from ask(token)
        found += page
        if not token:
            return found
        if token in seen or len(found) > most:
            raise UnreadableAnswer(f"the pages of {what} do not end")
        seen.add(token)


STEP_SECONDS = 15.0
"""How often a job is looked at, unless the vendor wants less."""


class StillWorking(UnreadableAnswer):
    """What is polled did not end in time."""


FIRST_SECONDS = (1.0, 2.0, 4.0, 8.0)


def poll(
    look: Callable[[], Conversation[T | None]],
    what: str,
    most_seconds: float = 3600.0,
    step_seconds: float = STEP_SECONDS,
) -> Conversation[T]:
    """What `look` finds, once it is not None; raises StillWorking when `what` takes too long.

    Looks after 1, 2, 4 and 8 seconds, then every `step_seconds`; once at least.
    """
    for seconds in _pauses(most_seconds, step_seconds):
        yield Wait(seconds)
        found = yield from look()
        if found is not None:
            return found
    raise StillWorking(f"{what} did not end in {most_seconds / 60:.0f} minutes")


def _pauses(most: float, step: float) -> Iterator[float]:
    spent = 0.0
    for seconds in FIRST_SECONDS:
        if spent > most:
            return
        spent += seconds
        yield min(seconds, step)
    while spent < most:
        spent += step
        yield step


def words_of(response: Response) -> str:
    """The vendor's own words, not yet redacted: of HTML its title, of JSON its messages."""
    text = response.body[:20_000].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = _TITLE.search(text)
        return f"an HTML page: {title.group(1).strip()}" if title else "an HTML page"
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return "; ".join(_messages(body)) or text


def _messages(body: object, depth: int = 0) -> list[str]:
    """Texts under the usual names, in the order they stand in."""
    if depth > 4:
        return []
    if isinstance(body, list):
        return [found for one in body[:5] for found in _messages(one, depth + 1)]
    if not isinstance(body, dict):
        return [body] if isinstance(body, str) and depth else []
    names = ("message", "detail", "reason", "field", "error", "errors", "meta", "error_description")
    return [found for name in names if name in body for found in _messages(body[name], depth + 1)]


def refused(code: str, response: Response) -> BatchRefused:
    """All of a request was refused, in the vendor's words."""
    return BatchRefused(code, words_of(response) or f"answered {response.status} without a word")
