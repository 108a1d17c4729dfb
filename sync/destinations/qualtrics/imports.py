"""Import jobs: up to 10,000 contacts in one request, polled to the end, accounted row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sync.core import DELIVERED, Outcome, Rejected
from sync.destinations.qualtrics.wire import message, result_of, text_of
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
    Wait,
)

POLL_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
MAX_POLLS = 120


@dataclass(frozen=True, slots=True)
class RowEnd:
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
        return [RowEnd(no_list(mailing_list, response))] * len(rows), response
    if response.status == 400:
        raise BatchRefused("qualtrics-400", message(response))
    job = result_of(response)
    unprocessed = _unprocessed(job, len(rows))
    number = quote(text_of(job, "id"), safe="")
    ends = [UNPROCESSED if i in unprocessed else RowEnd(DELIVERED) for i in range(len(rows))]
    accepted = [i for i in range(len(rows)) if i not in unprocessed]
    if not accepted:
        return ends, response
    counts = yield from _finished(f"{path}/{number}")
    done, failed = counts["added"] + counts["updated"], counts["failed"]
    if done + failed == 0:
        return [RowEnd(_nothing_happened(mailing_list))] * len(rows), response
    if done != len(accepted) or failed or needs_ids:
        found = yield from _report(number, len(accepted), failed)
        for i, end in zip(accepted, found, strict=True):
            ends[i] = end
    return ends, response


def no_list(mailing_list: str, response: Response) -> Rejected:
    """The list is not there. The rows are planned again by every run until it is."""
    text = f"mailing list {mailing_list} was not found: {message(response)}"
    return Rejected("qualtrics-no-list", text)


def _nothing_happened(mailing_list: str) -> Rejected:
    text = f"the import counted no row at all: there is no mailing list {mailing_list} over there"
    return Rejected("qualtrics-no-list", text)


def _unprocessed(job: Mapping[str, JSON], count: int) -> frozenset[int]:
    contacts = job.get("contacts") or {}
    places = contacts.get("unprocessed") or [] if isinstance(contacts, dict) else None
    if not isinstance(places, list) or not all(
        type(place) is int and 0 <= place < count for place in places
    ):
        raise UnreadableAnswer("the import refused rows that were not sent")
    return frozenset(places)


def _finished(path: str) -> Conversation[Mapping[str, int]]:
    """Poll a job; at 100 percent, what it counted. The words of its status vary: not read."""
    for poll in range(MAX_POLLS):
        yield Wait(POLL_SECONDS[min(poll, len(POLL_SECONDS) - 1)])
        response = yield Request("GET", path)
        result = result_of(response)
        if result.get("percentComplete") == 100:
            contacts = result.get("contacts")
            count = contacts.get("count") if isinstance(contacts, dict) else None
            names = ("added", "updated", "failed")
            if not isinstance(count, dict) or not all(type(count.get(n)) is int for n in names):
                raise UnreadableAnswer("a finished import without counts")
            return {name: count[name] for name in names}
    raise UnreadableAnswer("the import did not end in time")


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
