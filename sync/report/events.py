"""What happens during a run, as values. Renderers read them; nothing here prints.

Events hold counts and names of models and traits, never identities or values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sync.errors import Problem
from sync.model import Counts, Fate, Kind, Op


class Level(StrEnum):
    """How much an event matters."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Place:
    """Which sync an event is about, and its number among those of the run."""

    index: int
    total: int
    sync: str
    model: str
    destination: str
    unique_id: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """The project was read."""

    code: ClassVar[str] = "read"
    manifest: str
    target: str
    syncs: int
    destinations: int
    unconnected: tuple[str, ...] = ()
    """Syncs whose connection this target lacks."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to know that stops nothing; `models` are those it holds for."""

    code: ClassVar[str] = "warned"
    problem: Problem
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A gate kept a sync from being planned."""

    code: ClassVar[str] = "refused"
    place: Place
    problem: Problem
    exit_code: int = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """One plan is made."""

    code: ClassVar[str] = "planned"
    place: Place
    kind: Kind
    counts: Counts
    """Fates that the plan itself decides."""
    ops: Mapping[Op, int]
    causes: Mapping[str, int]
    seconds: float
    members: int = 0
    is_first: bool = False
    is_quiet: bool = False
    unset_traits: tuple[str, ...] = ()
    """Of the dropped ones, those that are emptied at the destination."""
    is_definition_changed: bool = False
    edited: tuple[str, ...] = ()
    """What of the definition is another: its query, contract, mapping, as far as known."""
    by_edit: tuple[int, int, int] | None = None
    """People that the edit adds, removes and changes; `by_data`, those that the data does."""
    by_data: tuple[int, int, int] | None = None
    untold: str = ""
    """Why that can't be told."""
    version: int = 1
    """Of the contract."""
    version_before: int | None = None
    """At the last complete run, where definition or version are others now."""
    version_trait: str = ""
    """The trait that carries the version, where there is one."""
    adopted: int = 0
    recovering: int = 0
    running: int = 0
    """Changes of an older run that a job of the destination has not told of."""
    added_traits: tuple[str, ...] = ()
    dropped_traits: tuple[str, ...] = ()
    next_stage: tuple[int, int] | None = None
    """Of a rollout: the next percentage, and how many rows it would let in."""
    is_unread: bool = False
    """No row of the model was read: there are no more than exits that nothing holds."""
    late: int = 0
    """Of these, those that wait for another sync for longer than they should."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Rows that policies let wait, by reason."""
    volatile: tuple[str, ...] = ()
    """Traits that changed for most members in each of the last runs."""
    learning: tuple[int, int] | None = None
    """Days that are known, and days after which more than usual is noticed; None from then on."""
    salted: tuple[str, ...] = ()
    """Personal traits of which a first run keeps digests without a key."""

    @property
    def total(self) -> int:
        """Planned changes, removals included."""
        return sum(self.ops.values())


