"""How each destination shows what it holds, and in what form, as its page under docs/ says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from activation_sandbox.client import SandboxControl

Subject = tuple[str, ...]
"""Somebody or something at a destination: `("id", "p1")`, `("email", ...)`, `("1", "acme")`."""
Held = dict[Subject, dict[str, Any]]
"""Values by name; a name that holds nothing is left out."""

SEGMENTS = ("seg_a", "seg_b", "seg_c")
TRAITS = ("t1", "t2", "t3", "t4", "t5", "t6", "c1", "c2", "c3")
LISTED = ("gold", "free")
"""Values of a trait that have a segment at LaunchDarkly."""
LISTS = ("1", "2")
"""Manual segments at Customer.io by number, mailing lists at Qualtrics by name."""


@dataclass(frozen=True)
class Vendor:
    """One kind of destination. The form of values and of emptiness differs."""

    name: str
    kinds: frozenset[str] = frozenset({"traits", "segment"})
    types: tuple[str, ...] = ("varchar",)
    """Of columns that may be sent there."""
    object_types: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of every entry that is no segment's."""
    segment_options: Mapping[str, Any] = field(default_factory=dict)
    """Of every segment's."""
    has_emails: bool = False
    has_reasons: bool = True
    list_option: str = ""
    """The key of a segment's entry that names a list to keep in step; its values are `LISTS`."""

    def list_value(self, name: str) -> Any:
        """What an entry calls a list of this name."""
        return name

    def of_list(self, name: str) -> Mapping[str, Any]:
        """The key of an entry that names this list; empty for no list."""
        return {self.list_option: self.list_value(name)} if name else {}

    def prepare(self, control: SandboxControl) -> None:
        """Create what must exist beforehand."""

    def wire(self, value: Any) -> Any:
        """The form in which a value is held; a null is none."""
        return value

    def normal(self, kind: str, value: str) -> str:
        """The identifier as the destination compares it."""
        return value.strip(" ")

    def held_of(self, trait: str, value: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is held of one trait, by name; None where that is nothing."""
        return {trait: None if value is None else self.wire(value)}

    def read(self, control: SandboxControl) -> Held:
        """All that is held there of the names that histories use."""
        people = control.people()
        return {
            self._subject(person["identifiers"]): dict(self._attributes(person["attributes"]))
            for person in people
        }

    def _subject(self, identifiers: Mapping[str, str]) -> Subject:
        for kind in ("id", "email"):
            if kind in identifiers:
                return kind, self.normal(kind, identifiers[kind])
        return ("other", str(identifiers))

    def _attributes(self, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in attributes.items():
            if _is_ours(name) and not self.is_empty(name, value):
                yield name, value

    def is_empty(self, name: str, value: Any) -> bool:
        """Whether this is how nothing looks. A membership that ended is nothing."""
        return value is None or (name in SEGMENTS and value is False)


def _is_ours(name: str) -> bool:
    return name in TRAITS or name.startswith(SEGMENTS)


class Customerio(Vendor):
    def prepare(self, control: SandboxControl) -> None:
        control.seed({"segments": [{"name": name, "type": "manual"} for name in LISTS]})
        control.set_switch("object_types", list(self.object_types))

    def list_value(self, name: str) -> Any:
        return int(name)

    def wire(self, value: Any) -> Any:
        return _seconds(value) if _is_date(value) else value

    def normal(self, kind: str, value: str) -> str:
        value = value.strip()
        return value.lower() if kind == "email" else value

    def read(self, control: SandboxControl) -> Held:
        held = super().read(control)
        for thing in control.objects():
            subject = (thing["object_type_id"], thing["object_id"])
            held[subject] = dict(self._attributes(thing["attributes"]))
        return _with_lists(self, held, control)


class Fullstory(Vendor):
    def is_empty(self, name: str, value: Any) -> bool:
        return value == "" or super().is_empty(name, value)


class GainsightPx(Vendor):
    def prepare(self, control: SandboxControl) -> None:
        texts = (*TRAITS, *(f"{segment}_reason" for segment in SEGMENTS))
        users = {**dict.fromkeys(texts, "STRING"), **dict.fromkeys(SEGMENTS, "BOOLEAN")}
        control.set_switch("user_attributes", users)
        control.set_switch("account_attributes", dict.fromkeys(TRAITS, "STRING"))

    def read(self, control: SandboxControl) -> Held:
        held = super().read(control)
        for thing in control.objects():
            subject = (thing["object_type_id"], thing["object_id"])
            held[subject] = dict(self._attributes(thing["attributes"]))
        return held

    def is_empty(self, name: str, value: Any) -> bool:
        return value in ("", "left_segment") or super().is_empty(name, value)


class Qualtrics(Vendor):
    def prepare(self, control: SandboxControl) -> None:
        control.seed({"lists": {f"CG_{name}": name for name in LISTS}})

    def list_value(self, name: str) -> Any:
        return f"CG_{name}"

    def wire(self, value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else str(value)

    def normal(self, kind: str, value: str) -> str:
        return value.strip().lower()

    def is_empty(self, name: str, value: Any) -> bool:
        return value == "-" or (name in SEGMENTS and value == "0")

    def read(self, control: SandboxControl) -> Held:
        held = super().read(control)
        for values in held.values():
            for name in SEGMENTS & values.keys():
                values[name] = values[name] == "1"
        return _with_lists(self, held, control)


class Launchdarkly(Vendor):
    """Holds nothing but memberships: a trait is a segment for each listed value."""

    def held_of(self, trait: str, value: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
        listed = options.get("value_segments", {}).get(trait, ())
        return {f"{trait}--{one}": True if one == value else None for one in listed}

    def read(self, control: SandboxControl) -> Held:
        held: Held = {}
        for segment in control.segments():
            for member in segment["members"]:
                held.setdefault(("id", member), {})[segment["name"]] = True
        return held


class Webhook(Vendor):
    """What a receiver holds that does as its page says."""

    def read(self, control: SandboxControl) -> Held:
        held: Held = {}
        for person in control.people():
            values = dict(self._attributes(person["attributes"]))
            values |= dict.fromkeys(person["segments"], True)
            held[self._subject(person["identifiers"])] = values
        for thing in control.objects():
            subject = (thing["object_type_id"], thing["object_id"])
            held[subject] = dict(self._attributes(thing["attributes"]))
        return held


def _with_lists(vendor: Vendor, held: Held, control: SandboxControl) -> Held:
    for segment in control.segments():
        for member in segment["members"] if segment["name"] in LISTS else ():
            subject = ("id", vendor.normal("id", member))
            held.setdefault(subject, {})[f"list {segment['name']}"] = True
    return held


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("2024-01-")


def _seconds(value: str) -> int:
    return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())


TYPES = ("varchar", "integer", "bigint", "boolean", "date")
VENDORS: Mapping[str, Vendor] = {
    vendor.name: vendor
    for vendor in (
        Customerio(
            "customerio",
            kinds=frozenset({"traits", "segment", "objects"}),
            types=TYPES,
            object_types=("1", "2"),
            segment_options={"update_only": False},
            has_emails=True,
            list_option="manual_segment",
        ),
        Fullstory("fullstory"),
        GainsightPx(
            "gainsight_px",
            kinds=frozenset({"traits", "segment", "objects"}),
            object_types=("account",),
            options={"on_missing": "create"},
            segment_options={"on_missing": "create"},
        ),
        Launchdarkly(
            "launchdarkly",
            options={"value_segments": {name: list(LISTED) for name in TRAITS}},
            has_reasons=False,
        ),
        Qualtrics("qualtrics", types=TYPES, list_option="mailing_list"),
        Webhook(
            "webhook",
            kinds=frozenset({"traits", "segment", "objects"}),
            types=TYPES,
            object_types=("1", "2"),
            has_emails=True,
        ),
    )
}


def names_of(subjects: Iterable[Subject]) -> list[str]:
    """Subjects for a message."""
    return sorted("/".join(subject) for subject in subjects)
