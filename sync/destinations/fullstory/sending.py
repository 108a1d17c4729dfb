"""How one step of a batch is sent, users or events: each by itself, or together in a job."""

from __future__ import annotations

from collections.abc import Mapping

from sync.destinations.fullstory.jobs import HEADERS, Write, error_of, import_all
from sync.destinations.fullstory.operations import event_id, event_key
from sync.destinations.singles import one_by_one
from sync.destinations.spec import Conversation, Item, Request, UnreadableAnswer
from sync.model import DELIVERED, Outcome, Rejected


def user_write(item: Item) -> Write:
    """The user of an item. No key: a state that returns within the day is to be written again."""
    return Write(item.parts[0], item.pieces[0].change.address)


def event_write(item: Item) -> Write:
    """The event of an item, which may follow its user."""
    sync, change = item.pieces[0]
    return Write(
        item.parts[1],
        event_id(sync, change),
        event_key(sync, change),
        is_partial=item.parts[0] is not None,
        is_doubtful=change.is_doubtful,
    )


def send(
    resource: str, writes: Mapping[int, Write], batch_from: int
) -> Conversation[dict[int, Outcome]]:
    """An outcome for each place of users or events. So many as `batch_from` or more make a job.

    An event in doubt never joins one: only by itself it has the key it may have been sent under.
    """
    outcomes: dict[int, Outcome] = {}
    joint = {place: write for place, write in writes.items() if not write.is_doubtful}
    if len(joint) >= batch_from:
        results = yield from import_all(resource, list(joint.values()))
        outcomes.update(zip(joint, results, strict=True))
    alone = {place: write for place, write in writes.items() if place not in outcomes}
    results = yield from one_by_one(
        alone.values(), lambda write: _alone(resource, write), lambda write: write.is_partial
    )
    return outcomes | dict(zip(alone, results, strict=True))


def _alone(resource: str, write: Write) -> Conversation[Outcome]:
    headers = {**HEADERS, "Idempotency-Key": write.key} if write.key else HEADERS
    response = yield Request("POST", f"/v2/{resource}", json=write.body, headers=headers)
    if response.status >= 400:
        return Rejected(*error_of(response), write.is_partial)
    body = response.object()
    if {"code", "message", "results", "errors"} & body.keys():
        raise UnreadableAnswer("a success that speaks of an error")
    if resource == "users" and not isinstance(body.get("id"), str):
        raise UnreadableAnswer("the answer does not name a user")
    return DELIVERED
