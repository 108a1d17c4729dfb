"""The page: one HTML file without scripts, which loads nothing."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sync.commands.report import Report
from sync.report.page import attention, charts, sections

HERE = Path(__file__).parent


def can_draw() -> bool:
    """Whether the library for the charts is installed."""
    return find_spec("vl_convert") is not None


def render(report: Report) -> str:
    """The page as text."""
    made = sections.sections(report)
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            heading=attention.heading(report),
            made=f"{report.local(report.at):%-d %B %Y, %H:%M}",
            aged=attention.aged(report),
            things=[attention.told(report, one) for one in report.attention],
            sections=made,
            draw=charts.draw,
            style=(HERE / "page.css").read_text(encoding="utf-8"),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
