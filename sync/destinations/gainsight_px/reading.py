"""What Gainsight PX answers: errors, records, definitions of attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sync.destinations.answers import chunks, listed, mapping, object_if_any, says_no, word
from sync.destinations.exchange import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.destinations.gainsight_px.model import (
    ACCOUNTS,
    ATTRIBUTES,
    USERS,
    Resource,
    attributes_of,
    has_flag,
    is_link,
    path_of,
    resource_of,
)
from sync.destinations.read_back import Expected, Found
from sync.destinations.transitions import segment_name
from sync.model import DELIVERED, Kind, Outcome, Rejected, Sync

Record = Mapping[str, Any]
LOOK_UP = 25
PAGE = 1000
PLAIN = re.compile(r"[\w.@:+-]+")
"""Ids that no filter can take for syntax."""

_OF_USER = frozenset(
    {USERS.key, *USERS.fields, *USERS.names.reserved}.union(
        "eventId eventName eventType date attributes propertyKey userType sessionId".split(),
        "globalContext url referrer remoteHost".split(),
    )
)
_OF_ID = frozenset({*ACCOUNTS.fields, *ACCOUNTS.names.reserved, "externalId", "description"})
"""Fields of what a write may show: users and their events, accounts and external segments."""


def said(response: Response) -> str:
    """The vendor's words, from whichever of its forms of error this is.

    Each is a JSON object; a page of HTML comes from a proxy in between and is no answer.
    """
    found = response.object()
    wrapped = found.get("externalapierror")
    error = wrapped if isinstance(wrapped, dict) else found
    nested = error.get("subErrors")
    errors = [error, *nested] if isinstance(nested, list) else [error]
    texts = [one.get("message") if isinstance(one, dict) else one for one in errors]
    return "; ".join(str(text) for text in texts if text) or f"status {response.status}"


def is_missing(response: Response) -> bool:
    """Whether the vendor has no such record; a 404 of a proxy in between is UnreadableAnswer."""
    return response.status == 404 and bool(said(response))


def outcome_of(response: Response) -> Outcome:
    """Of one record's write: taken, or refused. A 404 here is about the address: BatchRefused."""
    if is_taken(response):
        return DELIVERED
    if is_missing(response):
        raise BatchRefused("gainsight-px-404", said(response))
    return Rejected("gainsight-px-refused", said(response))


def accepted(response: Response) -> Record:
    """A 200 is an object without the wrapper of errors; anything else is no answer."""
    found = response.object()
    if response.status != 200 or "externalapierror" in found:
        raise UnreadableAnswer("no success, or an error in disguise")
    return found


def taken(response: Response) -> Record:
    """The body of a write's success, if it has one: any 2xx that says nothing of an error.

    Recorded are 201 and 204; neither the status nor the body's form is the vendor's promise. What
    stands in the fields of a record is a customer's own.
    """
    body = object_if_any(response)
    for one in (body, body.get("body")):
        record: Record = one if isinstance(one, dict) else {}
        known = {"body", *_fields(record)}
        if says_no({name: value for name, value in record.items() if name not in known}):
            raise UnreadableAnswer("a success that speaks of an error")
    return body


def _fields(body: Mapping[str, JSON]) -> frozenset[str]:
    """Those of the record that has this id; nothing where there is none."""
    if word(body.get(USERS.key)):
        return _OF_USER
    return _OF_ID if word(body.get("id")) else frozenset()


def is_taken(response: Response) -> bool:
    """Whether a write was taken; a success that says no raises UnreadableAnswer."""
    if 200 <= response.status < 300:
        taken(response)
        return True
    return False


def look(resource: Resource, identity: str) -> Conversation[Record | None]:
    """One user or account as it stands; None when there is none, which includes deleted ones."""
    path = path_of(resource, identity)
    if path is None:
        return (yield from search(resource, [identity])).get(identity)
    response = yield Request("GET", path)
    if is_missing(response):
        return None
    found = accepted(response)
    if found.get(resource.key, found.get("id")) != identity:
        raise UnreadableAnswer("the answer is about another person")
    return found


