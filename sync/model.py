"""The values every part of a sync agrees on. Standard library only.

A *sync* is one model going to one destination. Its plan is a list of *changes*; a delivery gives
each change exactly one *outcome*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, NewType

from sync.relation import Relation as Relation
from sync.rules import NO_BOUNDS, NO_RULES, Bounds, Rules

Identity = NewType("Identity", str)


class Kind(StrEnum):
    """What a row of the model is."""

    TRAITS = "traits"
    SEGMENT = "segment"
    EVENTS = "events"
    OBJECTS = "objects"


class Op(StrEnum):
    """What has to happen at the destination. Plans run removes first, adds last."""

    REMOVE = "remove"
    CHANGE = "change"
    ADD = "add"

    @property
    def plural(self) -> str:
        """Of several: `adds`, as columns of the state and bounds of `guard` are called."""
        return f"{self}s"


class Cause(StrEnum):
    """Why a change is planned; an exit that a rule asks for has an `ExitCause` instead."""

    NEW = "new"
    CHANGED = "changed"
    LEFT = "left"
    RETURNED = "returned"
    MOVED = "moved"
    """The address is another one: a removal at the old one and an addition at the new one."""
    IN_DOUBT = "in doubt"
    """An earlier outcome is unconfirmed."""
    ASSERTED = "asserted"


class Fate(StrEnum):
    """How a row of a model, or a planned removal, ended a run: exactly one each."""

    UNCHANGED = "unchanged"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNDECIDED = "undecided"
    NOT_ATTEMPTED = "not_attempted"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    HELD_OUT = "held_out"
    OUTSIDE_ROLLOUT = "outside_rollout"
    OUTRANKED = "outranked"
    EXPIRED = "expired"
    INVALID = "invalid"


class Owner(NamedTuple):
    """Whose state it is: the id of the state schema, the names of project and target in dbt."""

    installation: str
    project: str
    target: str

    def __str__(self) -> str:
        return f"project {self.project}, target {self.target}"


@dataclass(frozen=True, slots=True)
class Trait:
    """One column of the model on its way to a destination.

    `name` is what the destination calls it, `column` what the model calls it. `default` is the
    value sent in place of a null; None means that `nulls` decides.
    """

    name: str
    column: str
    data_type: str = ""
    is_pii: bool = False
    default: bool | int | float | str | None = None
    nulls: Literal["unset", "skip", "reject"] = "unset"
    is_ignored: bool = False
    """Sent along, but no reason to send (`ignore_changes`)."""
    bands: tuple[int | float, ...] = ()
    """Edges, rising: a move between two of them is no reason to send."""
    constant: int | None = None
    """The value for every row, where no column has it: the contract's version."""
    opts_out: bool | None = None
    """The value of the vendor's field that opts a person out (`consent`), written where the column
    is false. It is never taken back, so nothing else is ever written there."""


@dataclass(frozen=True, slots=True)
class Sync:
    """One model going to one destination: everything a plan needs to know, already checked."""

    name: str
    """`<model>__<connection>`, unique in the project; names the state tables and the journal."""
    model: str
    unique_id: str
    relation: Relation
    connection: str
    """The key under `destinations.<target>` in profiles.yml."""
    vendor: str
    """The registered destination, for example `customerio`."""
    kind: Kind
    identity: str
    """The column that identifies the person or account; for events, who the event is about."""
    traits: tuple[Trait, ...] = ()
    identify_by: str | None = None
    """The vendor's identifier when it is not its default id, for example `email`."""
    external_id: str | None = None
    """The column that holds that identifier; None means the identity itself."""
    normal_form: str = ""
    """When two spellings of it are one to the vendor (`identifiers.NORMAL_FORMS`); "" is exact."""
    ignores_unknown: bool = False
    """The vendor drops, without an error, what is sent of people whom it does not know."""
    names_records: bool = False
    """The vendor gives records ids of its own, which are kept and handed back."""
    related_id: str | None = None
    """Objects: the column with the person that the account is linked to."""
    object_type: str | None = None
    event: str | None = None
    """Events: a fixed event name, or None when `event_column` has it."""
    event_column: str | None = None
    event_id: str | None = None
    """Events: the column that makes an event unique."""
    occurred_at: str | None = None
    """Events: the timestamp column."""
    segment: str | None = None
    """Segments: the name of the segment at the destination."""
    reason: str | None = None
    """The column that says why a row qualified; goes into the delivery log."""
    on_remove: Literal["unset", "keep"] = "unset"
    on_drop: Literal["keep", "unset"] = "keep"
    withdrawn: frozenset[str] = frozenset()
    """Names that are emptied like `on_drop: unset` says, because their columns are personal now."""
    initial: Literal["quiet", "send"] = "quiet"
    """First run: `quiet` baselines events and sends no entry events for those already inside."""
    is_coalesced: bool = False
    """The destination takes the state of one identity, across models, as one item."""
    options: Any = None
    """The destination's own entry, validated by its `options` model."""
    version: int = 1
    """Of the contract: `version` in the metadata."""
    definition: str = ""
    """Checksum of compiled SQL, contract and mapping, to notice a definition that moved."""
    query: str = ""
    """The model's compiled SQL, where dbt has compiled it and it has all rows of the model."""
    owner: str = ""
    sla: str | None = None
    tags: frozenset[str] = frozenset()
    path: str = ""
    first_name: str = ""
    """What it was called before it was moved to another name; empty when it never was."""
    rules: Rules = NO_RULES
    """What decides, beside the model, who may be sent."""
    bounds: Bounds = NO_BOUNDS
    """How large one plan of it may be."""
    is_gone: bool = False
    """The project has it no more, and the state alone tells of it: it has no rows, so all leave."""

    def empties(self, name: str) -> bool:
        """Whether a name that is dropped is emptied at the destination at once."""
        return self.on_drop == "unset" or name in self.withdrawn

    @property
    def full_name(self) -> str:
        """`name` before it was cut to fit a table's."""
        return f"{self.model}__{self.connection}"

    @property
    def has_lists(self) -> bool:
        """Whether a suppression or consent model may make its members leave."""
        return self.kind is not Kind.EVENTS and self.rules.names_people

    @property
    def lasting_name(self) -> str:
        """The name that ids of its events derive from: a move must not repeat an event."""
        return self.first_name or self.name

    @property
    def key(self) -> str:
        """The column the acknowledged snapshot is keyed by."""
        return self.event_id or self.identity if self.kind is Kind.EVENTS else self.identity


