"""A simulated destination: upserts and removals by address, events deduplicated by their id.

It knows more than a real vendor would: whether an event that should have been new was not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync.destinations.answers import StillWorking, poll
from sync.destinations.one_by_one import one_by_one
from sync.destinations.spec import (
    Begun,
    Conversation,
    Destination,
    Endpoint,
    Item,
    Limits,
    Piece,
    Request,
    Response,
    Verdict,
)
from sync.http.ports import AnswerUnknown, Permit, RequestRefused
from sync.model import DELIVERED, Change, JobRow, Kind, Op, Outcome, Rejected, Sync, Unknown
from tests.faults.memory import FakeClock, Fuse

FAULTS = (
    "applied, no answer",
    "lost",
    "half applied, no answer",
    "refused",
    "error",
    "error after applying",
    "garbage after applying",
    "first rejected",
    "first rejected in part",
    "too many",
    "too large",
    "bad request",
    "unauthorised",
)
AMBIGUOUS = frozenset(
    {
        "applied, no answer",
        "lost",
        "half applied, no answer",
        "error",
        "error after applying",
        "garbage after applying",
        "first rejected in part",
    }
)
"""Faults after which nobody can say what was applied."""

UNHEARD = frozenset({"lost", "error", "too many", "too large", "bad request", "unauthorised"})
"""Faults of which the vendor's records know nothing."""

SLOW_LINES = {"slow line": 60.0, "dead line": 130.0}
"""How long it takes until a request can be written; longer than a lease, or half as long."""

_STATUS = {
    "error": 500,
    "error after applying": 500,
    "too many": 429,
    "too large": 413,
    "bad request": 400,
    "unauthorised": 401,
}


@dataclass(slots=True)
class Queued:
    """A job of the vendor."""

    items: list[list[dict[str, Any]]]
    answers: list[str]
    polls_left: int
    is_done: bool = False


@dataclass(slots=True)
class Account:
    """What the vendor holds, and what it noticed."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    newest: dict[str, int] = field(default_factory=dict)
    """The number of the newest entry, and of the newest exit, of each identity."""
    requests: int = 0
    repeats: int = 0
    """Items that changed nothing: sent again, or never needed."""
    items: int = 0
    missed: tuple[str, ...] = ()
    """Entries and exits whose event was taken for an old one."""
    largest: int = 0
    strays: int = 0
    """Requests that left their process when its lease had ended."""
    jobs: dict[str, Queued] = field(default_factory=dict)
    """Of a vendor that works off what it takes: by name, what it was given, in its order."""
    polls: int = 0
    """How often a job has to be asked before it is done."""
    overlaps: frozenset[str] = frozenset()
    """People who were in two jobs at once."""
    records: dict[str, str] = field(default_factory=dict)
    """Of a vendor that names records: by record, the person that it was made for."""

    def copy(self) -> Account:
        people = {k: dict(v) for k, v in self.people.items()}
        records = dict(self.records)
        jobs = {name: replace(job) for name, job in self.jobs.items()}
        newest = dict(self.newest)
        return replace(self, people=people, newest=newest, records=records, jobs=jobs)

    def take(self, items: list[list[dict[str, Any]]], answers: list[str]) -> str:
        """A new job, behind those that are not done."""
        people = {piece["to"] for item in items for piece in item}
        for job in self.jobs.values():
            if not job.is_done:
                there = {piece["to"] for item in job.items for piece in item}
                self.overlaps |= people & there
        self.jobs[name := f"j{len(self.jobs) + 1}"] = Queued(items, answers, self.polls)
        return name

    def look_at(self, name: str) -> list[str] | None:
        """What a job has done; one that is done was preceded by all before it."""
        self.jobs[name].polls_left -= 1
        if self.jobs[name].polls_left > 0:
            return None
        for other, job in self.jobs.items():
            if not job.is_done:
                job.is_done = True
                self._work_off(job)
            if other == name:
                return job.answers
        raise AssertionError(name)

    def _work_off(self, job: Queued) -> None:
        for item, answer in zip(job.items, job.answers, strict=True):
            for piece in item:
                if answer == "ok":
                    self.apply(piece["op"], piece["to"], piece["traits"], piece["event"])
                elif answer == "in part":
                    self.apply(piece["op"], piece["to"], piece["traits"], None)

    @property
    def twins(self) -> list[str]:
        """People for whom more than one record was made."""
        made = Counter(self.records.values())
        return [who for who, times in made.items() if times > 1]

    def record_of(self, piece: Mapping[str, Any]) -> str:
        """The record that a piece is about: as it says, as a search finds it, or a new one."""
        who = piece["who"]
        found = [name for name, owner in self.records.items() if owner == who]
        if piece["record"] is not None:
            if self.records.get(piece["record"]) != who:
                raise AssertionError(f"{piece['record']} is not the record of {who}")
            return str(piece["record"])
        if piece["is_searched"] and (found or piece["op"] == Op.REMOVE):
            return found[0] if found else ""
        self.records[name := f"r{len(self.records) + 1}"] = who
        return name

    def known_to(self, sync: Sync) -> dict[str, dict[str, Any]]:
        """What is held of one sync, by address; of a coalesced one, the others' is left out."""
        before = _own(sync)
        return {
            key.removeprefix(before): traits
            for key, traits in self.people.items()
            if key.startswith(before)
        }

    def apply(self, op: str, to: str, traits: Mapping[str, Any], event: str | None) -> None:
        """Upsert or remove, and take the event unless its id is known."""
        self.items += 1
        before = self.people.get(to)
        if op == Op.REMOVE:
            self.people.pop(to, None)
        else:
            merged = {**(before or {}), **traits}
            self.people[to] = {k: v for k, v in merged.items() if v is not None}
        is_crossing = (before is None) == (op != Op.REMOVE)
        is_news = event is not None and event not in self.events
        if event is not None:
            if event in self.events and is_crossing and not self._is_about_this_stay(event):
                self.missed = (*self.missed, event)
            self.events |= {event}
            way, number = _numbered(event)
            self.newest[way] = number
        if self.people.get(to) == before and not is_news:
            self.repeats += 1

    def _is_about_this_stay(self, event: str) -> bool:
        """An old event is no missed one if what came late has only undone its effect."""
        way, number = _numbered(event)
        if way.endswith("left"):
            return self.newest.get(way.removesuffix("left") + "entered", 0) <= number
        return self.newest.get(way.removesuffix("entered") + "left", 0) < number


