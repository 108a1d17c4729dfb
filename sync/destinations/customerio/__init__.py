"""Customer.io people, events and objects.

Source: https://docs.customer.io/integrations/api/track and /app (read 2026-11). All writes go to
`POST /api/v2/batch`, which answers item by item; only manual segments need version 1. A 200 means
accepted, not applied: see docs/destinations/customerio.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, SecretStr

from sync.destinations.answers import word
from sync.destinations.customerio import app
from sync.destinations.customerio.hints import hints
from sync.destinations.customerio.operations import Options, complaints, is_update_only, parts
from sync.destinations.customerio.sending import send
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
from sync.model import Kind, Outcome, Sync

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
    def ignores_unknown(sync: Sync) -> bool:
        """An update of a person who is not there is accepted, and does nothing."""
        return is_update_only(sync)

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names, sizes and reserved words; every problem at once."""
        return problems(sync, "customerio-mapping", complaints(sync))

    @staticmethod
    def hints(sync: Sync) -> Sequence[Problem]:
        """Times as text, e-mail addresses as ids, words that objects have of their own."""
        return problems(sync, "customerio-hint", hints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """One part; for segments three: the state, the manual member, the event."""
        ((sync, change),) = pieces
        return parts(sync, change)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """State first, then membership, then events: each in a later request, so that a campaign
        that an event starts already sees the state, and only for whom the earlier ones worked."""
        return (yield from send(batch))

    def check(self) -> Conversation[Health]:
        """The region call answers on either host; the App key is only read with."""
        body = (yield Request("GET", "/api/v1/accounts/region")).object()
        account, region = word(body.get("environment_id")), word(body.get("region"))
        if not (account and region):
            raise UnreadableAnswer("the region call did not name a workspace and its region")
        found = []
        if region != self._region:
            text = f"workspace {account} lives in {region}, the connection says {self._region}"
            hint = "a request to the wrong region is redirected or refused"
            fix = f"write region: {region} for this connection in profiles.yml"
            found.append(Problem("customerio-region", text, hint=hint, fix=fix))
        facts = {"region": region, "app_api_key": "none: nothing can be read back"}
        if self.has_read_back and not found:
            facts |= yield from app.facts()
        return Health(account, facts, found)

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Identifier, object type and manual segment; without an App key nothing can be asked."""
        found = (yield from app.unready(sync)) if self.has_read_back else []
        return problems(sync, "customerio-workspace", found)

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """People and their manual segment; objects and events can't be asked for in bulk."""
        return (yield from app.read_back(sync, expected))
