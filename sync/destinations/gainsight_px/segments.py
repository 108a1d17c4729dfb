"""Members of external segments: those of many people change in one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from sync.destinations.answers import UnreadableAnswer, word
from sync.destinations.exchange import JSON, BatchRefused, Conversation, Piece, Request
from sync.destinations.gainsight_px.model import is_external
from sync.destinations.gainsight_px.reading import is_taken, said, taken
from sync.destinations.stages import Row, in_halves
from sync.destinations.transitions import segment_name
from sync.destinations.values import iso_8601
from sync.model import DELIVERED, Op, Outcome, Rejected

OFF = "external segments are not switched on in this subscription; Gainsight support does that"

Segments = Mapping[str, Mapping[str, JSON]]
"""By name, what membership needs to know of a segment."""


def moves(pieces: Iterable[Piece]) -> list[tuple[str, str, str]]:
    """(add or remove, external segment, its model) for each change of membership."""
    return [
        ("remove" if change.op is Op.REMOVE else "add", segment_name(sync), sync.model)
        for sync, change in pieces
        if is_external(sync) and change.op is not Op.CHANGE
    ]


def change_members(rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    """Add and remove people: one request for all, in halves once it is refused.

    A segment is made known first, which also returns the id that membership needs. The time of
    that answer is when its members qualified: the vendor wants one, and we have no clock.
    """
    known: dict[str, Mapping[str, JSON]] = {}
    ends: dict[Row, Outcome] = {}
    for name, model in _segments(rows).items():
        try:
            known[name] = yield from _known(name, model)
        except BatchRefused as e:
            refused = [row for row in rows if name in _segments([row])]
            ends |= dict.fromkeys(refused, Rejected(e.code, e.reason))
    due = [row for row in rows if row not in ends]
    outcomes = yield from in_halves(due, partial(_update, known), lambda row: row.has_begun)
    ends |= zip(due, outcomes, strict=True)
    return [ends[row] for row in rows]


def _segments(rows: Iterable[Row]) -> dict[str, str]:
    return {name: model for row in rows for _, name, model in moves(row.item.pieces)}


def _known(name: str, model: str) -> Conversation[Mapping[str, JSON]]:
    """The id of an external segment, made known, and when that was."""
    described = {"externalId": name, "name": name, "description": f"dbt model {model}"}
    path, query = "/v1/external_segment/metadata", {"failIfExists": "false"}
    response = yield Request("POST", path, json=described, query=query)
    if response.status in (400, 404):
        text = OFF if response.status == 404 else said(response)
        raise BatchRefused("gainsight-px-external-segments", text)
    made = word(taken(response).get("id"))
    if not made:
        raise UnreadableAnswer("the external segment has no id")
    return {"segmentId": made, "lastQualificationTime": iso_8601(response.instant())}


def _update(known: Segments, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
    lists = _lists(rows, known)
    response = yield Request("POST", "/v1/external_segment/update_membership", json=lists)
    text = "" if is_taken(response) else said(response)
    is_repeated = any(one in text.casefold() for one in ("duplicate", "already"))
    if text and not (is_repeated and len(rows) == 1):
        raise BatchRefused("gainsight-px-membership", text)
    return [DELIVERED] * len(rows)


def _lists(rows: Iterable[Row], known: Segments) -> JSON:
    groups: dict[tuple[str, str], list[JSON]] = {}
    for row in rows:
        for verb, name, _ in moves(row.item.pieces):
            groups.setdefault((verb, name), []).append(row.part)
    lists: dict[str, list[JSON]] = {"add": [], "remove": []}
    for (verb, name), identities in groups.items():
        lists[verb].append({**known[name], "identities": identities})
    return {"identityType": "IDENTIFY_ID", **lists}
