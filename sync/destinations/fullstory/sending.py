"""How one stage of a batch is sent, users or events: each by itself, or together in a job."""

from __future__ import annotations

from collections.abc import Sequence

from sync.destinations.fullstory.jobs import HEADERS, NotToBeRead, error_of, import_all, key_of
from sync.destinations.fullstory.reading import absent
from sync.destinations.kit import (
    DELIVERED,
    Conversation,
    Outcome,
    Rejected,
    Request,
    Row,
    Stage,
    Unknown,
    UnreadableAnswer,
    each,
    empty,
    word,
)

USER = frozenset(
    "id uid display_name email is_being_deleted properties schema type_conflicts app_url".split()
)
"""What the answer to a written user may hold."""
NO_READER = Unknown(
    "fullstory-no-reader",
    "some events of an import job were refused, and api_key may not read which: set read_api_key",
)


def writing(resource: str, batch_from: int, can_read: bool) -> Stage:
    """Writes users or events. So many as `batch_from` or more make a job.

    Who must not be created is looked up first, where the connection can read.
    """

    def write(rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        first = [row for row in rows if not row.has_begun]
        ends = (yield from absent(first)) if can_read else {}
        due = [row for row in rows if row not in ends]
        # An event in doubt joins no job: only by itself it has the key it may have been sent under.
        joint = [row for row in due if resource == "users" or not row.change.is_doubtful]
        if len(joint) >= batch_from:
            ends |= zip(joint, (yield from _job(resource, joint, batch_from)), strict=True)
        alone = [row for row in due if row not in ends]
        ends |= zip(alone, (yield from _singly(resource)(alone)), strict=True)
        return [ends[row] for row in rows]

    return write


def _job(resource: str, rows: Sequence[Row], batch_from: int) -> Conversation[Sequence[Outcome]]:
    """As one job. Where the key may not read which rows of a job failed, users are sent again in
    halves, which does no harm, until the failing ones go alone; events stay unconfirmed."""
    if len(rows) < batch_from:
        return (yield from _singly(resource)(rows))
    try:
        return (yield from import_all(resource, rows))
    except NotToBeRead:
        if resource == "events":
            return [NO_READER] * len(rows)
    middle = len(rows) // 2
    first = yield from _job(resource, rows[:middle], batch_from)
    return [*first, *(yield from _job(resource, rows[middle:], batch_from))]


def _singly(resource: str) -> Stage:
    return each(lambda row: _alone(resource, row))


def _alone(resource: str, row: Row) -> Conversation[Outcome]:
    key = key_of(resource, row)
    headers = {**HEADERS, "Idempotency-Key": key} if key else HEADERS
    response = yield Request("POST", f"/v2/{resource}", json=row.part, headers=headers)
    if response.status >= 400:
        return Rejected(*error_of(response))
    if resource == "events":
        empty(response)
        return DELIVERED
    body = response.object()
    if not (word(body.get("id")) and body.keys() <= USER):
        raise UnreadableAnswer("the answer is no user")
    return DELIVERED
