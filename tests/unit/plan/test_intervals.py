"""A change waits for a while after the last acknowledgement, or has no reason to be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sync.model import Kind, Trait
from sync.rules import Rules
from sync.state.store import REJECTED, UNKNOWN
from sync.timing import Span
from tests.unit.plan.living import DAY, HOUR, NOON, SEGMENT, World

SCORED = replace(SEGMENT, kind=Kind.TRAITS, segment=None, traits=(Trait("score", "score"),))
SLOW = replace(SCORED, rules=Rules(min_interval=Span(6, "hour")))
BANDED = replace(
    SCORED, traits=(Trait("score", "score", bands=(0, 50, 200.5)), Trait("mail", "email"))
)
CHANGED = {("change", "changed", "a")}
on_duckdb = pytest.mark.parametrize("world", ["duckdb"], indirect=True)


def test_a_change_waits_for_the_interval_and_goes_with_the_last_value(world: World) -> None:
    world.sync = SLOW
    world.scores(a=1)
    world.run(NOON)
    world.scores(a=2)
    assert world.run(NOON + 5 * HOUR) == set()
    (waiting,) = world.preview(NOON + 5 * HOUR, "a").waiting
    assert waiting.due == NOON + 6 * HOUR
    assert [wait.words for wait in waiting.waits] == ["no more than one change in 6 hours"]
    world.scores(a=3)
    assert world.run(NOON + 6 * HOUR) == CHANGED
    world.scores(a=4)
    assert world.run(NOON + 7 * HOUR) == set()
    world.scores(a=3)
    assert world.run(NOON + 20 * HOUR) == set()
    world.scores()
    assert world.run(NOON + 7 * HOUR) == {("remove", "left", "a")}
    world.scores(a=4)
    assert world.run(NOON + 7 * HOUR) == {("add", "returned", "a")}


@on_duckdb
def test_an_interval_of_a_day_ends_at_midnight(world: World) -> None:
    world.sync = replace(SCORED, rules=Rules(min_interval=Span(1, "day", "Europe/Berlin")))
    world.scores(a=1)
    world.run(NOON)
    world.scores(a=2)
    midnight = datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert world.run(midnight - HOUR) == set()
    assert world.run(midnight) == CHANGED


@on_duckdb
def test_what_had_no_answer_or_was_refused_is_sent_again_at_once(world: World) -> None:
    world.sync = SLOW
    world.scores(a=1)
    world.run(NOON)
    world.scores(a=2)
    assert world.run(NOON + DAY, a=REJECTED) == CHANGED
    assert world.run(NOON + DAY + HOUR, a=UNKNOWN) == CHANGED
    assert world.run(NOON + DAY + 2 * HOUR) == {("change", "in doubt", "a")}
    world.scores(a=3)
    assert world.run(NOON + DAY + 3 * HOUR) == set()


def test_a_move_within_a_band_is_no_reason_to_send(world: World) -> None:
    world.sync = BANDED
    world.scores(a=10)
    world.run(NOON)
    for score, changes in (
        (0, set()),
        (49.9, set()),
        (50, CHANGED),
        (200.4, set()),
        (200.5, CHANGED),
        (1e9, set()),
        (-1, CHANGED),
        (-50, set()),
        ("null", CHANGED),
        ("null", set()),
        (0, CHANGED),
    ):
        world.scores(a=score)
        assert world.run(NOON) == changes, score


def test_the_exact_value_travels_with_any_other_change(world: World) -> None:
    world.sync = BANDED
    world.scores(a=10)
    world.run(NOON)
    world.write("('a', 'other', 'a', null, 20)")
    (row,) = world.preview(NOON, "a").rows
    assert {c.name: c.new for c in row.changes} == {"score": 20.0, "mail": "other"}
    assert world.run(NOON) == CHANGED
    assert world.run(NOON) == set()


@on_duckdb
def test_other_edges_are_judged_by_the_exact_value_that_was_sent(world: World) -> None:
    world.sync = BANDED
    world.scores(a=10, b=10)
    world.run(NOON)
    world.scores(a=40, b=12)
    assert world.run(NOON) == set()
    world.sync = replace(BANDED, traits=(Trait("score", "score", bands=(30,)), BANDED.traits[1]))
    assert world.run(NOON) == CHANGED
    assert world.run(NOON) == set()
