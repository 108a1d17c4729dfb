"""Requests and answers shown to a watcher as they pass, before credentials are added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sync.destinations.exchange import Endpoint, Request, Response
from sync.http.ports import AnswerUnknown, Http, Permit, RequestRefused

Watch = Callable[[Endpoint, Request, Response | str], None]
"""Is given each request with its answer, or with why there is none."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Sends what another one sends."""

    http: Http
    watch: Watch

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        """As the other one."""
        try:
            response = self.http.send(endpoint, request, deadline_seconds, permit)
        except (RequestRefused, AnswerUnknown) as error:
            self.watch(endpoint, request, str(error) or "no answer")
            raise
        self.watch(endpoint, request, response)
        return response
