"""What the state must decide, written as plainly as possible: one row at a time, no SQL.

The statements in `sync.plan` must come to the same plan and the same snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from sync.model import Change, Fate, Op, Sync
from sync.state.store import DELIVERED, REJECTED_PARTIAL, UNKNOWN, Ack, Holder, Lease, SyncReport

Values = tuple[Any, ...]


class Row(NamedTuple):
    """A row of the model."""

    identity: str | None
    values: Values
    address: str | None = None


class Known(NamedTuple):
    """A row of the acknowledged snapshot."""

    address: str | None
    is_member: bool
    entries: int
    doubt: str | None
    origin_epoch: int | None
    values: Values
    """What the destination holds of each trait; where `unsure` says so, what it may hold."""
    unsure: frozenset[int] = frozenset()
    """Traits of which another value may have arrived since."""
    to_repeat: int = 0
    """How many more runs than one have to assert it."""
    has_entered: bool = False
    """This stay began with an entry that was acknowledged, at whatever address."""
    remote_id: str | None = None
    """What the vendor calls the record."""

    @property
    def is_active(self) -> bool:
        return self.is_member or self.doubt is not None


class Planned(NamedTuple):
    """A row of the plan. `travels` are the traits that are sent."""

    op: Op
    cause: str
    identity: str
    address: str | None
    transition: int
    origin_epoch: int
    values: Values
    travels: tuple[bool, ...]
    is_quiet: bool = False
    seq: int = 0
    to_repeat: int = 0
    remote_id: str | None = None

    def change(self, sync: Sync, epoch: int) -> Change:
        sent = [
            (trait.name, None if self.op is Op.REMOVE else value)
            for trait, value, travels in zip(sync.traits, self.values, self.travels, strict=True)
            if travels
        ]
        return Change(
            seq=self.seq,
            op=self.op,
            identity=self.identity,
            external_id=self.address or self.identity,
            traits=dict(sent),
            transition=self.transition,
            cause=self.cause,
            is_quiet=self.is_quiet,
            origin_epoch=self.origin_epoch,
            to_repeat=self.to_repeat,
            is_doubtful=self.origin_epoch != epoch,
            remote_id=self.remote_id,
        )


class Taken(NamedTuple):
    """The lease as the warehouse has it."""

    lease: Lease
    holder: Holder
    expires_at: datetime
    is_released: bool


@dataclass(slots=True)
class Tables:
    """What the warehouse keeps of one sync."""

    lease: Taken | None = None
    snapshot: dict[str, Known] = field(default_factory=dict)
    plan: tuple[Planned, ...] = ()
    plan_epoch: int = 0
    acks: dict[int, Ack] = field(default_factory=dict)
    is_baselined: bool = False
    account: str | None = None
    reports: tuple[SyncReport, ...] = ()
    doubted: int = 0
    """Changes that recovery ever put in doubt."""

    @property
    def doubts(self) -> int:
        """Rows in doubt now."""
        return sum(known.doubt is not None for known in self.snapshot.values())

    def copy(self) -> Tables:
        return replace(self, snapshot=dict(self.snapshot), acks=dict(self.acks))


class Wanted(NamedTuple):
    """The model after its gates."""

    rows: dict[str, Row]
    kept: frozenset[str]
    """Identities that stay as the destination has them: doubled, without an address, or null where
    that is refused."""
    fates: Counter[Fate]


def text(value: object) -> str | None:
    """An identity as text; None when it is missing or blank."""
    return (None if value is None else str(value).strip(" ")) or None


def wanted(sync: Sync, model: Iterable[Row]) -> Wanted:
    """Null and blank identities are invalid, and so is everyone who stands twice."""
    fates: Counter[Fate] = Counter()
    identified: list[Row] = []
    identities: Counter[str] = Counter()
    kept: set[str] = set()
    for row in model:
        values = tuple(
            t.default if v is None and t.default is not None else v
            for t, v in zip(sync.traits, row.values, strict=True)
        )
        clean = Row(text(row.identity), values, text(row.address) if sync.external_id else None)
        if clean.identity is not None:
            identities[clean.identity] += 1
        if clean.identity is None or (sync.external_id and clean.address is None):
            fates[Fate.INVALID] += 1
            kept |= {clean.identity} if clean.identity is not None else set()
        else:
            identified.append(clean)
    addresses = Counter(row.address for row in identified) if sync.external_id else Counter()
    doubled = {identity for identity, rows in identities.items() if rows > 1}
    doubled |= {r.identity for r in identified if addresses[r.address] > 1}
    rows: dict[str, Row] = {}
    for row in identified:
        assert row.identity is not None
        refused = any(
            t.nulls == "reject" and v is None for t, v in zip(sync.traits, row.values, strict=True)
        )
        if refused or row.identity in doubled:
            fates[Fate.INVALID] += 1
            kept.add(row.identity)
        else:
            rows[row.identity] = row
    return Wanted(rows, frozenset(kept), fates)


def part_shared(sync: Sync, snapshot: dict[str, Known], want: Wanted) -> dict[str, Known]:
    """Whoever would be removed where another one stays is forgotten, and that one asserted."""
    if sync.external_id is None or sync.on_remove == "keep":
        return snapshot
    active = {i: known for i, known in snapshot.items() if known.is_active}

    def goes(identity: str) -> bool:
        row = want.rows.get(identity)
        if identity in want.kept:
            return False
        if identity not in active:
            return row is None and snapshot[identity].has_entered
        return row is None or row.address != active[identity].address

    parted = dict(snapshot)
    for leaver in filter(goes, snapshot):
        for stayer, known in active.items():
            is_same = stayer != leaver and known.address == snapshot[leaver].address
            if is_same and not goes(stayer):
                nothing = tuple(None for _ in known.values)
                here = (o.to_repeat for o in active.values() if o.address == known.address)
                to_repeat = max(here)
                parted[leaver] = snapshot[leaver]._replace(
                    is_member=False,
                    doubt=None,
                    values=nothing,
                    unsure=frozenset(),
                    to_repeat=to_repeat,
                    has_entered=False,
                    remote_id=None,
                )
                everything = frozenset(range(len(known.values)))
                parted[stayer] = known._replace(
                    doubt=str(Op.CHANGE), unsure=everything, to_repeat=to_repeat
                )
    return parted


def decide(
    sync: Sync, snapshot: dict[str, Known], want: Wanted, epoch: int, is_quiet: bool
) -> tuple[Planned, ...]:
    """Removes, then changes, then adds, each by identity, numbered from 1."""
    planned: list[Planned] = []
    there = {i for i, known in snapshot.items() if known.is_active or known.has_entered}
    for identity in (there | want.rows.keys()) - want.kept:
        row = want.rows.get(identity)
        known = snapshot.get(identity)
        to_repeat = known.to_repeat if known else 0
        found = _decide_one(sync, identity, known, row, epoch)
        named = known.remote_id if known else None
        planned += (p._replace(to_repeat=to_repeat, remote_id=named) for p in found)
    order = list(Op)
    planned.sort(key=lambda p: (order.index(p.op), p.identity))
    return tuple(
        p._replace(seq=i, is_quiet=is_quiet or p.is_quiet) for i, p in enumerate(planned, start=1)
    )


def _decide_one(
    sync: Sync, identity: str, known: Known | None, row: Row | None, epoch: int
) -> Iterable[Planned]:
    entries = known.entries if known else 0
    doubt = known.doubt if known else None
    origin = known.origin_epoch if known and doubt and known.origin_epoch else epoch
    has_entered = known is not None and known.has_entered
    leaving = entries if has_entered or doubt == Op.REMOVE else entries + 1

    def removal(cause: str, values: Values) -> Planned:
        assert known is not None
        held = tuple(v is not None or i in known.unsure for i, v in enumerate(known.values))
        return Planned(Op.REMOVE, cause, identity, known.address, leaving, origin, values, held)

    if row is None:
        if sync.on_remove != "keep" and known is not None and (known.is_active or has_entered):
            yield removal("left", tuple(None for _ in known.values))
        return
    changed = _changed(sync, known, row)
    if known is None or not known.is_active:
        op, cause = Op.ADD, "moved" if has_entered else "returned" if entries else "new"
    elif sync.external_id and row.address != known.address:
        op, cause = Op.ADD, "moved"
        if sync.on_remove != "keep":
            yield removal("moved", row.values)
    elif doubt == Op.REMOVE:
        op, cause = Op.ADD, "returned"
    elif doubt is not None:
        op, cause = Op(doubt), "in doubt"
    elif any(c and not t.is_ignored for c, t in zip(changed, sync.traits, strict=True)):
        op, cause = Op.CHANGE, "changed"
    else:
        return
    is_again = op is Op.ADD and has_entered
    transition = entries + 1 if op is Op.ADD and not has_entered else max(entries, 1)
    travels = _travels(sync, cause, row, changed)
    yield Planned(
        op, cause, identity, row.address, transition, origin, row.values, travels, is_again
    )


def _changed(sync: Sync, known: Known | None, row: Row) -> tuple[bool, ...]:
    before = known.values if known else tuple(None for _ in row.values)
    unsure = known.unsure if known else frozenset()
    return tuple(
        (now != old or i in unsure) and not (trait.nulls == "skip" and now is None)
        for i, (trait, now, old) in enumerate(zip(sync.traits, row.values, before, strict=True))
    )


def _travels(sync: Sync, cause: str, row: Row, changed: tuple[bool, ...]) -> tuple[bool, ...]:
    """A first add has nothing to empty; an assertion names everything."""
    if cause == "changed":
        return changed
    if cause in ("new", "moved"):
        return tuple(value is not None for value in row.values)
    return tuple(
        value is not None or trait.nulls != "skip"
        for trait, value in zip(sync.traits, row.values, strict=True)
    )


def merge(
    snapshot: dict[str, Known],
    plan: Sequence[Planned],
    acks: dict[int, Ack],
    is_late: bool = False,
) -> dict[str, Known]:
    """Only what was answered, or may have been applied, moves the snapshot.

    What a frozen run may yet send is late: two runs have to assert it before it is out of doubt.
    """
    merged = dict(snapshot)
    for planned in plan:  # removals come first in a plan, so a mover's add has the last word
        ack = acks.get(planned.seq)
        if ack is None or ack.outcome not in (DELIVERED, UNKNOWN, REJECTED_PARTIAL):
            continue
        before = merged.get(planned.identity)
        known = _merged(before, planned, ack.outcome == DELIVERED, is_late)
        named = before.remote_id if before and ack.remote_id is None else ack.remote_id
        merged[planned.identity] = known._replace(remote_id=named or None)
    return merged


def _merged(before: Known | None, planned: Planned, is_answered: bool, is_late: bool) -> Known:
    is_removal = planned.op is Op.REMOVE
    values = before.values if before else tuple(None for _ in planned.values)
    unsure = before.unsure if before else frozenset()
    travelled = frozenset(i for i, travels in enumerate(planned.travels) if travels)
    entries = before.entries if before else 0
    is_applied = is_answered and not planned.to_repeat
    to_repeat = planned.to_repeat
    if is_answered:
        to_repeat = max(to_repeat - 1, 0)
    elif is_late:
        to_repeat = 1
    if is_applied:
        has_moved = planned.cause == "moved" and not is_removal
        values = tuple(
            (None if is_removal else now) if i in travelled else None if has_moved else old
            for i, (now, old) in enumerate(zip(planned.values, values, strict=True))
        )
        unsure = frozenset() if is_removal or has_moved else unsure - travelled
    else:
        values = tuple(
            now if i in travelled and now is not None and not is_removal else old
            for i, (now, old) in enumerate(zip(planned.values, values, strict=True))
        )
        unsure |= travelled
    return Known(
        address=planned.address,
        is_member=not is_removal if is_applied else bool(before and before.is_member),
        entries=planned.transition if is_applied or is_removal else entries,
        doubt=None if is_applied else str(planned.op),
        origin_epoch=None if is_applied else planned.origin_epoch,
        values=values,
        unsure=unsure,
        to_repeat=to_repeat,
        has_entered=_has_entered(before, planned, is_applied),
    )


def _has_entered(before: Known | None, planned: Planned, is_applied: bool) -> bool:
    if planned.op is Op.REMOVE and planned.cause != "moved":
        return False
    is_entry = planned.op is Op.ADD and is_applied
    return is_entry or (before is not None and before.has_entered)


def in_doubt(plan: Sequence[Planned], acks: dict[int, Ack], at: datetime) -> dict[int, Ack]:
    """Everything without an outcome, but for the adds that waited for a removal."""
    open_removals = [p for p in plan if p.op is Op.REMOVE and not _is_gone(p, acks)]
    waited = {p.identity for p in open_removals} | {p.address or p.identity for p in open_removals}
    return {
        p.seq: Ack(p.seq, UNKNOWN, "run-lost", None, at)
        for p in plan
        if p.seq not in acks
        and not (p.op is Op.ADD and waited & {p.identity, p.address or p.identity})
    }


def _is_gone(removal: Planned, acks: dict[int, Ack]) -> bool:
    ack = acks.get(removal.seq)
    return ack is not None and ack.outcome == DELIVERED and not removal.to_repeat
