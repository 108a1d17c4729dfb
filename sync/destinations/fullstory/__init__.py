"""Fullstory users and events.

Source: https://developer.fullstory.com/server (version 2, read 2026-11). From `batch_from` changes
on, one import job takes them all; below that each is one request, answered at once. Who leaves a
segment is looked up first where the connection can read, because a write creates whom it misses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sync.core import DELIVERED, Kind, Op, Outcome, Rejected, Sync
from sync.destinations.fullstory.jobs import HEADERS, Import, error_of, import_all
from sync.destinations.fullstory.operations import (
    Options,
    complaints,
    event_key,
    options_of,
    parts,
)
from sync.destinations.fullstory.reading import (
    compared,
    is_absent,
    key_of,
    other_account,
    over_budget,
    person_of,
    unfit_reader,
)
from sync.destinations.identifiers import digest
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
    Request,
    Response,
    UnreadableAnswer,
    Verdict,
)
from sync.errors import Problem

RESOURCES = ("users", "events")
JOB_ITEMS = 5_000  # a tenth of what a job takes: a lost answer leaves fewer people in doubt
SINGLE_ITEMS = 50  # where no job is wanted
SEARCH = "people created here are found by search only after their first session or event"


class Settings(BaseModel):
    """A connection: one account. `base_url` sends everything to a stand-in instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr = Field(min_length=1, description="A Standard key is enough to write.")
    read_api_key: SecretStr | None = Field(
        None, description="An Architect or Admin key: to read back, and to look people up."
    )
    org_id: str | None = Field(None, min_length=1, description="For links to a person's sessions.")
    batch_from: int = Field(51, ge=2, description="So many changes or more become an import job.")
    base_url: str | None = None
    requests_per_second: float | None = Field(None, gt=0, le=100)


