"""What is said of a holdout: the verdict, the interval in words and as a bar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from sync.commands.lift import Lift, Reading
from sync.report.lift import bar, machine, told
from sync.report.paint import Paint

RATE = Reading(
    holdout="summer",
    reading="early",
    measure="rate",
    verdict="no_answer_yet",
    refusal=None,
    is_test=True,
    is_verdict=True,
    treated_people=9000,
    control_people=1000,
    treated_outcomes=540,
    control_outcomes=45,
    treated_mean=0.06,
    control_mean=0.045,
    difference=0.014,
    lower_limit=-0.006,
    upper_limit=0.035,
    relative_difference=1 / 3,
    relative_lower=-0.13,
    relative_upper=0.93,
    detectable=0.0203,
    treated_reached=8100,
    control_reached=0,
    control_reached_by=None,
    control_reached_in=None,
    reached_difference=None,
    reached_lower_limit=None,
    reached_upper_limit=None,
    strata=1,
    dropped_strata=0,
    is_adjusted=False,
    cut=None,
    skewness=3.0,
    uncut_difference=0.014,
    difference_before=0.0,
    split_off_since=None,
    announced_people=20_000,
    people=12_000,
    open_treated=1800,
    open_control=200,
    drawn_treated=10_800,
    drawn_control=1200,
    prior=0,
    excluded=0,
    people_a_day=500.0,
    as_of=datetime(2024, 6, 30),
)
VALUE = replace(
    RATE,
    measure="value",
    is_test=False,
    is_verdict=False,
    treated_mean=5.4,
    control_mean=5.0,
    difference=0.4,
    lower_limit=-0.878,
    upper_limit=1.678,
    relative_upper=None,
    cut=452.22,
    uncut_difference=1.5,
)


def text(*readings: Reading) -> str:
    lift = Lift("summer", "orders", "14 days", "2 days", 20_000, readings)
    return "\n".join(told(lift, Paint(False)))


def test_a_reading_is_one_sentence_with_its_interval_as_a_bar() -> None:
    said = text(RATE, VALUE)
    assert said.startswith("summer: no answer yet\n")
    assert (
        "  +1.4 points (-0.6 to +3.5), 540 of 9,000 against 45 of 1,000, early reading, 99 %\n"
    ) in said
    assert "relative: +33.3 % (-13.0 % to +93.0 %)" in said
    assert "would find a difference of 2.0 points" in said
    assert "2,000 windows still open" in said
    assert "planned reading at 20,000 people, in about 32 days; 12,000 so far" in said
    assert "sent to 90 % of the treated" in said
    other = said.partition("Not the test\n")[2]
    assert "value: +0.40 (-0.88 to +1.68), 5.40 each of 9,000 against 5.00 each of 1,000" in other
    assert "to no upper limit" in other
    later = text(RATE, VALUE, replace(VALUE, reading="planned"))
    assert later.partition("Not the test\n")[2].count("value: ") == 1
    assert "5.00 each of 1,000, planned reading" in later


def test_a_planned_reading_that_shows_nothing_says_what_remains_possible() -> None:
    early = replace(RATE, is_verdict=False)
    planned = replace(RATE, reading="planned", verdict="not_shown")
    said = text(early, planned)
    assert said.startswith("summer: not shown\n")
    assert "anything from -0.6 to +3.5 points remains possible" in said
    assert "planned reading at" not in said
    assert "The other reading\n    +1.4 points" in said


NONE = {"lower_limit": None, "upper_limit": None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"verdict": "split_is_off", "split_off_since": date(2024, 6, 3), **NONE},
            "1,200 of 12,000 people held out is not what the percentage draws since 2024-06-03",
        ),
        (
            {"verdict": "arms_differed_before", "difference_before": 0.05, **NONE},
            "the arms differed by +5.0 already",
        ),
        (
            {"verdict": "too_few", "refusal": "few_outcomes", **NONE},
            "early reading, 99 %: fewer than 5 people with, or without, the outcome in an arm",
        ),
        ({"dropped_strata": 2}, "2 groups left out: fewer than 50 people in an arm"),
        (
            {"control_reached": 11, "control_reached_by": "s", "control_reached_in": "r1"},
            "11 of 1,000 held out people were sent something under this name, most by s (last in"
            " run r1)",
        ),
        ({"verdict": "no_windows_closed", "treated_people": 0}, "no window has closed yet"),
        (
            {
                "reached_difference": 0.02,
                "reached_lower_limit": -0.01,
                "reached_upper_limit": 0.05,
            },
            "for each who was reached: +2.0 (-1.0 to +5.0), if nothing changes for others",
        ),
    ],
)
def test_what_stands_in_the_way_is_said(changes: dict[str, object], expected: str) -> None:
    said = text(replace(RATE, **changes))  # type: ignore[arg-type]
    assert expected in said
    if changes.items() >= NONE.items():
        assert "points (" not in said, "an interval is shown"
    assert expected not in text(RATE)


def test_ten_reached_of_a_thousand_are_no_warning() -> None:
    assert "warning" not in text(replace(RATE, control_reached=10))


def test_nobody_drawn_is_no_error() -> None:
    assert text() == "summer: nobody has been drawn yet"
    lift = Lift("summer", "orders", "14 days", "2 days", 20_000)
    assert machine(lift)["verdict"] == "nobody_drawn"


def test_a_bar_shows_where_zero_and_the_difference_lie() -> None:
    spanning = bar(-1.0, 1.0, 3.0)
    assert (spanning[0], spanning[-1]) == ("─", "─")
    assert abs(spanning.index("┼") - len(spanning) / 4) <= 1
    assert abs(spanning.index("●") - len(spanning) / 2) <= 1
    apart = bar(2.0, 3.0, 4.0)
    assert apart[0] == "│" and set(apart[1:20]) == {" "}
    below = bar(-4.0, -3.0, -2.0)
    assert below[-1] == "│" and below[0] == "─"
    assert set(bar(0.0, 0.0, 0.0)) <= {"●", " "}