def _numbered(event: str) -> tuple[str, int]:
    way, _, number = event.rpartition(":")
    return way, int(number)


@dataclass(slots=True)
class SimulatedHttp:
    """The Http port of one process; `faults` maps the number of a request to what goes wrong."""

    account: Account
    clock: FakeClock
    fuse: Fuse
    faults: Mapping[int, str]
    seconds_per_request: float = 0.0
    may_send: Callable[[], bool] = lambda: True
    """Whether the warehouse still knows this process as the one that may."""
    sent: int = 0
    ambiguous: int = 0

    def send(
        self, endpoint: Endpoint, request: Request, deadline_seconds: float, permit: Permit
    ) -> Response:
        self.fuse.check()
        self.clock.seconds += SLOW_LINES.get(self.faults.get(self.sent + 1, ""), 0.0)
        if not permit.allows():
            raise RequestRefused("not-sent")
        self.sent += 1
        self.account.requests += 1
        self.account.strays += not self.may_send()
        self.fuse.leaving()
        self.clock.seconds += self.seconds_per_request
        fault = self.faults.get(self.sent, "")
        self.ambiguous += fault in AMBIGUOUS
        if fault == "refused":
            raise RequestRefused("connect")
        if request.method == "GET":
            found = self.account.look_at(request.path)
            self.fuse.passed("send")
            return self._answered(fault, found)
        assert request.content is not None
        items: list[list[dict[str, Any]]] = json.loads(request.content)["items"]
        self.account.largest = max(self.account.largest, len(items))
        is_job = "job" in json.loads(request.content)
        answers = self._take(items, fault) if is_job else self._apply(items, fault)
        self.fuse.passed("send")
        return self._answered(fault, answers)

    def _answered(self, fault: str, answers: Any) -> Response:
        if fault in ("applied, no answer", "lost", "half applied, no answer"):
            raise AnswerUnknown("reset")
        if fault == "garbage after applying":
            return Response(200, {}, b"<html>")
        if status := _STATUS.get(fault):
            return Response(status, {}, b"")
        return Response(200, {}, json.dumps(answers).encode())

    def _apply(self, items: list[list[dict[str, Any]]], fault: str) -> list[str]:
        answers = self._said(items, fault)
        for i, (item, answer) in enumerate(zip(items, answers, strict=False)):
            if "record" in item[0] and (answer != "rejected" and i < self._reached(items, fault)):
                answers[i] += f"#{self.account.record_of(item[0])}"
        return answers

    def _take(self, items: list[list[dict[str, Any]]], fault: str) -> str:
        reached = items[: self._reached(items, fault)]
        answers = ["ok"] * len(reached)
        if fault in ("first rejected", "first rejected in part"):
            answers[0] = "rejected" if fault == "first rejected" else "in part"
        return self.account.take(reached, answers) if reached else ""

    def _reached(self, items: list[list[dict[str, Any]]], fault: str) -> int:
        """How many items the vendor looks at."""
        if fault in UNHEARD:
            return 0
        return (len(items) + 1) // 2 if fault == "half applied, no answer" else len(items)

    def _said(self, items: list[list[dict[str, Any]]], fault: str) -> list[str]:
        answers = ["ok"] * len(items)
        items = items[: self._reached(items, fault)]
        if not items:
            return answers
        if fault == "first rejected":
            answers[0] = "rejected"
        if fault == "first rejected in part":
            answers[0] = "in part"
            for piece in items[0]:
                self.account.apply(piece["op"], piece["to"], piece["traits"], None)
        for item, answer in zip(items, answers, strict=False):
            if answer == "ok":
                for piece in item:
                    self.account.apply(piece["op"], piece["to"], piece["traits"], piece["event"])
        return answers


