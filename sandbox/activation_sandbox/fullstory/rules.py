"""What Fullstory refuses. Each check returns (code, message) or None."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import orjson

from activation_sandbox.fullstory.switches import FullstorySwitches

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
MAX_PROPERTIES = 500
MAX_NAME = 512
MAX_VALUE_BYTES = 8192
LENGTHS = {"uid": 256, "display_name": 256, "email": 128}
TYPES = {"str", "int", "real", "bool", "date", "strs", "ints", "reals", "bools", "dates"}

Complaint = tuple[str, str] | None


def invalid(message: str) -> tuple[str, str]:
    """A refusal with the commonest code."""
    return "invalid_argument", message


def user_complaint(user: Any, switches: FullstorySwitches) -> Complaint:
    """What is wrong with a user to be written."""
    if not isinstance(user, dict):
        return invalid("user must be a JSON object")
    for field, limit in LENGTHS.items():
        value = user.get(field)
        if value is not None and not isinstance(value, str):
            return invalid(f"{field} must be a string")
        if value is not None and len(value) > limit:
            return invalid(f"{field} must have at most {limit} characters")
    unknown = set(user) - {"id", "properties", "schema", *LENGTHS}
    if unknown:
        return invalid(f"unknown field {min(unknown)}")
    return payload_complaint(user, switches)


def payload_complaint(thing: dict[str, Any], switches: FullstorySwitches) -> Complaint:
    """What is wrong with properties and schema, of a user or an event."""
    properties, schema = thing.get("properties"), thing.get("schema")
    if properties is not None and not isinstance(properties, dict):
        return invalid("properties must be an object")
    if len(properties or {}) > MAX_PROPERTIES:
        return invalid(f"properties must have at most {MAX_PROPERTIES} entries")
    for path, value in flattened(properties or {}):
        name = path.rpartition(".")[2]
        is_bad = NAME.fullmatch(name) is None or len(path) > MAX_NAME
        if is_bad and switches.bad_name == "reject":
            return invalid("property name is invalid")
        if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
            return invalid("arrays of objects are not supported")
        if value is None and switches.null_property == "reject":
            return invalid("property value must not be null")
    declared = schema.get("properties") if isinstance(schema, dict) else None
    if schema is not None and not isinstance(declared, dict):
        return invalid("schema must hold properties")
    for word in (declared or {}).values():
        if not isinstance(word, str) or word not in TYPES:
            return invalid("schema names an unknown type")
    return None


def event_complaint(event: Any, switches: FullstorySwitches) -> Complaint:
    """What is wrong with an event to be written."""
    if not isinstance(event, dict):
        return invalid("event must be a JSON object")
    name = event.get("name")
    if not isinstance(name, str) or not name:
        return invalid("custom events must have a non-empty name")
    unknown = set(event) - {"name", "timestamp", "user", "session", "context", *PAYLOAD}
    if unknown:
        return invalid(f"unknown field {min(unknown)}")
    timestamp = event.get("timestamp")
    if timestamp is not None and instant(timestamp) is None:
        return invalid("timestamp must be in ISO 8601 format")
    user = event.get("user")
    if user is not None and (not isinstance(user, dict) or len(user) != 1):
        return invalid("user must have exactly one of uid and id")
    uid = (user or {}).get("uid")
    if uid is not None and (not isinstance(uid, str) or len(uid) > LENGTHS["uid"]):
        return invalid("uid must be a string of at most 256 characters")
    session = event.get("session") or {}
    if session.get("id") is not None and (user or "use_most_recent" in session):
        return invalid("session.id must be the only identifier")
    if session.get("use_most_recent") and not user:
        return invalid("use_most_recent requires a user")
    return payload_complaint(event, switches)


PAYLOAD = ("properties", "schema")


def instant(text: Any) -> int | None:
    """Unix seconds of an ISO 8601 text; None when it is none."""
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, TypeError):
        return None


def flattened(properties: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Every property with its dotted path, those inside objects too."""
    found: list[tuple[str, Any]] = []
    for name, value in properties.items():
        path = f"{above}{name}"
        found.append((path, value))
        if isinstance(value, dict):
            found += flattened(value, f"{path}.")
    return found


def is_too_long(value: Any) -> bool:
    """Whether a property is dropped for its size."""
    text = value.encode() if isinstance(value, str) else orjson.dumps(value)
    return len(text) > MAX_VALUE_BYTES


def inferred(value: Any) -> str:
    """The type of an undeclared property: every number is a real."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "real"
        case list():
            return f"{inferred(value[0])}s" if value else "strs"
        case dict():
            return "object"
        case _:
            return "str"
