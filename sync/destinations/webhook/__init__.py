"""Signed messages to an endpoint of your own. Source: Standard Webhooks 1.0.0 (read 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel

from sync.destinations.answers import free_of_no
from sync.destinations.entries import Transitions
from sync.destinations.identifiers import digest
from sync.destinations.meaning import event_complaints
from sync.destinations.names import problems
from sync.destinations.singles import one_by_one
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Endpoint,
    Expected,
    Health,
    Item,
    Limits,
    NoAnswer,
    Piece,
    ReadBack,
    Request,
    Signed,
    UnreadableAnswer,
    Verdict,
)
from sync.destinations.webhook.messages import EVENT_NAMES, TRAIT_NAMES, event, state
from sync.destinations.webhook.settings import Settings
from sync.errors import Problem
from sync.model import DELIVERED, Kind, Outcome, Sync

PING = orjson.dumps({"id": "msg_ping", "type": "ping"})


class Webhook:
    """One endpoint, which gets a message for each change."""

    name: ClassVar[str] = "webhook"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Transitions
    verdicts: ClassVar[Mapping[int, Verdict]] = {}
    coalesces: ClassVar[bool] = False
    has_read_back = False

    def __init__(self, settings: Settings) -> None:
        rate = settings.requests_per_second or 5
        self.limits = Limits(
            items=1, request_bytes=256_000, item_bytes=250_000, requests_per_second=rate
        )
        auth = Signed(settings.secret, settings.previous_secret)
        self.endpoints = {"hook": Endpoint(settings.base_url, auth, rate)}
        host = urlsplit(settings.base_url).hostname
        self._account = f"{host} {digest([settings.base_url]).hex()[:12]}"

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names that are blank, too long or double, and events without a name."""
        found = list(TRAIT_NAMES.complaints([trait.name for trait in sync.traits]))
        found += event_complaints(sync, sync.options, EVENT_NAMES)
        return problems(sync, "webhook-mapping", found)

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """Two messages, either of which may be None: what holds now, and what occurred."""
        ((sync, change),) = pieces
        return (None if sync.kind is Kind.EVENTS else state(sync, change), event(sync, change))

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """One message after the other; the event of a row once its state was taken."""
        return (yield from one_by_one(batch, _send))

    def check(self) -> Conversation[Health]:
        """A signed `ping`, on which no receiver acts; the account is the address."""
        yield from _taken(PING)
        return Health(self._account)

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """An endpoint can't be asked what it holds."""
        return []
        yield  # makes this a generator


def _send(item: Item) -> Conversation[Outcome]:
    has_begun = False
    for part in (part for part in item.parts if part is not None):
        try:
            yield from _taken(part)
        except (NoAnswer, BatchRefused) as e:
            e.may_be_applied |= has_begun
            raise
        has_begun = True
    return DELIVERED


def _taken(message: bytes) -> Conversation[None]:
    """Send one message, with its id in the header too, where it is signed.

    A yes is an object without an error in it, or an empty body under 202 and the like; one that
    names a message in `received` has to name this one.
    """
    number = orjson.loads(message)["id"]
    body = free_of_no((yield Request("POST", "", json=message, headers={"webhook-id": number})))
    if body.get("received", number) != number:
        raise UnreadableAnswer("the answer is about another message")
