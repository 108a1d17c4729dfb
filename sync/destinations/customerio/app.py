"""What the App API is asked: whether a workspace is ready for a sync, and what it holds.

Source: https://docs.customer.io/integrations/api/app (read 2026-11). Every attribute is shown as
text, and whoever does not exist is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.destinations.answers import whole, word
from sync.destinations.customerio.operations import ATTRIBUTES, folded, identifier, options_of
from sync.destinations.meaning import segment_name
from sync.destinations.spec import (
    JSON,
    Conversation,
    Expected,
    ReadBack,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.model import Kind, Sync

READ_BACK_IDS = 100
MEMBERS_PAGE = 30_000
PAGE_BYTES = 32_000_000
EXAMPLES = {"email": "nobody@example.com", "phone": "+12025550100"}
"""Identifiers that a workspace may have switched off; to be asked by one is refused then."""

Rows = Sequence[Mapping[str, Any]]


def unready(sync: Sync) -> Conversation[list[tuple[str, str]]]:
    """(what this sync needs and the workspace lacks, the exact thing to create or change)."""
    options, found = options_of(sync), []
    by = options.relate_by if sync.related else sync.identify_by
    if by in EXAMPLES and (yield _people([EXAMPLES[by]], by)).status == 400:
        fix = f"switch `{by}` on in the workspace's settings, or identify by another column"
        found.append((f"`{by}` is no identifier in this workspace", fix))
    if sync.kind is Kind.OBJECTS:
        found += _untyped(sync.object_type, (yield from _listed("/v1/object_types", "types")))
    if options.manual_segment is not None:
        segments = yield from _listed("/v1/segments", "segments")
        found += _unfit(options.manual_segment, segment_name(sync), segments)
    return found


def facts() -> Conversation[dict[str, str]]:
    """What the App key shows of a workspace: how it knows people decides about manual segments."""
    yield Request("GET", "/v1/segments", to="app")
    knows_emails = (yield _people([EXAMPLES["email"]], "email")).status != 400
    both = "id and email; a manual segment may keep people who have no id"
    return {"app_api_key": "usable", "identifiers": both if knows_emails else "id"}


def _untyped(wanted: str | None, types: Rows) -> Iterator[tuple[str, str]]:
    """A type that is missing; one that is switched off takes writes in silence."""
    known = {word(one.get("id")): one for one in types}
    if wanted not in known:
        there = f"; there are {', '.join(known)}" if known else ""
        fix = "create the type in the workspace's settings and write its number as object_type"
        yield f"there is no object type {wanted}{there}", fix
    elif known[wanted].get("enabled") is False:
        fix = "switch it on in the workspace's settings, under Objects"
        yield f"object type {wanted} is switched off, and takes what it is sent in silence", fix


def _unfit(number: int, name: str, segments: Rows) -> Iterator[tuple[str, str]]:
    manual = {whole(s.get("id")): s.get("name") for s in segments if s.get("type") == "manual"}
    if number in manual:
        return
    fix = f"create a manual segment named `{name}` and write its number as manual_segment"
    if namesakes := [str(other) for other, called in manual.items() if called == name]:
        fix = f"write manual_segment: {' or '.join(namesakes)}, which is named `{name}`"
    is_there = any(whole(one.get("id")) == number for one in segments)
    text = f"segment {number} is data-driven and can't be written to"
    yield text if is_there else f"there is no segment {number}", fix


def read_back(sync: Sync, expected: Sequence[Expected]) -> Conversation[list[ReadBack]]:
    """People only, and whether the manual segment holds them."""
    if sync.kind not in (Kind.TRAITS, Kind.SEGMENT):
        return []
    by, number = sync.identify_by or "id", options_of(sync).manual_segment
    members = None if number is None else (yield from _members(number, by))
    results: list[ReadBack] = []
    for start in range(0, len(expected), READ_BACK_IDS):
        group = expected[start : start + READ_BACK_IDS]
        ids = [identifier(by, one.address, "cio_") for one in group]
        found = dict(_found((yield _people(ids, by)), by))
        for one in group:
            key = folded(by, one.address)
            is_held = one.is_member if members is None else key in members
            results.append(_compared(sync, one, found.get(key), is_held))
    return results


def _members(number: int, by: str) -> Conversation[set[str]]:
    """Everybody in a manual segment; nobody when it is gone."""
    segments = yield from _listed("/v1/segments", "segments")
    members: set[str] = set()
    is_there = any(whole(one.get("id")) == number for one in segments)
    query = {"limit": str(MEMBERS_PAGE)} if is_there else {}
    seen = {""}
    while query:
        path = f"/v1/segments/{number}/membership"
        page = yield Request("GET", path, to="app", query=query, max_answer_bytes=PAGE_BYTES)
        rows = _rows(page, "identifiers")
        members.update(folded(by, str(one[by])) for one in rows if one.get(by))
        start = word(page.object().get("next"))
        if start and start in seen:
            raise UnreadableAnswer("the pages of members do not end")
        seen.add(start)
        query = {**query, "start": start} if start else {}
    return members


def _people(ids: Sequence[str], by: str) -> Request:
    path = "/v1/customers/attributes"
    return Request("POST", path, json={"ids": ids}, to="app", query={"id_type": by})


def _listed(path: str, name: str) -> Conversation[Rows]:
    return _rows((yield Request("GET", path, to="app")), name)


def _rows(response: Response, name: str) -> Rows:
    """The objects of a list; an empty one may be written as null."""
    rows = response.object().get(name, "")
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise UnreadableAnswer(f"the answer does not list {name}")
    return rows


def _found(response: Response, by: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(identifier, identifiers and attributes) of everybody in the answer."""
    try:
        for entry in _rows(response, "customers"):
            customer = entry["customer"]
            identifiers, attributes = customer.get("identifiers"), customer.get("attributes")
            # An identifier that the workspace does not use is null, and may be an attribute.
            known = {"id": customer.get("id"), **(identifiers or {}), **(attributes or {})}
            if known.get(by):
                yield folded(by, str(known[by])), known
    except (KeyError, TypeError, AttributeError) as e:
        raise UnreadableAnswer("the answer does not list customers") from e


def _compared(
    sync: Sync, expected: Expected, found: Mapping[str, Any] | None, is_held: bool
) -> ReadBack:
    if found is None:
        return ReadBack(expected.address, False)
    wanted = ATTRIBUTES.of(expected.traits)
    if sync.kind is Kind.SEGMENT:
        wanted[segment_name(sync)] = expected.is_member
    differing = [name for name, value in wanted.items() if not _matches(value, found.get(name))]
    if is_held != expected.is_member:
        differing.append("manual_segment")
    return ReadBack(expected.address, True, tuple(differing))


def _matches(value: JSON, shown: Any) -> bool:
    """How Customer.io writes floats and nesting as text is not known, so those never differ."""
    if isinstance(value, (float, list, dict)):
        return True
    if value is None or value == "":
        return shown in (None, "")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text == (str(shown).lower() if isinstance(shown, bool) else str(shown))
