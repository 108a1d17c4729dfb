"""Import jobs: up to 10,000 contacts in one request, polled to the end, accounted row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from sync.destinations.answers import (
    UnreadableAnswer,
    entries,
    inside,
    objects,
    paged,
    poll,
    text_of,
    whole,
    word,
)
from sync.destinations.exchange import JSON, BatchRefused, Conversation, Request, Response
from sync.destinations.qualtrics.wire import counted, message, path_of, result_of
from sync.destinations.stages import Row
from sync.model import DELIVERED, Outcome, Rejected

MOST_SECONDS = 1800.0
COUNTS = ("added", "updated", "failed")


UNPROCESSED = Rejected(
    "qualtrics-unprocessed",
    "the import refused the row: a value's type, or the form of the contact",
)


def import_contacts(mailing_list: str, rows: Sequence[Row]) -> Conversation[Response]:
    """One job for all rows, and its answer; what its counts leave open, its report tells.

    Raises BatchRefused when the job was not taken, or had no list to write to.
    """
    path = f"/mailinglists/{mailing_list}/transactioncontacts"
    response = yield Request("POST", path, json={"contacts": [row.part for row in rows]})
    if response.status == 404:
        raise no_list(mailing_list, message(response))
    if response.status == 400:
        raise BatchRefused("qualtrics-400", message(response))
    job = result_of(response)
    refused = _refused_at_once(job, len(rows))
    number = quote(text_of(job, "id"), safe="")
    accepted = [row for i, row in enumerate(rows) if i not in refused]
    for i in refused:
        rows[i].ends(UNPROCESSED)
    if not accepted:
        return response
    counts = yield from poll(lambda: _counts(f"{path}/{number}"), "the import", MOST_SECONDS)
    if not sum(counts.values()):
        raise no_list(mailing_list, "no row was counted")
    needs_ids = any(part is not None for row in rows for part in row.item.parts[1:])
    if counts["added"] + counts["updated"] != len(accepted) or counts["failed"] or needs_ids:
        found = yield from _report(number, len(accepted), counts["failed"])
        for row, entry in zip(accepted, found, strict=True):
            row.remote_id = word(entry.get("contactId")) or row.remote_id
            row.ends(_outcome(entry))
    return response


def no_list(mailing_list: str, said: str) -> BatchRefused:
    """The list is not there, which concerns every row alike."""
    return BatchRefused("qualtrics-no-list", f"mailing list {mailing_list} was not found: {said}")


def _refused_at_once(job: Mapping[str, JSON], count: int) -> frozenset[int]:
    """The places of rows that were refused before the job began."""
    said = entries(inside(job, "contacts").get("unprocessed"))
    places = frozenset(_row_number(one) for one in said)
    if not all(0 <= place < count for place in places):
        raise UnreadableAnswer("the import refused rows that were not sent")
    return places


def _row_number(said: JSON) -> int:
    """A number, digits, or an object that holds an index: the vendor's sources have all three."""
    if isinstance(said, dict):
        indices = [value for name, value in said.items() if "index" in name.lower()]
        said = indices[0] if len(indices) == 1 else None
    number = whole(said)
    if number is None:
        raise UnreadableAnswer("the import does not number a row")
    return number


def _counts(path: str) -> Conversation[Mapping[str, int] | None]:
    """What a job counted, at 100 percent. The words of its status vary, and are not read."""
    result = result_of((yield Request("GET", path)))
    if whole(result.get("percentComplete")) != 100:
        return None
    count = inside(result, "contacts", "count")
    counts = {name: whole(count.get(name)) for name in COUNTS}
    if None in counts.values():
        raise UnreadableAnswer("a finished import without counts")
    return {name: number or 0 for name, number in counts.items()}


def _report(job: str, count: int, failed: int) -> Conversation[Sequence[Mapping[str, JSON]]]:
    """Rows by their order: whether `sourceIndexId` counts from 0 or 1 is not documented."""
    first = f"/imports/api-import/jobs/{job}/report"

    def page(path: str) -> Conversation[tuple[Sequence[Mapping[str, JSON]], str]]:
        path = path or first
        response = yield Request("GET", path, to="" if path.startswith(first) else "api")
        results = result_of(response, "results")
        return objects(results.get("importReportEntries")), _next(first, response)

    listed = yield from paged(page, "the import's report")
    rows = {_row_number(entry.get("sourceIndexId")): entry for entry in listed}
    if len(rows) != count:
        raise UnreadableAnswer("the import's report does not list every row once")
    if sum(not word(entry.get("contactId")) for entry in rows.values()) != failed:
        raise UnreadableAnswer("the import's report contradicts its counts")
    return [rows[number] for number in sorted(rows)]


def _next(page: str, response: Response) -> str:
    """The following page: a token beside the results or among them, or a whole address."""
    for holder in (counted(response), result_of(response, "results")):
        if token := word(holder.get("skipToken")):
            return f"{page}?skipToken={quote(token, safe='')}"
        if holder.get("nextPage"):
            return path_of(holder["nextPage"])
    return ""


def _outcome(entry: Mapping[str, JSON]) -> Outcome:
    if word(entry.get("contactId")):
        return DELIVERED
    said = f"{entry.get('importStatus') or ''} {entry.get('importStatusCode') or ''}".strip()
    return Rejected("qualtrics-import", said or "no contact was made")
