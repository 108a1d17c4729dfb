"""Users and accounts: one at a time, updated with PUT and created with POST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from activation_sandbox.call import JSON, Answer, Call, json_answer
from activation_sandbox.gainsight_px.answers import (
    Refused,
    filters,
    json_object,
    nothing_found,
    page,
    written,
)
from activation_sandbox.gainsight_px.fields import UNSET, writes
from activation_sandbox.gainsight_px.filters import folded_ids, matcher
from activation_sandbox.world import Applied, Person, Thing

if TYPE_CHECKING:
    from activation_sandbox.gainsight_px import GainsightPx

DAY = 86_400
ACCOUNT = "account"


@dataclass(slots=True)
class Deleted:
    """A user that is hidden and may come back."""

    person: Person
    at: float


class Records:
    """The endpoints of one resource; `key` names its id in bodies."""

    what: str
    name: str
    key: str
    fields: Mapping[str, str]

    def __init__(self, vendor: GainsightPx) -> None:
        self.vendor = vendor
        path = f"/{self.name}"
        vendor.route("GET", path, self.search)
        vendor.route("POST", path, self.create)
        vendor.route("PUT", f"{path}/update", self.update_by_body)
        vendor.route("GET", f"{path}/{{id}}", self.read)
        vendor.route("PUT", f"{path}/{{id}}", self.update)
        vendor.route("DELETE", f"{path}/{{id}}", self.delete)

    def find(self, identity: str) -> Person | Thing | None:
        """Exactly this id; letter case counts."""
        raise NotImplementedError

    def make(self, identity: str) -> Person | Thing:
        """A new, empty one."""
        raise NotImplementedError

    def remove(self, identity: str, is_hard: bool) -> None:
        """Delete it with what hangs on it."""
        raise NotImplementedError

    def everything(self) -> list[Person | Thing]:
        """All of them, in the order of their creation."""
        raise NotImplementedError

    def shown(self, record: Person | Thing) -> dict[str, JSON]:
        """As reads show it: unset fields with their type's default."""
        fields = {
            name: record.attributes.get(name, UNSET[kind]) for name, kind in self.fields.items()
        }
        custom = {k: v for k, v in record.attributes.items() if k not in self.fields}
        touched = max(record.changed_at.values(), default=record.created_at)
        return {
            **fields,
            "id": self.identity_of(record),
            self.key: self.identity_of(record),
            "propertyKeys": self.vendor.property_keys.get(record.key, []),
            "customAttributes": custom or None,
            "createDate": record.created_at * 1000,
            "lastModifiedDate": touched * 1000,
        }

    def identity_of(self, record: Person | Thing) -> str:
        """The id a customer knows it by."""
        raise NotImplementedError

    def search(self, call: Call) -> Answer:
        """A page of those that match, in the wanted order."""
        wanted, everything = filters(call), self.everything()
        if (ids := folded_ids(self.key, wanted)) is not None:
            everything = [r for r in everything if self.identity_of(r).casefold() in ids]
        rows = list(filter(matcher(wanted), map(self.shown, everything)))
        for part in reversed(call.query.get("sort", "").split(";")):
            if part:
                rows.sort(key=partial(_text_of, part.lstrip("-")), reverse=part[0] == "-")
        return page(call, rows, self.name)

    def read(self, call: Call) -> Answer:
        """One of them."""
        record = self.find(call.params["id"])
        if record is None:
            raise nothing_found(self.what, "id", call.params["id"])
        return json_answer(200, self.shown(record))

    def create(self, call: Call) -> Answer:
        """Refuses what exists already."""
        body = json_object(call)
        lacking = [
            f"{name} must not be empty"
            for name in ({self.key, "propertyKeys"} | self.required())
            if not body.get(name)
        ]
        if lacking:
            raise Refused(400, "Validation error", *sorted(lacking))
        identity = str(body[self.key])
        self._may(call, identity)
        changes = writes(self.vendor.switches, self.fields, body, self.key)
        if self.find(identity) is not None:
            raise Refused(400, f"{self.what} already exists for parameters {{id={identity}}}")

        def effect() -> None:
            record = self.find(identity) or self.revived(identity) or self.make(identity)
            self.vendor.property_keys[record.key] = list(body["propertyKeys"])
            self._apply(record, changes, body, call, "create")

        self.vendor.write(effect)
        return written(self.vendor.switches.write_status, 201)

    def required(self) -> set[str]:
        """What a new one needs beside id and product."""
        return set()

    def is_hidden(self, identity: str) -> bool:
        """Whether a write would bring one back."""
        return False

    def revived(self, identity: str) -> Person | None:
        """One that was hidden, back again."""
        return None

    def update(self, call: Call) -> Answer:
        """The id in the path."""
        return self._update(call, call.params["id"])

    def update_by_body(self, call: Call) -> Answer:
        """The id in the body, for ids that can't stand in a path."""
        identity = json_object(call).get(self.key)
        if not isinstance(identity, str) or not identity:
            raise Refused(400, "Validation error", f"{self.key} must not be empty")
        return self._update(call, identity)

    def _update(self, call: Call, identity: str) -> Answer:
        body = json_object(call)
        self._may(call, identity)
        if body.get(self.key, identity) != identity:
            raise Refused(400, "Validation error", f"{self.key} differs from the path")
        if self.find(identity) is None and not self.is_hidden(identity):
            raise nothing_found(self.what, "id", identity)
        changes = writes(self.vendor.switches, self.fields, body, self.key)

        def effect() -> None:
            record = self.find(identity) or self.revived(identity)
            if record is None:
                return
            if "propertyKeys" in body and self.vendor.switches.property_keys_on_put == "replace":
                self.vendor.property_keys[record.key] = list(body["propertyKeys"])
            self._apply(record, changes, body, call, "update")

        self.vendor.write(effect)
        return written(self.vendor.switches.write_status, 204)

    def _may(self, call: Call, identity: str) -> None:
        if identity in call.refuse:
            raise Refused(400, "Validation error", call.refuse[identity])

    def _apply(
        self,
        record: Person | Thing,
        changes: Mapping[str, Any],
        body: Mapping[str, Any],
        call: Call,
        action: str,
    ) -> None:
        now = int(self.vendor.clock())
        if not self.vendor.switches.merge_custom_attributes and body.get("customAttributes"):
            for name in [n for n in record.attributes if n not in self.fields]:
                del record.attributes[name]
        for name, value in changes.items():
            if value is None:
                record.attributes.pop(name, None)
            else:
                record.attributes[name] = value
            record.changed_at[name] = now
        if isinstance(record, Person):
            record.operations += 1
            self.vendor.link(record)
        self.vendor.log(call, self.what.lower(), action, self.identity_of(record), changes)

    def delete(self, call: Call) -> Answer:
        """Hidden for a while, or gone at once with `hardDelete=true`."""
        return self.delete_one(call, call.params["id"])

    def delete_one(self, call: Call, identity: str) -> Answer:
        """The second time answers 404."""
        if self.find(identity) is None:
            raise nothing_found(self.what, "id", identity)
        self.remove(identity, call.query.get("hardDelete") == "true")
        self.vendor.log(call, self.what.lower(), "delete", identity, {})
        return Answer(204)


def _text_of(name: str, record: Mapping[str, JSON]) -> str:
    return str(record.get(name) or "")


def applied(vendor: GainsightPx, call: Call, kind: str, action: str, who: str, data: Any) -> None:
    """Write one accepted operation into the log."""
    digest = blake2b(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    names = tuple(data) if isinstance(data, Mapping) else ()
    ordinal = len(vendor.world.applied)
    vendor.world.record(
        Applied(ordinal, call.number, kind, action, "id", who, names, digest, "applied")
    )
