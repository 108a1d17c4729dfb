"""What a quarter of syncs would have written into the state's logs, with all that can go wrong.

A small world of people is planned and delivered day by day; no rule of monitoring is in here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

FIRST, DAYS = date(2024, 2, 22), 90
LAST = FIRST + timedelta(days=DAYS - 1)
OUTAGE = (date(2024, 4, 2), date(2024, 4, 3))
REDEFINED, BAD_DAY, RENAMED = date(2024, 4, 12), date(2024, 4, 25), date(2024, 5, 6)
BUILT_SINCE = date(2024, 3, 25)
DEFERRALS = (None, "cap:1,limit:1,window:1", "cadence:1")
KILLED, MARKED = date(2024, 3, 20), date(2024, 3, 11)
NO_RUN = (date(2024, 3, 3), date(2024, 5, 12))
UNSURE = 7
"""On the 7th, 17th and 27th some answers get lost, so their runs do not settle."""
IGNORED = [
    {"sync": "seg_trial__crm", "from": str(MARKED), "to": str(MARKED + timedelta(days=1))},
    {"from": "2024-05-15", "to": "2024-05-15"},
]
RARE = tuple(FIRST + timedelta(days=n) for n in (11, 39, 68))
"""Days on which the events get a code of their own: 28 days apart, then 29."""
SLAS = {"seg_trial": "36 hours", "seg_cart": "4 hours", "traits": "70 minutes"}
Row = dict[str, Any]


@dataclass
class Log:
    """Rows of the state's tables."""

    runs: list[Row] = field(default_factory=list)
    run_syncs: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    dead_letters: list[Row] = field(default_factory=list)
    checks: list[Row] = field(default_factory=list)
    checked_fields: list[Row] = field(default_factory=list)
    syncs: list[Row] = field(default_factory=list)


@dataclass
class Feed:
    """One sync, what its model wants and what its destination holds."""

    model: str
    kind: str
    people: int
    hours: tuple[int, ...] = (6,)
    inside: float = 0.4
    reasons: tuple[str, ...] = ()
    wanted: dict[str, str | None] = field(default_factory=dict)
    held: dict[str, str | None] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    epoch: int = 0

    @property
    def name(self) -> str:
        return f"{self.model}__crm"


def quarter(seed: int) -> Log:
    """All rows, with an outage, a renamed field, a bad day, a kill, moves and late answers."""
    log, source = Log(), random.Random(seed)
    feeds = [
        Feed("seg_trial", "segment", 260, reasons=("ends soon", "ended", "stuck")),
        Feed("seg_cart", "segment", 200, hours=(7, 19), inside=0.6, reasons=("open cart",)),
        Feed("traits", "traits", 300, hours=(5, 11, 17, 23), inside=0.95),
        Feed("orders", "events", 40),
        Feed("seg_old", "segment", 30, inside=0.9),
    ]
    for feed in feeds:
        if feed.model != "seg_old":  # retired: its log is all that is left
            log.syncs.append(
                {
                    "sync": feed.name,
                    "model": feed.model,
                    "destination": "crm",
                    "kind": feed.kind,
                    "identity": "person_id",
                }
            )
    _before_the_log(feeds[2])
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        for feed in feeds:
            _live(feed, day, source)
            for hour in feed.hours:
                if day not in NO_RUN and not (feed.model == "seg_old" and number > 30):
                    _run(log, feed, datetime.combine(day, time(hour)), source)
        _verify(log, day, source)
    _letters(log)
    return log


def _before_the_log(feed: Feed) -> None:
    """Whom another tool had put there, and nothing was sent for."""
    feed.held = {f"p{n}": None for n in range(0, 60)}


def _live(feed: Feed, day: date, source: random.Random) -> None:
    """What changes in the model overnight."""
    weekend = 0.4 if day.weekday() >= 5 else 1.0
    begun = bool(feed.wanted)
    for number in range(feed.people):
        person = f"p{number}" if feed.kind != "events" else f"{day}-{number}"
        if feed.kind == "events":
            if source.random() < 0.5 * weekend:
                feed.wanted[person] = None
        elif not begun and source.random() < feed.inside:
            feed.wanted[person] = _reason(feed, day, source)
        elif begun and source.random() < 0.06 * weekend:
            if person in feed.wanted:
                if source.random() < 1 - feed.inside:
                    del feed.wanted[person]
            elif source.random() < feed.inside:
                feed.wanted[person] = _reason(feed, day, source)
        elif person in feed.wanted and feed.reasons and source.random() < 0.02:
            feed.wanted[person] = _reason(feed, day, source)
    if day == BAD_DAY and feed.model == "seg_trial":
        for person in sorted(feed.wanted)[10:]:
            del feed.wanted[person]


