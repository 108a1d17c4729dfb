"""Fullstory's import jobs: submitted, polled, and read until each item's fate is known.

Source: https://developer.fullstory.com/server/users/create-batch-user-import-job (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from sync.destinations.fullstory.operations import event_id, event_key
from sync.destinations.kit import (
    DELIVERED,
    BatchRefused,
    Conversation,
    Outcome,
    Rejected,
    Request,
    Response,
    Retry,
    Row,
    UnreadableAnswer,
    digest,
    paged,
    poll,
)

HEADERS = {"Integration-Source": "dbt-activation"}
POLL_SECONDS = 30.0  # for an hour: a job may stand in line behind a hundred others of the account
READY_SECONDS, MOST_READY_SECONDS = 2.0, 60.0  # for results, once the job has ended


class NotToBeRead(Exception):
    """The key may not read what became of the single items of a job."""


def key_of(resource: str, row: Row) -> str:
    """The idempotency key of an event; a user has none, whose state may return within the day."""
    return event_key(row.sync, row.change) if resource == "events" else ""


def import_all(resource: str, rows: Sequence[Row]) -> Conversation[list[Outcome]]:
    """One outcome per row, from one job.

    Raises BatchRefused when the job was not taken, NotToBeRead when some of it failed and the key
    may not read which.
    """
    body = {"requests": [row.part for row in rows]}
    keys, headers = [key_of(resource, row) for row in rows], HEADERS
    if all(keys):
        headers = {**HEADERS, "Idempotency-Key": digest(keys).hex()}
    response = yield Request("POST", f"/v2/{resource}/batch", json=body, headers=headers)
    path = f"/v2/{resource}/batch/{quote(_job_id(response), safe='')}"
    imports, is_clean = yield from poll(partial(_ended, path), "the job", step_seconds=POLL_SECONDS)
    if is_clean and imports == len(rows):
        return [DELIVERED] * len(rows)
    # What the results of a job echo: the uid, or our own id of the event.
    are_users = resource == "users"
    names = [row.change.address if are_users else event_id(row.sync, row.change) for row in rows]
    return (yield from _sorted_out(path, names, imports))


def _job_id(response: Response) -> str:
    if response.status >= 400:
        raise BatchRefused(*error_of(response))
    match response.object():
        case {"job": {"id": str(found)}} if found:
            return found
    raise UnreadableAnswer("the answer does not name a job")


def _ended(path: str) -> Conversation[tuple[int, bool] | None]:
    """(items imported, whether Fullstory reports no failure at all); None while it works."""
    response = yield Request("GET", path, headers=HEADERS)
    match response.object():
        case {"job": {"status": "PROCESSING"}}:
            return None
        case {"job": {"status": "COMPLETED" | "FAILED" as status}, "imports": int(imports), **more}:
            return imports, status == "COMPLETED" and not more.get("errors")
    raise UnreadableAnswer("the answer does not say how the job stands")


def _sorted_out(path: str, names: Sequence[str], imports: int) -> Conversation[list[Outcome]]:
    """What became of each write of a job in which some may have failed."""
    known, outcomes = frozenset(names), dict[str, Outcome]()
    failures = yield from _results(f"{path}/errors", 2 * len(names))
    for failure in failures:
        name = _name(failure.get("user") or failure.get("event"))
        if name in known:
            outcomes.setdefault(name, Rejected(*_reason(failure)))
    if len(outcomes) == len(failures) and imports + len(outcomes) == len(names):
        return [outcomes.get(name, DELIVERED) for name in names]
    # The numbers don't add up: only who is listed as imported is. The others are sent again.
    for imported in (yield from _results(f"{path}/imports", 2 * len(names))):
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
    response = yield Request(
        "GET", path, to="read", query=query, headers=HEADERS, reads=frozenset({403})
    )
    if response.status == 202:
        return None
    if response.status == 403:
        raise NotToBeRead
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