class Fullstory:
    """One account of Fullstory."""

    name: ClassVar[str] = "fullstory"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRAITS, Kind.SEGMENT, Kind.EVENTS})
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = dict.fromkeys((400, 404, 422), Verdict.READ)
    coalesces: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        base = (settings.base_url or "https://api.fullstory.com").rstrip("/")
        rate = settings.requests_per_second
        items = JOB_ITEMS if settings.batch_from <= JOB_ITEMS else SINGLE_ITEMS
        self.limits = Limits(items, 2_000_000, 256_000, rate or 10.0)
        keys = {"api": settings.api_key, "read": settings.read_api_key}
        # The raw key follows the word Basic; it is not a user and a password.
        self.endpoints: Mapping[str, Endpoint] = {
            name: Endpoint(base, Header(key, "Basic "), rate) for name, key in keys.items() if key
        }
        self.has_read_back = settings.read_api_key is not None
        self._reader = "read" if self.has_read_back else ""
        self._org_id, self._batch_from = settings.org_id, settings.batch_from
        prefix = re.match(r"[a-z]{2}\d", settings.api_key.get_secret_value())
        self._data_center = prefix[0] if prefix else "na1"

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names, sizes, types and reserved words; every problem at once."""
        return problems(sync, "fullstory-mapping", complaints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """Two parts: the user, then the event that may follow from it."""
        ((sync, change),) = pieces
        if options_of(sync).update_only and not self.has_read_back:
            raise ValueError("update_only needs a read_api_key, and the connection has none")
        return parts(sync, change)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """Users first, then events, and events only of those whose user was written."""
        outcomes: list[Outcome] = [DELIVERED] * len(batch)
        absent = yield from self._absent(batch)
        for i in absent:
            if batch[i].pieces[0].change.op is not Op.REMOVE:
                text = "nobody has this uid, and update_only forbids creating them"
                outcomes[i] = Rejected("fullstory-unknown-person", text)
        for step in range(len(RESOURCES)):
            due = [
                i
                for i, item in enumerate(batch)
                if outcomes[i] is DELIVERED and i not in absent and item.parts[step] is not None
            ]
            send = self._as_job if len(due) >= self._batch_from else self._one_by_one
            for i, outcome in zip(due, (yield from send(batch, due, step)), strict=True):
                outcomes[i] = outcome
        return outcomes

    def _absent(self, batch: Sequence[Item]) -> Conversation[set[int]]:
        """Places of those who must not be created and are not there."""
        found: set[int] = set()
        for i, item in enumerate(batch):
            sync, change = item.pieces[0]
            chosen = options_of(sync).update_only
            is_guarded = change.op is Op.REMOVE if chosen is None else chosen
            if is_guarded and self.has_read_back and any(item.parts):
                if (yield from is_absent(change.address)):
                    found.add(i)
        return found

    def _one_by_one(
        self, batch: Sequence[Item], due: Sequence[int], step: int
    ) -> Conversation[list[Outcome]]:
        outcomes = []
        for i in due:
            headers = {**HEADERS, "Idempotency-Key": _key(batch[i])} if step else HEADERS
            path, body = f"/v2/{RESOURCES[step]}", batch[i].parts[step]
            response = yield Request("POST", path, json=body, headers=headers)
            outcomes.append(_outcome(response, step, _is_partial(batch[i], step)))
        return outcomes

    def _as_job(
        self, batch: Sequence[Item], due: Sequence[int], step: int
    ) -> Conversation[list[Outcome]]:
        """Items are told apart by uid or by our event id, which the results echo."""
        items = [batch[i] for i in due]
        names = [_event_id(item) if step else item.pieces[0].change.address for item in items]
        job = Import(
            resource=RESOURCES[step],
            bodies=[item.parts[step] for item in items],
            places={name: place for place, name in enumerate(names)},
            key=digest([_key(item) for item in items]).hex() if step else None,
            is_partial=_is_partial(items[0], step),
            reader=self._reader,
        )
        return (yield from import_all(job))

    def check(self) -> Conversation[Health]:
        """Both keys open the same account; only the reading one needs a higher level."""
        account, level = yield from key_of("")
        facts = {"data_center": self._data_center, "api_key": level, "search": SEARCH}
        found = list(other_account(self._org_id, account))
        if self.has_read_back:
            read_account, read_level = yield from key_of("read")
            facts["read_api_key"] = read_level
            found += unfit_reader(account, read_account, read_level)
        else:
            facts["read_api_key"] = "none: nothing is read back, nobody is looked up"
        return Health(account, facts, found)

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """People by uid, who are found at once; Fullstory's search knows them only later."""
        if sync.kind not in (Kind.TRAITS, Kind.SEGMENT):
            return []
        results = []
        for one in expected:
            person = yield from person_of(one.address)
            results.append(compared(sync, one, person))
        return results

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """The account's budget of property names, shared with whatever the browser records."""
        yield from ()
        return over_budget(syncs)

    def person_url(self, address: str) -> str | None:
        """A link to one person's sessions, for whoever may log in; None without `org_id`."""
        if self._org_id is None:
            return None
        host = "app.eu1.fullstory.com" if self._data_center == "eu1" else "app.fullstory.com"
        person = quote(f'"{address}"', safe="")
        search = f"people:search:(:((UserAppKey:==:{person})):():():():)"
        return f"https://{host}/ui/{quote(self._org_id, safe='')}/segments/everyone/{search}/0"


def _key(item: Item) -> str:
    sync, change = item.pieces[0]
    return event_key(sync, change)


def _event_id(item: Item) -> str:
    sync, change = item.pieces[0]
    return change.identity if sync.kind is Kind.EVENTS else _key(item)[:32]


def _is_partial(item: Item, step: int) -> bool:
    """Whether the user of an event was written just before."""
    return step > 0 and item.parts[0] is not None


def _outcome(response: Response, step: int, is_partial: bool) -> Outcome:
    """A user's answer names it; an event's is an object that says nothing."""
    if response.status >= 400:
        return Rejected(*error_of(response), is_partial)
    body = response.json()
    if not isinstance(body, dict) or {"code", "message", "results", "errors"} & body.keys():
        raise UnreadableAnswer("a success that speaks of an error, or is no JSON object")
    if step == 0 and not isinstance(body.get("id"), str):
        raise UnreadableAnswer("the answer does not name a user")
    return DELIVERED
