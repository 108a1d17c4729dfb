"""Commands, names and moments as problems about builds show them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sync.model import Sync
from sync.project.artifacts import Check
from sync.project.verdicts import Verdict

MOST_NAMED = 3


def build(sync: Sync, below: str = "") -> str:
    """The command that would prove the sync's model; `+` takes the models below along."""
    return f"run: dbt build --select {below}{sync.model}"


def allow(sync: Sync, what: str) -> str:
    """The command that lets it pass."""
    return f"python -m sync apply --select {sync.model} --allow-{what}"


def or_allow(fix: str, sync: Sync, what: str) -> str:
    """A fix, and the command for when it is meant."""
    return f"{fix}; when it is meant: {allow(sync, what)}"


def names(tests: Sequence[Check] | Sequence[Verdict]) -> str:
    """`unique_a, unique_b, unique_c and 2 more`."""
    shown = ", ".join(t.name for t in tests[:MOST_NAMED])
    more = len(tests) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def moment(verdict: Verdict) -> str:
    """When a verdict fell: `2026-11-28 02:00 UTC`."""
    return at(verdict.at)


def at(instant: datetime) -> str:
    """An instant: `2026-11-28 02:00 UTC`."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def differ(before: str, now: str) -> bool:
    """Whether two names, quoted or not, are of two relations; an empty one is not known."""
    return bool(before) and _bare(before) != _bare(now)


def _bare(name: str) -> str:
    return re.sub(r'["`\[\]]', "", name).casefold()
