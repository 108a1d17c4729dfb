"""How one stage of a batch is sent, users or events: each by itself, or together in a job.

Source: https://developer.fullstory.com/server/users/create-batch-user-import-job (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from sync.destinations.answers import UnreadableAnswer, empty, paged, poll, word
from sync.destinations.exchange import BatchRefused, Conversation, Request, Response
from sync.destinations.fullstory.operations import event_id, event_key
from sync.destinations.fullstory.reading import absent
from sync.destinations.identifiers import digest
from sync.destinations.stages import Row, Stage, each, work_off
from sync.model import DELIVERED, JobRow, Outcome, Rejected, Retry, Unknown

POLL_SECONDS = 30.0
MOST_SECONDS = 3_600.0  # a job may stand in line behind a hundred others of the account
READY_SECONDS, MOST_READY_SECONDS = 2.0, 60.0  # for results, once the job has ended
USER = frozenset(
    "id uid display_name email is_being_deleted properties schema type_conflicts app_url".split()
)
"""What the answer to a written user may hold."""
NO_READER = Unknown(
    "fullstory-no-reader",
    "some events of an import job were refused, and api_key may not read which: set read_api_key",
)


class NotToBeRead(BatchRefused):
    """The key may not read what became of the single items of a job."""


class NoJob(UnreadableAnswer):
    """Fullstory does not know the job."""


class Job(NamedTuple):
    """An import that was taken; as text it is what a later run asks with."""

    resource: str
    size: int
    number: str

    def __str__(self) -> str:
        return "/".join(map(str, self))

    @property
    def path(self) -> str:
        """Where its status is."""
        return f"/v2/{self.resource}/batch/{quote(self.number, safe='')}"


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
    headers = {"Idempotency-Key": key} if key else {}
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


def key_of(resource: str, row: Row) -> str:
    """The idempotency key of an event; a user has none, whose state may return within the day."""
    return event_key(row.sync, row.change) if resource == "events" else ""


def import_all(resource: str, rows: Sequence[Row]) -> Conversation[list[Outcome]]:
    """One outcome per row, from one job.

    Raises BatchRefused when the job was not taken, NotToBeRead when some of it failed and the key
    may not read which.
    """
    body = {"requests": [row.part for row in rows]}
    keys = [key_of(resource, row) for row in rows]
    headers = {"Idempotency-Key": digest(keys).hex()} if all(keys) else {}
    response = yield Request("POST", f"/v2/{resource}/batch", json=body, headers=headers)
    job = Job(resource, len(rows), _job_id(response))
    # What the results of a job echo: the uid, or our own id of the event.
    are_users = resource == "users"
    names = [
        row.change.external_id if are_users else event_id(row.sync, row.change) for row in rows
    ]
    look = partial(_outcomes, job, names)
    found = yield from work_off(str(job), rows, look, MOST_SECONDS, step_seconds=POLL_SECONDS)
    return [row.outcome for row in rows] if found is None else found


def resume(job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
    """What came of rows of a job that an earlier run began; None while it goes on.

    Of a job in which some failed, rows that its results don't name are unknown: an entry event is
    listed by an id that only its own run can tell.
    """
    resource, size, number = job.split("/", 2)
    names = [row.external_id if resource == "users" else row.identity for row in rows]
    try:
        found = yield from _outcomes(Job(resource, int(size), number), names)
    except NoJob:
        return [Unknown("fullstory-no-job")] * len(rows)
    except NotToBeRead:
        return [NO_READER] * len(rows)
    if found is None:
        return None
    return [Unknown("fullstory-not-listed") if isinstance(o, Retry) else o for o in found]


def _outcomes(job: Job, names: Sequence[str]) -> Conversation[list[Outcome] | None]:
    """By these names of a job's items; None while it goes on. `Retry` is for who is not listed."""
    ended = yield from _ended(job.path)
    if ended is None:
        return None
    imports, is_clean = ended
    if is_clean and imports == job.size:
        return [DELIVERED] * len(names)
    return (yield from _sorted_out(job, names, imports))


