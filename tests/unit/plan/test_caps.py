"""Caps: an entry counts from its first attempt on, once, however often it is repeated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.model import Kind
from sync.rules import Cap, Rules
from sync.state.store import REJECTED, REJECTED_PARTIAL, UNKNOWN
from sync.timing import Span
from tests.unit.plan.living import DAY, HOUR, NOON, SEGMENT, World

EVENTS = replace(
    SEGMENT,
    kind=Kind.EVENTS,
    segment=None,
    identity="person",
    event="ordered",
    event_id="id",
    occurred_at="happened",
)


def capped(entries: int, number: int, unit: str, zone: str = "UTC") -> Rules:
    return Rules(cap=Cap(entries, Span(number, unit, zone)))


ONCE = replace(SEGMENT, rules=capped(1, 30, "day"))
on_duckdb = pytest.mark.parametrize("world", ["duckdb"], indirect=True)


def test_a_person_enters_once_in_the_period_and_leaves_whenever_due(world: World) -> None:
    world.sync = ONCE
    world.has("a", "b")
    assert world.run(NOON) == {("add", "new", "a"), ("add", "new", "b")}
    world.has("b")
    assert world.run(NOON + DAY) == {("remove", "left", "a")}
    world.has("a", "b")
    assert world.run(NOON + 29 * DAY) == set()
    (waiting,) = world.preview(NOON + 29 * DAY, "a").waiting
    assert waiting.due == datetime(2026, 12, 21, tzinfo=UTC)
    assert world.run(waiting.due - timedelta(microseconds=1)) == set()
    assert world.run(waiting.due) == {("add", "returned", "a")}
    assert world.entries() == {("a", NOON), ("b", NOON), ("a", waiting.due)}


def test_hours_are_exact_and_an_entry_is_over_at_the_end_of_the_period(world: World) -> None:
    world.sync = replace(SEGMENT, rules=capped(2, 6, "hour"))
    for hours, sent in ((0, 1), (1, 1), (2, 0), (5, 0), (6, 1), (7, 1), (8, 0)):
        world.has("a")
        found = world.run(NOON + hours * HOUR)
        assert len(found) == sent, hours
        world.has()
        world.run(NOON + hours * HOUR)


def test_a_day_is_one_of_the_zone(world: World) -> None:
    world.sync = replace(SEGMENT, rules=capped(1, 1, "day", "America/New_York"))
    late = datetime(2026, 11, 22, 4, 59, tzinfo=UTC)
    for at, sent in ((late, 1), (late + timedelta(minutes=1), 1), (late + HOUR, 0)):
        world.has("a")
        assert len(world.run(at)) == sent, at
        world.has()
        world.run(at)


@on_duckdb
@pytest.mark.parametrize("outcome", [UNKNOWN, REJECTED_PARTIAL])
def test_an_entry_that_is_not_confirmed_counts_once(world: World, outcome: str) -> None:
    world.sync = ONCE
    world.has("a")
    world.run(NOON, a=outcome)
    assert world.run(NOON + HOUR, a=outcome) == {("add", "in doubt", "a")}
    assert world.run(NOON + DAY) == {("add", "in doubt", "a")}
    assert world.entries() == {("a", NOON)}
    world.has()
    world.run(NOON + DAY)
    world.has("a")
    assert world.run(NOON + 2 * DAY) == set()


@on_duckdb
@pytest.mark.parametrize("outcome", [REJECTED, "not attempted"])
def test_what_was_refused_or_never_sent_is_no_entry(world: World, outcome: str) -> None:
    world.sync = ONCE
    world.has("a")
    world.run(NOON, a=outcome)
    assert world.entries() == set()
    assert world.run(NOON + HOUR) == {("add", "new", "a")}
    assert world.entries() == {("a", NOON + HOUR)}


@on_duckdb
def test_a_run_that_dies_leaves_an_entry_of_what_it_may_have_sent_alone(world: World) -> None:
    world.sync = ONCE
    world.has("a")
    store, epoch, _ = world.begin(NOON)
    store.release(epoch)
    store, epoch, summary = world.begin(NOON + HOUR)
    assert summary.causes == {"new": 1}
    store.release(epoch)
    store, epoch, summary = world.begin(NOON + 2 * HOUR, may_be_sent=True)
    assert summary.causes == {"in doubt": 1}
    assert world.entries() == {("a", NOON + HOUR)}
    store.discard(epoch)
    store.release(epoch)
    assert world.run(NOON + 3 * HOUR) == {("add", "in doubt", "a")}
    assert world.entries() == {("a", NOON + HOUR)}


def test_a_held_plan_leaves_no_entry(world: World) -> None:
    world.sync = ONCE
    world.has("a")
    store, epoch, _ = world.begin(NOON)
    store.discard(epoch)
    store.release(epoch)
    assert world.entries() == set()


def test_a_move_is_no_entry_and_no_cap_makes_anybody_leave(world: World) -> None:
    world.sync = replace(ONCE, identify_by="email", external_id="email", normal_form="email")
    world.has("a")
    world.run(NOON)
    world.write("('a', 'a@y', 'a', null, null)")
    moves = {("remove", "moved", "a"), ("add", "moved", "a")}
    assert world.run(NOON + DAY) == moves
    assert world.entries() == {("a", NOON)}
    world.sync = replace(world.sync, rules=capped(1, 400, "day"))
    assert world.run(NOON + 2 * DAY) == set()


def test_a_cap_that_is_new_counts_the_last_entry_of_each_person(world: World) -> None:
    world.sync = replace(SEGMENT)
    world.has("a")
    world.run(NOON)
    world.has()
    world.run(NOON + HOUR)
    world.sync = replace(SEGMENT, rules=capped(1, 1, "day"))
    world.has("a", "b")
    assert world.run(NOON + 2 * HOUR) == {("add", "new", "b")}
    assert world.entries() == {("a", NOON), ("b", NOON + 2 * HOUR)}
    world.sync = replace(SEGMENT, rules=capped(2, 1, "day"))
    assert world.run(NOON + 2 * HOUR) == {("add", "returned", "a")}


def test_of_the_events_of_a_person_the_oldest_go_first(world: World) -> None:
    world.sync = replace(EVENTS, rules=capped(2, 1, "day"))
    rows = [
        "('o1', null, 'a', timestamp '2026-11-20 03:00:00', null)",
        "('o2', null, 'a', timestamp '2026-11-20 02:00:00', null)",
        "('o3', null, 'a', timestamp '2026-11-20 01:00:00', null)",
        "('o4', null, 'b', timestamp '2026-11-20 01:00:00', null)",
    ]
    world.write(*rows)
    (waiting,) = world.preview(NOON, "o1").waiting
    assert waiting.due == datetime(2026, 11, 22, tzinfo=UTC)
    sent = {("add", "new", i) for i in ("o2", "o3", "o4")}
    assert world.run(NOON, o3=UNKNOWN) == sent
    assert world.run(NOON + HOUR, o3=UNKNOWN) == {("add", "in doubt", "o3")}
    assert world.run(NOON + DAY) == {("add", "in doubt", "o3"), ("add", "new", "o1")}


@on_duckdb
def test_old_entries_are_deleted_when_no_limit_counts_them(world: World) -> None:
    world.sync = ONCE
    world.has("a")
    world.run(NOON)
    world.has("a", "b")
    world.run(NOON + 401 * DAY)
    assert {person for person, _ in world.entries()} == {"b"}
