"""Gainsight PX users, accounts, custom events and external segments.

Source: https://px-apidocs.gainsight.com, REST API 0.1.6 (read 2026-11). There is no upsert and no
batch: users and accounts are updated one by one (204) and created only after a 404.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from sync.destinations.credentials import Basic, Header
from sync.destinations.exchange import JSON, Conversation, Endpoint, Limits, Piece, Request, Verdict
from sync.destinations.gainsight_px import events, model, reading, segments, state
from sync.destinations.names import problems
from sync.destinations.options import Connection
from sync.destinations.spec import Destination, Health
from sync.destinations.stages import Stage
from sync.destinations.transitions import PEOPLE
from sync.errors import Problem
from sync.model import Kind, Sync

NOBODY = "dbt-activation: nobody has this id"  # an update of nobody shows if the key may write
REQUESTS_PER_SECOND = 50.0  # of about 200 for the whole subscription
# No limit is documented. But each one's own update comes first, one after another, and 50 take ten
# seconds: a hundred people cost 100 updates, 4 look-ups and 4 requests for external segments.
PEOPLE_TOGETHER = 50


class Settings(Connection):
    """A connection: one product of one subscription."""

    region: Literal["us", "eu", "us2"] = "us"
    api_key: SecretStr = Field(min_length=1)
    tag_key: str = Field(pattern=r"^AP-[A-Za-z0-9]+(-[0-9]+)+$")
    events: Literal["rest", "cloud"] = "rest"
    revive_deleted: bool = False
    forget: Literal["delete"] | None = Field(
        None, description="Whether `forget` deletes a user, for good."
    )
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
    stand_in = {
        "base_url": "/gainsight_px",
        "api_key": "sandbox-px-key",
        "tag_key": "AP-SANDBOX00001-2",
    }
    options = model.Options
    verdicts = {
        **dict.fromkeys((400, 404), Verdict.READ),
        403: Verdict.STOP,  # also with a page of HTML, which is the vendor's own
    }
    opt_outs = {"globalUnsubscribe": True}
    coalesces = True
    has_read_back = True
    find = staticmethod(reading.find)
    forget = staticmethod(state.forget)
    mapping_errors = staticmethod(model.mapping_errors)
    matches = staticmethod(reading.matches)

    def __init__(self, settings: Settings) -> None:
        self._settings, self._tag = settings, settings.tag_key
        self._is_cloud = settings.events == "cloud"
        rate = settings.requests_per_second or REQUESTS_PER_SECOND
        self.limits = Limits(1, 100_000, 99_000, rate, concurrency=8)
        key = Header(settings.api_key, "", "X-APTRINSIC-API-KEY")
        self.endpoints = {"api": self._endpoint("api", "api", key)}
        if self._is_cloud:
            tag = Basic(SecretStr(self._tag), SecretStr(""))
            self.endpoints["cloud"] = self._endpoint("segment-esp", "push", tag)

    @staticmethod
    def login_url(settings: Mapping[str, str]) -> str | None:
        """The host of the region."""
        region = settings.get("region", "us")
        suffix = "" if region == "us" else f"-{region}"
        return f"https://app{suffix}.aptrinsic.com" if region else None

    def _endpoint(self, host: str, stand_in: str, auth: Basic | Header) -> Endpoint:
        suffix = "" if self._settings.region == "us" else f"-{self._settings.region}"
        url = f"https://{host}{suffix}.aptrinsic.com"
        return self._settings.endpoint(url, f"/{stand_in}{suffix}", auth)

    def limits_for(self, syncs: Sequence[Sync]) -> Limits:
        """Many people at once where they share look-ups or changes of external segments."""
        are_people = any(sync.kind in PEOPLE for sync in syncs)
        is_looked_up = are_people and not self._settings.revive_deleted
        is_shared = is_looked_up or any(map(model.is_external, syncs))
        return replace(self.limits, items=PEOPLE_TOGETHER if is_shared else 1)

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """The state, the member of external segments, then every event."""
        _, identity = model.subject(pieces)
        body = None if pieces[0].sync.kind is Kind.EVENTS else state.body(pieces)
        form = events.cloud_event if self._is_cloud else partial(events.event, tag_key=self._tag)
        member = identity if segments.moves(pieces) else None
        return (body, member, *(form(one, identity) for one in events.occurrences(pieces)))

    def stages(self) -> Sequence[Stage]:
        """State first, then membership, then events."""
        states = state.writing(self._tag, self._settings.revive_deleted)
        return (states, segments.change_members, events.sending(self._is_cloud))

    def check(self) -> Conversation[Health]:
        """The subscription must have the product, and the key the right to write."""
        response = yield Request("GET", "/v1/admin/subscription")
        reading.accepted(response)
        found = []
        if f'"{self._tag}"'.encode() not in response.body:
            text = "the subscription that the REST API key opens has no product with this tag key"
            fix = "copy tag_key from Administration > Products of the same subscription"
            found.append(Problem("gainsight-px-tag", text, fix=fix))
        yield Request("PUT", "/v1/users/update", json={model.USERS.key: NOBODY})
        if self._is_cloud and not found:
            yield Request(
                "POST", events.PUSH, json=[], to="cloud"
            )  # 400 says that the key is known
        facts = {"region": self._settings.region, "rest_api_key": "may read and write"}
        return Health(self._tag.split("-")[1], {**facts, "product": self._tag}, found)

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Attributes that must be created or changed by hand before anything is sent."""
        return problems(sync, "gainsight-px-attribute", (yield from reading.unfit(sync)))
