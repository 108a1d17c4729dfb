"""What the App API is asked: whether a workspace is ready for a sync, and what it holds.

Source: https://docs.customer.io/integrations/api/app (read 2026-11). Every attribute is shown as
text, and people who do not exist are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.destinations.answers import chunks, paged, whole, word
from sync.destinations.customerio.operations import ATTRIBUTES, Options, folded, identifier
from sync.destinations.exchange import JSON, Conversation, Request, Response, UnreadableAnswer
from sync.destinations.read_back import Expected, Found
from sync.destinations.transitions import PEOPLE, flag, segment_name
from sync.model import Kind, Sync

READ_BACK_IDS = 100
MEMBERS_PAGE = 30_000
PAGE_BYTES = 32_000_000
EXAMPLES = {"email": "nobody@example.com", "phone": "+12025550100"}
"""Identifiers that a workspace may have switched off; to be asked by one is refused then."""

Rows = Sequence[Mapping[str, Any]]


def unready(sync: Sync) -> Conversation[list[tuple[str, str]]]:
    """(what this sync needs and the workspace lacks, the exact thing to create or change)."""
    options, found = Options.of(sync), []
    by = options.relate_by if sync.related_id else sync.identify_by
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


def find(sync: Sync, expected: Sequence[Expected]) -> Conversation[Sequence[Found | None]]:
    """People only, and whether the manual segment holds them."""
    found: list[Found | None] = []
    if sync.kind not in PEOPLE:
        return found
    by, number = sync.identify_by or "id", Options.of(sync).manual_segment
    members = None if number is None else (yield from _members(number, by))
    for group in chunks(expected, READ_BACK_IDS):
        ids = [identifier(by, one.external_id, "cio_") for one in group]
        people = dict(_found((yield _people(ids, by)), by))
        for one in group:
            key = folded(by, one.external_id)
            is_placed = members is None or one.is_member is (key in members)
            wanted = {**ATTRIBUTES.of(one.traits), **flag(sync, one.is_member)}
            also = () if is_placed else ("manual_segment",)
            found.append(Found(wanted, people[key], also) if key in people else None)
    return found


def _members(number: int, by: str) -> Conversation[set[str]]:
    """Everybody in a manual segment; nobody when it is gone."""
    segments = yield from _listed("/v1/segments", "segments")
    if not any(whole(one.get("id")) == number for one in segments):
        return set()

    def page(start: str) -> Conversation[tuple[Sequence[str], str]]:
        query = {"limit": str(MEMBERS_PAGE), **({"start": start} if start else {})}
        path = f"/v1/segments/{number}/membership"
        page = yield Request("GET", path, to="app", query=query, max_answer_bytes=PAGE_BYTES)
        rows = _rows(page, "identifiers")
        keys = [folded(by, str(one[by])) for one in rows if one.get(by)]
        return keys, word(page.object().get("next"))

    return set((yield from paged(page, "members")))


def _people(ids: Sequence[str], by: str) -> Request:
    path = "/v1/customers/attributes"
    return Request("POST", path, json={"ids": ids}, to="app", query={"id_type": by})


def _listed(path: str, name: str) -> Conversation[Rows]:
    return _rows((yield Request("GET", path, to="app")), name)


def _rows(response: Response, name: str) -> Rows:
    """The objects of a list; an empty one may be written as null."""
    return [] if response.object().get(name, "") is None else response.list(name)


def _found(response: Response, by: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(identifier, identifiers and attributes) of each person in the answer."""
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


def matches(wanted: JSON, shown: JSON) -> bool:
    """How Customer.io writes floats and nesting as text is not known, so those never differ."""
    if isinstance(wanted, (float, list, dict)):
        return True
    if wanted is None or wanted == "":
        return shown in (None, "")
    text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return text == (str(shown).lower() if isinstance(shown, bool) else str(shown))
