"""What needs attention, in words."""

from __future__ import annotations

from typing import NamedTuple

from sync.commands.concerns import Attention, Concern
from sync.commands.report import Report
from sync.commands.status import in_utc
from sync.report import words


class Told(NamedTuple):
    """One thing in words."""

    level: str
    """`alarm` or `note`."""
    names: str
    text: str
    details: str
    """Since when, how many people, and whose it is."""
    command: str


def heading(report: Report) -> str:
    """`3 things need attention.`"""
    number = len(report.attention)
    if not number:
        return "Nothing needs attention." if report.runs else "Nothing has run yet."
    return f"{words.plural(number, 'thing')} {'needs' if number == 1 else 'need'} attention."


def aged(report: Report) -> str:
    """How old the data is."""
    if not report.runs:
        return f"No run in the last {words.plural(report.days, 'day')}."
    last = max(in_utc(sync.finished_at) for sync in report.runs[0].syncs)
    return f"The last run ended {words.age(max((report.at - last).total_seconds(), 0))} before."


def told(report: Report, one: Attention) -> Told:
    """One thing, for people."""
    details = []
    if one.people is not None:
        noun = "row" if one.concern is Concern.REJECTED else "member"
        details.append(words.plural(one.people, noun))
    if one.since is not None:
        details.append(f"since {report.local(one.since):%-d %b %Y, %H:%M}")
    if one.owner:
        details.append(f"owner {one.owner}")
    return Told(
        "alarm" if one.is_alarm else "note",
        ", ".join(name.replace(" -> ", " \N{RIGHTWARDS ARROW} ") for name in one.syncs),
        _capitalized(one.text),
        _capitalized(", ".join(details)),
        one.command,
    )


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
