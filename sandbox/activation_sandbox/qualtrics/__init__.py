"""Qualtrics: XM Directory and survey exports of one brand, behind `/<datacenter>/API/v3`.

The part of the path that stands for the host says which datacenter was addressed. Paths that were
withdrawn in June 2026 have no route, and so answer 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from activation_sandbox.call import JSON, Answer, Call, Match, Routes, json_answer
from activation_sandbox.limiter import Limiter
from activation_sandbox.qualtrics.contacts import Directory
from activation_sandbox.qualtrics.directory import DirectoryApi
from activation_sandbox.qualtrics.envelope import Refusal, error, success
from activation_sandbox.qualtrics.imports import ImportApi
from activation_sandbox.qualtrics.lists import ListApi
from activation_sandbox.qualtrics.surveys import SurveyApi
from activation_sandbox.qualtrics.switches import QualtricsSwitches
from activation_sandbox.qualtrics.transactions import TransactionApi
from activation_sandbox.vendor import Vendor

ROOT = "/{datacenter}/API/v3"
BRAND_LIMIT = 3000
MINUTE = 60.0

Handler = Callable[[Call], Answer]


class Qualtrics(Vendor[QualtricsSwitches]):
    """Guards every route with token, permission, datacenter and pace."""

    name = "qualtrics"
    title = "Qualtrics"
    switches_type = QualtricsSwitches

    def on_reset(self) -> None:
        """An empty directory with the lists of the switch, no surveys, no tokens."""
        self.directory = Directory(self.world, self.switches, self.clock())
        self._tokens: dict[str, float] = {}
        self._brand = Limiter(BRAND_LIMIT, MINUTE)
        self._routes = Routes()
        self.route("GET", "/whoami", self._whoami)
        self.route("GET", "/directories", self._directories)
        DirectoryApi(self)
        ListApi(self)
        ImportApi(self)
        TransactionApi(self)
        self.surveys = SurveyApi(self)
        self._routes.add("POST", "/{datacenter}/oauth2/token", self._token)

    def match(self, method: str, path: str) -> Match | None:
        """Find the endpoint."""
        return self._routes.match(method, path)

    def no_route(self, call: Call) -> Answer:
        """404, as for a resource that isn't there."""
        return error(call, Refusal(404, "The requested resource does not exist", "RTE_1"))

    def route(self, method: str, path: str, handler: Handler, a_minute: int = 500) -> None:
        """Add an endpoint behind the guards; `a_minute` is its own limit."""
        limiter = Limiter(a_minute, MINUTE)

        def guarded(call: Call) -> Answer:
            try:
                self._admit(call, limiter)
                found = handler(call)
            except Refusal as e:
                return self._with_retry_after(error(call, e))
            return self._noticed(call, found)

        self._routes.add(method, ROOT + path, guarded)

    def in_directory(self, method: str, path: str, handler: Handler, a_minute: int = 500) -> None:
        """The same, below a directory that must exist."""

        def found(call: Call) -> Answer:
            if call.params["directory"] != self.switches.directory_id:
                raise Refusal(404, "Directory not found", "PACC_2")
            return handler(call)

        self.route(method, "/directories/{directory}" + path, found, a_minute)

    def needs_write(self) -> None:
        """403 without the permission."""
        if not self.switches.may_write:
            raise Refusal(403, "The user has no permission to write contacts", "AUTHZ_1")

    def _admit(self, call: Call, limiter: Limiter) -> None:
        token = call.bearer
        is_fresh = token is not None and self._tokens.get(token, 0.0) > call.now
        if call.headers.get("x-api-token") != self.switches.api_token and not is_fresh:
            raise Refusal(401, "Unrecognized or expired token", "AUTH_1")
        is_import = call.path.endswith("/transactioncontacts")
        if is_import and call.params["datacenter"] != self.switches.datacenter:
            raise Refusal(400, "Bad Request")
        if self.switches.enforce_limits:
            is_within = limiter.allow(call.now) and self._brand.allow(call.now)
            if not is_within:
                raise Refusal(429, "Too many requests", "RL_1")

    def _with_retry_after(self, found: Answer) -> Answer:
        seconds = self.switches.retry_after_seconds
        if found.status != 429 or seconds is None:
            return found
        return Answer(429, found.body, (*found.headers, ("retry-after", str(seconds))), found.items)

    def _noticed(self, call: Call, found: Answer) -> Answer:
        """A call to the wrong datacenter is passed on, and says so."""
        if call.params["datacenter"] == self.switches.datacenter or not found.body:
            return found
        try:
            body = orjson.loads(found.body)
        except ValueError:
            return found
        host = f"{self.switches.datacenter}.qualtrics.com"
        body["meta"]["notice"] = f"Request proxied. For faster response times, use: {host}"
        return json_answer(found.status, body, found.items)

    def _token(self, call: Call) -> Answer:
        wanted = (self.switches.client_id, self.switches.client_secret)
        if call.basic != wanted or b"grant_type=client_credentials" not in call.body:
            return json_answer(401, {"error": "invalid_client"})
        token = f"sandbox-bearer-{self.world.next_number('token')}"
        self._tokens[token] = call.now + self.switches.token_seconds
        body = {"access_token": token, "token_type": "Bearer"}
        return json_answer(200, {**body, "expires_in": self.switches.token_seconds})

    def _whoami(self, call: Call) -> Answer:
        names = {"userName": "sync@sandbox#brand", "firstName": "Sync", "lastName": "Service"}
        who = {"brandId": self.switches.brand_id, "userId": "UR_sandbox", **names}
        where = {"datacenter": self.switches.datacenter, "email": "sync@sandbox.example"}
        return success(call, {**who, **where, "accountType": "UT_BRANDADMIN"})

    def _directories(self, call: Call) -> Answer:
        on = self.switches.deduplication
        fields = ("email", "firstName", "lastName", "externalDataReference", "phone")
        one = {
            "directoryId": self.switches.directory_id,
            "name": "Default directory",
            "contactCount": len(self.world.people),
            "isDefault": True,
            "deduplicationCriteria": {name: name in on for name in fields},
        }
        return success(call, {"elements": [] if self.switches.is_lite else [one], "nextPage": None})

    def page(self, call: Call, path: str, elements: list[JSON], start: int, more: bool) -> Answer:
        """One page; the address of the next is absolute, with a token nobody else can read."""
        following = None
        if more:
            token = str(start + len(elements)).encode().hex()
            kept = {n: v for n, v in call.query.items() if n != "skipToken"}
            query = "&".join(f"{n}={v}" for n, v in {**kept, "skipToken": token}.items())
            host = f"https://{self.switches.datacenter}.qualtrics.com/API/v3"
            following = f"{host}/directories/{self.switches.directory_id}{path}?{query}"
        return success(call, {"elements": elements, "nextPage": following})

    def seed(self, things: Mapping[str, JSON]) -> None:
        """`lists`: id to name. `surveys`: `{id, name, responses: [{ext_ref, email, recorded_at,
        answers, labels, embedded_data, status, filler_bytes}]}`; a survey that exists takes more
        responses. `filler_bytes` adds an answer of noise, of this size even when it is zipped."""
        unknown = set(things) - {"lists", "surveys"}
        if unknown:
            raise ValueError(f"there are no {', '.join(sorted(unknown))} to seed")
        for list_id, name in things.get("lists", {}).items():
            self.directory.create_list(str(list_id), str(name), self.clock())
        for survey in things.get("surveys", ()):
            self.surveys.add(survey)

    def misplace(self, given: Answer, by: int) -> Answer:
        """An answer about an item that was not sent; without an id, where there is but one."""
        try:
            body: Any = orjson.loads(given.body)
        except ValueError:
            return given
        result = body.get("result")
        if given.status >= 400 or not isinstance(result, dict):
            return given
        if "createdTransactions" in result:
            body["result"] = {"createdTransactions": {"nobody": {"id": "CTR_0"}}}
        else:
            body["result"] = {**result, "id": None, "contacts": {"unprocessed": [by]}}
        return json_answer(given.status, body, given.items)
