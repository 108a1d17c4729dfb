"""`/v2/events`: one at a time and in jobs. Nothing reads them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call, json_answer
from activation_sandbox.fullstory.answers import Add, body_of, refusal
from activation_sandbox.fullstory.imports import Imports
from activation_sandbox.fullstory.rules import event_complaint

if TYPE_CHECKING:
    from activation_sandbox.fullstory import Fullstory


class Events:
    """The endpoints about what people did."""

    def __init__(self, vendor: Fullstory, add: Add) -> None:
        self.vendor = vendor
        add("POST", "/v2/events", self.create)
        Imports(vendor, add, "events", self.problem, self.apply)

    def problem(self, call: Call, event: Any) -> tuple[str, str] | None:
        """The rules, a session that can't take more, or a fault that refuses this person."""
        found = event_complaint(event, self.vendor.switches)
        if found is not None:
            return found
        session_id = (event.get("session") or {}).get("id")
        if session_id is not None:
            session = self.vendor.account.sessions.get(session_id)
            if session is None:
                return "invalid_argument", "session does not exist"
            if session.is_full:
                return "session_page_limit_exceeded", "the session holds no more pages"
        uid = str((event.get("user") or {}).get("uid"))
        if call.refuse and (why := call.refuse.get(uid)):
            return "invalid_argument", why
        return None

    def apply(self, event: Any, request: int) -> JSON:
        """Store a valid event, which is listed as it was sent."""
        self.vendor.account.add_event(event, request, self.vendor.clock())
        return event

    def create(self, call: Call) -> Answer:
        """No id comes back."""
        body = body_of(call)
        found = self.problem(call, body)
        if found is not None:
            return refusal(400, *found)

        def effect() -> None:
            self.apply(body, call.number)

        self.vendor.write(effect)
        return json_answer(200, {})
