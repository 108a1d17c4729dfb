"""What Gainsight PX answers: errors, single records, definitions of attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sync.core import Rejected, Sync
from sync.destinations.gainsight_px.bodies import ATTRIBUTES
from sync.destinations.gainsight_px.model import (
    USERS,
    Resource,
    attributes_of,
    has_flag,
    path_of,
    resource_of,
    segment_name,
)
from sync.destinations.spec import (
    JSON,
    Conversation,
    Expected,
    ReadBack,
    Request,
    Response,
    UnreadableAnswer,
)

LOOK_UP = 25
PAGE = 1000


def said(response: Response) -> str:
    """The vendor's words, from whichever of its forms of error this is."""
    error = _error(response)
    texts = [error.get("message"), *(_texts(error.get("subErrors")))]
    return "; ".join(str(text) for text in texts if text) or f"status {response.status}"


def _error(response: Response) -> Mapping[str, Any]:
    """A refusal is a JSON object; a page of HTML comes from somebody in between."""
    found = response.json()
    if not isinstance(found, dict):
        raise UnreadableAnswer("an error that is no JSON object")
    wrapped = found.get("externalapierror")
    return wrapped if isinstance(wrapped, dict) else found


def _texts(errors: Any) -> Iterator[Any]:
    for error in errors if isinstance(errors, list) else ():
        yield error.get("message") if isinstance(error, dict) else error


def refusal(response: Response, is_partial: bool = False) -> Rejected:
    """One row refused; `is_partial` when an earlier step of it was applied."""
    return Rejected("gainsight-px-refused", said(response), is_partial)


def accepted(response: Response) -> Mapping[str, Any]:
    """A 200 is an object without the wrapper of errors; anything else is no answer."""
    found = response.json()
    if response.status != 200 or not isinstance(found, dict) or "externalapierror" in found:
        raise UnreadableAnswer("a success that is no JSON object, or an error in disguise")
    return found


def look(resource: Resource, identity: str) -> Conversation[Mapping[str, Any] | None]:
    """One user or account as it stands; None when there is none, which includes deleted ones."""
    path = path_of(resource, identity)
    if path is None:
        return (yield from look_all(resource, [identity])).get(identity)
    response = yield Request("GET", path)
    if response.status == 404:
        _error(response)
        return None
    found = accepted(response)
    if found.get(resource.key, found.get("id")) != identity:
        raise UnreadableAnswer("the answer is about somebody else")
    return found


def look_all(
    resource: Resource, identities: Sequence[str]
) -> Conversation[dict[str, Mapping[str, Any]]]:
    """Those that exist, by id. Filters ignore case, so the ids are compared here."""
    found: dict[str, Mapping[str, Any]] = {}
    for identity in identities:
        if ";" in identity:  # a filter would end there
            record = yield from look(resource, identity)
            found |= {identity: record} if record is not None else {}
    filtered = [identity for identity in identities if ";" not in identity]
    for start in range(0, len(filtered), LOOK_UP):
        asked = filtered[start : start + LOOK_UP]
        conditions = "".join(f"&filter={quote(f'{resource.key}=={one}', safe='')}" for one in asked)
        response = yield Request("GET", f"/v1/{resource.name}?pageSize={PAGE}{conditions}")
        listed = accepted(response).get(resource.name)
        if not isinstance(listed, list):
            raise UnreadableAnswer("the answer lists nobody")
        for record in listed:
            if isinstance(record, dict) and record.get(resource.key) in asked:
                found[record[resource.key]] = record
    return found


def compared(sync: Sync, expected: Expected, found: Mapping[str, Any] | None) -> ReadBack:
    """Membership of an external segment can't be read, so only attributes are compared."""
    if found is None:
        return ReadBack(expected.address, False)
    wanted = ATTRIBUTES.of(expected.traits)
    if has_flag(sync):
        wanted[segment_name(sync)] = expected.is_member
    if "gender" in wanted and resource_of(sync) is USERS:
        wanted["gender"] = str(wanted["gender"] or "").upper()
    custom = found.get("customAttributes") or {}
    fields = resource_of(sync).fields
    differing = [
        name
        for name, value in wanted.items()
        if not _matches(value, found.get(name) if name in fields else custom.get(name))
    ]
    return ReadBack(expected.address, True, tuple(differing))


def _matches(value: JSON, shown: Any) -> bool:
    """What is unset reads back as its type's default, so the two can't be told apart."""
    if not value:
        return not shown or shown == "EMPTY_GENDER"
    return bool(value == shown)


def definitions(model: str) -> Conversation[dict[str, Mapping[str, Any]]]:
    """The attributes that exist for users or accounts, by the name that writes use."""
    response = yield Request("GET", f"/v1/admin/model/{model}/attributes")
    listed = response.json()
    if response.status != 200 or not isinstance(listed, list):
        raise UnreadableAnswer("the answer lists no attributes")
    return {str(one.get("apiName")): one for one in listed if isinstance(one, dict)}


def unready(sync: Sync, known: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(attribute that can't take what this sync writes, what exactly to create or change)."""
    resource = resource_of(sync)
    place = f"in Gainsight PX, Administration > Attributes > {resource.model.capitalize()}"
    folded = {name.casefold(): name for name in known}
    for name, wanted in attributes_of(sync):
        one = known.get(name)
        if one is None or one.get("state") == "DELETED":
            twin = folded.get(name.casefold(), name)
            also = f" (there is `{twin}`, but letter case counts)" if twin != name else ""
            kind = wanted or "the column's type"
            fix = f"{place}: create an attribute with the API name `{name}`, type {kind}"
            yield f"{resource.model} attribute `{name}` does not exist{also}", fix
        elif wanted and one.get("type") != wanted:
            text = f"{resource.model} attribute `{name}` is {one.get('type')}, we send {wanted}"
            yield text, "cast the column in the model, or use an attribute of that type"
    used = dict.fromkeys(trait.name for trait in sync.traits) | dict(attributes_of(sync))
    for name in used:
        if known.get(name, {}).get("state") == "DISABLED":
            yield (
                f"{resource.model} attribute `{name}` is switched off",
                f"{place}: enable `{name}`",
            )
