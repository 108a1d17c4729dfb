"""Charts over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sync.report.page.charts import ENTERED, EXITED, QUIET, SERIES, WIDTH, Spec

SECONDS_SHOW, DAYS_SHOW = timedelta(minutes=10), timedelta(days=1)
"""A time that is shorter is told to the second; one that is longer, with its days."""
AXIS = 44
"""Pixels for the labels of a vertical axis, so that charts above each other align."""


class Step(NamedTuple):
    """A value of one series at one time."""

    at: datetime
    series: str
    value: float


def sizes(
    members: Sequence[Step],
    flows: Sequence[Step],
    marks: Sequence[datetime],
    colors: Sequence[tuple[str, str]],
    is_daily: bool,
) -> Spec:
    """Members as lines, and below them who entered and who exited (negative), by time.

    `marks` are times of a changed definition. `colors` are (series, colour).
    """
    values = [step.value for step in members] or [0.0]
    low, high = min(values), max(values)
    room = max((high - low) * 0.1, high * 0.05, 1)
    scale = {"domain": [max(0, low - room), high + room], "nice": False, "zero": False}
    color = _color(colors)
    width = WIDTH - AXIS - 16
    times = [step.at for step in (*members, *flows)]
    span = [_stamp(min(times)), _stamp(max(times))] if times else []
    when = _when(times, is_daily)
    when["scale"] = {"type": "utc", "domain": span, "padding": 5}
    hidden = {**when, "axis": {**when["axis"], "labels": False, "ticks": False}}
    rows = [{"at": _stamp(s.at), "series": s.series, "value": s.value} for s in members]
    y = {"field": "value", "type": "quantitative", "scale": scale, "axis": _numbers(low, high)}
    lines: list[Spec] = [
        {
            "data": {"values": [{"at": _stamp(at)} for at in marks]},
            "mark": {"type": "rule", "strokeDash": [3, 3], "color": QUIET},
            "encoding": {"x": hidden},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "line", "strokeWidth": 2.25, "strokeJoin": "round"},
            "encoding": {"x": hidden, "y": y, "color": color},
        },
        {
            "data": {"values": _ends(rows)},
            "mark": {"type": "point", "filled": True, "size": 42, "opacity": 1},
            "encoding": {"x": hidden, "y": y, "color": color},
        },
    ]
    parts: list[Spec] = [{"width": width, "height": 104, "layer": lines}]
    if any(step.value for step in flows):
        parts.append({"width": width, "height": 54, **_in_and_out(flows, when)})
    else:
        for layer in lines:
            layer["encoding"]["x"] = when
    return {"vconcat": parts, "spacing": 8}


def counts(sent: Sequence[Step], is_daily: bool) -> Spec:
    """One count for each time, as bars."""
    values = [step.value for step in sent] or [0.0]
    width = max(1.5, min(9, 0.7 * (WIDTH - AXIS) / max(len(sent), 1)))
    when = _when([s.at for s in sent], is_daily)
    when["scale"] = {"type": "utc", "padding": 6}
    return {
        "width": WIDTH - AXIS - 16,
        "height": 166,
        "data": {"values": [{"at": _stamp(s.at), "value": s.value} for s in sent]},
        "mark": {"type": "bar", "size": width, "color": SERIES[0]},
        "encoding": {
            "x": when,
            "y": {"field": "value", "type": "quantitative", "axis": _numbers(0, max(values))},
        },
    }


def rates(steps: Sequence[Step], colors: Sequence[tuple[str, str]], is_daily: bool) -> Spec:
    """Shares from 0 to 1 over time, a line for each series."""
    low = min((step.value for step in steps), default=0.0)
    floor = 0.0 if low < 0.5 else int(low * 20) / 20 - 0.05
    rows = [{"at": _stamp(s.at), "series": s.series, "value": s.value} for s in steps]
    color = _color(colors)
    axis = {**_numbers(0, 1), "format": ".0%", "tickMinStep": 0.01}
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [floor, 1], "zero": False},
        "axis": axis,
    }
    when = _when([s.at for s in steps], is_daily)
    when["scale"] = {"type": "utc", "padding": 6}
    encoding = {"x": when, "y": y, "color": color}
    return {
        "width": WIDTH - AXIS - 16,
        "height": 150,
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2.25}, "encoding": encoding},
            {
                "mark": {"type": "point", "filled": True, "size": 36, "opacity": 1},
                "encoding": encoding,
            },
        ],
    }


def _ends(rows: Sequence[Spec]) -> list[Spec]:
    last: dict[str, Spec] = {row["series"]: row for row in rows}
    return list(last.values())


def _in_and_out(flows: Sequence[Step], when: Spec) -> Spec:
    values = [step.value for step in flows]
    width = max(1.5, min(9, 0.7 * (WIDTH - AXIS) / max(len({s.at for s in flows}), 1)))
    return {
        "data": {
            "values": [
                {"at": _stamp(s.at), "value": s.value, "color": ENTERED if s.value > 0 else EXITED}
                for s in flows
                if s.value
            ]
        },
        "mark": {"type": "bar", "size": width},
        "encoding": {
            "x": when,
            "y": {
                "field": "value",
                "type": "quantitative",
                "stack": None,
                "axis": _numbers(min(values), max(values)),
            },
            "color": {"field": "color", "scale": None},
        },
    }


def _when(times: Sequence[datetime], is_daily: bool) -> Spec:
    """The horizontal axis: local wall clock, drawn as UTC so that no machine's zone shifts it."""
    span = max(times) - min(times) if times else timedelta()
    short = "%H:%M:%S" if span < SECONDS_SHOW else "%H:%M" if span < DAYS_SHOW else "%a %H:%M"
    axis = {
        "grid": False,
        "tickCount": 5,
        "labelOverlap": "greedy",
        "labelSeparation": 12,
        "format": "%-d %b" if is_daily else short,
    }
    return {
        "field": "at",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": axis,
        "title": None,
    }


def _numbers(low: float, high: float) -> Spec:
    form = ",d" if max(abs(low), abs(high)) < 10_000 else "~s"
    return {
        "tickCount": 3,
        "tickMinStep": 1,
        "format": form,
        "domain": False,
        "ticks": False,
        "minExtent": AXIS,
        "maxExtent": AXIS,
    }


def _color(colors: Sequence[tuple[str, str]]) -> Spec:
    scale = {"domain": [s for s, _ in colors], "range": [c for _, c in colors]}
    return {"field": "series", "type": "nominal", "legend": None, "scale": scale}


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
