"""What Customer.io's answers to a write say about each item."""

from __future__ import annotations

from sync.destinations.answers import empty
from sync.destinations.spec import JSON, BatchRefused, Response, UnreadableAnswer
from sync.model import Outcome, Rejected, Retry

PARTLY_ACCEPTED = 207


def refused(code: str, response: Response) -> BatchRefused:
    """All of the request was refused, in the vendor's words."""
    return BatchRefused(code, response.body[:2000].decode("utf-8", "replace"))


def exceptions(response: Response, count: int, is_partial: bool) -> dict[int, Outcome]:
    """What became of the items that a batch answer does not accept, by their place in it.

    A 200 accepts all, with the empty object. A 207 accepts whatever it does not list. A 400 accepts
    nothing: listed items are refused, the others are sent again without them.
    """
    is_refusal = response.status == 400
    if not is_refusal and response.status != PARTLY_ACCEPTED:
        empty(response)
        return {}
    blamed = _blamed(response.json() if is_refusal else response.object(), count)
    if not blamed and is_refusal:
        raise refused("customerio-400", response)
    if not blamed:
        raise UnreadableAnswer("errors that can't be told apart by item")
    rejected: dict[int, Outcome] = {
        place: Rejected("customerio-invalid", "; ".join(texts), is_partial)
        for place, texts in blamed.items()
    }
    return {**dict.fromkeys(range(count), Retry()), **rejected} if is_refusal else rejected


def _blamed(body: JSON, count: int) -> dict[int, list[str]]:
    """What is said of each item, by its place; empty when an error is not of an item we sent, or
    when anything else is said."""
    if not isinstance(body, dict) or body.keys() != {"errors"}:
        return {}
    listed: dict[int, list[str]] = {}
    for error in body["errors"] if isinstance(body["errors"], list) else ():
        place = error.get("batch_index") if isinstance(error, dict) else None
        if type(place) is not int or not 0 <= place < count:
            return {}
        words = (str(error.get(name) or "") for name in ("field", "message", "reason"))
        listed.setdefault(place, []).append(" ".join(word for word in words if word))
    return listed
