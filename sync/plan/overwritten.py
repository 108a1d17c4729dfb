"""Names of a sync that another sync has written since: what it remembers may hold no more.

A model that was renamed and came back, or one whose name another model took meanwhile, remembers
what it sent itself. What the other sync sent or emptied after that stands at the destination. So
each sync records the newest run in which it wrote a name that no other sync had, and each
remembers which of those runs it has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from sync.model import Kind, Op, Sync
from sync.plan.comparison import Comparison, snapshot_rows
from sync.plan.siblings import is_about_the_same, segment_name
from sync.state.columns import Column
from sync.state.syncs import UNNAMED, Remembered
from sync.warehouse import sql as e


def writes(
    sync: Sync,
    columns: Sequence[Column],
    others: Sequence[Sync],
    known: Remembered | None,
    epoch: int,
) -> dict[str, int]:
    """By name, the newest run of this sync that may have sent or emptied it, this run included.

    A dropped name that another sync has is that one's: there, nothing of its people is emptied.
    """
    theirs = {name for other in others if is_about_the_same(sync, other) for name in names(other)}
    ours = ({c.trait.name for c in columns} | names(sync)) - theirs
    return {**(known.wrote if known else {}), **dict.fromkeys(sorted(ours), epoch)}


def names(sync: Sync) -> set[str]:
    """What a sync writes of a person or object: its traits, and its segment or relationships."""
    found = {t.name for t in sync.traits}
    if sync.segment is not None:
        found.add(segment_name(sync))
    if sync.related_id is not None:
        found.add("relationships")
    return found


def writers(
    sync: Sync, others: Sequence[Sync], recorded: Mapping[str, Remembered]
) -> dict[str, int]:
    """By sync, the newest run in which it wrote a name that is this sync's."""
    ours = names(sync)
    found = {
        known.sync: max((run for name, run in known.wrote.items() if name in ours), default=0)
        for known in _neighbours(sync, others, recorded)
    }
    return {name: run for name, run in found.items() if run}


def _neighbours(
    sync: Sync, others: Sequence[Sync], recorded: Mapping[str, Remembered]
) -> Iterator[Remembered]:
    """Recorded syncs that may write to the same people, or to the same kind of objects."""
    present = {other.name: other for other in others}
    for name, known in recorded.items():
        is_same = (known.kind == Kind.OBJECTS) == (sync.kind is Kind.OBJECTS)
        if name == sync.name or Kind.EVENTS in (known.kind, sync.kind) or not is_same:
            continue
        if name not in present or is_about_the_same(sync, present[name]):
            yield known


def has_unanswered(known: Remembered | None, writers: Mapping[str, int]) -> bool:
    """Whether another sync wrote one of the names after this sync's last complete run."""
    if known is None:
        return False
    return UNNAMED in known.answered or any(
        known.answered.get(name, 0) < run for name, run in writers.items()
    )


def rows(c: Comparison) -> exp.Select:
    """Rows of the snapshot as they have to be: not confirmed, so that all of them is asserted."""
    out: dict[str, exp.Expr] = {
        "unconfirmed": e.text(Op.CHANGE),
        "unsure": e.text("*"),
        "attempted_op": e.null("varchar"),
        "written_epoch": e.number(c.epoch),
    }
    is_settled = e.is_null(e.col("unconfirmed", "s"))
    return snapshot_rows(c, out).where(e.col("is_member", "s"), is_settled)
