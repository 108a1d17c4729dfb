"""The state of users and accounts: what it looks like, and how each is brought to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from sync.destinations.erasure import NOBODY, Erased, Known
from sync.destinations.exchange import JSON, BatchRefused, Conversation, Piece, Request
from sync.destinations.gainsight_px.model import (
    ACCOUNTS,
    ATTRIBUTES,
    MAX_IDENTIFIER_BYTES,
    USERS,
    Options,
    Resource,
    attribute_type,
    has_flag,
    is_link,
    path_of,
    resource_of,
    subject,
)
from sync.destinations.gainsight_px.reading import (
    Record,
    is_missing,
    is_taken,
    look,
    outcome_of,
    said,
    search,
)
from sync.destinations.identifiers import bounded
from sync.destinations.stages import Row, Stage, each
from sync.destinations.transitions import segment_name, traits_of
from sync.model import DELIVERED, Cause, Change, Delivered, Kind, Op, Outcome, Rejected, Sync

ASSERTIONS = (Cause.IN_DOUBT, Cause.ASSERTED)
"""Causes of changes that say everything."""
GENDERS = ("MALE", "FEMALE", "OTHER", "EMPTY_GENDER")


def body(pieces: Sequence[Piece]) -> JSON:
    """One update for all changes of one user or account; None when there is nothing to write.

    What one model sets stands, whatever another one empties. An addition without a value is the id
    alone: the user or account has to be there.
    """
    resource, identity = subject(pieces)
    merged: dict[str, JSON] = {}
    for sync, change in sorted(pieces, key=lambda piece: piece.change.op is not Op.REMOVE):
        merged |= _attributes(sync, change)
    own = {name: value for name, value in merged.items() if name in resource.fields}
    custom = {name: value for name, value in merged.items() if name not in own}
    if not (merged or any(map(_has_to_be_there, pieces))):
        return None
    return {resource.key: identity, **own, **({"customAttributes": custom} if custom else {})}


def _has_to_be_there(piece: Piece) -> bool:
    """Whether it adds a person; the member of a segment without traits is one by that alone."""
    is_member_alone = piece.sync.kind is Kind.SEGMENT and not piece.sync.traits
    return piece.change.op is Op.ADD and not is_member_alone


def _attributes(sync: Sync, change: Change) -> dict[str, JSON]:
    resource, has_left = resource_of(sync), change.op is Op.REMOVE
    if is_link(sync):
        return {"accountId": "" if has_left else bounded(change.external_id, MAX_IDENTIFIER_BYTES)}
    types = {trait.name: attribute_type(trait.data_type) for trait in sync.traits}
    found = _expressed(traits_of(sync, change))
    for name, value in found.items():
        if value is None:  # unset text reads back as "", an unset flag as false
            kind = resource.fields.get(name) or types.get(name)
            found[name] = {"STRING": "", "BOOLEAN": False}.get(kind or "")
    if resource is ACCOUNTS and found.get("name") == "":
        del found["name"]  # an account can't be without one
    if resource is USERS and "gender" in found:
        found["gender"] = _gender(found["gender"])
    if has_left and sync.kind is Kind.SEGMENT:
        reasons = [trait.name for trait in sync.traits if trait.column == sync.reason]
        why = change.reason or Options.of(sync).exit_reason
        found |= {name: why for name in reasons if name in found}
    if has_flag(sync):
        found[segment_name(sync)] = not has_left
    return found


def _expressed(traits: Mapping[str, Any]) -> dict[str, JSON]:
    found = ATTRIBUTES.of(traits)
    for name, value in found.items():
        if type(value) in (list, dict):
            raise ValueError(f"trait {name} is a list or a structure, which no attribute holds")
        if type(value) is str and type(traits[name]) in (int, Decimal):
            raise ValueError(f"trait {name} has more digits than Gainsight PX keeps of a number")
    return found


def _gender(value: JSON) -> str:
    text = str(value or "EMPTY_GENDER").upper()
    if text not in GENDERS:
        raise ValueError(f"trait gender is none of {', '.join(GENDERS)}")
    return text


def writing(tag_key: str, may_revive: bool) -> Stage:
    """Updates each; after a 404 creates, where an add may.

    An update would bring back a user deleted a short while ago, so who may not be created is read
    first, unless `may_revive`. So is each person of whom there is nothing to write.
    """

    def write(rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        people = [row for row in rows if resource_of(row.sync) is USERS]
        read = [row for row in people if _is_read_first(row, may_revive)]
        known: Mapping[str, Record | None] = {}
        if len(read) > 1:
            known = yield from search(USERS, [subject(row.item.pieces)[1] for row in read])
        return (yield from each(lambda row: _write(row, may_revive, known, tag_key))(rows))

    return write


def _is_read_first(row: Row, may_revive: bool) -> bool:
    pieces = row.item.pieces
    if _is_bare(row):
        return True
    if resource_of(row.sync) is not USERS:
        return False
    return _cuts_link(pieces) or not (may_revive or _may_create(pieces))


def _write(
    row: Row, may_revive: bool, known: Mapping[str, Record | None], tag_key: str
) -> Conversation[Outcome]:
    """`known` has users as they were read before."""
    pieces = row.item.pieces
    resource, identity = subject(pieces)
    if _is_read_first(row, may_revive):
        found = known[identity] if identity in known else (yield from look(resource, identity))
        if found is None and not _may_create(pieces):
            return _missing(resource, row)
        if found is None:
            return (yield from _create(resource, identity, row.part, tag_key))
        if _is_bare(row):
            return DELIVERED
        if _cuts_link(pieces) and found.get("accountId") != row.change.external_id:
            return DELIVERED  # belongs to another account by now
    outcome = yield from _update(resource, identity, row.part)
    if outcome is None and _may_create(pieces):
        outcome = yield from _create(resource, identity, row.part, tag_key)
    return outcome or _missing(resource, row)


def _create(resource: Resource, identity: str, part: bytes, tag_key: str) -> Conversation[Outcome]:
    own: dict[str, JSON] = {"type": "USER"} if resource is USERS else {"name": identity}
    given = {**own, "propertyKeys": [tag_key], **orjson.loads(part)}
    response = yield Request("POST", f"/v1/{resource.name}", json=given)
    outcome = outcome_of(response)
    if isinstance(outcome, Delivered):
        return outcome
    # Refused, or there since a moment ago: by an earlier attempt, or by the product itself.
    return (yield from _update(resource, identity, part)) or outcome


def _update(resource: Resource, identity: str, part: bytes) -> Conversation[Outcome | None]:
    """None when there is nobody to update."""
    path = path_of(resource, identity) or f"/v1/{resource.name}/update"
    response = yield Request("PUT", path, json=part)
    return None if is_missing(response) else outcome_of(response)


def _may_create(pieces: Sequence[Piece]) -> bool:
    """Only an add, or an assertion, has everything that a new user or account needs."""
    return any(
        _creates(sync)
        for sync, change in pieces
        if change.op is Op.ADD or (change.op is Op.CHANGE and change.cause in ASSERTIONS)
    )


def _creates(sync: Sync) -> bool:
    default = "create" if resource_of(sync) is ACCOUNTS else "skip"
    return (Options.of(sync).on_missing or default) == "create"


def _is_bare(row: Row) -> bool:
    """Whether there is nothing to write but the id."""
    resource, identity = subject(row.item.pieces)
    return bool(orjson.loads(row.part) == {resource.key: identity})


def _cuts_link(pieces: Sequence[Piece]) -> bool:
    """Whether a user is to leave an account; a link is an item of its own."""
    return is_link(pieces[0].sync) and pieces[0].change.op is Op.REMOVE


def _missing(resource: Resource, row: Row) -> Outcome:
    """A removal has nothing left to do; everything else is tried again by the next run."""
    ops = {change.op for _, change in row.item.pieces}
    if ops == {Op.REMOVE}:
        row.is_done = True
        return DELIVERED
    if Op.ADD in ops:
        text = f"no such {resource.model}; nobody is created unless on_missing says create"
        return Rejected("gainsight-px-unknown", text)
    text = f"the {resource.model} is gone since the last write; a change creates nobody"
    creating = [sync.name for sync, _ in row.item.pieces if _creates(sync)]
    if creating:
        text += f", the next run after `python -m sync state doubt {creating[0]}` does"
    return Rejected("gainsight-px-gone", text)


def forget(how: str, known: Known, syncs: Sequence[Sync]) -> Conversation[Erased]:
    """Delete a user for good: one that is only hidden comes back with the next write."""
    query, path = {"hardDelete": "true"}, path_of(USERS, known.external_id)
    if path is None:
        given = {USERS.key: known.external_id}
        response = yield Request("DELETE", "/v1/users/delete", json=given, query=query)
    else:
        response = yield Request("DELETE", path, query=query)
    said_of = "DELETE /v1/users/{id}?hardDelete=true"
    if is_missing(response):
        return Erased(said_of, NOBODY)
    if not is_taken(response):
        raise BatchRefused(f"gainsight-px-{response.status}", said(response))
    return Erased(said_of, str(response.status))
