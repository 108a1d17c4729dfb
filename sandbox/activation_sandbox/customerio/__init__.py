"""Customer.io: Track API 1 and 2, App API and Pipelines over one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activation_sandbox.call import JSON, Answer, Call, Match, Routes, json_answer
from activation_sandbox.customerio.app import App, app_error
from activation_sandbox.customerio.cdp import Pipelines
from activation_sandbox.customerio.filters import is_member
from activation_sandbox.customerio.objects import Objects
from activation_sandbox.customerio.operations import Op, digest, perform
from activation_sandbox.customerio.rules import is_email
from activation_sandbox.customerio.segments import Segments
from activation_sandbox.customerio.switches import CustomerioSwitches
from activation_sandbox.customerio.track import Track
from activation_sandbox.customerio.workspace import Workspace
from activation_sandbox.limiter import Limiter
from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Applied, Person, Segment


class Customerio(Vendor[CustomerioSwitches]):
    """`/track`, `/app` and `/cdp` are the US hosts; with `-eu` appended, the European ones."""

    name = "customerio"
    title = "Customer.io"
    switches_type = CustomerioSwitches

    def on_reset(self) -> None:
        """New routes, because their rate limiters remember."""
        self.track_limiter: Limiter | None = None
        self._pace: int | None = None
        self._routes = Routes()
        Track(self, self._routes)
        Pipelines(self, self._routes)
        app = App(self, self._routes)
        Objects(self, app)
        Segments(self, app)

    def match(self, method: str, path: str) -> Match | None:
        """Find the endpoint, after bringing the optional Track limit up to date."""
        pace = self.switches.track_requests_per_second
        if pace != self._pace:
            self._pace = pace
            self.track_limiter = Limiter(pace, 1.0) if pace else None
        return self._routes.match(method, path)

    def no_route(self, call: Call) -> Answer:
        """404, in the form of the API that was meant."""
        if call.path.startswith("/app"):
            return app_error(404, f"not found (reference {call.number:08x})")
        return json_answer(404, {"meta": {"error": "not found"}})

    @property
    def workspace(self) -> Workspace:
        """The world with its rules, as they stand now."""
        return Workspace(self.world, self.switches, self.clock)

    def accept(self, ops: Sequence[Op], request: int) -> None:
        """Take valid operations; they take effect once settled, and in no promised order."""
        ordered = list(ops)
        if self.switches.shuffle_batches and len(ordered) > 1:
            self.rng.shuffle(ordered)

        def effect() -> None:
            workspace = self.workspace
            for op in ordered:
                perform(workspace, op, request)

        self.write(effect)

    def change_members(
        self, segment_id: int, action: str, id_type: str, ids: Sequence[str], request: int
    ) -> None:
        """Add people to a manual segment, or take them out."""

        def effect() -> None:
            segment = self.world.segments.get(segment_id)
            for value in ids:
                done = "ignored: no such segment"
                if segment is not None:
                    done = self._member(segment, action, id_type, value)
                self._record_member(request, action, id_type, value, segment_id, done)

        self.write(effect)

    def _member(self, segment: Segment, action: str, id_type: str, value: str) -> str:
        ws = self.workspace
        wanted = value.removeprefix("cio_") if id_type == "cio_id" else value
        if ws.is_suppressed(id_type, wanted):
            return "ignored: suppressed"
        if id_type == "email" and not is_email(wanted):
            return "ignored: not an email address"
        person = ws.find(id_type, wanted)
        may_create = action == "add" and self.switches.unknown_members == "create"
        if person is None and may_create and id_type != "cio_id":
            person = ws.create(id_type, wanted)
        if person is None:
            return "ignored: unknown person"
        if action == "remove" and self.switches.remove_needs_id and "id" not in person.identifiers:
            return "ignored: no id"
        was_member = person.key in segment.members
        if action == "add":
            segment.join(person.key, ws.now())
        else:
            segment.leave(person.key)
        if was_member == (action == "add"):
            return "unchanged"
        person.operations += 1
        segment.updated_at = ws.now()
        return "joined" if action == "add" else "left"

    def _record_member(
        self, request: int, action: str, id_type: str, value: str, segment_id: int, effect: str
    ) -> None:
        self.world.record(
            Applied(
                ordinal=len(self.world.applied),
                request=request,
                type="segment",
                action=f"{action}_customers",
                by=id_type,
                identity=value,
                names=(str(segment_id),),
                digest=digest({"segment": segment_id, "action": action}),
                effect=effect,
            )
        )

    def create_segment(
        self,
        name: str,
        description: str = "",
        kind: str = "manual",
        condition: dict[str, Any] | None = None,
    ) -> Segment:
        """A new segment; only a dynamic one has a condition."""
        number, now = self.world.next_number("segment"), int(self.clock())
        segment = Segment(number, name, description, kind, now, now, filter=condition)
        self.world.segments[number] = segment
        return segment

    def deliver(self, channel: str, kind: str, value: Any, body: Mapping[str, Any]) -> JSON:
        """Keep a transactional message instead of sending it."""
        delivery = {
            "id": f"dlv{self.world.next_number('delivery'):08x}",
            "channel": channel,
            "to": str(body.get("to", value)),
            "subject": str(body.get("subject") or body.get("title") or ""),
            "message": str(body.get("transactional_message_id", "")),
            "timestamp": int(self.clock()),
            "metrics": [],
        }
        self.world.deliveries.append(delivery)
        person = self.workspace.find(kind, value)
        if person is not None:
            person.deliveries.append(delivery)
        return delivery

    def segments_of(self, person: Person) -> list[Segment]:
        """Manual and dynamic ones."""
        return [s for s in self.world.segments.values() if is_member(s, person, self.world)]

    def seed(self, things: Mapping[str, JSON]) -> None:
        """`segments`: a list of `{name, type, filter}`; a dynamic one is what the UI would make."""
        for wanted in things.get("segments", ()):
            kind = wanted.get("type", "dynamic")
            if kind not in ("dynamic", "manual"):
                raise ValueError("a segment is dynamic or manual")
            self.create_segment(
                str(wanted["name"]), str(wanted.get("description", "")), kind, wanted.get("filter")
            )

    def misplace(self, answer: Answer, by: int) -> Answer:
        """A 207 whose `batch_index` points `by` items too far."""
        wrong = {"reason": "invalid", "field": "attributes", "message": "is not valid"}
        return json_answer(207, {"errors": [{"batch_index": by, **wrong}]}, answer.items)
