"""LaunchDarkly: segment membership, and on request metric events and listed attributes.

Source: https://launchdarkly.com/docs/api, version 20240415 (read 2026-11). What a flag can see of
it, and what it can't: docs/destinations/launchdarkly.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from sync.destinations.launchdarkly.calls import Place
from sync.destinations.launchdarkly.checks import health
from sync.destinations.launchdarkly.events import attributes, custom_event, identify, import_metrics
from sync.destinations.launchdarkly.flags import unsafe_flags
from sync.destinations.launchdarkly.membership import Row
from sync.destinations.launchdarkly.options import Options, context_key, mapping_errors
from sync.destinations.launchdarkly.reading import crowded, read_back
from sync.destinations.launchdarkly.segments import Segments
from sync.destinations.names import problems
from sync.destinations.options import Connection
from sync.destinations.spec import (
    JSON,
    Conversation,
    Destination,
    Endpoint,
    Expected,
    Header,
    Health,
    Item,
    Lag,
    Limits,
    ReadBack,
    Verdict,
)
from sync.errors import Problem
from sync.model import Change, Kind, Outcome, Sync

HOSTS = {
    "us": ("https://app.launchdarkly.com", "https://events.launchdarkly.com"),
    "eu": ("https://app.eu.launchdarkly.com", "https://events.eu.launchdarkly.com"),
    "federal": ("https://app.launchdarkly.us", "https://events.launchdarkly.us"),
}
LIMITS = Limits(
    items=6000,  # four times 1500 and six times 1000: both kinds of segment get full requests
    request_bytes=1_900_000,  # none is documented
    item_bytes=32_000,  # none is documented
    requests_per_second=5.0,  # limits are unpublished, and shared by the whole account
    concurrency=1,  # of two writers to one segment one is refused
    reset_headers=("x-ratelimit-reset", "x-ratelimit-auth-token-reset"),
    window_seconds=10.0,
)
IMPORT_ITEMS, IMPORT_BYTES = 30_000, 10_000_000  # of metric events; the bytes are documented
_KEY = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Settings(Connection):
    """A connection: one environment of one project."""

    region: Literal["us", "eu", "federal"] = "us"
    project: str = Field(pattern=_KEY)
    environment: str = Field(pattern=_KEY)
    access_token: SecretStr = Field(min_length=1)
    sdk_key: SecretStr | None = Field(None, min_length=1)


class Launchdarkly(Destination):
    """One environment of LaunchDarkly."""

    name = "launchdarkly"
    settings = Settings
    mapping_errors = staticmethod(mapping_errors)
    options = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = dict.fromkeys((400, 404, 409), Verdict.READ)
    lag = Lag(60.0, "LaunchDarkly shows what was written a little later")
    has_read_back: bool = True

    def __init__(self, settings: Settings) -> None:
        base, rate = settings.base_url, settings.requests_per_second
        app, events = HOSTS[settings.region]
        if base is not None:
            app, events = f"{base.rstrip('/')}/app", f"{base.rstrip('/')}/events"
        token = Header(settings.access_token, prefix="")
        self.limits = replace(LIMITS, requests_per_second=rate or LIMITS.requests_per_second)
        self.endpoints = {
            "app": Endpoint(app, token, rate),
            "import": Endpoint(events, token, rate),
        }
        if settings.sdk_key is not None:
            self.endpoints["bulk"] = Endpoint(events, Header(settings.sdk_key, prefix=""), rate)
        self._sdk_key = settings.sdk_key
        self._place = Place(settings.project, settings.environment)
        self._segments = Segments(self._place)

    def limits_for(self, syncs: Sequence[Sync]) -> Limits:
        """As many events as the import takes, or one, because what it knows again is a payload."""
        if syncs[0].kind is not Kind.EVENTS:
            return self.limits
        items = 1 if Options.of(syncs[0]).one_per_request else IMPORT_ITEMS
        return replace(self.limits, items=items, request_bytes=IMPORT_BYTES)

    def encode(self, sync: Sync, change: Change) -> Sequence[JSON]:
        """For events the event; else the context's key, and its attributes where they are shown."""
        if sync.kind is Kind.EVENTS:
            return (custom_event(sync, change),)
        shown = attributes(sync, change) if Options.of(sync).identify else None
        return (context_key(change), shown or None)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """Membership first, because flags depend on it; then what is only for people to look at."""
        if not batch:
            return []
        if batch[0].pieces[0].sync.kind is Kind.EVENTS:
            return (yield from import_metrics(self._place, batch))
        rows = [Row(*item.pieces[0], *item.parts) for item in batch]
        yield from self._segments.apply(rows)
        yield from identify(self._place, rows)
        return [row.outcome for row in rows]

    def check(self) -> Conversation[Health]:
        """Token, project, environment, permissions, and whether the SDK key belongs to it."""
        return (yield from health(self._place, self._sdk_key))

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Segments that can't be written to, and attributes without a key to show them with."""
        found = yield from self._segments.unready(sync)
        if Options.of(sync).identify and self._sdk_key is None:
            text = "`identify: true` needs an sdk_key, which the connection lacks"
            fix = f"add the SDK key of {self._place} in profiles.yml, or remove `identify: true`"
            found += problems(sync, "launchdarkly-no-sdk-key", [(text, fix)])
        return found

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """Membership from the segments, attributes from the list of contexts; events can't be."""
        return (yield from read_back(self._place, sync, expected))

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """Segments that are nearly full or without a store, and flags without a safe fallback."""
        found = yield from crowded(self._place, syncs)
        return [*found, *(yield from unsafe_flags(self._place, syncs))]
