"""Customer.io people, events and objects.

Source: https://docs.customer.io/integrations/api/track and /app (read 2026-11). All writes go to
`POST /api/v2/batch`, which answers item by item; only manual segments need version 1. A 200 means
accepted, not applied: see docs/destinations/customerio.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, SecretStr

from sync.destinations.answers import UnreadableAnswer, word
from sync.destinations.credentials import Basic, Header
from sync.destinations.customerio import app, operations, sending
from sync.destinations.customerio.operations import Options
from sync.destinations.exchange import Conversation, Endpoint, Limits, Request, Verdict
from sync.destinations.names import problems
from sync.destinations.options import Connection
from sync.destinations.spec import Destination, Health, Lag
from sync.destinations.stages import Stage
from sync.errors import Problem
from sync.model import Sync

APP_REQUESTS_PER_SECOND = 10.0


class Settings(Connection):
    """A connection: one workspace."""

    region: Literal["us", "eu"] = "us"
    site_id: str = Field(min_length=1)
    api_key: SecretStr = Field(min_length=1)
    app_api_key: SecretStr | None = None
    forget: Literal["delete", "suppress"] | None = Field(
        None, description="What `forget` does to a person: suppressed ones can't come back."
    )


class Customerio(Destination):
    """One workspace of Customer.io."""

    name = "customerio"
    settings = Settings
    stand_in = {
        "base_url": "/customerio",
        "site_id": "sandbox-site",
        "api_key": "sandbox-track-key",
        "app_api_key": "sandbox-app-key",
    }
    options = Options
    verdicts = {400: Verdict.READ}
    opt_outs = operations.OPT_OUTS
    normal_forms = {"email": "email", "cio_id": "cio_id"}
    lag = Lag(60.0, "Customer.io applies what it accepted a little later")
    encode = staticmethod(operations.parts)
    find = staticmethod(app.find)
    forget = staticmethod(sending.forget)
    ignores_unknown = staticmethod(operations.is_update_only)
    mapping_errors = staticmethod(operations.mapping_errors)
    mapping_hints = staticmethod(operations.mapping_hints)
    matches = staticmethod(app.matches)

    def __init__(self, settings: Settings) -> None:
        self._region = settings.region
        eu = "-eu" if settings.region == "eu" else ""
        self.limits = Limits(200, 475_000, 32_000, settings.requests_per_second or 10.0)
        auth = Basic(SecretStr(settings.site_id), settings.api_key)
        track = settings.endpoint(f"https://track{eu}.customer.io", "/track", auth)
        self.endpoints = {"track": track}
        if settings.app_api_key is not None:
            api = settings.url(f"https://api{eu}.customer.io", "/app")
            key = Header(settings.app_api_key)
            self.endpoints["app"] = Endpoint(api, key, APP_REQUESTS_PER_SECOND)
        self.has_read_back = settings.app_api_key is not None

    @staticmethod
    def login_url(settings: Mapping[str, str]) -> str | None:
        """One page for all regions."""
        return "https://fly.customer.io"

    def stages(self) -> Sequence[Stage]:
        """State, membership and events in requests of their own, so that a campaign that an event
        starts already sees the state."""
        return (sending.operate, sending.change_members, sending.operate)

    def check(self) -> Conversation[Health]:
        """The region call answers on either host; the App key is only read with."""
        body = (yield Request("GET", "/api/v1/accounts/region")).object()
        account, region = word(body.get("environment_id")), word(body.get("region"))
        if not (account and region):
            raise UnreadableAnswer("the region call did not name a workspace and its region")
        found = []
        if region != self._region:
            text = f"workspace {account} lives in {region}, the connection says {self._region}"
            hint = "A request to the wrong region is redirected or refused."
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
