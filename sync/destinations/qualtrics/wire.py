"""Qualtrics' envelope: what stands around every result, error and page."""

from __future__ import annotations

from collections.abc import Mapping

from sync.destinations.spec import JSON, Response, UnreadableAnswer

ROOT = "/API/v3"


def counted(response: Response) -> Mapping[str, JSON]:
    """The body of a success; anything without `meta`, or with an error in it, is no answer."""
    body = response.json()
    meta = body.get("meta") if isinstance(body, dict) else None
    if response.status >= 400 or not isinstance(meta, dict) or "error" in meta:
        raise UnreadableAnswer("no success in the vendor's envelope")
    return dict(body)


def result_of(response: Response, name: str = "result") -> Mapping[str, JSON]:
    """The object under `result` (`results` in import reports)."""
    result = counted(response).get(name)
    if not isinstance(result, dict):
        raise UnreadableAnswer(f"a success without `{name}`")
    return result


def text_of(result: Mapping[str, JSON], name: str) -> str:
    """A text that every success has."""
    value = result.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswer(f"a success without `{name}`")
    return value


def elements(response: Response) -> list[Mapping[str, JSON]]:
    """One page of a list."""
    found = result_of(response).get("elements")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnreadableAnswer("a page without `elements`")
    return found


def next_page(response: Response) -> str | None:
    """The path of the following page, query and all, exactly as the vendor wrote it."""
    url = result_of(response).get("nextPage")
    if not url:
        return None
    path = str(url).partition(ROOT)[2]
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise UnreadableAnswer("the next page is not an address of the API")
    return path


def message(response: Response) -> str:
    """The error's words and its code, and the request's id, which the vendor's support asks for."""
    try:
        meta = response.json().get("meta") or {}
        error = meta.get("error") or {}
        words = [str(error.get(name)) for name in ("errorMessage", "errorCode") if error.get(name)]
        if meta.get("requestId"):
            words.append(f"request {meta['requestId']}")
    except (UnreadableAnswer, AttributeError):
        words = []
    return "; ".join(words) or f"answered {response.status} without a word"