class Simulated(Destination):
    """The destination as the engine sees it: one request for a batch, one answer for each item.

    An item is what several syncs say of one person, if they are coalesced.
    """

    name = "simulated"
    kinds = frozenset({Kind.TRAITS, Kind.SEGMENT})
    verdicts: Mapping[int, Verdict] = {}
    coalesces = False
    has_read_back = False
    endpoints: Mapping[str, Endpoint] = {"": Endpoint("http://127.0.0.1:1")}

    def __init__(self, batch: int, concurrency: int, is_single: bool = False) -> None:
        self.is_single = is_single
        self.limits = Limits(batch, 1_000_000, 100_000, 0.0, concurrency)

    @staticmethod
    def validate(sync: Sync) -> Sequence[Any]:
        return ()

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[Any]:
        return ([_said(piece) for piece in pieces],)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        if self.is_single:
            return (yield from one_by_one(batch, self._send))
        return (yield from self._ask(batch))

    def _send(self, item: Item) -> Conversation[Outcome]:
        (outcome,) = yield from self._ask([item])
        return outcome

    def _ask(self, batch: Sequence[Item]) -> Conversation[list[Outcome]]:
        body = {"items": [item.parts[0] for item in batch]}
        response = yield Request("POST", "/", json=body)
        return [_OUTCOMES[answer] for answer in response.json()]

    def check(self) -> Any:
        raise NotImplementedError

    def read_back(self, sync: Sync, expected: Any) -> Any:
        raise NotImplementedError


class Naming(Simulated):
    """A CRM: it makes a record for whom it is told of without one, and answers with its id.

    Of a change that may have been sent, the record is searched for.
    """

    names_records = True
    searches = True

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[Any]:
        return ([{**_said(piece), **self._record(piece.change)} for piece in pieces],)

    def _record(self, change: Change) -> dict[str, Any]:
        is_searched = self.searches and change.is_doubtful
        return {"who": change.identity, "record": change.remote_id, "is_searched": is_searched}

    def _ask(self, batch: Sequence[Item]) -> Conversation[list[Outcome]]:
        is_new = any(c.remote_id is None and not c.is_doubtful for i in batch for _, c in i.pieces)
        body = {"items": [item.parts[0] for item in batch]}
        response = yield Request("POST", "/", json=body, is_repeatable=not is_new)
        return [_named(*answer.split("#")) for answer in response.json()]


class Working(Simulated):
    """One that takes a batch as a job, and works it off later."""

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        body = {"items": [item.parts[0] for item in batch], "job": True}
        job = str((yield Request("POST", "/", json=body)).json())
        yield Begun(job, batch)
        try:
            found = yield from poll(lambda: self._look(job), "the job", 15)
        except StillWorking:
            return [Unknown("running")] * len(batch)
        yield Begun(job, ())
        return found

    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        found = yield from self._look(job)
        return None if found is None else [found[row.place] for row in rows]

    def _look(self, job: str) -> Conversation[Sequence[Outcome] | None]:
        answers = (yield Request("GET", job)).json()
        return None if answers is None else [_OUTCOMES[answer] for answer in answers]


class Blind(Naming):
    """One whose records can't be searched."""

    searches = False


def _named(answer: str, record: str | None = None) -> Outcome:
    outcome = _OUTCOMES[answer]
    return replace(outcome, remote_id=record) if record else outcome


def _own(sync: Sync) -> str:
    return f"{sync.model}/" if sync.is_coalesced else ""


def _said(piece: Piece) -> dict[str, Any]:
    sync, change = piece
    way = "left" if change.op is Op.REMOVE else "entered"
    event = f"{sync.name}:{change.identity}/{change.external_id}:{way}:{change.transition}"
    is_moved_away = change.op is Op.REMOVE and change.cause == "moved"
    is_silent = change.op is Op.CHANGE or change.is_quiet or is_moved_away
    return {
        "op": change.op,
        "to": _own(sync) + change.external_id,
        "traits": dict(change.traits),
        "event": None if is_silent else event,
    }


_OUTCOMES: Mapping[str, Outcome] = {
    "ok": DELIVERED,
    "rejected": Rejected("no", "refused"),
    "in part": Rejected("no", "refused", is_partial=True),
}
