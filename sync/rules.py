"""Rules that decide, beside a model's rows, who may be sent: as compiled. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sync.relation import Relation


class ExitCause(StrEnum):
    """Why a member leaves although the model still has the row."""

    SUPPRESSED = "suppressed"


PROTECTIVE = frozenset({ExitCause.SUPPRESSED})
"""Exits that no bound and no doubt holds back."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A model with people who must not be sent, as one sync asks it.

    Anything that is doubtful about it stops adds and changes. Moments are compared with the
    instant of the run; a date in `until` lasts through that day in `zone`.
    """

    model: str
    unique_id: str = ""
    """dbt's; empty where the project has no such model."""
    relation: Relation | None = None
    identity: str = ""
    """Its column with the people."""
    column: str = ""
    """The column of the sync's model that is compared with it."""
    reason: str | None = None
    until: str | None = None
    max_age: timedelta | None = None
    """How long ago its last build may have ended."""
    max_drop: float = 0.5
    """The share of its people that it may lose from one run to the next, beyond 100."""
    zone: str = "UTC"
    path: str = ""
    problem: str = ""
    """Why it can't be asked, as far as the project tells."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one sync."""

    suppress: tuple[Suppression, ...] = ()


NO_RULES = Rules()
