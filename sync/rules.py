"""Rules that decide, beside a model's rows, who may be sent: as compiled. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sync.relation import Relation
from sync.timing import Expiry, Span, Window


class ExitCause(StrEnum):
    """Why a member leaves although the model still has the row."""

    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    SHRUNK = "shrunk"
    """The rollout was made smaller."""
    OUTRANKED = "outranked"
    """Another segment of the group comes first."""
    FORGOTTEN = "forgotten"
    """The person was erased, and is not to be added again."""


PROTECTIVE = frozenset({ExitCause.SUPPRESSED, ExitCause.NO_CONSENT, ExitCause.FORGOTTEN})
"""Exits that no bound and no doubt holds back."""


class Deferral(StrEnum):
    """Why a planned change waits: it is planned again by each run, with the values of then."""

    CAP = "cap"
    CADENCE = "cadence"
    INTERVAL = "interval"
    GROUP = "group"
    WAITING = "waiting"
    WINDOW = "window"
    LIMIT = "limit"
    JOB = "job"
    """It was sent, and a job of the vendor has not told of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that says of people whether they may be sent, as one sync asks it.

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
class Consent:
    """A boolean column that has to be true: of the sync's own model, or of a consent model."""

    column: str
    listed: Listed | None = None


@dataclass(frozen=True, slots=True)
class Holdout:
    """A share of people who get nothing from any sync under the name."""

    name: str
    threshold: int
    """Buckets below it, of 10,000, are held out: hundredths of a percent."""
    salt: str
    releases: bool = False
    """People whose bucket a lower percentage has left are let go."""
    is_over: bool = False
    """No one is drawn any more; the people it holds stay held out."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a model is rolled out."""

    threshold: int
    """Buckets below it, of 10,000, are in: hundredths of a percent."""
    salt: str
    """The model's first name."""
    cohort: Listed | None = None
    """People who come first."""
    may_shrink: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """Another sync that comes first for a person: nothing may be pending there."""

    sync: str
    """Its name."""
    timeout: Span | None = None
    """From when on a waiting person is late."""
    sends_late: bool = False
    """A late person is sent all the same."""
    lag: Span | None = None
    """How long the other destination takes to act on what it has acknowledged."""
    may_lack: bool = False
    """It is enough that nothing is pending there: the other sync need not have the person."""


@dataclass(frozen=True, slots=True)
class Cap:
    """How often a person may enter."""

    entries: int
    per: Span

    def __str__(self) -> str:
        entries = "entry" if self.entries == 1 else "entries"
        return f"{self.entries} {entries} in {self.per}"


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a person may enter several models together."""

    name: str
    cap: Cap
    models: tuple[str, ...]
    """Those under it, by priority: the first takes a slot that several could take."""
    reserve: Span | None = None
    """How long a slot is kept for a model of a higher priority; None is as long as it takes."""


@dataclass(frozen=True, slots=True)
class Exclusive:
    """The group of segments of which a person is in one at a time."""

    group: str
    priority: int
    """The smallest number of those whose models want the person wins."""
    takes_over: bool = True
    """Whether it takes people out of segments with larger numbers."""


FEW_ROWS = 100
"""Up to so many rows no share is too large."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that is let pass: a number of rows, or a share of all."""

    rows: int | None = None
    share: float | None = None

    def is_exceeded(self, rows: int, of: int) -> bool:
        """Whether `rows` of so many are too many; no share is, of none."""
        if self.rows is not None:
            return rows > self.rows
        return self.share is not None and of > 0 and rows > max(FEW_ROWS, of * self.share)

    def __str__(self) -> str:
        return f"{self.rows}" if self.share is None else f"{100 * self.share:g} %"


LEARNED = frozenset({"adds", "changes", "removes"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a plan may be; None leaves it to what holds for every sync."""

    removes: Bound | None = None
    adds: Bound | None = None
    changes: Bound | None = None
    invalid: Bound | None = None
    learned: frozenset[str] = LEARNED
    """Operations that may not be far more than usual."""


NO_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class AsOf:
    """What all plans of a run go by."""

    at: datetime | None = None
    """The instant of the run; None is now."""
    doubted: frozenset[str] = frozenset()
    """Unique ids of models that decide, and whose builds and tests leave them in doubt."""
    only_cohort: bool = False
    """Nobody outside the cohort of a rollout is tried."""
    limit: int | None = None
    """So many people at most enter each sync."""
    only: str = ""
    """The one identity that is tried, also where a rollout does not reach it yet."""
    only_protective: bool = False
    """The model can't be relied on and is not read: people who must not be reached leave."""
    only_exits: bool = False
    """Adds and changes are for a later part of the run."""
    is_adopting: bool = False
    """Nothing is sent, so that nothing has to wait."""
    zone: str = "UTC"
    """The project's, in which days begin."""
    known: Mapping[str, int] = field(default_factory=dict)
    """By sync, the newest run that a plan in a file knows of: what later ones have told, such as
    those that go ahead of it, counts as not told yet."""
    asked_at: datetime | None = None
    """When the people of another sync are asked for, where that is later than the run began."""


NOW = AsOf()


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one sync."""

    suppress: tuple[Listed, ...] = ()
    requires: tuple[Consent, ...] = ()
    holdouts: tuple[Holdout, ...] = ()
    rollout: Rollout | None = None
    ended: tuple[tuple[str, str], ...] = ()
    """What becomes of people held by a holdout that is named no longer: keep or release."""
    after: After | None = None
    cap: Cap | None = None
    cadences: tuple[Cadence, ...] = ()
    min_interval: Span | None = None
    """How long after an acknowledgement a change of the same person waits."""
    expires: Expiry | None = None
    window: Window | None = None
    exclusive: Exclusive | None = None

    @property
    def counts_entries(self) -> bool:
        """Whether entries are recorded, for a limit on how often."""
        return self.cap is not None or bool(self.cadences)

    @property
    def decides_together(self) -> bool:
        """Whether who may enter depends on what other syncs decide at the same time."""
        return bool(self.cadences) or self.exclusive is not None

    @property
    def names_people(self) -> bool:
        """Whether another model says who must not be reached."""
        return bool(self.suppress) or any(one.listed is not None for one in self.requires)

    @property
    def asked(self) -> tuple[Listed, ...]:
        """Every other model that decides, each once."""
        asked = [*self.suppress, *(consent.listed for consent in self.requires)]
        asked += [self.rollout.cohort] if self.rollout else []
        return tuple(dict.fromkeys(one for one in asked if one is not None))


NO_RULES = Rules()
