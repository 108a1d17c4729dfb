"""LaunchDarkly: segment membership, and on request metric events and listed attributes.

Source: https://launchdarkly.com/docs/api, version 20240415 (read 2026-11). What a flag can see of
it, and what it can't: docs/destinations/launchdarkly.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from pydantic import Field, SecretStr

from sync.destinations.credentials import Header
from sync.destinations.exchange import JSON, Conversation, Limits, Verdict
from sync.destinations.launchdarkly import erasure, events, reading
from sync.destinations.launchdarkly.calls import VERSION, Environment
from sync.destinations.launchdarkly.flags import unsafe_flags
from sync.destinations.launchdarkly.membership import memberships
from sync.destinations.launchdarkly.options import Options, context_key, mapping_errors
from sync.destinations.launchdarkly.segments import Segments
from sync.destinations.names import problems
from sync.destinations.options import Connection
from sync.destinations.read_back import Expected, Found
from sync.destinations.spec import Destination, Erased, Health, Known, Lag
from sync.destinations.stages import Row, Stage
from sync.errors import Problem
from sync.model import Change, Kind, Op, Outcome, Sync

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
    forget: Literal["delete"] | None = Field(
        None, description="Whether `forget` takes a key out of our segments, and off the list."
    )


class Launchdarkly(Destination):
    """One environment of LaunchDarkly."""

    name = "launchdarkly"
    settings = Settings
    stand_in = {
        "base_url": "/launchdarkly",
        "project": "default",
        "environment": "test",
        "access_token": "api-sandbox",
        "sdk_key": "sdk-sandbox",
    }
    options = Options
    verdicts = dict.fromkeys((400, 404, 409), Verdict.READ)
    lag = Lag(60.0, "LaunchDarkly shows what was written a little later")
    has_read_back = True
    mapping_errors = staticmethod(mapping_errors)

    @staticmethod
    def login_url(settings: Mapping[str, str]) -> str | None:
        """The host of the region, which serves pages and the API."""
        hosts = HOSTS.get(settings.get("region", "us"))
        return hosts[0] if hosts else None

    def __init__(self, settings: Settings) -> None:
        rate = settings.requests_per_second or LIMITS.requests_per_second
        self.limits = replace(LIMITS, requests_per_second=rate)
        app, host = HOSTS[settings.region]
        token = Header(settings.access_token, prefix="")
        self.endpoints = {
            "app": settings.endpoint(app, "/app", token, VERSION),
            "import": settings.endpoint(host, "/events", token),
        }
        if settings.sdk_key is not None:
            key = Header(settings.sdk_key, prefix="")
            self.endpoints["bulk"] = settings.endpoint(host, "/events", key)
        self._sdk_key = settings.sdk_key
        self._env = Environment(settings.project, settings.environment)
        self._segments = Segments(self._env)

    def limits_for(self, syncs: Sequence[Sync]) -> Limits:
        """As many events as the import takes, or one, because what it knows again is a payload."""
        if syncs[0].kind is not Kind.EVENTS:
            return self.limits
        items = 1 if Options.of(syncs[0]).one_per_request else IMPORT_ITEMS
        return replace(self.limits, items=items, request_bytes=IMPORT_BYTES)

    def encode(self, sync: Sync, change: Change) -> Sequence[JSON]:
        """For events the event; else the key of a context that moves, and attributes to show."""
        if sync.kind is Kind.EVENTS:
            return (events.custom_event(sync, change),)
        key = context_key(change)
        shown = events.attributes(sync, change) if Options.of(sync).identify else None
        is_shown = shown or (shown is not None and change.op is Op.ADD)
        return (key if memberships(sync, change) else None, shown if is_shown else None)

    def stages(self) -> Sequence[Stage]:
        """Membership first, because flags depend on it; then what is only for people to look at."""
        return (self._apply, partial(events.identify, self._env))

    def _apply(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        if rows[0].sync.kind is Kind.EVENTS:
            return (yield from events.import_metrics(self._env, rows))
        return (yield from self._segments.apply(rows))

    def check(self) -> Conversation[Health]:
        """Token, project, environment, permissions, and whether the SDK key belongs to it."""
        return (yield from reading.health(self._env, self._sdk_key))

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Segments that can't be written to, and attributes without a key to show them with."""
        found = yield from self._segments.unready(sync)
        if Options.of(sync).identify and self._sdk_key is None:
            text = "`identify: true` needs an sdk_key, which the connection lacks"
            fix = f"add the SDK key of {self._env} in profiles.yml, or remove `identify: true`"
            found += problems(sync, "launchdarkly-no-sdk-key", [(text, fix)])
        return found

    def find(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[Found | None]]:
        """Membership from the segments, attributes from the list of contexts; events can't be."""
        return (yield from reading.held(self._env, sync, expected))

    def forget(self, how: str, known: Known, syncs: Sequence[Sync]) -> Conversation[Erased]:
        """The key leaves every segment that these syncs write; then the user goes off the list."""
        return (yield from erasure.forget(self._env, known.external_id, syncs))

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """Segments that are nearly full or without a store, and flags without a safe fallback."""
        found = yield from reading.crowded(self._env, syncs)
        return [*found, *(yield from unsafe_flags(self._env, syncs))]
