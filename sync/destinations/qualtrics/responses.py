"""Survey responses as records: start an export, poll it, download the file, flatten it.

An export with a continuation token brings what was recorded or modified since the last one. A token
lives for seven days; where it is refused, the export starts again from the last date known.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from sync.destinations.answers import poll, text_of, whole
from sync.destinations.exchange import JSON, BatchRefused, Conversation, Request, UnreadableAnswer
from sync.destinations.qualtrics.wire import message, result_of
from sync.destinations.spec import Page
from sync.destinations.values import iso_8601

MAX_DOWNLOAD_BYTES = 100_000_000
DOWNLOAD_SECONDS = 600.0
MAX_FILE_BYTES = 400_000_000
"""Of an unpacked export: more is not read into memory."""
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError)
OVERLAP = timedelta(hours=1)
KEPT_STATUSES = frozenset({0, 4})
"""Answered, and imported; previews, tests and spam are left out."""
UNREAD = frozenset(
    {"_recordId", "ipAddress", "locationLatitude", "locationLongitude", "duration"}
    | {"recipientFirstName", "recipientLastName"}
)
"""Not needed here, and personal."""
COLUMNS = {
    "startDate": "started_at",
    "endDate": "ended_at",
    "externalDataReference": "ext_ref",
    "recipientEmail": "recipient_email",
    "distributionChannel": "distribution_channel",
    "userLanguage": "language",
    "recordedDate": "recorded_at",
    "status": "status",
    "finished": "is_finished",
    "progress": "progress",
}


def pull(
    surveys: Sequence[str], cursor: str | None, since: date | None = None
) -> Conversation[Page]:
    """One survey a page, in turn; the cursor keeps a token and a date for each.

    `since` bounds the first export of each survey.
    """
    if not surveys:
        return Page((), cursor or "", has_more=False)
    state = _state(cursor)
    turn = state["next"] if state["next"] < len(surveys) else 0
    survey = surveys[turn]
    known = state["surveys"].get(survey) or {}
    first = {"recorded_at": iso_8601(datetime.combine(since, time()))} if since else {}
    file, token = yield from _export(survey, {**first, **known})
    records = sorted(_records(survey, file), key=lambda r: (r["recorded_at"], r["record_id"]))
    newest = max([known.get("recorded_at", ""), *(r["recorded_at"] for r in records)])
    seen = {"token": token, "recorded_at": newest}
    state["surveys"][survey] = {name: value for name, value in seen.items() if value}
    state["next"] = (turn + 1) % len(surveys)
    text = json.dumps(state, sort_keys=True, separators=(",", ":"))
    return Page(records, text, has_more=turn + 1 < len(surveys))


def _state(cursor: str | None) -> dict[str, Any]:
    try:
        state = json.loads(cursor) if cursor else {}
        surveys, turn = dict(state.get("surveys") or {}), int(state.get("next") or 0)
    except (ValueError, TypeError, AttributeError):
        raise UnreadableAnswer("the cursor is not one of this destination") from None
    return {"surveys": surveys, "next": turn}


def _export(survey: str, known: Mapping[str, Any]) -> Conversation[tuple[bytes, JSON]]:
    path = f"/surveys/{quote(survey, safe='')}/export-responses"
    wanted: dict[str, JSON] = {"format": "json", "compress": True, "allowContinuation": True}
    response = None
    if known.get("token"):
        body = {**wanted, "continuationToken": known["token"]}
        response = yield Request("POST", path, json=body, to="api")
    if response is None or response.status == 400:
        if known.get("recorded_at"):
            since = datetime.fromisoformat(known["recorded_at"]) - OVERLAP
            wanted |= {"startDate": iso_8601(since), "sortByLastModifiedDate": True}
        response = yield Request("POST", path, json=wanted, to="api")
    if response.status >= 400:
        raise BatchRefused("qualtrics-export", f"survey {survey}: {message(response)}")
    started = result_of(response)
    job = f"{path}/{quote(text_of(started, 'progressId'), safe='')}"
    finished = yield from poll(lambda: _finished(job), "the export")
    download = yield Request(
        "GET",
        f"{path}/{quote(text_of(finished, 'fileId'), safe='')}/file",
        to="api",
        max_answer_bytes=MAX_DOWNLOAD_BYTES,
        deadline_seconds=DOWNLOAD_SECONDS,
    )
    if download.status >= 400:
        raise UnreadableAnswer("the finished export has no file")
    return download.body, finished.get("continuationToken") or started.get("continuationToken")


def _finished(job: str) -> Conversation[Mapping[str, JSON] | None]:
    """Only `complete` with a file is success: a failed export also says 100 percent."""
    result = result_of((yield Request("GET", job, to="api")))
    if result.get("status") == "failed":
        raise BatchRefused("qualtrics-export", f"{job}: the export failed at Qualtrics")
    return result if result.get("status") == "complete" and result.get("fileId") else None


def _records(survey: str, file: bytes) -> Iterator[dict[str, JSON]]:
    for response in _responses(file):
        values = response.get("values")
        if not isinstance(values, dict) or not response.get("responseId"):
            raise UnreadableAnswer("a response without values")
        if whole(values.get("status")) in KEPT_STATUSES:
            yield _record(survey, response, values)


def _responses(file: bytes) -> list[Mapping[str, JSON]]:
    try:
        responses = json.loads(_unpacked(file))["responses"]
    except (ValueError, KeyError, TypeError, RuntimeError, OSError, *BROKEN_ZIP):
        raise UnreadableAnswer("the export's file can't be read") from None
    if not isinstance(responses, list) or not all(isinstance(one, dict) for one in responses):
        raise UnreadableAnswer("the export's file does not list responses")
    return responses


def _unpacked(file: bytes) -> bytes:
    """A ZIP with one file in it, or that file itself."""
    if not file.startswith(b"PK"):
        return file
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        (name,) = archive.namelist()
        with archive.open(name) as unpacked:
            text = unpacked.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise UnreadableAnswer(f"the export unpacks to more than {MAX_FILE_BYTES} bytes")
    return text


def _record(
    survey: str, response: Mapping[str, JSON], values: Mapping[str, JSON]
) -> dict[str, JSON]:
    """The same columns for every survey; what differs stands in two texts of JSON.

    Answers are the keys that begin with `QID`, each with its label where the export has one. The
    other keys that are not Qualtrics' own are embedded data.
    """
    labels = response.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    answers, embedded = {}, {}
    for name, value in values.items():
        if name.startswith("QID"):
            answers[name] = {"value": value, "label": labels[name]} if name in labels else value
        elif name not in COLUMNS and name not in UNREAD:
            embedded[name] = value
    return {
        "record_id": str(response["responseId"]),
        "survey_id": survey,
        **{column: values.get(name) for name, column in COLUMNS.items()},
        "recorded_at": _instant(values.get("recordedDate")),
        "started_at": _instant_or_none(values.get("startDate")),
        "ended_at": _instant_or_none(values.get("endDate")),
        "is_finished": bool(values.get("finished")),
        "embedded_data": json.dumps(embedded, ensure_ascii=False, sort_keys=True),
        "answers": json.dumps(answers, ensure_ascii=False, sort_keys=True),
    }


def _instant(text: JSON) -> str:
    """ISO 8601 in UTC; every response has the date at which it was recorded."""
    try:
        return str(iso_8601(datetime.fromisoformat(str(text))))
    except (ValueError, OverflowError):
        raise UnreadableAnswer("a response without the date at which it was recorded") from None


def _instant_or_none(text: JSON) -> str | None:
    return None if not text else _instant(text)
