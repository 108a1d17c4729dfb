"""Drawing: Vega-Lite specifications into SVG without scripts.

Colours are CSS variables of the page, so that a chart follows its light or dark look. All are drawn
at the width of a phone and scaled by the page.
"""

from __future__ import annotations

import re
from typing import Any

Spec = dict[str, Any]

WIDTH = 360
ARROW = "\N{RIGHTWARDS ARROW}"
TEXT, QUIET, LINE = "var(--text)", "var(--quiet)", "var(--line)"
ENTERED, EXITED = "var(--entered)", "var(--exited)"
GOOD, FAIR, BAD = "var(--good)", "var(--fair)", "var(--bad)"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))
"""By destination; a seventh begins again."""
TAG = re.compile(r"<[^>]*>")
FRACTION = re.compile(r"\b\d+\.\d{2,}\b")
"""A length that is told more finely than anybody can see."""
FONT = "system-ui, sans-serif"


def draw(spec: Spec) -> str:
    """The chart as an SVG element that scales with its place."""
    import vl_convert

    base: Spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": None,
        "padding": {"left": 2, "right": 8, "top": 4, "bottom": 2},
        "config": {
            "aria": False,
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": QUIET,
                "labelFontSize": 11,
                "gridColor": LINE,
                "domainColor": LINE,
                "tickColor": LINE,
                "title": None,
            },
        },
    }
    svg: str = vl_convert.vegalite_to_svg({**base, **spec})
    svg = TAG.sub(lambda tag: FRACTION.sub(lambda n: f"{float(n[0]):.1f}", tag[0]), svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