class Change(NamedTuple):
    """One row of a plan. A tuple, because a large first sync makes a million of them.

    In `traits`, None means "empty it at the destination" and an absent key means "leave it alone".
    """

    seq: int
    op: Op
    identity: str
    """Key of the acknowledged snapshot; for events the event's id."""
    external_id: str
    """What the vendor is told: the identity, the `identify_by` value, or the person of an event."""
    traits: Mapping[str, Any]
    related_id: str | None = None
    reason: str | None = None
    transition: int = 1
    """How often this identity has entered, counting this entry; feeds deterministic ids."""
    cause: str = Cause.NEW
    """A `Cause` or an `ExitCause`, as text."""
    event: str | None = None
    occurred_at: datetime | None = None
    is_quiet: bool = False
    """Part of the initial population: state is set, entry events are not sent."""
    origin_epoch: int = 0
    is_doubtful: bool = False
    """An earlier run may have sent it, or its counterpart: what can't be repeated is looked for."""
    target: int = 0
    """Where it goes, as the store numbers places and manners; a removal may go to an older one."""
    unreadable: str | None = None
    """Why the row can't be sent: which column holds a value that has no exact form here."""
    to_repeat: int = 0
    """How many more runs have to assert it: a run whose lease ran out may yet overwrite it."""
    expires_from: datetime | None = None
    """The moment from which the time counts after which it is too late; in UTC."""
    zone: str | None = None
    """The person's own time zone, where the model has one."""
    remote_id: str | None = None
    """The id that the vendor gave the record; None where it is not known, or of another place."""


def too_late(sync: Sync, change: Change, at: datetime) -> Fate | None:
    """What a change counts as that must not leave any more at `at`; None for one that may."""
    rules = sync.rules
    if change.op is not Op.ADD or change.cause == Cause.MOVED:
        return None
    if rules.expires is not None:
        since = change.expires_from
        if since is None or rules.expires.span.after(since) <= at:
            return Fate.EXPIRED
    if rules.window is not None and rules.window.closing(at, change.zone) is None:
        return Fate.DEFERRED
    return None


def leaves_until(sync: Sync, change: Change, at: datetime) -> datetime | None:
    """Until when a change may leave that may leave at `at`; None where it always may."""
    rules, ends = sync.rules, list[datetime]()
    if change.op is not Op.ADD or change.cause == Cause.MOVED:
        return None
    if rules.expires is not None and change.expires_from is not None:
        ends.append(rules.expires.span.after(change.expires_from))
    if rules.window is not None and (closing := rules.window.closing(at, change.zone)):
        ends.append(closing)
    return min(ends, default=None)


TOO_LATE = "too-late"
"""The code of what was not attempted because its moment had passed."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The destination acknowledged this very item.

    A vendor that names records answers with the record's id (`Destination.names_records`). It is
    kept as long as nothing else is said, after a removal too: a CRM keeps the record of a person
    who left a segment, and who returns is the same record. `""` says that the record is gone.
    """

    remote_id: str | None = None
    """The record's id at the vendor; None leaves the one that is known."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The destination refused the row; it becomes a dead letter. `reason` holds no value."""

    code: str
    reason: str
    is_partial: bool = False
    """An earlier step of the same change was applied: the row must be asserted again."""
    remote_id: str | None = None
    """The record's id, where that step found out; of a row that was refused as a whole, ignored."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: the destination asked for this item again."""

    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """A byte of the request may have left and no complete answer was read."""

    code: str
    reason: str = ""
    """What would make it known, where the destination can tell."""
    remote_id: str | None = None
    """The record's id, where an earlier step found out."""


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Provably not applied: never sent, or refused as a whole before any effect."""

    code: str


class InJob(NamedTuple):
    """Where a row is that a job of the vendor has taken and not told of yet."""

    job: str
    """What the destination calls the job."""
    place: int
    """The row's place in it, from 0."""
    is_owing: bool = False
    """More than the job is due for the row."""


class JobRow(NamedTuple):
    """One row of a job, as a later run asks about it."""

    place: int
    """Its place in the job, from 0. Of a job that went on for several syncs, some are missing."""
    identity: str
    external_id: str
    """What the vendor was told."""


Outcome = Delivered | Rejected | Retry | Unknown | NotAttempted
"""What a destination may answer for an item."""

Ending = Delivered | Rejected | Unknown | NotAttempted
"""What the engine concludes for a change once retries are over."""

DELIVERED = Delivered()


@dataclass(frozen=True, slots=True)
class Counts:
    """How a sync's rows ended. `fates` adds up to `model_rows + removals`."""

    model_rows: int = 0
    removals: int = 0
    fates: Mapping[Fate, int] = field(default_factory=dict)

    def __getitem__(self, fate: Fate) -> int:
        return self.fates.get(fate, 0)
