"""What a section consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sync.commands.report import Report
from sync.report.page.charts import Spec

LEFT, RIGHT = "left", "right"
MOST_BARS = 12


class Table(NamedTuple):
    """Figures as text; `columns` are (title, side)."""

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with the sentence that says the same."""

    title: str
    says: str
    """All of it in words, for who can't see the chart."""
    spec: Spec
    beside: str = ""
    """What the chart does not show, below it."""
    legend: Sequence[tuple[str, str, str]] = ()
    """(colour, name, value)."""
    number: str = ""
    """The figure that counts most, above the chart."""
    aside: str = ""
    """Beside that number."""
    change: str = ""
    """Below it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, one sentence, charts, and the tables with the same figures."""

    key: str
    title: str
    says: str
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    is_narrow: bool = False
    """It may stand beside others."""


def percent(share_of_one: float) -> str:
    """`4 %`, `0.4 %`; never 0 or 100 for what is only near."""
    text = f"{100 * share_of_one:.0f}" if share_of_one >= 0.1 else f"{100 * share_of_one:.1f}"
    if share_of_one < 1 and text == "100":
        text = "99.9" if share_of_one < 0.9995 else "over 99.9"
    return f"{text} %"


def share(part: int, whole: int) -> str:
    """`99.5 %`; 100 only for all of them."""
    text = f"{100 * part / whole:.1f}" if whole else "0.0"
    return f"{'over 99.9' if text == '100.0' and part < whole else text} %"


def moment(report: Report, at: datetime) -> str:
    """`21 May 2024, 14:05`, in the project's zone."""
    return f"{report.local(at):%-d %b %Y, %H:%M}"
