"""What Customer.io refuses about an operation. Pure: an operation in, its errors out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from activation_sandbox.customerio.switches import CustomerioSwitches

Error = dict[str, str]
"""`reason`, `field` and `message`, as the Track API words them."""

MAX_IDENTIFIER_BYTES = 150
MAX_NAME_BYTES = 150
MAX_VALUE_BYTES = 1000
MAX_ATTRIBUTES = 300
MAX_EVENT_NAME_BYTES = 100
SEGMENT_IDS = 1000

EMAIL = re.compile(r"[^@\s\"(),:;<>\[\\\]]+@[^@\s.\"(),:;<>\[\\\]]+(\.[^@\s.\"(),:;<>\[\\\]]+)+")
PHONE = re.compile(r"\+[1-9]\d{6,14}")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")

EVENT_ACTIONS = frozenset({"event", "page", "screen"})
DELIVERY_METRICS = ("opened", "converted", "delivered")


def error(field: str, message: str, reason: str = "invalid") -> Error:
    """One entry of an `errors` array."""
    return {"reason": reason, "field": field, "message": message}


def check(op: Any, switches: CustomerioSwitches) -> list[Error]:
    """Everything wrong with one v2 operation; empty when it would be accepted."""
    if not isinstance(op, dict):
        return [error("", "must be an object")]
    kind, action = op.get("type"), op.get("action")
    if not isinstance(kind, str) or kind not in RULES:
        return [error("type", "must be person, object or delivery")]
    rule = RULES[kind].get(action) if isinstance(action, str) else None
    if rule is None:
        return [error("action", f"is not an action of type {kind}")]
    return rule(op, switches)


def is_email(value: str) -> bool:
    """Whether a value may serve as an email identifier."""
    return EMAIL.fullmatch(value) is not None


def person_identifiers(
    value: Any, switches: CustomerioSwitches, field: str = "identifiers", anonymous: bool = False
) -> list[Error]:
    """Exactly one identifier, of an enabled kind, a short string or a number."""
    if not isinstance(value, dict) or not value:
        return [error(field, "is required", "required")]
    if len(value) != 1:
        return [error(field, "must hold exactly one identifier")]
    ((kind, identifier),) = value.items()
    allowed = {*switches.identifiers, "cio_id"} | ({"anonymous_id"} if anonymous else set())
    if kind not in allowed:
        return [error(field, "is not an identifier of this workspace")]
    return identifier_value(identifier, f"{field}.{kind}", kind)


def identifier_value(value: Any, field: str, kind: str = "id") -> list[Error]:
    """The value of one identifier."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return [error(field, "must be a string or a number")]
    text = str(value)
    if not text.strip():
        return [error(field, "cannot be blank", "required")]
    if len(text.encode()) > MAX_IDENTIFIER_BYTES:
        return [error(field, f"cannot be longer than {MAX_IDENTIFIER_BYTES} bytes")]
    if kind == "email" and not is_email(text):
        return [error(field, "is not an email address")]
    if kind == "phone" and not PHONE.fullmatch(text):
        return [error(field, "is not a phone number in E.164 form")]
    return []


def attributes(value: Any, field: str = "attributes") -> list[Error]:
    """Number of attributes, length of names and of values."""
    if value is None:
        return []
    if not isinstance(value, dict):
        return [error(field, "must be an object")]
    if len(value) > MAX_ATTRIBUTES:
        return [error(field, f"cannot hold more than {MAX_ATTRIBUTES} properties")]
    errors = []
    for name, content in value.items():
        if len(name) * 4 > MAX_NAME_BYTES and len(name.encode()) > MAX_NAME_BYTES:
            errors.append(
                error(field, f"property name cannot be longer than {MAX_NAME_BYTES} bytes")
            )
        elif is_long(content):
            message = f"property value cannot be longer than {MAX_VALUE_BYTES} bytes"
            errors.append(error(f"{field}.{name}", message))
    return errors


def is_long(value: Any) -> bool:
    """Whether a value is over the limit: a text by its UTF-8 bytes, nested values as JSON."""
    if isinstance(value, str):
        return len(value) * 4 > MAX_VALUE_BYTES and len(value.encode()) > MAX_VALUE_BYTES
    if isinstance(value, dict | list):
        return len(orjson.dumps(value)) > MAX_VALUE_BYTES
    return False


def event_name(value: Any) -> list[Error]:
    """A name of at most 100 bytes that is not blank."""
    if not isinstance(value, str) or not value.strip():
        return [error("name", "cannot be blank", "required")]
    if len(value.strip().encode()) > MAX_EVENT_NAME_BYTES:
        return [error("name", f"cannot be longer than {MAX_EVENT_NAME_BYTES} bytes")]
    return []


