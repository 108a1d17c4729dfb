"""Customer.io people, events and objects.

Source: https://docs.customer.io/integrations/api/track and /app (read 2026-11). All writes go to
`POST /api/v2/batch`, which answers item by item; only manual segments need version 1. A 200 means
accepted, not applied: see docs/destinations/customerio.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, SecretStr

from sync.destinations.customerio import app
from sync.destinations.customerio.answers import accepted, exceptions, refused
from sync.destinations.customerio.operations import Options, complaints, options_of, parts
from sync.destinations.entries import Connection
from sync.destinations.names import problems
from sync.destinations.spec import (
    JSON,
    Basic,
    Conversation,
    Endpoint,
    Expected,
    Header,
    Health,
    Item,
    Lag,
    Limits,
    Piece,
    ReadBack,
    Request,
    UnreadableAnswer,
    Verdict,
)
from sync.errors import Problem
from sync.model import DELIVERED, Kind, Op, Outcome, Sync

APP_REQUESTS_PER_SECOND = 10.0


class Settings(Connection):
    """A connection: one workspace."""

    region: Literal["us", "eu"] = "us"
    site_id: str = Field(min_length=1)
    api_key: SecretStr = Field(min_length=1)
    app_api_key: SecretStr | None = None


class Customerio:
    """One workspace of Customer.io. It is also `Preparing`."""

    name: ClassVar[str] = "customerio"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = {400: Verdict.READ}
    coalesces: ClassVar[bool] = False
    normal_forms: ClassVar[Mapping[str, str]] = {"email": "email", "cio_id": "cio_id"}
    lag: ClassVar[Lag] = Lag(60.0, "Customer.io applies what it accepted a little later")

    def __init__(self, settings: Settings) -> None:
        self._region = settings.region
        eu = "-eu" if settings.region == "eu" else ""
        base, rate = settings.base_url, settings.requests_per_second
        self.limits = Limits(200, 475_000, 32_000, rate or 10.0)
        track = base.rstrip("/") + "/track" if base else f"https://track{eu}.customer.io"
        auth = Basic(SecretStr(settings.site_id), settings.api_key)
        self.endpoints: Mapping[str, Endpoint] = {"track": Endpoint(track, auth, rate)}
        if settings.app_api_key is not None:
            api = base.rstrip("/") + "/app" if base else f"https://api{eu}.customer.io"
            key = Header(settings.app_api_key)
            self.endpoints = {**self.endpoints, "app": Endpoint(api, key, APP_REQUESTS_PER_SECOND)}
        self.has_read_back = settings.app_api_key is not None

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names, sizes and reserved words; every problem at once."""
        return problems(sync, "customerio-mapping", complaints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """One part; for segments three: the state, the manual member, the event."""
        ((sync, change),) = pieces
        return parts(sync, change)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """State first, then membership, then events: each in a later request, so that a campaign
        that an event starts already sees the state, and only for whom the earlier ones worked."""
        outcomes: list[Outcome] = [DELIVERED] * len(batch)
        for step in range(len(batch[0].parts) if batch else 0):
            due = [
                i
                for i, item in enumerate(batch)
                if item.parts[step] is not None and outcomes[i] is DELIVERED
            ]
            if not due:
                continue
            if step == 1:
                yield from _change_members([batch[i] for i in due])
                continue
            operations = [batch[i].parts[step] for i in due]
            response = yield Request("POST", "/api/v2/batch", json={"batch": operations})
            for place, outcome in exceptions(response, len(due), is_partial=step > 0).items():
                outcomes[due[place]] = outcome
        return outcomes

    def check(self) -> Conversation[Health]:
        """The region call answers on either host; the App key is only read with."""
        body = (yield Request("GET", "/api/v1/accounts/region")).object()
        if "environment_id" not in body:
            raise UnreadableAnswer("the region call did not name a workspace")
        account, region = str(body["environment_id"]), str(body.get("region"))
        found = []
        if region != self._region:
            text = f"workspace {account} lives in {region}, the connection says {self._region}"
            hint = "a request to the wrong region is redirected or refused"
            fix = f"write region: {region} for this connection in profiles.yml"
            found.append(Problem("customerio-region", text, hint=hint, fix=fix))
        elif self.has_read_back:
            yield Request("GET", "/v1/segments", to="app")
        key = "usable" if self.has_read_back else "none: nothing can be read back"
        return Health(account, {"region": region, "app_api_key": key}, found)

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Identifier, object type and manual segment; without an App key nothing can be asked."""
        found = (yield from app.unready(sync)) if self.has_read_back else []
        return problems(sync, "customerio-workspace", found)

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """People and their manual segment; objects and events can't be asked for in bulk."""
        return (yield from app.read_back(sync, expected))


def _change_members(batch: Sequence[Item]) -> Conversation[None]:
    calls: dict[tuple[str, str], list[JSON]] = {}
    for item in batch:
        sync, change = item.pieces[0]
        verb = "remove" if change.op is Op.REMOVE else "add"
        path = f"/api/v1/segments/{options_of(sync).manual_segment}/{verb}_customers"
        calls.setdefault((path, sync.identify_by or "id"), []).append(item.parts[1])
    for (path, by), ids in calls.items():
        response = yield Request("POST", path, json={"ids": ids}, query={"id_type": by})
        if response.status == 400:
            raise refused("customerio-manual-segment", response)
        accepted(response)
