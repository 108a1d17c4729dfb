"""Gainsight PX users, accounts, custom events and external segments.

Source: https://px-apidocs.gainsight.com, REST API 0.1.6 (read 2026-11). There is no upsert and no
batch: users and accounts are updated one by one (204) and created only after a 404.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from sync.destinations.gainsight_px import model
from sync.destinations.gainsight_px.events import PUSH, cloud_event, event, occurrences, send_events
from sync.destinations.gainsight_px.reading import accepted, compare, unfit
from sync.destinations.gainsight_px.segments import change_members, moves
from sync.destinations.gainsight_px.state import body, write_states
from sync.destinations.names import problems
from sync.destinations.options import Connection
from sync.destinations.spec import (
    JSON,
    Basic,
    Conversation,
    Destination,
    Endpoint,
    Expected,
    Header,
    Health,
    Item,
    Limits,
    Piece,
    ReadBack,
    Request,
    Verdict,
)
from sync.errors import Problem
from sync.model import Kind, Outcome, Sync

NOBODY = "dbt-activation: nobody has this id"  # an update of nobody shows if the key may write
REQUESTS_PER_SECOND = 50.0  # of about 200 for the whole subscription
# No limit is documented. But each one's own update comes first, one after another, and 50 take ten
# seconds: a hundred people cost 100 updates, 4 look-ups and 4 requests for external segments.
PEOPLE = 50


class Settings(Connection):
    """A connection: one product of one subscription."""

    region: Literal["us", "eu", "us2"] = "us"
    api_key: SecretStr = Field(min_length=1)
    tag_key: str = Field(pattern=r"^AP-[A-Za-z0-9]+(-[0-9]+)+$")
    events: Literal["rest", "cloud"] = "rest"
    revive_deleted: bool = False
    requests_per_second: float | None = Field(None, gt=0, le=200)

    @field_validator("api_key")
    @classmethod
    def _is_no_tag(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().strip().startswith("AP-"):
            raise ValueError("is a product tag; the key stands under Administration > REST API")
        return value


class GainsightPx(Destination):
    """One subscription of Gainsight PX, with the product that new users belong to."""

    name = "gainsight_px"
    settings = Settings
    mapping_errors = staticmethod(model.mapping_errors)
    options = model.Options
    verdicts: ClassVar[Mapping[int, Verdict]] = {
        **dict.fromkeys((400, 404), Verdict.READ),
        403: Verdict.STOP,  # also with a page of HTML, which is the vendor's own
    }
    coalesces = True
    has_read_back = True

    def __init__(self, settings: Settings) -> None:
        self._settings, self._tag = settings, settings.tag_key
        self._is_cloud = settings.events == "cloud"
        rate = settings.requests_per_second
        self.limits = Limits(1, 100_000, 99_000, rate or REQUESTS_PER_SECOND, concurrency=8)
        key = Header(settings.api_key, "", "X-APTRINSIC-API-KEY")
        self.endpoints = {"api": Endpoint(self._url("api", "api"), key, rate)}
        if self._is_cloud:
            tag = Basic(SecretStr(self._tag), SecretStr(""))
            self.endpoints["cloud"] = Endpoint(self._url("segment-esp", "push"), tag, rate)

    def _url(self, host: str, stand_in: str) -> str:
        region, base = self._settings.region, self._settings.base_url
        suffix = "" if region == "us" else f"-{region}"
        if base:
            return f"{base.rstrip('/')}/{stand_in}{suffix}"
        return f"https://{host}{suffix}.aptrinsic.com"

    def limits_for(self, syncs: Sequence[Sync]) -> Limits:
        """Many people at once where they share look-ups or changes of external segments."""
        is_looked_up = not self._settings.revive_deleted and any(map(model.is_of_people, syncs))
        is_shared = is_looked_up or any(map(model.is_external, syncs))
        return replace(self.limits, items=PEOPLE if is_shared else 1)

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """The state, the member of external segments, then every event."""
        _, identity = model.subject(pieces)
        state = None if pieces[0].sync.kind is Kind.EVENTS else body(pieces)
        form = cloud_event if self._is_cloud else partial(event, tag_key=self._tag)
        member = identity if moves(pieces) else None
        return (state, member, *(form(one, identity) for one in occurrences(pieces)))

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """State first, then membership, then events, each only for whom the earlier ones worked."""
        outcomes = yield from write_states(batch, self._tag, self._settings.revive_deleted)
        yield from change_members(batch, outcomes)
        yield from send_events(batch, outcomes, self._is_cloud)
        return outcomes

    def check(self) -> Conversation[Health]:
        """The subscription must have the product, and the key the right to write."""
        response = yield Request("GET", "/v1/admin/subscription")
        accepted(response)
        found = []
        if f'"{self._tag}"'.encode() not in response.body:
            text = "the subscription that the REST API key opens has no product with this tag key"
            fix = "copy tag_key from Administration > Products of the same subscription"
            found.append(Problem("gainsight-px-tag", text, fix=fix))
        yield Request("PUT", "/v1/users/update", json={model.USERS.key: NOBODY})
        if self._is_cloud and not found:
            yield Request("POST", PUSH, json=[], to="cloud")  # 400 says that the key is known
        facts = {"region": self._settings.region, "rest_api_key": "may read and write"}
        return Health(self._tag.split("-")[1], {**facts, "product": self._tag}, found)

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Attributes that must be created or changed by hand before anything is sent."""
        return problems(sync, "gainsight-px-attribute", (yield from unfit(sync)))

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """Users and accounts, many in a request; events and links are not compared."""
        return (yield from compare(sync, expected))