def object_identifiers(
    value: Any, switches: CustomerioSwitches, field: str = "identifiers"
) -> list[Error]:
    """Type and id, or the vendor's own id alone."""
    if not isinstance(value, dict) or not value:
        return [error(field, "is required", "required")]
    if "cio_object_id" in value:
        if len(value) != 1:
            return [error(field, "cio_object_id must stand alone")]
        return identifier_value(value["cio_object_id"], f"{field}.cio_object_id")
    if set(value) != {"object_type_id", "object_id"}:
        return [error(field, "must hold object_type_id and object_id")]
    if str(value["object_type_id"]) not in switches.object_types:
        return [error(f"{field}.object_type_id", "is not an object type of this workspace")]
    return identifier_value(value["object_id"], f"{field}.object_id")


def relationships(op: Mapping[str, Any], switches: CustomerioSwitches, other: str) -> list[Error]:
    """`cio_relationships`, whose entries name people, objects or anonymous people (`other`)."""
    entries = op.get("cio_relationships")
    if not isinstance(entries, list):
        return [error("cio_relationships", "must be an array")]
    errors: list[Error] = []
    for position, entry in enumerate(entries):
        field = f"cio_relationships.{position}"
        if not isinstance(entry, dict):
            errors.append(error(field, "must be an object"))
            continue
        identifiers, inside = entry.get("identifiers"), f"{field}.identifiers"
        if other == "object":
            errors += object_identifiers(identifiers, switches, inside)
        else:
            errors += person_identifiers(identifiers, switches, inside, other == "anonymous")
        errors += attributes(
            entry.get("relationship_attributes"), f"{field}.relationship_attributes"
        )
    return errors


def _person_identify(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    errors = person_identifiers(op.get("identifiers"), switches)
    given = op.get("attributes")
    errors += attributes(given)
    if switches.invalid_email == "reject" and "email" in switches.identifiers and not errors:
        email = (given or {}).get("email")
        if email not in (None, "") and not is_email(str(email)):
            errors.append(error("attributes.email", "is not an email address"))
    if "cio_relationships" in op:
        errors += relationships(op, switches, "object")
    return errors


def _person_event(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    errors = person_identifiers(op.get("identifiers"), switches, anonymous=True)
    errors += event_name(op.get("name"))
    if not isinstance(op.get("attributes", {}), dict | None):
        errors.append(error("attributes", "must be an object"))
    if not isinstance(op.get("id"), str | None):
        errors.append(error("id", "must be a string"))
    return errors


def _person_only(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    return person_identifiers(op.get("identifiers"), switches)


def _person_relationships(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    return _person_only(op, switches) + relationships(op, switches, "object")


def _device(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    errors, device = _person_only(op, switches), op.get("device")
    if not isinstance(device, dict) or not isinstance(device.get("token"), str):
        return [*errors, error("device.token", "is required", "required")]
    is_optional = op["action"] == "delete_device"
    if device.get("platform", "ios" if is_optional else None) not in ("ios", "android"):
        errors.append(error("device.platform", "must be ios or android"))
    return errors


def _merge(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    if "identifiers" in op:
        return [error("identifiers", "a merge takes primary and secondary instead")]
    return person_identifiers(op.get("primary"), switches, "primary") + person_identifiers(
        op.get("secondary"), switches, "secondary"
    )


def _object_identify(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    errors = object_identifiers(op.get("identifiers"), switches) + attributes(op.get("attributes"))
    if "cio_relationships" in op:
        other = "anonymous" if op["action"] == "identify_anonymous" else "person"
        errors += relationships(op, switches, other)
    return errors


def _object_only(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    return object_identifiers(op.get("identifiers"), switches)


def _object_relationships(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    return _object_only(op, switches) + relationships(op, switches, "person")


def _delivery(op: Mapping[str, Any], switches: CustomerioSwitches) -> list[Error]:
    identifiers = op.get("identifiers")
    errors = [] if op.get("name") in DELIVERY_METRICS else [error("name", "is not a metric")]
    if not isinstance(identifiers, dict) or "id" not in identifiers:
        return [*errors, error("identifiers.id", "is required", "required")]
    return errors + identifier_value(identifiers["id"], "identifiers.id")


Rule = Callable[[Mapping[str, Any], CustomerioSwitches], list[Error]]
RULES: Mapping[str, Mapping[str, Rule]] = {
    "person": {
        "identify": _person_identify,
        "delete": _person_only,
        "event": _person_event,
        "screen": _person_event,
        "page": _person_event,
        "add_relationships": _person_relationships,
        "delete_relationships": _person_relationships,
        "add_device": _device,
        "delete_device": _device,
        "merge": _merge,
        "suppress": _person_only,
        "unsuppress": _person_only,
    },
    "object": {
        "identify": _object_identify,
        "identify_anonymous": _object_identify,
        "delete": _object_only,
        "add_relationships": _object_relationships,
        "delete_relationships": _object_relationships,
    },
    "delivery": {"event": _delivery},
}
