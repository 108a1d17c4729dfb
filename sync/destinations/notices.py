"""Notices about syncs, as Slack and an endpoint of one's own get them: pure values.

Sources: Slack, Sending messages using incoming webhooks; Standard Webhooks 1.0.0 (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, create_model, field_validator

from sync.destinations import registry
from sync.destinations.answers import free_of_no
from sync.destinations.exchange import JSON, Conversation, Endpoint, Limits, Request
from sync.destinations.identifiers import digest
from sync.destinations.options import Strict, require_https
from sync.destinations.spec import Destination, UnreadableAnswer
from sync.destinations.values import iso_8601
from sync.model import Kind

MOST_LINES = 20
"""Of one message to Slack."""
MOST_CHARACTERS = 300


class Condition(StrEnum):
    """What a notice says of a sync."""

    HELD = "held"
    TRIPPED = "tripped"
    """A guard found the plan too large."""
    FAILING = "failing"
    REJECTING = "rejecting"
    LATE = "late"
    RECOVERED = "recovered"
    """Nothing of the above is so any more."""


MEANINGS = {
    Condition.HELD: "is held",
    Condition.TRIPPED: "is held by a guard",
    Condition.FAILING: "fails",
    Condition.REJECTING: "has rejected rows",
    Condition.LATE: "is late",
    Condition.RECOVERED: "has recovered",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of state of one sync. No text holds a value of a row."""

    condition: Condition
    project: str
    target: str
    sync: str
    model: str
    connection: str
    at: datetime
    owner: str = ""
    code: str = ""
    """Of the problem."""
    text: str = ""
    command: str = ""
    """What shows more, or mends it."""
    rejected: int = 0
    completed_at: datetime | None = None
    """When the sync was complete last."""


class Wishes(BaseModel):
    """What every notifier may say: the conditions that it wants to know of."""

    about: tuple[Condition, ...] = Field(tuple(Condition), min_length=1)


class SlackSettings(Wishes, Strict):
    """The address of an incoming webhook, which is its secret."""

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_https(cls, value: SecretStr) -> SecretStr:
        require_https(value.get_secret_value())
        if not urlsplit(value.get_secret_value()).hostname:
            raise ValueError("must name a host")
        return value


class Slack(Destination):
    """An incoming webhook of Slack, or of what takes the same messages."""

    name = "slack"
    kinds: ClassVar[frozenset[Kind]] = frozenset()
    settings = SlackSettings

    def __init__(self, settings: SlackSettings) -> None:
        self.limits = Limits(
            items=1, request_bytes=256_000, item_bytes=250_000, requests_per_second=1
        )
        self.endpoints = {"slack": Endpoint(settings.url.get_secret_value())}


@cache
def _webhook() -> type[Destination]:
    """The webhook of the registry, whose settings also say what it wants to know of."""
    vendor = registry.load("webhook")
    settings = create_model("Settings", __base__=(Wishes, vendor.settings))
    return type("Notices", (vendor,), {"kinds": frozenset(), "settings": settings})


class Notifiers:
    """The types under `notifications`, as a registry has those of connections."""

    @staticmethod
    def names() -> list[str]:
        """All types."""
        return ["slack", "webhook"]

    @staticmethod
    def load(name: str) -> type[Destination]:
        """The class of a type; KeyError when it is unknown."""
        if name not in Notifiers.names():
            raise KeyError(name)
        return Slack if name == "slack" else _webhook()


def batches(
    notifier: Destination, notices: Sequence[Notice]
) -> Iterator[tuple[Sequence[Notice], Conversation[None]]]:
    """The notices that go in one message, each with how it is sent."""
    if isinstance(notifier, Slack):
        yield notices, _to_slack(notices)
        return
    for notice in notices:
        yield [notice], _signed(message(notice))


def _signed(body: Mapping[str, JSON]) -> Conversation[None]:
    free_of_no((yield Request("POST", "", json=body, headers={"webhook-id": str(body["id"])})))


def _to_slack(notices: Sequence[Notice]) -> Conversation[None]:
    answer = yield Request("POST", "", json={"text": text(notices)})
    if answer.body.strip().lower() != b"ok":
        raise UnreadableAnswer("the answer is not `ok`")


def text(notices: Sequence[Notice]) -> str:
    """A message to Slack: a line for each notice."""
    lines = [_line(notice) for notice in notices[:MOST_LINES]]
    more = len(notices) - MOST_LINES
    return "\n".join([*lines, *([f"and {more} more: python -m sync status"] if more > 0 else [])])


def _line(notice: Notice) -> str:
    name = f"*{_plain(f'{notice.model} -> {notice.connection}')}*"
    said = [f"{name} ({_plain(notice.project)}, {_plain(notice.target)})"]
    said.append(MEANINGS[notice.condition])
    line = " ".join(said) + (f": {_plain(_cut(notice.text))}" if notice.text else "")
    return line + (f" `{_plain(notice.command)}`" if notice.command else "")


def _cut(words: str) -> str:
    return words if len(words) <= MOST_CHARACTERS else f"{words[: MOST_CHARACTERS - 1]}…"


def _plain(words: str) -> str:
    """Text in which Slack finds no mention and no link."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(notice: Notice) -> dict[str, JSON]:
    """The body for an endpoint of one's own. Its id is the same when the notice is repeated."""
    facts = {
        "owner": notice.owner,
        "code": notice.code,
        "message": _cut(notice.text),
        "command": notice.command,
        "rejected_rows": notice.rejected,
        "completed_at": iso_8601(notice.completed_at) if notice.completed_at else "",
    }
    data: dict[str, JSON] = {
        "project": notice.project,
        "target": notice.target,
        "sync": notice.sync,
        "model": notice.model,
        "destination": notice.connection,
        **{name: value for name, value in facts.items() if value},
    }
    about = (notice.project, notice.target, notice.sync, notice.condition)
    number = digest((*about, str(facts["completed_at"]))).hex()[:26]
    return {
        "id": f"msg_{number}",
        "type": f"sync.{notice.condition}",
        "timestamp": iso_8601(notice.at),
        "data": data,
    }
