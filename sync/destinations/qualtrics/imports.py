"""Import jobs: up to 10,000 contacts in one request, polled to the end, accounted row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from sync.destinations.polling import poll
from sync.destinations.qualtrics.wire import inside, message, result_of, text_of
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.model import DELIVERED, Outcome, Rejected

MOST_SECONDS = 1800.0
COUNTS = ("added", "updated", "failed")


class RowEnd(NamedTuple):
    """What became of one row, and the contact's id where it was asked for."""

    outcome: Outcome
    contact: str | None = None


UNPROCESSED = RowEnd(
    Rejected(
        "qualtrics-unprocessed",
        "the import refused the row: a value's type, or the form of the contact",
    )
)


def import_contacts(
    mailing_list: str, rows: Sequence[JSON], needs_ids: bool
) -> Conversation[tuple[Sequence[RowEnd], Response]]:
    """One job for all, and its answer; whom its counts can't account for, its report does."""
    path = f"/mailinglists/{mailing_list}/transactioncontacts"
    response = yield Request("POST", path, json={"contacts": rows})
    if response.status == 404:
        return [RowEnd(no_list(mailing_list, message(response)))] * len(rows), response
    if response.status == 400:
        raise BatchRefused("qualtrics-400", message(response))
    job = result_of(response)
    ends = _at_once(job, len(rows))
    accepted = [i for i, end in enumerate(ends) if end is not UNPROCESSED]
    number = quote(text_of(job, "id"), safe="")
    if not accepted:
        return ends, response
    counts = yield from poll(lambda: _counts(f"{path}/{number}"), "the import", MOST_SECONDS)
    if not sum(counts.values()):
        return [RowEnd(no_list(mailing_list, "no row was counted"))] * len(rows), response
    if counts["added"] + counts["updated"] != len(accepted) or counts["failed"] or needs_ids:
        found = yield from _report(number, len(accepted), counts["failed"])
        for i, end in zip(accepted, found, strict=True):
            ends[i] = end
    return ends, response


def no_list(mailing_list: str, said: str) -> Rejected:
    """The list is not there. The rows are planned again by every run until it is."""
    return Rejected("qualtrics-no-list", f"mailing list {mailing_list} was not found: {said}")


def _at_once(job: Mapping[str, JSON], count: int) -> list[RowEnd]:
    """Delivered, unless refused before the job began."""
    places = inside(job, "contacts").get("unprocessed") or []
    if not isinstance(places, list) or not all(
        type(place) is int and 0 <= place < count for place in places
    ):
        raise UnreadableAnswer("the import refused rows that were not sent")
    unprocessed = frozenset(places)
    return [UNPROCESSED if i in unprocessed else RowEnd(DELIVERED) for i in range(count)]


def _counts(path: str) -> Conversation[Mapping[str, int] | None]:
    """What a job counted, at 100 percent. The words of its status vary, and are not read."""
    result = result_of((yield Request("GET", path)))
    if result.get("percentComplete") != 100:
        return None
    count = inside(inside(result, "contacts"), "count")
    if not all(type(count.get(name)) is int for name in COUNTS):
        raise UnreadableAnswer("a finished import without counts")
    return {name: count[name] for name in COUNTS}


def _report(job: str, count: int, failed: int) -> Conversation[Sequence[RowEnd]]:
    """Rows by their order: whether `sourceIndexId` counts from 0 or 1 is not documented."""
    entries: dict[int, Mapping[str, JSON]] = {}
    token: str | None = ""
    while token is not None:
        query = {"skipToken": token} if token else {}
        response = yield Request("GET", f"/imports/api-import/jobs/{job}/report", query=query)
        results = result_of(response, "results")
        for entry in results.get("importReportEntries") or ():
            number = entry.get("sourceIndexId") if isinstance(entry, dict) else None
            if type(number) is not int:
                raise UnreadableAnswer("the import's report does not number its rows")
            entries[number] = entry
        following = results.get("skipToken") or None
        token = following if following != token else None
    if len(entries) != count:
        raise UnreadableAnswer("the import's report does not list every row once")
    ends = [_row_end(entries[number]) for number in sorted(entries)]
    if sum(end.contact is None for end in ends) != failed:
        raise UnreadableAnswer("the import's report contradicts its counts")
    return ends


def _row_end(entry: Mapping[str, JSON]) -> RowEnd:
    if entry.get("contactId"):
        return RowEnd(DELIVERED, str(entry["contactId"]))
    said = f"{entry.get('importStatus') or ''} {entry.get('importStatusCode') or ''}".strip()
    return RowEnd(Rejected("qualtrics-import", said or "no contact was made"))
