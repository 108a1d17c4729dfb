"""Members of external segments: those of many people change in one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sync.destinations.answers import word
from sync.destinations.gainsight_px.model import is_external
from sync.destinations.gainsight_px.reading import is_taken, said, taken
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Item,
    Piece,
    Request,
    UnreadableAnswer,
)
from sync.destinations.stages import in_halves
from sync.destinations.transitions import segment_name
from sync.destinations.values import iso_8601
from sync.model import DELIVERED, Op, Outcome, Rejected

OFF = "external segments are not switched on in this subscription; Gainsight support does that"


def moves(pieces: Iterable[Piece]) -> list[tuple[str, str, str]]:
    """(add or remove, external segment, its model) for each change of membership."""
    return [
        ("remove" if change.op is Op.REMOVE else "add", segment_name(sync), sync.model)
        for sync, change in pieces
        if is_external(sync) and change.op is not Op.CHANGE
    ]


def change_members(batch: Sequence[Item], outcomes: list[Outcome]) -> Conversation[None]:
    """Add and remove whoever is `DELIVERED` so far; `outcomes` take in who is refused.

    A segment is made known first, which also returns the id that membership needs. The time of
    that answer is when its members qualified: the vendor wants one, and we have no clock.
    """
    due = {i: item for i, item in enumerate(batch) if item.parts[1] and outcomes[i] is DELIVERED}
    known: dict[str, dict[str, JSON]] = {}
    for name, model in _segments(due.values()).items():
        try:
            found = yield from _known(name, model)
        except BatchRefused as e:
            for i in [i for i, item in due.items() if name in _segments([item])]:
                outcomes[i] = _refused(due.pop(i), e.code, e.reason)
            continue
        known[name] = found
    if due:
        yield from _tell(due, outcomes, known)


def _known(name: str, model: str) -> Conversation[dict[str, JSON]]:
    """The id of an external segment, made known, and when that was."""
    response = yield _metadata(name, model)
    if response.status in (400, 404):
        text = OFF if response.status == 404 else said(response)
        raise BatchRefused("gainsight-px-external-segments", text)
    made = word(taken(response).get("id"))
    if not made:
        raise UnreadableAnswer("the external segment has no id")
    return {"segmentId": made, "lastQualificationTime": iso_8601(response.instant())}


def _segments(items: Iterable[Item]) -> dict[str, str]:
    return {name: model for item in items for _, name, model in moves(item.pieces)}


def _metadata(name: str, model: str) -> Request:
    described = {"externalId": name, "name": name, "description": f"dbt model {model}"}
    path, query = "/v1/external_segment/metadata", {"failIfExists": "false"}
    return Request("POST", path, json=described, query=query)


def _refused(item: Item, code: str, text: str) -> Rejected:
    return Rejected(code, text, is_partial=item.parts[0] is not None)


def _tell(
    due: Mapping[int, Item], outcomes: list[Outcome], known: Mapping[str, Mapping[str, JSON]]
) -> Conversation[None]:
    """One request for all that are due, in halves once it is refused. No state is sent again."""

    def send(places: Sequence[int]) -> Conversation[Sequence[Outcome]]:
        lists = _lists([due[i] for i in places], known)
        response = yield Request("POST", "/v1/external_segment/update_membership", json=lists)
        if is_taken(response):
            return [DELIVERED] * len(places)
        text = said(response)
        is_repeated = any(one in text.casefold() for one in ("duplicate", "already"))
        if len(places) == 1 and is_repeated:
            return [DELIVERED]
        raise BatchRefused("gainsight-px-membership", text)

    ends = yield from in_halves(list(due), send)
    for i, end in zip(due, ends, strict=True):
        outcomes[i] = _refused(due[i], end.code, end.reason) if isinstance(end, Rejected) else end


def _lists(items: Iterable[Item], known: Mapping[str, Mapping[str, JSON]]) -> JSON:
    groups: dict[tuple[str, str], list[JSON]] = {}
    for item in items:
        for verb, name, _ in moves(item.pieces):
            groups.setdefault((verb, name), []).append(item.parts[1])
    lists: dict[str, list[JSON]] = {"add": [], "remove": []}
    for (verb, name), identities in groups.items():
        lists[verb].append({**known[name], "identities": identities})
    return {"identityType": "IDENTIFY_ID", **lists}
