"""Qualtrics' envelope: what stands around every result, error and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.destinations.answers import inside, listed, paged, says_no, word
from sync.destinations.exchange import JSON, Conversation, Request, Response, UnreadableAnswer

ROOT = "/API/v3"
CRITERIA = {"extRef": "externalDataReference", "email": "email"}
"""What search and the rules of deduplication call a key."""


def counted(response: Response) -> Mapping[str, JSON]:
    """The body of a success; anything without `meta`, or with an error in it, is no answer."""
    body = response.object()
    meta = body.get("meta")
    if (
        response.status >= 400
        or not isinstance(meta, dict)
        or any(says_no(one, is_deep=False) for one in (meta, body))
    ):
        raise UnreadableAnswer("no success in the vendor's envelope")
    if not word(meta.get("httpStatus")).startswith("2"):
        raise UnreadableAnswer("a success whose envelope names no success")
    return body


def result_of(response: Response, name: str = "result") -> Mapping[str, JSON]:
    """The object under `result` (`results` in import reports)."""
    result = counted(response).get(name)
    if not isinstance(result, dict):
        raise UnreadableAnswer(f"a success without `{name}`")
    return result


def elements(response: Response) -> Sequence[Mapping[str, JSON]]:
    """One page of a list."""
    return listed(result_of(response), "elements")


def pages(path: str) -> Conversation[Sequence[Mapping[str, JSON]]]:
    """Every element of a list, page by page. A list that is not there has none."""

    def page(following: str) -> Conversation[tuple[Sequence[Mapping[str, JSON]], str]]:
        response = yield Request("GET", following or path, to="api")
        if response.status == 404:
            return [], ""
        return elements(response), next_page(response) or ""

    return (yield from paged(page, "a list"))


def next_page(response: Response) -> str | None:
    """The path of the following page, query and all, exactly as the vendor wrote it."""
    url = result_of(response).get("nextPage")
    return path_of(url) if url else None


def path_of(url: JSON) -> str:
    """The path below the API's root of an address that the vendor wrote."""
    path = str(url).partition(ROOT)[2]
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise UnreadableAnswer("the next page is not an address of the API")
    return path


def message(response: Response) -> str:
    """The error's words and its code, and the request's id, which the vendor's support asks for."""
    try:
        meta = inside(response.object(), "meta")
        error = inside(meta, "error")
    except UnreadableAnswer:
        meta = error = {}
    words = [str(error[name]) for name in ("errorMessage", "errorCode") if error.get(name)]
    if meta.get("requestId"):
        words.append(f"request {meta['requestId']}")
    return "; ".join(words) or f"answered {response.status} without a word"
