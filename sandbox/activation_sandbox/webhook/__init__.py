"""A receiver of signed webhooks that checks what the page about them asks receivers to check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from activation_sandbox.call import Answer, Call, Match, Routes, json_answer
from activation_sandbox.vendor import Switches, Vendor
from activation_sandbox.webhook.receiver import Receiver
from activation_sandbox.webhook.signature import is_signed

SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDAx"


class WebhookSwitches(Switches):
    """The secret, and what receivers do differently."""

    secret: str = SECRET
    tolerance_seconds: int = Field(
        300, ge=0, description="how far a time stamp may be from the receiver's clock"
    )
    answer: Literal["object", "accepted", "none"] = Field(
        "object", description="a yes: 200 with an object, 202 with an empty body, or 204"
    )


class Webhook(Vendor[WebhookSwitches]):
    """One endpoint. It applies every message about what holds, and acts once on each event."""

    name = "webhook"
    title = "Webhook"
    switches_type = WebhookSwitches

    def on_reset(self) -> None:
        """Nothing has arrived."""
        self._receiver = Receiver(self.world)
        self._routes = Routes()
        self._routes.add("POST", "/hook", self.receive)

    def match(self, method: str, path: str) -> Match | None:
        """`/hook` is the only endpoint."""
        return self._routes.match(method, path)

    def no_route(self, call: Call) -> Answer:
        """404."""
        return json_answer(404, {"error": "there is nothing here"})

    def misplace(self, answer: Answer, by: int) -> Answer:
        """A yes for a message that was never sent."""
        return json_answer(200, {"received": f"msg_{by}"}, answer.items)

    def receive(self, call: Call) -> Answer:
        """Check the signature, then the message, then take it."""
        switches = self.switches
        if not is_signed(call, switches.secret, switches.tolerance_seconds):
            return json_answer(401, {"error": "the signature does not fit, or is too old"})
        try:
            message = call.json()
        except ValueError:
            return json_answer(400, {"error": "the body is no JSON"})
        if why := self._receiver.complaint(message, call):
            return json_answer(422, {"error": why})
        self.write(lambda: self._receiver.take(message, call))
        return self._yes(message)

    def _yes(self, message: Mapping[str, Any]) -> Answer:
        if self.switches.answer == "object":
            return json_answer(200, {"received": message["id"]})
        return Answer(202 if self.switches.answer == "accepted" else 204)
