"""Charts of rows below each other, each with its label above what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sync.report.page.charts import ARROW, BAD, LINE, QUIET, SERIES, TEXT, WIDTH, Spec

BAND = 34
"""Pixels of a row that has its label above its bar."""
LETTER = 7
"""Pixels of a letter, on the safe side."""
LINE_HEIGHT = 14
LEAST_BOUND = 0.1
"""An axis of lifts reaches to 10 % on both sides at least."""
CUT = 0.88
"""A reader's font may be wider than the one that a text is cut by."""


class Bar(NamedTuple):
    """A row: its label above, a bar, and its value in words behind the label."""

    label: str
    value: float
    said: str
    color: str = SERIES[0]


class Interval(NamedTuple):
    """A row with a point between two limits, as shares; without an upper one it has no end."""

    label: str
    low: float
    value: float
    high: float | None


class Cell(NamedTuple):
    """How a sync ended a day or a run."""

    row: str
    at: datetime
    look: str
    """`GOOD`, `FAIR` or `BAD`."""


def bars(rows: Sequence[Bar], full: float | None = None) -> Spec:
    """Bars below each other, each with its label above it; the axis ends at `full`, or at the
    largest value."""
    end = full or max((row.value for row in rows), default=0) or 1
    room = _room(rows)
    is_long = any(len(line) * LETTER > room for row in rows for line in row.label.split("\n"))
    arrow = f"\n{ARROW} " if is_long else f" {ARROW} "
    rows = [
        row._replace(label=row.label.replace(f" {ARROW} ", arrow), value=min(row.value, end))
        for row in rows
    ]
    values = [{"n": n, **row._asdict(), "end": end} for n, row in enumerate(rows)]
    y = {"field": "n", "type": "ordinal", "axis": None, "scale": {"paddingOuter": 0}}
    x = {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, end]}}
    band = BAND + (LINE_HEIGHT if any("\n" in row.label for row in rows) else 0)
    bar = {"type": "bar", "height": 9, "yOffset": band / 2 - 10, "cornerRadius": 2}
    layers: list[Spec] = [
        {"mark": {**bar, "color": LINE}, "encoding": {"y": y, "x": {**x, "field": "end"}}},
        {
            "mark": bar,
            "encoding": {"y": y, "x": x, "color": {"field": "color", "scale": None}},
        },
        *_labels(rows, y, band),
    ]
    return _rows(values, layers, band * len(rows))


def _room(rows: Sequence[Bar]) -> float:
    """Pixels for labels, left of the words at the right."""
    said = max((len(row.said) for row in rows), default=0) * LETTER
    return (WIDTH - 24 - said) * CUT


def _labels(rows: Sequence[Bar], y: Spec, band: int) -> list[Spec]:
    """What stands above each bar: its label, cut where the words at the right begin."""
    right = _label("said", "right", WIDTH, QUIET, y, band)
    return [_label("label", "left", _room(rows), TEXT, y, band), right]


def _label(field: str, align: str, width: float, color: str, y: Spec, band: int = BAND) -> Spec:
    return {
        "mark": {
            "type": "text",
            "align": align,
            "baseline": "middle",
            "yOffset": 10 - band / 2,
            "lineBreak": "\n",
            "lineHeight": LINE_HEIGHT,
            "fontSize": 12,
            "color": color,
            "limit": width,
        },
        "encoding": {
            "y": y,
            "x": {"value": 0 if align == "left" else WIDTH - 12},
            "text": {"field": field, "type": "nominal"},
        },
    }


def _rows(values: Sequence[Spec], layers: Sequence[Spec], height: int) -> Spec:
    return {
        "width": WIDTH - 12,
        "height": height,
        "data": {"values": list(values)},
        "layer": list(layers),
    }


def strip(cells: Sequence[Cell], is_daily: bool) -> Spec:
    """How each sync ended each day or run: colour, and a mark on what was not complete."""
    rows = list(dict.fromkeys(cell.row for cell in cells))
    times = sorted({cell.at for cell in cells})
    if is_daily:
        days = (times[-1] - times[0]).days + 1
        place = {at: (at - times[0]).days for at in times}
    else:
        days, place = len(times), {at: number for number, at in enumerate(times)}
    values = [
        {"n": rows.index(c.row), "label": c.row, "x": place[c.at] + 0.5, "look": c.look}
        for c in cells
    ]
    y = {"field": "n", "type": "ordinal", "axis": None}
    x = {
        "field": "x",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, max(days, 14)], "nice": False, "zero": False},
    }
    size = max(1.0, min((WIDTH - 12) / max(days, 14) * 0.8, 14.0))
    labels = [{"n": n, "label": row} for n, row in enumerate(rows)]
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "width": size, "height": 10, "yOffset": 8},
            "encoding": {"y": y, "x": x, "color": {"field": "look", "scale": None}},
        },
        {
            "transform": [{"filter": {"field": "look", "equal": BAD}}],
            "mark": {
                "type": "point",
                "shape": "cross",
                "angle": 45,
                "filled": True,
                "color": "var(--page)",
                "size": 26,
                "opacity": 1,
                "yOffset": 8,
            },
            "encoding": {"y": y, "x": x},
        },
        {**_label("label", "left", WIDTH * CUT, TEXT, y), "data": {"values": labels}},
    ]
    return _rows(values, layers, BAND * len(rows))


def intervals(rows: Sequence[Interval]) -> Spec:
    """Points with their intervals on one axis, and a line at zero."""
    ends = [abs(end) for row in rows for end in (row.low, row.value, row.high or 0)]
    bound = max([*ends, LEAST_BOUND]) * 1.1
    values = [
        {"n": n, **row._asdict(), "high": bound if row.high is None else row.high}
        for n, row in enumerate(rows)
    ]
    y = {"field": "n", "type": "ordinal", "axis": None}
    axis = {"grid": False, "tickCount": 5, "format": "+.0%"}
    scale = {"domain": [-bound, bound], "nice": False}
    x = {"field": "value", "type": "quantitative", "scale": scale, "axis": axis, "title": None}
    low = {**x, "field": "low"}
    zero = {"datum": 0, "type": "quantitative", "scale": scale, "axis": axis, "title": None}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "color": QUIET, "strokeDash": [3, 3]},
            "encoding": {"x": zero},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 3, "color": SERIES[0], "yOffset": 8},
            "encoding": {"y": y, "x": low, "x2": {"field": "high"}},
        },
        {
            "mark": {
                "type": "point",
                "filled": True,
                "size": 70,
                "color": SERIES[0],
                "opacity": 1,
                "yOffset": 8,
            },
            "encoding": {"y": y, "x": x},
        },
        _label("label", "left", WIDTH * CUT, TEXT, y),
    ]
    return _rows(values, layers, BAND * len(rows))
