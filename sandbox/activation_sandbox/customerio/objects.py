"""The App API's endpoints about objects and their relationships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activation_sandbox.call import Answer, Call, json_answer
from activation_sandbox.customerio.app import PAGE, App, json_object, page
from activation_sandbox.customerio.filters import as_text
from activation_sandbox.customerio.workspace import shown_identifiers
from activation_sandbox.world import Thing

if TYPE_CHECKING:
    from activation_sandbox.customerio import Customerio


class Objects:
    """Types are made by a switch, objects by writing to them."""

    def __init__(self, vendor: Customerio, app: App) -> None:
        self.vendor = vendor
        self.app = app
        app.route("GET", "/object_types", self.types)
        app.route("POST", "/objects", self.index)
        app.route("GET", "/objects/{type}/{id}/attributes", self.attributes)
        app.route("GET", "/objects/{type}/{id}/relationships", self.relationships)

    def types(self, call: Call) -> Answer:
        """The types created in the workspace."""
        off = self.vendor.switches.disabled_object_types
        types = [
            {"id": t, "name": f"Type {t}", "enabled": t not in off}
            for t in sorted(self.vendor.switches.object_types)
        ]
        return json_answer(200, {"types": types})

    def index(self, call: Call) -> Answer:
        """Objects of one type that have a given attribute value, or all of the type."""
        body = json_object(call)
        found = [
            t
            for t in self.vendor.world.objects.values()
            if t.type == str(body.get("object_type_id", t.type))
        ]
        chosen, after = page(found, call, PAGE)
        identifiers = [
            {"object_type_id": t.type, "object_id": t.id, "cio_object_id": t.key} for t in chosen
        ]
        return json_answer(200, {"identifiers": identifiers, "next": after})

    def _thing(self, call: Call) -> Thing | None:
        if call.query.get("id_type") == "cio_object_id":
            return self.vendor.world.object_by_key(call.params["id"])
        return self.vendor.world.objects.get((call.params["type"], call.params["id"]))

    def attributes(self, call: Call) -> Answer:
        """One object."""
        thing = self._thing(call)
        if thing is None:
            return self.app.not_found(call)
        shown = {
            "attributes": {name: as_text(v) for name, v in thing.attributes.items()},
            "timestamps": thing.changed_at,
            "identifiers": {
                "object_type_id": thing.type,
                "object_id": thing.id,
                "cio_object_id": thing.key,
            },
        }
        return json_answer(200, {"object": shown})

    def relationships(self, call: Call) -> Answer:
        """The people of one object."""
        thing = self._thing(call)
        if thing is None:
            return self.app.not_found(call)
        chosen, after = page(list(thing.people.items()), call, PAGE)
        related = [
            {
                "identifiers": shown_identifiers(self.vendor.world.people[key]),
                "attributes": {name: as_text(v) for name, v in relation.items()},
            }
            for key, relation in chosen
        ]
        return json_answer(200, {"cio_relationships": related, "next": after})
