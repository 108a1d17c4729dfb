"""Fullstory users and events.

Source: https://developer.fullstory.com/server (version 2, read 2026-11). From `batch_from` changes
on, one import job takes them all; below that each is one request, answered at once. Who leaves a
segment is looked up first where the connection can read, because a write creates a missing person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from sync.destinations.credentials import Header
from sync.destinations.exchange import Conversation, Limits, Verdict
from sync.destinations.fullstory import operations, reading, sending
from sync.destinations.names import problems
from sync.destinations.options import Connection
from sync.destinations.read_back import Expected, ReadBack
from sync.destinations.spec import Destination, Health
from sync.destinations.stages import Stage
from sync.destinations.transitions import PEOPLE
from sync.errors import Problem
from sync.model import Kind, Sync

HOST, HEADERS = "https://api.fullstory.com", {"Integration-Source": "dbt-activation"}
JOB_ITEMS = 5_000  # a tenth of what a job takes: a lost answer leaves fewer people in doubt
SINGLE_ITEMS = 50  # where no job is wanted


class Settings(Connection):
    """A connection: one account."""

    api_key: SecretStr = Field(min_length=1, description="A Standard key is enough to write.")
    read_api_key: SecretStr | None = Field(
        None, description="An Architect or Admin key: to read back, and to look people up."
    )
    org_id: str | None = Field(None, min_length=1, description="For links to a person's sessions.")
    batch_from: int = Field(51, ge=2, description="So many changes or more become an import job.")
    forget: Literal["delete"] | None = Field(
        None, description="Whether `forget` deletes a user and their recordings."
    )

    @model_validator(mode="after")
    def _may_delete(self) -> Self:
        if self.forget and self.read_api_key is None:
            raise ValueError("forget: delete needs a read_api_key of level Architect or Admin")
        return self


class Fullstory(Destination):
    """One account of Fullstory."""

    name = "fullstory"
    kinds = PEOPLE | {Kind.EVENTS}
    settings = Settings
    stand_in = {
        "base_url": "/fullstory",
        "org_id": "SANDBOX",
        "api_key": "na1.sandbox-standard-key",
        "read_api_key": "na1.sandbox-architect-key",
    }
    options = operations.Options
    verdicts = dict.fromkeys((400, 404, 422), Verdict.READ)
    encode = staticmethod(operations.encode)
    mapping_errors = staticmethod(operations.mapping_errors)
    audit = staticmethod(reading.audit)
    forget = staticmethod(reading.forget)
    resume = staticmethod(sending.resume)

    def __init__(self, settings: Settings) -> None:
        items = JOB_ITEMS if settings.batch_from <= JOB_ITEMS else SINGLE_ITEMS
        self.limits = Limits(items, 2_000_000, 256_000, settings.requests_per_second or 10.0)
        self.has_read_back = settings.read_api_key is not None
        keys = {"write": settings.api_key, "read": settings.read_api_key or settings.api_key}
        # The raw key follows the word Basic; it is not a user and a password.
        self.endpoints = {
            name: settings.endpoint(HOST, "", Header(key, "Basic "), HEADERS)
            for name, key in keys.items()
        }
        self._org_id, self._batch_from = settings.org_id, settings.batch_from
        prefix = re.match(r"[a-z]{2}\d", settings.api_key.get_secret_value())
        self._data_center = prefix[0] if prefix else "na1"

    def stages(self) -> Sequence[Stage]:
        """Users, then events."""
        return [
            sending.writing(of, self._batch_from, self.has_read_back) for of in ("users", "events")
        ]

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """Only the key can be missing: properties and events appear with their first value."""
        yield from ()
        if self.has_read_back or not operations.Options.of(sync).update_only:
            return []
        text = "update_only looks everybody up, and the connection has no key that may read people"
        fix = f"give {sync.connection} a read_api_key in profiles.yml, or remove update_only"
        return problems(sync, "fullstory-update-only", [(text, fix)])

    def check(self) -> Conversation[Health]:
        """Both keys open the same account; only the reading one needs a higher level."""
        return (yield from reading.health(self._org_id, self._data_center, self.has_read_back))

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """People by uid, who are found at once; a note where Fullstory's search may miss them."""
        results = []
        for one in expected if sync.kind in PEOPLE else ():
            results.append((yield from reading.seen(sync, one)))
        return results

    def person_url(self, address: str) -> str | None:
        """A link to one person's sessions, for users who may log in; None without `org_id`."""
        if self._org_id is None:
            return None
        host = "app.eu1.fullstory.com" if self._data_center == "eu1" else "app.fullstory.com"
        person = quote(f'"{address}"', safe="")
        search = f"people:search:(:((UserAppKey:==:{person})):():():():)"
        return f"https://{host}/ui/{quote(self._org_id, safe='')}/segments/everyone/{search}/0"
