"""Gainsight PX users, accounts, custom events and external segments.

Source: https://px-apidocs.gainsight.com, REST API 0.1.6 (read 2026-11). There is no upsert and no
batch: users and accounts are updated one by one (204) and created only after a 404.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sync.core import DELIVERED, Kind, Outcome, Sync
from sync.destinations.gainsight_px.bodies import body, occurrences, subject
from sync.destinations.gainsight_px.events import PUSH, change_members, send_event
from sync.destinations.gainsight_px.model import (
    ACCOUNTS,
    USERS,
    Options,
    attributes_of,
    complaints,
    joins_or_leaves,
    resource_of,
)
from sync.destinations.gainsight_px.reading import (
    accepted,
    compared,
    definitions,
    look_all,
    unready,
)
from sync.destinations.gainsight_px.state import write_state
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
    Limits,
    Piece,
    ReadBack,
    Request,
    Verdict,
)
from sync.errors import Problem

NOBODY = "dbt-activation: nobody has this id"
"""Asked to be updated by `check`, which shows whether the key may write without writing."""


class Settings(BaseModel):
    """A connection: one product of one subscription. `base_url` means a stand-in instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Literal["us", "eu", "us2"] = "us"
    api_key: SecretStr = Field(min_length=1)
    tag_key: str = Field(pattern=r"^AP-[A-Za-z0-9]+(-[0-9]+)+$")
    events: Literal["rest", "cloud"] = "rest"
    revive_deleted: bool = False
    base_url: str | None = None
    requests_per_second: float = Field(50.0, gt=0, le=200)

    @field_validator("api_key")
    @classmethod
    def _is_no_tag(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().strip().startswith("AP-"):
            raise ValueError("is a product tag; the key stands under Administration > REST API")
        return value


class GainsightPx:
    """One subscription of Gainsight PX, with the product that new users belong to."""

    name: ClassVar[str] = "gainsight_px"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = {400: Verdict.READ, 404: Verdict.READ}
    coalesces: ClassVar[bool] = True
    has_read_back = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tag = settings.tag_key
        self._is_cloud = settings.events == "cloud"
        suffix = "" if settings.region == "us" else f"-{settings.region}"
        base, rate = settings.base_url, settings.requests_per_second
        self.limits = Limits(1, 100_000, 99_000, rate, concurrency=8)
        given = rate if "requests_per_second" in settings.model_fields_set else None
        root = base.rstrip("/") if base else None
        api = f"{root}/api{suffix}" if root else f"https://api{suffix}.aptrinsic.com"
        key = Header(settings.api_key, "", "X-APTRINSIC-API-KEY")
        self.endpoints: Mapping[str, Endpoint] = {"api": Endpoint(api, key, given)}
        if self._is_cloud:
            push = f"{root}/push{suffix}" if root else f"https://segment-esp{suffix}.aptrinsic.com"
            tag = Basic(SecretStr(self._tag), SecretStr(""))
            self.endpoints = {**self.endpoints, "cloud": Endpoint(push, tag, given)}

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names, types and reserved words; every problem at once."""
        return problems(sync, "gainsight-px-mapping", complaints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """The state, the member of external segments, then every event."""
        _, identity = subject(pieces)
        is_event = pieces[0].sync.kind is Kind.EVENTS
        state = None if is_event else body(pieces)
        member = identity if any(joins_or_leaves(s, c.op) for s, c in pieces) else None
        form = (lambda o: o.cloud()) if self._is_cloud else (lambda o: o.rest(self._tag))
        return (state, member, *map(form, occurrences(pieces)))

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """State first, then membership, then events, each only for whom the earlier ones worked."""
        outcomes: list[Outcome] = []
        may_revive = self._settings.revive_deleted
        for item in batch:
            outcomes.append((yield from write_state(item, self._tag, may_revive)))
        yield from change_members(batch, outcomes)
        for i, item in enumerate(batch):
            for k in range(2, len(item.parts)):
                if outcomes[i] is DELIVERED:
                    outcomes[i] = yield from send_event(item, k, self._is_cloud)
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
        yield Request("PUT", "/v1/users/update", json={USERS.key: NOBODY})
        if self._is_cloud and not found:
            yield Request("POST", PUSH, json=[], to="cloud")  # 400 says that the key is known
        facts = {"region": self._settings.region, "rest_api_key": "may read and write"}
        return Health(self._tag.split("-")[1], {**facts, "product": self._tag}, found)

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """Custom attributes that must be created by hand before anything is sent."""
        found: list[Problem] = []
        for resource in (USERS, ACCOUNTS):
            using = [s for s in syncs if resource_of(s) is resource and any(attributes_of(s))]
            known = (yield from definitions(resource.model)) if using else {}
            for sync in using:
                found += problems(sync, "gainsight-px-attribute", unready(sync, known))
        return found

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """Users and accounts, many in a request; events and links are not compared."""
        if sync.kind is Kind.EVENTS or sync.related is not None:
            return []
        found = yield from look_all(resource_of(sync), [one.address for one in expected])
        return [compared(sync, one, found.get(one.address)) for one in expected]
