"""What Customer.io is sent in each stage, and what its answers say of each row."""

from __future__ import annotations

from collections.abc import Sequence

from sync.destinations.answers import empty, refused
from sync.destinations.customerio.operations import Options
from sync.destinations.erasure import Erased, Known
from sync.destinations.exchange import JSON, Conversation, Request, Response, UnreadableAnswer
from sync.destinations.stages import Row
from sync.model import DELIVERED, Op, Outcome, Rejected, Retry, Sync

PARTLY_ACCEPTED = 207


def operate(rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    """What the rows have to say in one stage: states, or events that follow them."""
    body = {"batch": [row.part for row in rows]}
    return _outcomes((yield Request("POST", "/api/v2/batch", json=body)), len(rows))


def change_members(rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    """Join and leave manual segments: a request for each segment and direction."""
    calls: dict[tuple[str, str], list[JSON]] = {}
    for row in rows:
        verb = "remove" if row.change.op is Op.REMOVE else "add"
        path = f"/api/v1/segments/{Options.of(row.sync).manual_segment}/{verb}_customers"
        calls.setdefault((path, row.sync.identify_by or "id"), []).append(row.part)
    for (path, by), ids in calls.items():
        response = yield Request("POST", path, json={"ids": ids}, query={"id_type": by})
        if response.status == 400:
            raise refused("customerio-manual-segment", response)
        empty(response)
    return [DELIVERED] * len(rows)


def forget(how: str, known: Known, syncs: Sequence[Sync]) -> Conversation[Erased]:
    """Delete the profile, or delete and block it; one that does not exist is accepted too."""
    identifiers = {known.identify_by or "id": known.external_id}
    operation = {"type": "person", "action": how, "identifiers": identifiers}
    response = yield Request("POST", "/api/v2/batch", json={"batch": [operation]})
    (outcome,) = _outcomes(response, 1)
    if outcome != DELIVERED:
        raise refused("customerio-400", response)
    return Erased(f"POST /api/v2/batch, {how}", str(response.status))


def _outcomes(response: Response, count: int) -> Sequence[Outcome]:
    """A 200 accepts all, with the empty object. A 207 accepts whatever it does not list. A 400
    accepts nothing: listed items are refused, the others are sent again without them."""
    is_refusal = response.status == 400
    if not is_refusal and response.status != PARTLY_ACCEPTED:
        empty(response)
        return [DELIVERED] * count
    blamed = _blamed(response.json() if is_refusal else response.object(), count)
    if not blamed and is_refusal:
        raise refused("customerio-400", response)
    if not blamed:
        raise UnreadableAnswer("errors that can't be told apart by item")
    other = Retry() if is_refusal else DELIVERED
    return [
        Rejected("customerio-invalid", "; ".join(blamed[i])) if i in blamed else other
        for i in range(count)
    ]


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