def _reason(feed: Feed, day: date, source: random.Random) -> str | None:
    """Drifts from the first to the last over the quarter; a few rows have none."""
    if not feed.reasons or source.random() < 0.03:
        return None
    share = (day - FIRST).days / DAYS
    weights = [1 + 2 * abs(share - n / len(feed.reasons)) for n in range(len(feed.reasons))]
    return source.choices(feed.reasons, weights)[0]


def _planned(feed: Feed, source: random.Random) -> list[Row]:
    """Removals first, as the product plans them; who moves has both."""
    rows: list[Row] = []
    moved = {p for p in feed.held if p in feed.wanted and source.random() < 0.004}
    if feed.kind == "events":
        moved = set()
    for person in sorted(feed.held):
        if person not in feed.wanted:
            cause = "suppressed" if source.random() < 0.1 else "left"
            rows.append({"op": "remove", "cause": cause, "identity": person})
        elif person in moved:
            rows.append({"op": "remove", "cause": "moved", "identity": person})
    for person in sorted(feed.wanted):
        wanted: Row = {"identity": person, "reason": feed.wanted[person]}
        if person in moved:
            rows.append({"op": "add", "cause": "moved", **wanted})
        elif person not in feed.held:
            rows.append({"op": "add", "cause": _cause(feed, person), **wanted})
        elif feed.held[person] != feed.wanted[person] or _differs(feed, source):
            rows.append({"op": "change", "cause": "changed", **wanted})
    return [{"seq": seq, "reason": None, **row} for seq, row in enumerate(rows, 1)]


def _cause(feed: Feed, person: str) -> str:
    return "in doubt" if person in feed.unsure else "new"


def _differs(feed: Feed, source: random.Random) -> bool:
    return feed.kind == "traits" and source.random() < 0.03


def _outcome(feed: Feed, row: Row, at: datetime, source: random.Random) -> tuple[str, str | None]:
    if at.date() in OUTAGE:
        return ("unknown", None) if row["seq"] <= 3 else ("not_attempted", None)
    number = int(row["identity"].rsplit("-", 1)[-1].lstrip("p"))
    days = (at.date() - RENAMED).days
    if feed.kind == "traits" and 0 <= days < 5 and number % 3 == 0 and row["op"] != "remove":
        return "rejected", "field_unknown"
    if feed.kind == "events" and at.date() in RARE and row["seq"] == 1:
        return "rejected", "rare"
    if feed.kind == "traits" and feed.epoch == 1 and 10 <= row["seq"] <= 14:
        return "rejected", "five_at_once"
    chance = source.random()
    if chance < 0.01:
        return "rejected", "invalid_email" if chance < 0.008 else None
    if chance < 0.012:
        return "rejected_partial", "invalid_event"
    if at.day % 10 == UNSURE and chance < 0.05:
        return "unknown", None
    return "delivered", None


def _run(log: Log, feed: Feed, at: datetime, source: random.Random) -> None:
    feed.epoch += 1
    rows, run_id = _planned(feed, source), f"{feed.model} {at:%Y-%m-%d %H}"
    is_killed = at.date() == KILLED and feed.model == "seg_cart" and at.hour == 7
    logged_by = f"{feed.model} {at:%Y-%m-%d} 19" if is_killed else run_id
    tally: Counter[str] = Counter()
    refused_moves = set()
    for row in rows:
        outcome, code = _outcome(feed, row, at, source)
        if row["op"] == "add" and row["identity"] in refused_moves:
            outcome, code = "not_attempted", None
        if row["cause"] == "moved" and row["op"] == "remove" and outcome != "delivered":
            refused_moves.add(row["identity"])
        tally[outcome] += 1
        if outcome != "not_attempted":
            late = row["seq"] * source.choice((1, 2, 9)) + source.random()
            log.deliveries.append(
                {
                    "run_id": logged_by,
                    "sync": feed.name,
                    "epoch": feed.epoch,
                    **row,
                    "changed": _travelled(feed, source),
                    "outcome": outcome,
                    "code": code,
                    "delivered_at": at + timedelta(seconds=late),
                    "occurred_at": _occurred(feed, at, source),
                }
            )
        _settle(feed, row, outcome)
    if not is_killed:
        _record(log, feed, at, run_id, rows, tally)


def _travelled(feed: Feed, source: random.Random) -> str:
    """Names with a comma after each; one is no trait of today, one is within another's."""
    if feed.kind != "traits":
        return source.choice(("", "*"))
    return source.choice(("*", "plan,", "plan,old_plan,", "plan,city,", "city,gone,"))


def _occurred(feed: Feed, at: datetime, source: random.Random) -> datetime | None:
    if feed.kind != "events" or source.random() < 0.1:
        return None
    return at - timedelta(hours=source.choice((-1, 1, 9)), seconds=source.randrange(900))


