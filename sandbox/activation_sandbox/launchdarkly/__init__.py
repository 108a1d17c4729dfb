"""LaunchDarkly: the REST API under `/app`, the events host under `/events`, one environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set

from activation_sandbox.call import JSON, Answer, Call, Handler, Match, Routes, json_answer
from activation_sandbox.launchdarkly.answers import Refused, invalid, not_found
from activation_sandbox.launchdarkly.environment import Environment, Segment
from activation_sandbox.launchdarkly.events import Events
from activation_sandbox.launchdarkly.reading import Reading, flag_of
from activation_sandbox.launchdarkly.segments import Segments
from activation_sandbox.launchdarkly.switches import LaunchdarklySwitches
from activation_sandbox.vendor import Vendor

WINDOW_SECONDS = 10
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Launchdarkly(Vendor[LaunchdarklySwitches]):
    """One account with one project and one environment."""

    name = "launchdarkly"
    title = "LaunchDarkly"
    switches_type = LaunchdarklySwitches

    def on_reset(self) -> None:
        """An empty environment."""
        self.environment = Environment(self.world, self.clock)
        self._conflicted: set[str] = set()
        self._window: tuple[int, dict[str, int]] = (0, {})
        self._routes = Routes()
        self._segments = Segments(self, self._routes, self._guarded)
        Reading(self, self._routes, self._guarded)
        Events(self, self._routes)

    def match(self, method: str, path: str) -> Match | None:
        """Find the endpoint."""
        return self._routes.match(method, path)

    def no_route(self, call: Call) -> Answer:
        """404."""
        return not_found().answer()

    def settle(self, everything: bool = False) -> None:
        """Imports end by themselves too."""
        super().settle(everything)
        self._segments.finish_imports()

    def _guarded(self, handler: Handler) -> Callable[[Call], Answer]:
        """Credentials, pace, project and environment, and the form of refusals."""

        def guarded(call: Call) -> Answer:
            try:
                if refused := self._barred(call):
                    return refused
                return handler(call)
            except Refused as e:
                return e.answer()
            except ValueError:
                return invalid("the body or a parameter can't be parsed").answer()

        return guarded

    def _barred(self, call: Call) -> Answer | None:
        switches = self.switches
        token = call.headers.get("authorization")
        is_synced = "/segment-targets/" in call.path
        if token not in (switches.access_token, switches.reader_token):
            status, code = (403, "forbidden") if is_synced else (401, "unauthorized")
            raise Refused(status, code, "Invalid access token")
        if limited := self._limited(call):
            return limited
        if call.params.get("project", switches.project) != switches.project:
            raise not_found()
        if call.params.get("environment", switches.environment) != switches.environment:
            raise not_found()
        is_reading = call.method == "GET" or call.path.endswith(("/evaluate", "/search"))
        if self.is_reader(call) and not is_reading:
            raise Refused(403, "forbidden", "access denied")
        return None

    def _limited(self, call: Call) -> Answer | None:
        """One bucket for each route, refilled every ten seconds."""
        most = self.switches.requests_per_window
        if most is None:
            return None
        window = int(call.now // WINDOW_SECONDS)
        if window != self._window[0]:
            self._window = (window, {})
        match = self._routes.match(call.method, call.path)
        route = f"{call.method} {match.pattern if match else call.path}"
        used = self._window[1][route] = self._window[1].get(route, 0) + 1
        if used <= most:
            return None
        error = {"code": "rate_limited", "message": "You've exceeded the API rate limit."}
        headers = [("x-ratelimit-route-remaining", "0")]
        if self.switches.reset != "absent":
            ahead = WINDOW_SECONDS if self.switches.reset == "ahead" else -WINDOW_SECONDS
            reset = (window + (1 if ahead > 0 else -1)) * WINDOW_SECONDS * 1000
            headers.append(("x-ratelimit-reset", str(reset)))
        answer = json_answer(429, error)
        return Answer(429, answer.body, (*answer.headers, *headers))

    def is_reader(self, call: Call) -> bool:
        """Whether the token may only read."""
        return call.headers.get("authorization") == self.switches.reader_token

    def is_key(self, key: object) -> bool:
        """Letters, digits, dots, underscores, dashes; a letter or digit first."""
        return isinstance(key, str) and KEY.fullmatch(key) is not None

    def body(self, call: Call, known: Set[str]) -> dict[str, JSON]:
        """The JSON object of a call; unknown fields are ignored, unless the switch says no."""
        body = call.json()
        if not isinstance(body, dict):
            raise invalid("the body must be a JSON object")
        if self.switches.strict_fields and body.keys() - known:
            raise invalid(f"unknown fields: {', '.join(sorted(body.keys() - known))}")
        return body

    def conflicts(self, segment: str) -> bool:
        """Whether another writer was faster this time; then not again."""
        if not self.switches.conflict_once or segment in self._conflicted:
            return False
        self._conflicted.add(segment)
        return True

    def note(self, segment: Segment, comment: str) -> None:
        """An entry in the audit log."""
        self.world.activities.append(
            {
                "id": f"audit{self.world.next_number('activity'):06x}",
                "type": "segment",
                "timestamp": int(self.clock()),
                "customer_id": "",
                "customer_identifiers": {},
                "data": {"segment": segment.key, "comment": comment},
            }
        )

    def misplace(self, answer: Answer, by: int) -> Answer:
        """Refusals are for whole requests, so this one names something that was not sent."""
        return invalid(f"item {by} is not valid").answer()

    def seed(self, things: Mapping[str, JSON]) -> None:
        """`segments` with lists and rules, `flags` as the API shows them, both by `key`."""
        for wanted in things.get("segments", ()):
            given = {"name": wanted["key"], **wanted}
            segment = self.environment.add_segment(given, wanted.get("external"))
            segment.rules = list(wanted.get("rules", ()))
            kind = segment.kind or "user"
            self.environment.move(segment, kind, wanted.get("included", ()), True, 0)
            segment.excluded[kind] = dict.fromkeys(wanted.get("excluded", ()))
        now = self.environment.milliseconds()
        for wanted in things.get("flags", ()):
            self.environment.flags[str(wanted["key"])] = flag_of(wanted, now)