def search(resource: Resource, identities: Sequence[str]) -> Conversation[dict[str, Record | None]]:
    """`LOOK_UP` of them in a request, without those whose id a filter could take for syntax.

    Filters ignore case, so the ids are compared here.
    """
    asked = [one for one in identities if _fits_filter(resource, one)]
    found: dict[str, Record | None] = dict.fromkeys(asked)
    for group in chunks(asked, LOOK_UP):
        conditions = [f"{resource.key}=={one}" for one in group]
        filters = "".join(f"&filter={quote(one, safe='')}" for one in conditions)
        response = yield Request("GET", f"/v1/{resource.name}?pageSize={PAGE}{filters}")
        records = listed(accepted(response), resource.name)
        found |= {key: r for r in records if (key := word(r.get(resource.key))) in found}
    return found


def _fits_filter(resource: Resource, identity: str) -> bool:
    """Also where that is not sure, if there is no other way."""
    is_only_way = path_of(resource, identity) is None and ";" not in identity
    return is_only_way or PLAIN.fullmatch(identity) is not None


def find(sync: Sync, expected: Sequence[Expected]) -> Conversation[Sequence[Found | None]]:
    """Membership of an external segment can't be read, so only attributes are shown."""
    if sync.kind is Kind.EVENTS or is_link(sync):
        return []
    resource = resource_of(sync)
    known = yield from search(resource, [one.external_id for one in expected])
    for one in expected:
        if one.external_id not in known:
            known[one.external_id] = yield from look(resource, one.external_id)
    records = [(one, known[one.external_id]) for one in expected]
    return [_found(sync, one, record) if record else None for one, record in records]


def _found(sync: Sync, expected: Expected, record: Record) -> Found:
    fields = resource_of(sync).fields
    wanted = ATTRIBUTES.of(expected.traits)
    if has_flag(sync):
        wanted[segment_name(sync)] = expected.is_member
    if "gender" in wanted and "gender" in fields:
        wanted["gender"] = str(wanted["gender"] or "").upper()
    custom = mapping(record.get("customAttributes"))
    return Found(
        wanted, {name: (record if name in fields else custom).get(name) for name in wanted}
    )


def matches(wanted: JSON, shown: JSON) -> bool:
    """What is unset reads back as its type's default, so the two can't be told apart."""
    if not wanted:
        return not shown or shown == "EMPTY_GENDER"
    return bool(wanted == shown)


def unfit(sync: Sync) -> Conversation[list[tuple[str, str]]]:
    """(attribute that can't take what this sync writes, what exactly to create or change)."""
    if sync.kind is Kind.EVENTS or is_link(sync):
        return []
    response = yield Request("GET", f"/v1/admin/model/{resource_of(sync).model}/attributes")
    listed = response.json()
    if response.status != 200 or not isinstance(listed, list):
        raise UnreadableAnswer("the answer lists no attributes")
    known = {str(one.get("apiName")): one for one in listed if isinstance(one, dict)}
    return list(_attribute_errors(sync, known))


def _attribute_errors(sync: Sync, known: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    model = resource_of(sync).model
    place = f"in Gainsight PX, Administration > Attributes > {model.capitalize()}"
    folded = {name.casefold(): name for name in known}
    custom = dict(attributes_of(sync))
    for name in dict.fromkeys([*custom, *(trait.name for trait in sync.traits)]):
        one, wanted, what = known.get(name, {}), custom.get(name), f"{model} attribute `{name}`"
        if name in custom and (not one or one.get("state") == "DELETED"):
            twin = folded.get(name.casefold(), name)
            also = f" (there is `{twin}`, but letter case counts)" if twin != name else ""
            kind = wanted or "the column's type"
            fix = f"{place}: create an attribute with the API name `{name}`, type {kind}"
            yield f"{what} does not exist{also}", fix
        elif wanted and one.get("type") != wanted:
            is_flag = has_flag(sync) and name == segment_name(sync)
            mend = "name the segment otherwise" if is_flag else "cast the column in the model"
            text = f"{what} is {one.get('type')}, we send {wanted}"
            yield text, f"{mend}, or use an attribute of that type"
        if one.get("state") == "DISABLED":
            yield f"{what} is switched off", f"{place}: enable `{name}`"
