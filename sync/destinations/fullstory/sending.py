"""How one step of a batch is sent, users or events: each by itself, or together in a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sync.destinations.answers import empty, word
from sync.destinations.fullstory.jobs import HEADERS, NotToBeRead, Write, error_of, import_all
from sync.destinations.fullstory.operations import event_id, event_key
from sync.destinations.one_by_one import one_by_one
from sync.destinations.spec import Conversation, Item, Request, UnreadableAnswer
from sync.destinations.stages import in_halves
from sync.model import DELIVERED, Outcome, Rejected, Unknown

USER = frozenset(
    "id uid display_name email is_being_deleted properties schema type_conflicts app_url".split()
)
"""What the answer to a written user may hold."""
NO_READER = Unknown(
    "fullstory-no-reader",
    "some events of an import job were refused, and api_key may not read which: set read_api_key",
)


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
        results = yield from _together(resource, list(joint.values()), batch_from)
        outcomes.update(zip(joint, results, strict=True))
    alone = {place: write for place, write in writes.items() if place not in outcomes}
    results = yield from _singly(resource, alone.values())
    return outcomes | dict(zip(alone, results, strict=True))


def _together(
    resource: str, writes: Sequence[Write], batch_from: int
) -> Conversation[Sequence[Outcome]]:
    """As one job. Where the key may not read which rows of a job failed, users are sent again in
    halves, which does no harm, until the failing ones go alone; events stay unconfirmed."""
    has_users = any(write.is_partial for write in writes)
    if has_users:  # they were written before, and are not sent again
        return (yield from in_halves(writes, lambda rows: _job(resource, rows, batch_from)))
    return (yield from _job(resource, writes, batch_from))


def _job(
    resource: str, writes: Sequence[Write], batch_from: int
) -> Conversation[Sequence[Outcome]]:
    if len(writes) < batch_from:
        return (yield from _singly(resource, writes))
    try:
        return (yield from import_all(resource, writes))
    except NotToBeRead:
        if resource == "events":
            return [NO_READER] * len(writes)
    middle = len(writes) // 2
    first = yield from _job(resource, writes[:middle], batch_from)
    return [*first, *(yield from _job(resource, writes[middle:], batch_from))]


def _singly(resource: str, writes: Iterable[Write]) -> Conversation[Sequence[Outcome]]:
    return (
        yield from one_by_one(
            writes, lambda write: _alone(resource, write), lambda write: write.is_partial
        )
    )


def _alone(resource: str, write: Write) -> Conversation[Outcome]:
    headers = {**HEADERS, "Idempotency-Key": write.key} if write.key else HEADERS
    response = yield Request("POST", f"/v2/{resource}", json=write.body, headers=headers)
    if response.status >= 400:
        return Rejected(*error_of(response), write.is_partial)
    if resource == "events":
        empty(response)
        return DELIVERED
    body = response.object()
    if not (word(body.get("id")) and body.keys() <= USER):
        raise UnreadableAnswer("the answer is no user")
    return DELIVERED
