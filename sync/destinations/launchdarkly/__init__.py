"""LaunchDarkly: segment membership, and on request metric events and listed attributes.

Source: https://launchdarkly.com/docs/api, version 20240415 (read 2026-11). What a flag can see of
it, and what it can't: docs/destinations/launchdarkly.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sync.core import DELIVERED, Kind, Outcome, Sync
from sync.destinations.launchdarkly.calls import Busy, Place
from sync.destinations.launchdarkly.checks import health, read_back
from sync.destinations.launchdarkly.events import identify, import_metrics
from sync.destinations.launchdarkly.flags import audit
from sync.destinations.launchdarkly.mapping import (
    Options,
    attributes,
    complaints,
    context_key,
    custom_event,
    options_of,
)
from sync.destinations.launchdarkly.segments import Progress, Segments
from sync.destinations.names import problems
from sync.destinations.spec import (
    JSON,
    Conversation,
    Endpoint,
    Expected,
    Header,
    Health,
    Item,
    Limits,
    Piece,
    ReadBack,
    Verdict,
)
from sync.errors import Problem

HOSTS = {
    "us": ("https://app.launchdarkly.com", "https://events.launchdarkly.com"),
    "eu": ("https://app.eu.launchdarkly.com", "https://events.eu.launchdarkly.com"),
    "federal": ("https://app.launchdarkly.us", "https://events.launchdarkly.us"),
}
ITEMS = 6000  # four times 1500 and six times 1000: both kinds of segment get full requests
REQUEST_BYTES = 1_900_000  # the event import takes 10 MB; nothing is documented for the others
ITEM_BYTES = 32_000  # none is documented
REQUESTS_PER_SECOND = 5.0  # limits are unpublished, and shared by the whole account
_KEY = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Settings(BaseModel):
    """A connection: one environment of one project. `base_url` sends everything to a stand-in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Literal["us", "eu", "federal"] = "us"
    project: str = Field(pattern=_KEY)
    environment: str = Field(pattern=_KEY)
    access_token: SecretStr = Field(min_length=1)
    sdk_key: SecretStr | None = Field(None, min_length=1)
    base_url: str | None = None
    requests_per_second: float | None = Field(None, gt=0, le=1000)


class Launchdarkly:
    """One environment of LaunchDarkly."""

    name: ClassVar[str] = "launchdarkly"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = dict.fromkeys((400, 404, 409, 429), Verdict.READ)
    coalesces: ClassVar[bool] = False
    has_read_back: bool = True

    def __init__(self, settings: Settings) -> None:
        base, rate = settings.base_url, settings.requests_per_second
        app, events = HOSTS[settings.region]
        if base is not None:
            app, events = f"{base.rstrip('/')}/app", f"{base.rstrip('/')}/events"
        token = Header(settings.access_token, prefix="")
        pace = rate or REQUESTS_PER_SECOND
        # Of two writers to one segment one is refused, so nothing is sent side by side.
        self.limits = Limits(ITEMS, REQUEST_BYTES, ITEM_BYTES, pace, concurrency=1)
        self.endpoints: Mapping[str, Endpoint] = {
            "app": Endpoint(app, token, rate),
            "import": Endpoint(events, token, rate),
        }
        if settings.sdk_key is not None:
            bulk = Endpoint(events, Header(settings.sdk_key, prefix=""), rate)
            self.endpoints = {**self.endpoints, "bulk": bulk}
        self._sdk_key = settings.sdk_key
        self._place = Place(settings.project, settings.environment)
        self._segments = Segments(self._place)

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Keys, names and options; every problem at once."""
        return problems(sync, "launchdarkly-mapping", complaints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """For events the event; else the context's key, and its attributes where they are shown."""
        ((sync, change),) = pieces
        if sync.kind is Kind.EVENTS:
            return (custom_event(sync, change),)
        if not options_of(sync).identify:
            return (context_key(change), None)
        if "bulk" not in self.endpoints:
            raise ValueError("`identify: true` needs an sdk_key in the connection")
        return (context_key(change), attributes(sync, change) or None)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """Membership first, because flags depend on it; then what is only for people to look at."""
        if not batch:
            return []
        progress = Progress([DELIVERED] * len(batch))
        try:
            if batch[0].pieces[0].sync.kind is Kind.EVENTS:
                progress.left.update(range(len(batch)))
                return (yield from import_metrics(self._place, batch))
            yield from self._segments.apply(batch, progress)
            yield from identify(self._place, batch, progress)
        except Busy as e:
            progress.retry(e.seconds)
        return progress.outcomes

    def check(self) -> Conversation[Health]:
        """Token, project, environment, permissions, and whether the SDK key belongs to it."""
        return (yield from health(self._place, self._sdk_key))

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """Membership from the segments, attributes from the list of contexts; events can't be."""
        return (yield from read_back(self._place, sync, expected))

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """Segments that are missing, foreign or nearly full, and flags without a safe fallback."""
        return (yield from audit(self._place, syncs))
