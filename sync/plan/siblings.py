"""What syncs of one connection share: a segment, or a name of which one still holds something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from sync.destinations.targets import Target
from sync.errors import PlanHeld, Problem
from sync.model import Kind, Sync
from sync.plan.comparison import Sibling, held_key, is_active
from sync.state.catalogue import Catalogue
from sync.state.columns import Column
from sync.state.schema import StateTables
from sync.state.syncs import Remembered, targets_of
from sync.warehouse import sql as e


def sharers(
    state: Catalogue, sync: Sync, siblings: Sequence[Sync], recorded: Mapping[str, Remembered]
) -> tuple[Sibling, ...]:
    """Syncs that have the same segment as one that is gone, and the people they hold in it."""
    if not sync.is_gone or sync.segment is None:
        return ()
    found = []
    for other in siblings:
        is_same = other.connection == sync.connection and other.name != sync.name
        if not is_same or _segment(Target.of(other)) != _segment(Target.of(sync)):
            continue
        is_known = other.identify_by == sync.identify_by
        if is_known and other.name not in recorded:
            continue
        people = _inside(state, sync, other) if is_known else None
        found.append(Sibling((), people))
    return tuple(found)


def refuse_claimed(
    sync: Sync, siblings: Sequence[Sync], recorded: Mapping[str, Remembered]
) -> None:
    """Raise PlanHeld where a name is that of a model whose metadata can't be read now.

    What it claims is known from its last run alone; `check` can't see it.
    """
    unread = {other.model for other in siblings if not other.connection}
    ours = {trait.name for trait in sync.traits}
    problems = []
    for known in recorded.values():
        is_object = (known.kind == Kind.OBJECTS) == (sync.kind is Kind.OBJECTS)
        if known.model not in unread or Kind.EVENTS in (known.kind, sync.kind) or not is_object:
            continue
        names = {c.trait.name for c in known.columns if not c.is_dropped}
        problems += [_claimed(sync, name, known) for name in sorted(ours & names)]
    if problems:
        raise PlanHeld(*problems)


def refuse_occupied(
    state: Catalogue, sync: Sync, siblings: Sequence[Sync], recorded: Mapping[str, Remembered]
) -> None:
    """Raise PlanHeld where another sync has yet to move its members out of this one's segment.

    It would take those out, too, whom this one puts in.
    """
    problems = []
    for other in siblings if sync.segment is not None else ():
        known = recorded.get(other.name)
        is_elsewhere = other.segment not in (None, sync.segment)
        if known is None or not is_elsewhere or segment_name(sync) not in known.wrote:
            continue
        tables, targets = state.tables.of(other.name), _targets_in(state, other, sync)
        if not targets or state.session.columns(tables.snapshot) is None:
            continue
        inside = exp.select(e.number(1)).from_(e.table(tables.snapshot, "s")).limit(1)
        at_old = e.among(e.col("target_id", "s"), targets)
        if state.ask(inside.where(is_active("s"), at_old)):
            problems.append(_occupied(sync, other))
    if problems:
        raise PlanHeld(*problems)


def segment_name(sync: Sync) -> str:
    """The sync's segment among the names that are recorded as written."""
    return f"segment:{sync.segment}"


def _occupied(sync: Sync, other: Sync) -> Problem:
    return Problem(
        "segment-occupied",
        f"{sync.model}: segment `{sync.segment}` still has the members of {other.name}, which moves"
        f" to `{other.segment}`",
        where=sync.path,
        hint="Sent now, people would be taken out again by that move. Nothing of this sync was"
        " sent.",
        fix=f"run first: python -m sync apply --select {other.model}; two syncs that take each"
        " other's segment have to do so in two steps",
    )


def _claimed(sync: Sync, name: str, known: Remembered) -> Problem:
    return Problem(
        "trait-claimed",
        f"{sync.model}: `{name}` of {sync.connection} was written by model {known.model} so far,"
        " whose metadata can't be read now",
        where=sync.path,
        hint="Nothing of this sync was sent.",
        fix=f"mend the metadata of {known.model}: python -m sync check",
    )


def _segment(target: Target) -> Mapping[str, object]:
    """The place of a segment, whatever its members are known by."""
    return {name: value for name, value in target.place.items() if name != "identify_by"}


def _inside(state: Catalogue, sync: Sync, other: Sync) -> exp.Select:
    """People whom another sync holds in the segment that it has today: (external_key)."""
    return confirmed(state.tables.of(other.name), sync, _targets_in(state, other, other))


def _targets_in(state: Catalogue, other: Sync, sync: Sync) -> list[int]:
    """Targets of another sync that lie in the segment which `sync` has today."""
    here = _segment(Target.of(sync))
    return [n for n, target in every_target(state, other).items() if _segment(target) == here]


def every_target(state: Catalogue, other: Sync) -> dict[int, Target]:
    """Every target that another sync ever had, by number."""
    return targets_of(Catalogue(state.session, state.dialect, state.tables.of(other.name)))


def is_about_the_same(sync: Sync, other: Sync) -> bool:
    """Whether both write to the same people, or to the same kind of objects."""
    is_sibling = other.connection == sync.connection and other.name != sync.name
    kinds = (
        (sync.kind is Kind.OBJECTS, sync.object_type),
        (
            other.kind is Kind.OBJECTS,
            other.object_type,
        ),
    )
    return is_sibling and kinds[0] == kinds[1] and Kind.EVENTS not in (sync.kind, other.kind)


def confirmed(tables: StateTables, sync: Sync, targets: Sequence[int]) -> exp.Select:
    """People acknowledged for another sync, at these of its targets: (external_key)."""
    return (
        exp.select(*e.aliased([("external_key", held_key(sync, "s"))]))
        .from_(e.table(tables.snapshot, "s"))
        .where(
            e.col("is_member", "s"),
            e.is_null(e.col("unconfirmed", "s")),
            e.among(e.col("target_id", "s"), targets),
        )
        .distinct()
    )


def givers(
    state: Catalogue,
    sync: Sync,
    siblings: Sequence[Sync],
    recorded: Mapping[str, Remembered],
) -> tuple[Sibling, ...]:
    """Syncs that hold a name which they have dropped and which is this one's now."""
    if sync.kind is Kind.EVENTS:
        return ()
    ours = {t.name for t in sync.traits}
    present = {other.name: {t.name for t in other.traits} for other in siblings}
    found = []
    for name, known in recorded.items():
        is_object = (known.kind == Kind.OBJECTS) == (sync.kind is Kind.OBJECTS)
        is_same = known.identify_by == sync.identify_by and is_object
        if name == sync.name or known.kind == Kind.EVENTS or not is_same:
            continue
        gone = ours - present.get(name, set())
        columns = [c for c in known.columns if c.trait.name in gone]
        if columns:
            found.append(_giver(state, sync, name, columns))
    return tuple(found)


def _giver(state: Catalogue, sync: Sync, name: str, columns: Sequence[Column]) -> Sibling:
    tables = state.tables.of(name)
    names = tuple(dict.fromkeys(c.trait.name for c in columns))
    flags: list[tuple[str, exp.Expr]] = []
    for i, held in enumerate(names):
        own = [c for c in columns if c.trait.name == held]
        is_held = e.any_of(*(e.not_null(e.col(c.state_name, "s")) for c in own))
        many = exp.GT(this=e.total(is_held), expression=e.number(0))
        flags.append((f"n{i}", many))
    people = (
        exp.select(*e.aliased([("external_key", held_key(sync, "s")), *flags]))
        .from_(e.table(tables.snapshot, "s"))
        .group_by(held_key(sync, "s"))
    )
    return Sibling(names, people)
