"""Record batches of a plan as changes. A value that can't be held marks its own row only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sync.data_types import family, is_nested
from sync.model import Change, Op, Sync
from sync.state.columns import Column
from sync.warehouse.arrow import UNREADABLE, to_python

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = (
    "seq",
    "op",
    "identity",
    "external_id",
    "related_id",
    "reason",
    "transition",
    "cause",
    "event",
    "occurred_at",
    "is_quiet",
    "origin_epoch",
    "changed",
    "target_id",
    "to_repeat",
)
_OPS = {str(op): op for op in Op}


def changes_of(
    batch: pa.RecordBatch, sync: Sync, columns: Sequence[Column], epoch: int
) -> list[Change]:
    """The rows of a plan as changes, in order; `epoch` is the plan's own.

    A row of which a value to be sent can't be held says so in `unreadable`, and has no traits.
    """
    readers = {x.state_name: json.loads for x in columns if x.is_live and x.is_json}
    found, odd = to_python(batch, readers)
    nothing = [None] * batch.num_rows
    values = [found[x.state_name] if x.is_live else nothing for x in columns]
    fields = zip(*(found[f] for f in FIELDS), strict=True)
    rows = zip(*values, strict=True) if values else repeat(())
    changes = _changes(fields, rows, columns, epoch)
    if not odd:
        return list(changes)
    by_name = {column.trait.name: column for column in columns if not column.is_superseded}
    return [_marked(change, sync, by_name) for change in changes]


def _changes(
    fields: Iterable[tuple[Any, ...]],
    rows: Iterable[tuple[Any, ...]],
    columns: Sequence[Column],
    epoch: int,
) -> Iterator[Change]:
    names = [column.trait.name for column in columns]
    said = [not column.is_superseded for column in columns]
    picks: dict[str, list[int]] = {}
    for field, row in zip(fields, rows, strict=bool(names)):
        (
            seq,
            op,
            identity,
            address,
            related,
            reason,
            transition,
            cause,
            event,
            at,
            quiet,
            origin,
            changed,
            target,
            to_repeat,
        ) = field
        pick = picks.get(changed)
        if pick is None:
            pick = picks[changed] = [i for i, bit in enumerate(changed) if bit == "1"]
        if op == "remove":
            traits: dict[str, Any] = dict.fromkeys(names[i] for i in pick)
        elif len(pick) == len(names) and all(said):
            traits = dict(zip(names, row, strict=True))
        else:
            traits = {names[i]: row[i] for i in pick if said[i]}
        yield Change(
            seq,
            _OPS[op],
            identity,
            address or identity,
            traits,
            related,
            reason,
            transition,
            cause,
            event,
            at,
            quiet,
            origin,
            origin != epoch,
            target,
            to_repeat=to_repeat or 0,
        )


def _marked(change: Change, sync: Sync, columns: Mapping[str, Column]) -> Change:
    """The change with the reason why it can't be sent, where there is one."""
    odd = [name for name, value in change.traits.items() if value is UNREADABLE]
    reasons = [_why(columns[name].trait.column, columns[name].data_type) for name in odd]
    fields = {name: v for name, v in change._asdict().items() if v is UNREADABLE}
    reasons += [_why(*_SOURCES[name](sync)) for name in fields]
    if not reasons:
        return change
    plain: dict[str, Any] = {name: "" if name in _NEEDED else None for name in fields}
    return change._replace(traits={}, unreadable="; ".join(reasons), **plain)


_NEEDED = ("identity", "address")
_SOURCES: Mapping[str, Callable[[Sync], tuple[str, str]]] = {
    "identity": lambda sync: (sync.key, ""),
    "address": lambda sync: (sync.address or sync.identity, ""),
    "related": lambda sync: (sync.related or "related", ""),
    "reason": lambda sync: (sync.reason or "reason", ""),
    "event": lambda sync: (sync.event_column or "event", ""),
    "occurred_at": lambda sync: (sync.occurred_at or "occurred_at", "timestamp"),
}
"""The model's column behind a field of a change, and its type where that says more."""


def _why(column: str, data_type: str) -> str:
    if family(data_type) == "instant":
        return (
            f"column {column} holds a date or time that can't be sent: outside the years 1 to"
            " 9999, or finer than a microsecond"
        )
    if is_nested(data_type):
        return f"column {column} holds text that is no JSON"
    return f"column {column} holds a value that can't be read"
