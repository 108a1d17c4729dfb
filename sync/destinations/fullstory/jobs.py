"""Fullstory's import jobs: submitted, polled, and read until each item's fate is known.

Source: https://developer.fullstory.com/server/users/create-batch-user-import-job (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sync.core import DELIVERED, Outcome, Rejected, Retry
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
    Wait,
)

HEADERS = {"Integration-Source": "dbt-activation"}
POLL_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, *[30.0] * 120)
"""About an hour: a job may stand in line behind a hundred others of the account."""
NOT_READY_SECONDS = 2.0
MOST_NOT_READY = 30


@dataclass(frozen=True, slots=True)
class Import:
    """One job to be: `places` says where in the batch each name stands that an error may echo."""

    resource: str
    """users or events."""
    bodies: Sequence[JSON]
    places: Mapping[str, int]
    key: str | None = None
    """Idempotency key. None for users, whose state may return to what it was within the day."""
    is_partial: bool = False
    reader: str = ""
    """The endpoint that may read results."""

    @property
    def path(self) -> str:
        """Where jobs of this resource are kept."""
        return f"/v2/{self.resource}/batch"


def import_all(job: Import) -> Conversation[list[Outcome]]:
    """One outcome per body. Raises BatchRefused when the job was not taken."""
    headers = {**HEADERS, "Idempotency-Key": job.key} if job.key else HEADERS
    response = yield Request("POST", job.path, json={"requests": job.bodies}, headers=headers)
    if response.status >= 400:
        raise BatchRefused(*error_of(response))
    path = f"{job.path}/{quote(_job_id(response), safe='')}"
    imports, is_clean = yield from _finished(path)
    count = len(job.bodies)
    if is_clean and imports == count:
        return [DELIVERED] * count
    outcomes: list[Outcome | None] = [None] * count
    failures = yield from _pages(job, f"{path}/errors")
    for failure in failures:
        place = _place(job, failure)
        if place is not None and outcomes[place] is None:
            outcomes[place] = _rejected(failure, job.is_partial)
    refused = count - outcomes.count(None)
    if refused == len(failures) and imports + refused == count:
        return [outcome or DELIVERED for outcome in outcomes]
    # The numbers don't add up: only who is listed as imported is. The others are sent again.
    for imported in (yield from _pages(job, f"{path}/imports")):
        place = _place(job, imported)
        if place is not None and outcomes[place] is None:
            outcomes[place] = DELIVERED
    return [outcome or Retry() for outcome in outcomes]


def _job_id(response: Response) -> str:
    body = response.json()
    job = body.get("job") if isinstance(body, dict) else None
    found = job.get("id") if isinstance(job, dict) else None
    if not isinstance(found, str) or not found:
        raise UnreadableAnswer("the answer does not name a job")
    return found


def _finished(path: str) -> Conversation[tuple[int, bool]]:
    """(items imported, whether Fullstory reports no failure at all), once the job has ended."""
    for seconds in POLL_SECONDS:
        yield Wait(seconds)
        response = yield Request("GET", path, headers=HEADERS)
        body = response.json()
        job = body.get("job") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(job, dict):
            raise UnreadableAnswer("the answer does not describe a job")
        status = job.get("status")
        if status == "PROCESSING":
            continue
        imports, errors = body.get("imports"), body.get("errors", 0)
        if status not in ("COMPLETED", "FAILED") or type(imports) is not int:
            raise UnreadableAnswer("the answer does not say how the job ended")
        return imports, status == "COMPLETED" and not errors
    raise UnreadableAnswer("the job did not end in time")


def _pages(job: Import, path: str) -> Conversation[list[Mapping[str, Any]]]:
    """All results under a path; 202 means that they are not ready yet."""
    found: list[Mapping[str, Any]] = []
    token, waits = "", 0
    while True:
        query = {"page_token": token} if token else {}
        response = yield Request("GET", path, to=job.reader, query=query, headers=HEADERS)
        if response.status == 202:
            waits += 1
            if waits > MOST_NOT_READY:
                raise UnreadableAnswer("the results did not become ready in time")
            yield Wait(NOT_READY_SECONDS)
            continue
        body = response.json()
        results = body.get("results", []) if isinstance(body, dict) else None
        if response.status != 200 or not isinstance(results, list) or "total_records" not in body:
            raise UnreadableAnswer("the answer does not list results")
        found += [one for one in results if isinstance(one, dict)]
        before, token = token, str(body.get("next_page_token") or "")
        if not token:
            return found
        if token == before or len(found) > 2 * len(job.bodies):
            raise UnreadableAnswer("the pages of results do not end")


def _place(job: Import, result: Mapping[str, Any]) -> int | None:
    """Where the item stands that a result echoes: by its uid, or by our own id of the event."""
    thing = result.get("user" if job.resource == "users" else "event", result)
    if not isinstance(thing, dict):
        return None
    told = thing.get("properties")
    name = thing.get("uid")
    if job.resource == "events":
        name = told.get("event_id") if isinstance(told, dict) else None
    return job.places.get(name) if isinstance(name, str) else None


def _rejected(failure: Mapping[str, Any], is_partial: bool) -> Rejected:
    code, message = failure.get("code") or "refused", failure.get("message") or "no reason given"
    return Rejected(f"fullstory-{code}", str(message), is_partial)


def error_of(response: Response) -> tuple[str, str]:
    """(code, message) of a refusal; of one in another form its status and text."""
    try:
        body = response.json()
    except UnreadableAnswer:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return f"fullstory-{response.status}", response.body[:2000].decode("utf-8", "replace")
    return f"fullstory-{body['code']}", str(body.get("message") or "")
