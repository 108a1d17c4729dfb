"""A client of the control API, for tests, the demo and the command line. Standard library only."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

Record = dict[str, Any]
"""A JSON object as the control API returns it."""


class SandboxError(Exception):
    """The sandbox refused a control request, or there is none at the URL."""


class SandboxControl:
    """Asks a running sandbox what arrived, and makes it misbehave.

    Every method opens its own connection, so threads may share one object. `vendor` is
    Customer.io unless said otherwise.
    """

    def __init__(self, url: str, vendor: str = "customerio", timeout_seconds: float = 30.0) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._vendor = vendor
        self._timeout_seconds = timeout_seconds

    def _ask(self, method: str, path: str, body: Any = None, **query: str | int) -> Any:
        asked = urlencode({"vendor": self._vendor, **query}, quote_via=quote)
        connection = http.client.HTTPConnection(
            self._host, self._port, timeout=self._timeout_seconds
        )
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, f"/_sandbox/{path}?{asked}", payload)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as e:
            raise SandboxError(f"no sandbox answers at {self.url}: {e}") from e
        finally:
            connection.close()
        if response.status >= 400:
            raise SandboxError(f"{method} /_sandbox/{path}: {text.decode(errors='replace')}")
        return json.loads(text)

    def _part(self, part: str) -> list[Record]:
        return cast("list[Record]", self._ask("GET", "state", part=part)[part])

    def wait_until_ready(self, timeout_seconds: float = 20.0) -> None:
        """Return once the sandbox answers; raises SandboxError when it does not in time."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                self._ask("GET", "health")
            except SandboxError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def state(self) -> Record:
        """Everything the vendor holds."""
        return cast(Record, self._ask("GET", "state"))

    def people(self) -> list[Record]:
        """Every person with identifiers, attributes, segments, relationships and devices."""
        return self._part("people")

    def person(self, identity: str) -> Record | None:
        """One person by any identifier."""
        return cast("Record | None", self._ask("GET", "person", id=identity))

    def events(self) -> list[Record]:
        """Every stored event, in order of arrival; `who` is the person's id or label."""
        return self._part("events")

    def objects(self) -> list[Record]:
        """Every object with its attributes and people."""
        return self._part("objects")

    def segments(self) -> list[Record]:
        """Every segment; `members` of manual ones by id."""
        return self._part("segments")

    def activities(self) -> list[Record]:
        """The vendor's own log of failures, creations and deletions, oldest first."""
        return self._part("activities")

    def deliveries(self) -> list[Record]:
        """Messages the vendor would have sent."""
        return self._part("deliveries")

    def counters(self) -> Record:
        """Exact counts since the last reset: `requests` by route, `statuses`, `operations` by
        `kind:identity`, `applied`, `people`, `largest`, `most_in_flight`.
        """
        return cast(Record, self._ask("GET", "counters"))

    def applied(self, since: int = 0) -> list[Record]:
        """Accepted operations from ordinal `since` on, all of them."""
        rows: list[Record] = []
        while True:
            page = self._ask("GET", "applied", since=since)
            rows += page["applied"]
            since = page["next"]
            if since >= page["total"]:
                return rows

    def requests(self, limit: int = 100) -> list[Record]:
        """The last requests, newest first."""
        return cast("list[Record]", self._ask("GET", "requests", limit=limit)["requests"])

    def reset(self, switches: bool = False) -> None:
        """Forget what arrived, the counters and all faults; `switches` restores those too."""
        self._ask("POST", "reset", switches=int(switches))

    def settle(self) -> None:
        """Let accepted writes take effect now, whatever the settle delay."""
        self._ask("POST", "settle")

    def seed(self, things: Mapping[str, Any]) -> None:
        """Create what only the vendor's own pages can, such as dynamic segments."""
        self._ask("POST", "seed", dict(things))

    def switches(self) -> Record:
        """Every switch with `value`, `default` and `about`."""
        return cast(Record, self._ask("GET", "switches"))

    def set_switch(self, name: str, value: Any) -> None:
        """Change one switch."""
        self._ask("POST", "switches", {name: value})

    def faults(self) -> list[Record]:
        """The active faults and how often each struck."""
        return cast("list[Record]", self._ask("GET", "faults")["faults"])

    def add_fault(self, kind: str, spec: Mapping[str, Any] | None = None) -> int:
        """Activate a fault and return its id; `spec` holds the fields of `FaultSpec`."""
        return int(self._ask("POST", "faults", {**(spec or {}), "kind": kind})["id"])

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Take back one fault, or all of them."""
        query = {} if fault_id is None else {"id": fault_id}
        self._ask("DELETE", "faults", **query)
