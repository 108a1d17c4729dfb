"""The fields of users and accounts: types, what may be written, what unset ones look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from activation_sandbox.gainsight_px.answers import Refused
from activation_sandbox.gainsight_px.switches import GainsightPxSwitches

TYPES = {"LEAD", "USER", "VISITOR", "EMPTY_USER_TYPE"}
GENDERS = {"MALE", "FEMALE", "OTHER", "EMPTY_GENDER"}

USER_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        "email firstName lastName title phone role subscriptionId accountId sfdcContactId".split(),
        "STRING",
    ),
    "type": "TYPE",
    "gender": "GENDER",
    "score": "NUMBER",
    "signUpDate": "DATE_TIME",
    "firstVisitDate": "DATE_TIME",
    "location": "OBJECT",
    "globalUnsubscribe": "BOOLEAN",
}
ACCOUNT_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        "name trackedSubscriptionId sfdcId dunsNumber industry sicCode website naicsCode plan"
        " parentGroupId gsId csm".split(),
        "STRING",
    ),
    **dict.fromkeys("numberOfEmployees healthScore nps".split(), "NUMBER"),
    "lastSeenDate": "DATE_TIME",
    "renewalDate": "DATE_TIME",
    "location": "OBJECT",
}
READ_ONLY = frozenset(
    "aptrinsicId id lastSeenDate numberOfVisits createDate lastModifiedDate globalId"
    " lastInferredLocation numberOfUsers channelMetricList lastVisitedUserAgentData".split()
)
UNSET: Mapping[str, Any] = {
    "STRING": "",
    "NUMBER": 0,
    "DATE_TIME": 0,
    "BOOLEAN": False,
    "OBJECT": None,
    "TYPE": "EMPTY_USER_TYPE",
    "GENDER": "EMPTY_GENDER",
}


def is_a(kind: str, value: Any) -> bool:
    """Whether a value has the type of its field."""
    if kind == "BOOLEAN":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "NUMBER":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "DATE_TIME":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "OBJECT":
        return isinstance(value, dict)
    if kind in ("TYPE", "GENDER"):
        return value in (TYPES if kind == "TYPE" else GENDERS)
    return isinstance(value, str)


def writes(
    switches: GainsightPxSwitches, fields: Mapping[str, str], body: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """What a body changes, flat; a value of None empties. Raises Refused for what is not valid."""
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for name, kind, value, is_known in _mentioned(switches, fields, body, key):
        if value is None or (value == "" and kind == "STRING"):
            if value == "" or switches.null_clears:
                found[name] = None
        elif is_known and is_a(kind, value):
            found[name] = (
                {"true": True, "false": False}.get(value, value)
                if (kind == "BOOLEAN" and isinstance(value, str))
                else value
            )
        else:
            wrong.append(f"{name} is not defined" if not is_known else f"{name} must be {kind}")
    if wrong and switches.bad_attribute == "reject":
        raise Refused(400, "Validation error", *wrong)
    return found


def _mentioned(
    switches: GainsightPxSwitches, fields: Mapping[str, str], body: Mapping[str, Any], key: str
) -> Iterator[tuple[str, str, Any, bool]]:
    custom = body.get("customAttributes")
    if custom is not None and not isinstance(custom, dict):
        raise Refused(400, "Validation error", "customAttributes must be an object")
    for name, value in body.items():
        if name in fields:
            yield name, fields[name], value, True
        elif name not in READ_ONLY | {key, "propertyKeys", "customAttributes"}:
            yield name, "STRING", value, False
    is_user = fields is USER_FIELDS
    known = switches.user_attributes if is_user else switches.account_attributes
    for name, value in (custom or {}).items():
        is_known = name in known and name not in switches.disabled_attributes
        if value in (None, "") and not is_known:
            value = "unknown"  # an empty value does not excuse an attribute that isn't there
        yield name, known.get(name, "STRING"), value, is_known
