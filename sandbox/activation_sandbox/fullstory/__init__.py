"""Fullstory: the server API, version 2, over one account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from activation_sandbox.call import JSON, Answer, Call, Match, Routes, json_answer
from activation_sandbox.fullstory.account import Account, Session
from activation_sandbox.fullstory.answers import busy, not_found, refusal
from activation_sandbox.fullstory.events import Events
from activation_sandbox.fullstory.jobs import Jobs
from activation_sandbox.fullstory.switches import FullstorySwitches
from activation_sandbox.fullstory.users import Users
from activation_sandbox.limiter import Limiter
from activation_sandbox.vendor import Vendor
from activation_sandbox.world import Person, Segment

KEY_SECONDS = 24 * 3600
EVERYONE = Segment(1, "everyone", "whom search can find", "dynamic")


class Fullstory(Vendor[FullstorySwitches]):
    """`segments` of a person are what search knows: nobody without a session or an event."""

    name = "fullstory"
    title = "Fullstory"
    switches_type = FullstorySwitches

    def on_reset(self) -> None:
        """A new account, whose idempotency keys and jobs are forgotten."""
        self.account = Account(self.world)
        self.jobs = Jobs()
        self.world.segments[EVERYONE.id] = EVERYONE
        self._kept: dict[str, tuple[float, bytes, Answer]] = {}
        self._limiter: Limiter | None = None
        self._pace: int | None = None
        self._failures = 0
        self._routes = Routes()
        self._routes.add("GET", "/me", self._guarded(self.me, reads=False))
        Users(self, self._add)
        Events(self, self._add)

    def _add(
        self, method: str, path: str, handler: Callable[[Call], Answer], reads: bool = False
    ) -> None:
        self._routes.add(method, path, self._guarded(handler, reads))

    def match(self, method: str, path: str) -> Match | None:
        """Find the endpoint, after bringing the optional limit up to date."""
        pace = self.switches.requests_per_second
        if pace != self._pace:
            self._pace = pace
            self._limiter = Limiter(pace, 1.0) if pace else None
        return self._routes.match(method, path)

    def no_route(self, call: Call) -> Answer:
        """404 in the vendor's form."""
        return not_found()

    def settle(self, everything: bool = False) -> None:
        """Also run the jobs and the deletions that are due."""
        super().settle(everything)
        now, switches = self.clock(), self.switches
        self.jobs.advance(now, switches.running_jobs, switches.job_seconds, everything)
        self.account.sweep(now)

    @property
    def pending(self) -> int:
        """Accepted requests that have not taken effect yet, jobs included."""
        return super().pending + len(self.jobs.unfinished)

    def segments_of(self, person: Person) -> list[Segment]:
        """`everyone`, once there is something to find."""
        return [EVERYONE] if self.account.is_searchable(person) else []

    def seed(self, things: Mapping[str, JSON]) -> None:
        """`sessions`: a list of `{uid, id, minutes_ago, is_full}`, as a browser would record."""
        for wanted in things.get("sessions", ()):
            now = self.clock()
            uid = str(wanted["uid"])
            person = self.account.find(uid) or self.account.create(uid, now)
            at = now - 60 * float(wanted.get("minutes_ago", 0))
            session = Session(str(wanted["id"]), person.key, at, bool(wanted.get("is_full")))
            self.account.sessions[session.id] = session

    def misplace(self, answer: Answer, by: int) -> Answer:
        """A list of failures that blames a user who was never sent."""
        error = {"message": "is not valid", "code": "invalid_argument"}
        blamed = {**error, "user": {"uid": f"nobody-{by}"}}
        return json_answer(200, {"results": [blamed], "total_records": "1"}, answer.items)

    def me(self, call: Call) -> Answer:
        """Whose key it is, and its level."""
        level = "ARCHITECT" if self._key(call) == self.switches.architect_key else "USER"
        body = {"email": "owner@example.com", "orgId": self.switches.org_id, "role": level}
        return json_answer(200, body)

    def _key(self, call: Call) -> str:
        """The raw key after the word Basic, without any encoding."""
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        return key if scheme == "Basic" else ""

    def may_read(self, call: Call) -> bool:
        """Whether the key is of a level that sees people."""
        return self._key(call) == self.switches.architect_key

    def _guarded(self, handler: Callable[[Call], Answer], reads: bool) -> Callable[[Call], Answer]:
        def guarded(call: Call) -> Answer:
            switches = self.switches
            if self._key(call) not in (switches.standard_key, switches.architect_key):
                return refusal(401, "unauthorized", "access is unauthorized")
            if reads and not self.may_read(call):
                return refusal(403, "forbidden", "insufficient permissions")
            if self._limiter is not None and not self._limiter.allow(call.now):
                return busy()
            if switches.request_bytes is not None and len(call.body) > switches.request_bytes:
                return refusal(413, "request_too_large", "the request is too large")
            return self._once(call, handler) if call.method == "POST" else handler(call)

        return guarded

    def _once(self, call: Call, handler: Callable[[Call], Answer]) -> Answer:
        """The same key within a day repeats the first outcome instead of the write."""
        key = call.headers.get("idempotency-key")
        digest = hashlib.sha256(f"{call.path}\n".encode() + call.body).digest()
        kept = self._kept.get(key or "")
        if key and kept is not None and call.now - kept[0] < KEY_SECONDS:
            if kept[1] != digest:
                text = "the idempotency key was used with another request"
                return refusal(self.switches.key_conflict, "invalid_argument", text)
            return kept[2]
        is_failure = self._failures < self.switches.server_errors
        if is_failure:
            self._failures += 1
            answer = refusal(500, "server_error", "Server error was encountered")
        else:
            answer = handler(call)
        is_retryable = answer.status == 429 or answer.status >= 500
        if key and (not is_retryable or (is_failure and self.switches.replays_server_errors)):
            self._kept[key] = (call.now, digest, answer)
        return answer