@dataclass(frozen=True, slots=True)
class Progressed:
    """Changes were answered; told now and then, never for each."""

    code: ClassVar[str] = "progressed"
    place: Place
    done: int
    total: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Changes answered per second so far."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """One sync ended."""

    code: ClassVar[str] = "ended"
    place: Place
    status: str
    exit_code: int
    counts: Counts
    ops: Mapping[Op, int]
    seconds: float
    problems: tuple[Problem, ...] = ()
    requests: int = 0
    bytes_sent: int = 0
    recovered: int = 0
    planned: Planned | None = None
    plan_id: str = ""
    """Of a plan that a guard held, or that was approved."""
    approved_by: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    bytes_scanned: int | None = None
    """What the warehouse has read for it, where it tells."""
    running: int = 0
    """Changes that were sent, and that a job of the destination has not told of."""


@dataclass(frozen=True, slots=True)
class Orphaned:
    """A sync that is recorded, and that the project has no more."""

    code: ClassVar[str] = "orphaned"
    sync: str
    model: str
    destination: str
    kind: Kind
    members: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Carried:
    """A move or removal that dbt_project.yml declares; in a plan it is not done."""

    code: ClassVar[str] = "carried"
    action: str
    """move, exit or keep."""
    sync: str
    to: str | None
    members: int
    is_done: bool
    exit_code: int = 0
    problem: Problem | None = None
    counts: Counts = field(default_factory=Counts)
    """Of the exits that were sent, like those of a sync."""
    ops: Mapping[Op, int] = field(default_factory=dict)
    requests: int = 0
    bytes_sent: int = 0


@dataclass(frozen=True, slots=True)
class Stopping:
    """A stop was asked for; what is in flight is awaited."""

    code: ClassVar[str] = "stopping"
    reason: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The whole run, everything in it."""

    code: ClassVar[str] = "run-ended"
    run_id: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    ended: tuple[Ended, ...] = ()
    refused: tuple[Refused, ...] = ()
    not_started: tuple[str, ...] = ()
    """Syncs that a stop came before."""
    stopped: str | None = None
    command: str = ""
    """What to type for this selection again."""
    orphans: tuple[Orphaned, ...] = ()
    carried: tuple[Carried, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def sent(self) -> tuple[Ended | Carried, ...]:
        """All that may have sent changes: the syncs, and the exits of removed ones."""
        return (*self.ended, *self.carried)

    @property
    def requests(self) -> int:
        """Requests that were made for changes."""
        return sum(one.requests for one in self.sent)

    @property
    def bytes_sent(self) -> int:
        """Bytes of these requests."""
        return sum(one.bytes_sent for one in self.sent)

    @property
    def running(self) -> int:
        """Changes that jobs of destinations have not told of."""
        return sum(one.running for one in self.ended)

    @property
    def counts(self) -> Counts:
        """The fates of all rows and removals together."""
        return added_up(one.counts for one in self.sent)

    @property
    def ops(self) -> Mapping[Op, int]:
        """All planned changes together."""
        return added_ops(one.ops for one in self.sent)


@dataclass(frozen=True, slots=True)
class ShownTrait:
    """One trait of a shown row, already printable and masked."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One planned change as `--show` tells it."""

    op: Op
    identity: str
    cause: str
    reason: str | None = None
    traits: tuple[ShownTrait, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewed:
    """What `plan` says of one sync; `problem` is why it would not be sent."""

    code: ClassVar[str] = "previewed"
    place: Place
    planned: Planned | None
    problem: Problem | None = None
    exit_code: int = 0
    rows: tuple[ShownRow, ...] = ()
    others: tuple[Problem, ...] = ()
    """More reasons."""
    plan_id: str = ""
    """Of a plan that a guard would hold."""
    bytes_scanned: int | None = None
    """What the warehouse has read for it, where it tells."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of the reasons."""
        return (self.problem, *self.others) if self.problem else ()


@dataclass(frozen=True, slots=True)
class PlanEnded:
    """All plans, nothing sent."""

    code: ClassVar[str] = "plan-ended"
    previews: tuple[Previewed, ...] = ()
    refused: tuple[Refused, ...] = ()
    exit_code: int = 0
    command: str = field(default="python -m sync apply")
    file: str = ""
    """Where the plan was written, as it was typed."""
    orphans: tuple[Orphaned, ...] = ()
    carried: tuple[Carried, ...] = ()

    @property
    def exits(self) -> int:
        """Members of syncs that are declared as removed, who would be taken out."""
        return sum(step.members for step in self.carried if step.action == "exit")

    @property
    def total(self) -> int:
        """Changes that would be sent, exits of removed syncs among them."""
        planned = (p.planned.total for p in self.previews if p.planned and p.problem is None)
        return sum(planned) + self.exits


Event = (
    Read
    | Warned
    | Refused
    | Planned
    | Progressed
    | Ended
    | Orphaned
    | Carried
    | Stopping
    | RunEnded
    | Previewed
    | PlanEnded
)


def level(event: Event) -> Level:
    """How much it matters."""
    match event:
        case Refused():
            return Level.ERROR
        case Carried() | Ended() | RunEnded() | Previewed() | PlanEnded() if event.exit_code:
            return Level.WARN if event.exit_code == 1 else Level.ERROR
        case Warned() | Orphaned() | Stopping():
            return Level.WARN
        case _:
            return Level.INFO


def added_up(many: Iterable[Counts]) -> Counts:
    """The sum of counts."""
    fates: Counter[Fate] = Counter()
    rows = removals = 0
    for counts in many:
        fates.update(counts.fates)
        rows, removals = rows + counts.model_rows, removals + counts.removals
    return Counts(rows, removals, fates)


def added_ops(many: Iterable[Mapping[Op, int]]) -> Counter[Op]:
    """The sum of planned changes, by operation."""
    total: Counter[Op] = Counter()
    for ops in many:
        total.update(ops)
    return total
