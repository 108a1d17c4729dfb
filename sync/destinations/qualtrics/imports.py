"""Import jobs: up to 10,000 contacts in one request, polled to the end, accounted row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from sync.destinations.answers import (
    UnreadableAnswer,
    entries,
    inside,
    objects,
    paged,
    text_of,
    whole,
    word,
)
from sync.destinations.exchange import JSON, BatchRefused, Conversation, Request, Response
from sync.destinations.qualtrics.wire import counted, message, path_of, result_of
from sync.destinations.stages import Row, work_off
from sync.model import DELIVERED, Outcome, Rejected, Unknown

COUNTS = ("added", "updated", "failed")


UNPROCESSED = Rejected(
    "qualtrics-unprocessed",
    "the import refused the row: a value's type, or the form of the contact",
)


class NoJob(UnreadableAnswer):
    """Qualtrics does not know the import, or knows it no more."""


class Import(NamedTuple):
    """A job that was taken; as text it is what a later run asks with."""

    mailing_list: str
    number: str
    size: int
    """How many rows it has, those left out that were refused at once."""

    def __str__(self) -> str:
        return "/".join(map(str, self))

    @property
    def path(self) -> str:
        """Where its status is."""
        return f"{_path(self.mailing_list)}/{quote(self.number, safe='')}"


def import_contacts(
    mailing_list: str, rows: Sequence[Row], most_seconds: float, is_all: bool = True
) -> Conversation[Response]:
    """One job for all rows, and its answer; what its counts leave open, its report tells.

    Rows of a job that takes longer than `most_seconds` are not known yet. Raises BatchRefused when
    the job was not taken, or had no list to write to.
    """
    path = _path(mailing_list)
    response = yield Request("POST", path, json={"contacts": [row.part for row in rows]})
    if response.status == 404:
        raise no_list(mailing_list, message(response))
    if response.status == 400:
        raise BatchRefused("qualtrics-400", message(response))
    job = result_of(response)
    refused = _refused_at_once(job, len(rows))
    accepted = [row for i, row in enumerate(rows) if i not in refused]
    for i in refused:
        rows[i].ends(UNPROCESSED)
    if not accepted:
        return response
    one = Import(mailing_list, text_of(job, "id"), len(accepted))
    needs_ids = any(part is not None for row in rows for part in row.item.parts[1:])
    found = yield from work_off(
        str(one), accepted, lambda: _ended(one, needs_ids), most_seconds, is_all
    )
    for row, entry in zip(accepted, found, strict=True) if found else ():
        row.remote_id = word(entry.get("contactId")) or row.remote_id
        row.ends(_outcome(entry))
    return response


def resume(job: str, places: Sequence[int]) -> Conversation[Sequence[Outcome] | None]:
    """What came of rows of an import that an earlier run began; None while it goes on."""
    mailing_list, number, size = job.rsplit("/", 2)
    one = Import(mailing_list, number, int(size))
    try:
        found = yield from _ended(one, needs_ids=False)
    except NoJob:
        return [Unknown("qualtrics-no-job")] * len(places)
    except BatchRefused as e:
        return [Unknown(e.code)] * len(places)
    if found is None:
        return None
    return [_outcome(found[place]) if found else DELIVERED for place in places]


def _path(mailing_list: str) -> str:
    return f"/mailinglists/{mailing_list}/transactioncontacts"


def _ended(one: Import, needs_ids: bool) -> Conversation[Sequence[Mapping[str, JSON]] | None]:
    """The report of an import, row by row; empty where its counts say that all rows arrived, and
    None while it goes on."""
    counts = yield from _counts(one.path)
    if counts is None:
        return None
    if not sum(counts.values()):
        raise no_list(one.mailing_list, "no row was counted")
    if counts["added"] + counts["updated"] == one.size and not (counts["failed"] or needs_ids):
        return ()
    return (yield from _report(quote(one.number, safe=""), one.size, counts["failed"]))


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
    response = yield Request("GET", path)
    if response.status == 404:
        raise NoJob(message(response))
    result = result_of(response)
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
