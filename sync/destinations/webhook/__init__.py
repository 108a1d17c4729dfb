"""Signed messages to an endpoint of your own. Source: Standard Webhooks 1.0.0 (read 2026-11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import orjson

from sync.destinations.answers import UnreadableAnswer, free_of_no
from sync.destinations.credentials import Signed
from sync.destinations.exchange import JSON, Conversation, Endpoint, Limits, Request
from sync.destinations.identifiers import digest
from sync.destinations.options import Transitions
from sync.destinations.spec import Destination, Erased, Health, Known
from sync.destinations.stages import Row, Stage, each
from sync.destinations.transitions import event_errors
from sync.destinations.webhook.messages import (
    EVENT_NAMES,
    TRAIT_NAMES,
    event,
    forgotten,
    state,
)
from sync.destinations.webhook.settings import Settings
from sync.model import DELIVERED, Change, Kind, Outcome, Sync

PING = orjson.dumps({"id": "msg_ping", "type": "ping"})


class Webhook(Destination):
    """One endpoint, which gets a message for each change."""

    name = "webhook"
    settings = Settings
    stand_in = {
        "base_url": "/webhook/hook",
        "secret": "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDAx",
    }
    options = Transitions

    def __init__(self, settings: Settings) -> None:
        rate = settings.requests_per_second or 5
        self.limits = Limits(
            items=1, request_bytes=256_000, item_bytes=250_000, requests_per_second=rate
        )
        url, auth = settings.base_url, Signed(settings.secret, settings.previous_secret)
        self.endpoints = {"hook": Endpoint(url, auth, rate)}
        self._account = f"{urlsplit(url).hostname} {digest([url]).hex()[:12]}"

    @staticmethod
    def mapping_errors(sync: Sync) -> Iterator[tuple[str, str]]:
        """Names that are blank, too long or double, and events without a name."""
        yield from TRAIT_NAMES.errors([trait.name for trait in sync.traits])
        yield from event_errors(sync, EVENT_NAMES)

    def encode(self, sync: Sync, change: Change) -> Sequence[JSON]:
        """Two messages, either of which may be None: what holds now, and what occurred."""
        return (None if sync.kind is Kind.EVENTS else state(sync, change), event(sync, change))

    def stages(self) -> Sequence[Stage]:
        """One message after the other; the event of a row once its state was taken."""
        return (each(_send), each(_send))

    def check(self) -> Conversation[Health]:
        """A signed `ping`, on which no receiver acts; the account is the address."""
        yield from _taken(PING)
        return Health(self._account)

    def forget(self, how: str, known: Known, syncs: Sequence[Sync]) -> Conversation[Erased]:
        """Tell the receiver; that it has acted on it is what its yes means."""
        yield from _taken(orjson.dumps(forgotten(known)))
        return Erased("person.forgotten", "taken")


def _send(row: Row) -> Conversation[Outcome]:
    yield from _taken(row.part)
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
