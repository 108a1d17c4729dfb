"""The ladder of offers in SQL against a state machine in plain Python, through whole histories."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from e2e.warehouses import AnyWarehouse

from tests.macros import Rendering
from tests.seeds import session_seed

AT = datetime(2024, 5, 21, 12)
"""The moment at which every person is looked at; histories are moved so that it is theirs."""
QUIET = 120
STEPS = (("free_shipping", 24, 2, 10), ("discount", 48, 1, 20), ("call", 0, None, None))
"""Name, hours after the step before, and the cap: so often in so many days."""
ORDER = ("left", "free_shipping", "discount", "call", "bought")
LADDER = """
{{ activation.escalation_ladder(
    'ladder_events', 'person', 'what', 'happened_at', 'left', 'bought',
    [
        {'name': 'free_shipping', 'after_hours': 24, 'cap': {'times': 2, 'days': 10}},
        {'name': 'discount', 'after_hours': 48, 'cap': {'times': 1, 'days': 20}},
        {'name': 'call', 'after_hours': 0},
    ],
    quiet_hours=120,
) }}
"""


class Event(NamedTuple):
    hour: int
    what: str


class Standing(NamedTuple):
    """Where a person is: hours, counted as the history's own."""

    started: int
    step: str
    since: int
    next_at: int | None


def standing(history: Iterable[Event], now: int) -> Standing | None:
    """Walk through the events up to now; None for a person on no ladder."""
    given: dict[str, list[int]] = defaultdict(list)
    is_open, started, last_start, place, since = False, 0, 0, 0, 0
    for hour, what in sorted(history, key=lambda e: (e.hour, ORDER.index(e.what))):
        if hour > now:
            break
        if what == "left":
            if not is_open or last_start + QUIET < hour:
                is_open, started, place, since = True, hour, 0, hour
            last_start = hour
        elif what == "bought":
            is_open = False
        else:
            given[what].append(hour)
            rung = ORDER.index(what)
            if is_open and rung > place:
                place, since = rung, hour
    if not is_open or last_start + QUIET < now:
        return None
    return climb(started, place, since, given, now)


def climb(started: int, place: int, since: int, given: dict[str, list[int]], now: int) -> Standing:
    """The step that the person is on, or the next one where that is due."""
    step = STEPS[place - 1][0] if place else "wait"
    for name, after, times, days in STEPS[place:]:
        if times is not None and days is not None:
            recent = [hour for hour in given[name] if hour > now - 24 * days]
            if len(recent) >= times:
                continue
        if since + after <= now:
            return Standing(started, name, since + after, None)
        return Standing(started, step, since, since + after)
    return Standing(started, step, since, None)


def histories(source: random.Random, number: int) -> Iterator[list[Event]]:
    """Events of a few weeks, at hours that meet each other and the bounds often."""
    for _ in range(number):
        weights = [source.choice((1, 4)) for _ in ORDER]
        names = source.choices(ORDER, weights, k=source.randrange(1, 16))
        span = source.choice((10, 40, 80))
        yield [Event(12 * source.randrange(span), what) for what in names]


def test_the_hand_written_walk_knows_the_ladder() -> None:
    history = [Event(0, "left"), Event(30, "free_shipping"), Event(100, "discount")]
    assert standing(history, 23) == (0, "wait", 0, 24)
    assert standing(history, 24) == (0, "free_shipping", 24, None)
    assert standing(history, 77) == (0, "free_shipping", 30, 78)
    assert standing(history, 78) == (0, "discount", 78, None)
    assert standing(history, 121) is None
    again = [*history, Event(130, "left"), Event(160, "free_shipping")]
    assert standing(again, 170) == (130, "call", 160, None)


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_a_ladder_in_sql_is_where_a_walk_through_the_history_ends(
    adapter: str, warehouse_of: Callable[[str], AnyWarehouse]
) -> None:
    warehouse = warehouse_of(adapter)
    source = random.Random(session_seed())
    expected: dict[str, Standing] = {}
    rows = []
    for number, history in enumerate(histories(source, 250)):
        for now in {
            source.choice(history).hour + source.choice((-1, 0, 1, 24, 48, 240, 480))
            for _ in range(5)
        }:
            person = f"{number} at {now}"
            if found := standing(history, now):
                expected[person] = found
            rows += [(person, e.what, AT + timedelta(hours=e.hour - now)) for e in history]
    values = ", ".join(f"('{p}', '{what}', timestamp '{at}')" for p, what, at in rows)
    warehouse.run(
        "create table ladder_events (person varchar(40), what varchar(40), happened_at timestamp)",
        f"insert into ladder_events values {values}",
    )
    ladder = Rendering(adapter, {"as_of_time": str(AT)}).render(LADDER)
    told = {person: row for person, *row in warehouse.rows(ladder)}
    assert {standing.step for standing in expected.values()} == {"wait", *ORDER[1:4]}
    assert told == {person: _as_told(person, s) for person, s in expected.items()}


def _as_told(person: str, found: Standing) -> list[object]:
    now = int(person.split(" at ")[1])
    started, since, next_at = (
        None if hour is None else AT + timedelta(hours=hour - now)
        for hour in (found.started, found.since, found.next_at)
    )
    return [started, found.step, since, next_at]