def _job_id(response: Response) -> str:
    if response.status >= 400:
        raise BatchRefused(*error_of(response))
    match response.object():
        case {"job": {"id": str(found)}} if found:
            return found
    raise UnreadableAnswer("the answer does not name a job")


def _ended(path: str) -> Conversation[tuple[int, bool] | None]:
    """(items imported, whether Fullstory reports no failure at all); None while it works."""
    response = yield Request("GET", path, reads=frozenset({404}))
    if response.status == 404:
        raise NoJob(error_of(response)[1])
    match response.object():
        case {"job": {"status": "PROCESSING"}}:
            return None
        case {"job": {"status": "COMPLETED" | "FAILED" as status}, "imports": int(imports), **more}:
            return imports, status == "COMPLETED" and not more.get("errors")
    raise UnreadableAnswer("the answer does not say how the job stands")


def _sorted_out(job: Job, names: Sequence[str], imports: int) -> Conversation[list[Outcome]]:
    """What became of each write of a job in which some may have failed."""
    known, outcomes = frozenset(names), dict[str, Outcome]()
    failures = yield from _results(f"{job.path}/errors", 2 * job.size)
    for failure in failures:
        name = _name(failure.get("user") or failure.get("event"))
        if name in known:
            outcomes.setdefault(name, Rejected(*_reason(failure)))
    if len(outcomes) == len(failures) and imports + len(outcomes) == job.size:
        return [outcomes.get(name, DELIVERED) for name in names]
    # The numbers don't add up: only who is listed as imported is. The others are sent again.
    for imported in (yield from _results(f"{job.path}/imports", 2 * job.size)):
        outcomes.setdefault(_name(imported), DELIVERED)
    return [outcomes.get(name, Retry()) for name in names]


def _results(path: str, most: int) -> Conversation[list[Mapping[str, Any]]]:
    """All pages of a list that should not have more than `most` entries."""

    def ask(token: str) -> Conversation[tuple[Sequence[Mapping[str, Any]], str]]:
        look = partial(_page, path, token)
        page = (yield from look()) or (
            yield from poll(look, "the list of results", MOST_READY_SECONDS, READY_SECONDS)
        )
        found = [one for one in page["results"] if isinstance(one, dict)]
        return found, str(page.get("next_page_token") or "")

    return (yield from paged(ask, "results", most))


def _page(path: str, token: str) -> Conversation[dict[str, Any] | None]:
    """One page; None while it is not ready."""
    query = {"page_token": token} if token else {}
    response = yield Request("GET", path, to="read", query=query, reads=frozenset({403}))
    if response.status == 202:
        return None
    if response.status == 403:
        raise NotToBeRead("fullstory-no-reader", "the key may not read a job's results")
    body = {"results": [], **response.object()}
    if response.status != 200 or "total_records" not in body or type(body["results"]) is not list:
        raise UnreadableAnswer("the answer does not list results")
    return body


def _name(echo: Any) -> str:
    """The name of the write that a result echoes; empty when it can't be told."""
    match echo:
        case {"uid": str(name)} | {"properties": {"event_id": str(name)}}:
            return name
    return ""


def _reason(body: Mapping[str, Any]) -> tuple[str, str]:
    code, message = body.get("code") or "refused", body.get("message") or "no reason given"
    return f"fullstory-{code}", str(message)


def error_of(response: Response) -> tuple[str, str]:
    """(code, message) of a refusal; of one in another form its status and text."""
    try:
        body = response.object()
    except UnreadableAnswer:
        body = {}
    if isinstance(body.get("code"), str) and response.status != 404:
        return _reason(body)  # a 404 to a write is about the address, whatever it is called
    return f"fullstory-{response.status}", response.body[:2000].decode("utf-8", "replace")
