"""Qualtrics XM Directory: contacts, embedded data, mailing lists, transactions, survey responses.

Source: https://api.qualtrics.com, through its published clients (read 2026-11). Contacts go one by
one or as import jobs; an exit has no bulk call. See docs/destinations/qualtrics.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel

from sync.core import Kind, Outcome, Sync
from sync.destinations.names import problems
from sync.destinations.qualtrics import reading, responses
from sync.destinations.qualtrics.contacts import complaints, key_of, options_of, parts
from sync.destinations.qualtrics.delivery import Delivery
from sync.destinations.qualtrics.settings import Options, Settings
from sync.destinations.qualtrics.wire import ROOT
from sync.destinations.spec import (
    JSON,
    Conversation,
    Endpoint,
    Expected,
    Header,
    Health,
    Item,
    Limits,
    Page,
    Piece,
    ReadBack,
    Verdict,
)
from sync.errors import Problem

WRITES_PER_SECOND = 350 / 60
"""Of the 500 a minute that contact writes and searches have for the whole brand."""
READS_PER_SECOND = 1500 / 60
"""Of the brand's 3000 a minute."""


class Qualtrics:
    """One directory of XM Directory. It is also `Auditing` and `Pulling`."""

    name: ClassVar[str] = "qualtrics"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRAITS, Kind.SEGMENT, Kind.EVENTS})
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = {400: Verdict.READ, 404: Verdict.READ}
    coalesces: ClassVar[bool] = False
    has_read_back = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        rate = settings.requests_per_second
        # One batch at a time: Qualtrics works off the writes to one list one after the other.
        self.limits = Limits(10_000, 4_500_000, 64_000, rate or WRITES_PER_SECOND, concurrency=1)
        host = f"https://{settings.datacenter}.qualtrics.com"
        if settings.base_url is not None:
            host = f"{settings.base_url.rstrip('/')}/{settings.datacenter}"
        auth = Header(settings.api_token, prefix="", name="X-API-TOKEN")
        reads = None if settings.base_url else READS_PER_SECOND
        directory = f"{host}{ROOT}/directories/{settings.directory_id}"
        # Two addresses of one host, so that reads are paced by their own, higher limit.
        self.endpoints: Mapping[str, Endpoint] = {
            "directory": Endpoint(directory, auth, rate),
            "api": Endpoint(f"{host}{ROOT}", auth, reads),
        }

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names, sizes and reserved words; every problem at once."""
        return problems(sync, "qualtrics-mapping", complaints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """Three parts: the contact, its transaction's data, its opt-out.

        The key must be the one by which the directory deduplicates, or every row would make a new
        person.
        """
        ((sync, change),) = pieces
        by = self._settings.deduplicate_by
        if key_of(sync) != by:
            raise ValueError(
                f"the connection deduplicates by {by}, the model identifies by {key_of(sync)}: "
                "make identify_by and deduplicate_by agree"
            )
        if options_of(sync).mailing_list == self._settings.mailing_list:
            raise ValueError("the segment's mailing_list is the connection's own: use another")
        return parts(sync, change, self._settings.empty_value)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """Contacts, then opt-outs and memberships, then transactions."""
        settings = self._settings
        delivery = Delivery(batch, settings.directory_id, settings.mailing_list)
        return (yield from delivery.run())

    def check(self) -> Conversation[Health]:
        """Datacenter, directory, deduplication, and the list all contacts are written through."""
        return (yield from reading.check(self._settings))

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """Every segment's mailing list exists, and is not the one for all contacts."""
        return (yield from reading.audit(self._settings, syncs))

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """By search, whose index follows writes after a delay that is not documented."""
        return (yield from reading.read_back(self._settings, sync, expected))

    def pull(self, cursor: str | None) -> Conversation[Page]:
        """Responses to the connection's `surveys` since the cursor; records of one shape."""
        settings = self._settings
        since = settings.responses_since
        return (yield from responses.pull(settings.surveys, cursor, since))
