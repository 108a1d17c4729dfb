"""Parts of the report that need a long past, from values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sync.commands.attention import find
from sync.commands.concerns import Concern
from sync.commands.lift import Lift
from sync.commands.report import Report
from sync.report.page import bars, charts, lift, markdown, page, parts
from tests.unit.report.test_lift import RATE, VALUE

NOBODY = Report(
    project="shop",
    target="prod",
    zone=ZoneInfo("Europe/Berlin"),
    at=datetime(2026, 7, 1, 6, 0, tzinfo=UTC),
    days=7,
    is_daily=True,
    attention=(),
    syncs=(),
    causes=(),
    checks=(),
    overlaps=(),
    runs=(),
)
SUMMER = Lift("summer", "orders", "14 days", "2 days", 20_000, (RATE, VALUE))


def test_lift_is_told_with_its_interval_and_verdict() -> None:
    report = replace(NOBODY, lifts=(SUMMER,))
    section = lift.section(report)
    assert section is not None
    (figure,), (table,) = section.figures, section.tables
    assert section.says == figure.says == "summer: no answer yet."
    assert table.rows[0][:2] == ("summer", "no answer yet")
    assert "540 of 9,000 against 45 of 1,000" in table.rows[0][2]
    (row,) = figure.spec["data"]["values"]
    assert (row["low"], row["value"], row["high"]) == (-0.13, 1 / 3, 0.93)
    pytest.importorskip("vl_convert")
    assert "540 of 9,000 against 45 of 1,000" in page.render(report)
    assert "| summer | no answer yet |" in markdown.render(report)


def test_lift_without_an_upper_limit_reaches_to_the_end_of_the_axis() -> None:
    spec = bars.intervals([bars.Interval("a", -0.2, 0.1, None)])
    (row,) = spec["data"]["values"]
    assert row["high"] == pytest.approx(0.22)


def test_a_split_that_is_off_is_an_alarm() -> None:
    off = replace(SUMMER, readings=(replace(RATE, verdict="split_is_off"),))
    (one,) = find([], [], [], [], {}, [], [off])
    assert (one.concern, one.is_alarm) == (Concern.SPLIT, True)
    assert one.command == "python -m sync lift summer"
    assert find([], [], [], [], {}, [], [SUMMER]) == []


def test_moments_are_told_on_the_wall_clock_of_the_zone() -> None:
    assert parts.moment(NOBODY, datetime(2026, 6, 30, 22, 30)) == "1 Jul 2026, 00:30"
    assert "1 Jul 2026, 08:00 (Europe/Berlin)" in markdown.render(NOBODY)


def test_what_is_near_all_or_near_nothing_is_not_told_as_that() -> None:
    assert parts.share(9_999, 10_000) == "over 99.9 %"
    assert parts.share(10, 10) == "100.0 %"
    assert parts.percent(0.9999) == "over 99.9 %"
    assert parts.percent(1.0) == "100 %"


def test_a_name_in_a_chart_stays_text() -> None:
    pytest.importorskip("vl_convert")
    svg = charts.draw(bars.bars([bars.Bar("<script>1.23456</script>", 1, "2")]))
    assert "<script" not in svg
    assert "&lt;script&gt;1.23456" in svg