def _settle(feed: Feed, row: Row, outcome: str) -> None:
    person = row["identity"]
    if outcome == "delivered" and row["op"] == "remove":
        feed.held.pop(person, None)
    elif outcome == "delivered":
        feed.held[person] = row["reason"]
        feed.unsure.discard(person)
    elif outcome == "unknown" and row["op"] == "add":
        feed.unsure.add(person)


def _record(
    log: Log, feed: Feed, at: datetime, run_id: str, rows: list[Row], tally: Counter[str]
) -> None:
    ops = Counter(row["op"] for row in rows)
    kept = {"suppressed": 4, "no_consent": 2, "held_out": feed.people // 10, "deferred": 3}
    undecided = tally["unknown"]
    rejected = tally["rejected"] + tally["rejected_partial"]
    unchanged = len(feed.wanted) - ops["add"] - ops["change"]
    status = "success" if not rejected else "rejects"
    if undecided or tally["not_attempted"]:
        status = "destination"
    log.runs.append(
        {
            "run_id": run_id,
            "started_at": at,
            "dbt_invocation_id": f"dbt {at.date()}",
            "git_revision": None,
        }
    )
    log.run_syncs.append(
        {
            "run_id": run_id,
            "sync": feed.name,
            "model": feed.model,
            "destination": "crm",
            "epoch": feed.epoch,
            "status": status,
            "message": "" if status == "success" else "something was wrong",
            "started_at": at,
            "finished_at": at + timedelta(seconds=90 + len(rows)),
            "model_rows": len(feed.wanted) + sum(kept.values()),
            "removals": ops["remove"],
            "unchanged": unchanged,
            "delivered": tally["delivered"],
            "rejected": rejected,
            "undecided": undecided,
            "not_attempted": tally["not_attempted"],
            "outside_rollout": 0,
            "outranked": 0,
            "expired": 0,
            "invalid": 0,
            **kept,
            "adds": ops["add"],
            "changes": ops["change"],
            "removes": ops["remove"],
            "requests": len(rows) // 10 + 1,
            "bytes_sent": 300 * len(rows),
            "deferrals": DEFERRALS[feed.epoch % 3],
            "built_at": _built(feed, at),
            "definition": "second" if at.date() >= REDEFINED else "first",
            "is_definition_changed": at.date() == REDEFINED and at.hour == feed.hours[0],
            "definition_version": 2 if at.date() >= REDEFINED else 1,
            "version_before": 1 if at.date() == REDEFINED and at.hour == feed.hours[0] else None,
            "approved_by": "ann" if at.date() == BAD_DAY else None,
        }
    )


def _built(feed: Feed, at: datetime) -> datetime | None:
    """An older version did not log it; the trial's model was once not built for two days."""
    if at.date() < BUILT_SINCE:
        return None
    late = timedelta(days=2) if feed.model == "seg_trial" and at.date() == LAST else timedelta()
    return at - late - timedelta(minutes=20, seconds=at.day)


def _verify(log: Log, day: date, source: random.Random) -> None:
    for feed, people in (("seg_trial", 60), ("traits", 400)):
        if day.weekday() in (0, 3):
            found = people - source.randrange(3)
            lost = people // 5 if day >= RENAMED else source.randrange(4)
            log.checks.append(
                {
                    "run_id": f"check {feed} {day}",
                    "sync": f"{feed}__crm",
                    "checked_at": datetime.combine(day, time(12)),
                    "sent": people,
                    "found": found,
                    "matched": found - lost,
                    "differing_traits": f"plan:{lost}" if lost else None,
                }
            )
            log.checked_fields += [
                {
                    "run_id": f"check {feed} {day}",
                    "sync": f"{feed}__crm",
                    "checked_at": datetime.combine(day, time(hour)),
                    "field": field,
                    "held": held,
                    "missing": held if day >= RENAMED and hour == 12 else gone,
                    "differing": lost,
                }
                for field, held, gone in (
                    ("plan", found, source.randrange(3)),
                    ("city", 9, 9),
                    ("score", 40, source.choice((19, 20, 39))),
                )
                for hour in (11, 12)
                if field != "score" or day >= KILLED
            ]


def _letters(log: Log) -> None:
    for number in range(30):
        at = datetime.combine(LAST - timedelta(days=number), time(8))
        log.dead_letters.append(
            {
                "sync": "traits__crm",
                "identity": f"p{number}",
                "code": "field_unknown" if number % 3 else "doubled",
                "reason": None if number % 2 else "unknown field",
                "first_rejected_at": at,
                "last_rejected_at": at + timedelta(hours=number),
                "attempts": number + 1,
                "model_rows": 1 + number % 2,
            }
        )


def tables(log: Log) -> Iterator[tuple[str, list[Row]]]:
    """Each table's name and rows."""
    yield from vars(log).items()
