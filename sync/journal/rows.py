"""Record batches of a plan as changes. A value that can't be held marks its own row only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sync.data_types import MOMENTS, Family, Wire, wire
from sync.model import Change, Op, Sync
from sync.state.columns import Column
from sync.warehouse.arrow import UNREADABLE, to_python
from sync.warehouse.reading import reader

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
    "expires_from",
    "zone",
)
_OPS = {str(op): op for op in Op}
_made: Callable[[tuple[Any, ...]], Change] = partial(tuple.__new__, Change)


def changes_of(
    batch: pa.RecordBatch, sync: Sync, columns: Sequence[Column], epoch: int
) -> list[Change]:
    """The rows of a plan as changes, in order; `epoch` is the plan's own.

    A row of which a value to be sent can't be held says so in `unreadable`, and has no traits.
    """
    readers = {x.state_name: read for x in columns if x.is_live and (read := reader(x.wire))}
    found, odd = to_python(batch, readers)
    nothing = [None] * batch.num_rows
    values = [found[x.state_name] if x.is_live else nothing for x in columns]
    changes = _changes(found, values, columns, epoch)
    if odd:
        by_name = {column.trait.name: column for column in columns if not column.is_superseded}
        changes = [_marked(change, sync, by_name) for change in changes]
    if any("\0" in "".join(filter(None, found[f])) for f in _TEXTS if f not in odd):
        changes = [_without_nul(change, sync) for change in changes]
    return changes


def _changes(
    found: Mapping[str, list[Any]],
    values: Sequence[list[Any]],
    columns: Sequence[Column],
    epoch: int,
) -> list[Change]:
    """Field by field for the whole batch, and as tuples: the class's own way of making a change
    takes longer than all the rest.
    """
    fields: dict[str, Iterable[Any]] = {
        "seq": found["seq"],
        "op": [_OPS[op] for op in found["op"]],
        "identity": found["identity"],
        "external_id": [
            a or b for a, b in zip(found["external_id"], found["identity"], strict=True)
        ],
        "traits": _traits(found["op"], found["changed"], values, columns),
        "target": found["target_id"],
        "is_doubtful": [origin != epoch for origin in found["origin_epoch"]],
        "unreadable": [None] * len(found["seq"]),
        "remote_id": [named or None for named in found.get("remote_id", ())]
        or [None] * len(found["seq"]),
        "to_repeat": [repeats or 0 for repeats in found["to_repeat"]],
        "expires_from": [
            since.replace(tzinfo=UTC) if isinstance(since, datetime) else since
            for since in found["expires_from"]
        ],
    }
    listed = [fields.get(name) or found[name] for name in Change._fields]
    return list(map(_made, zip(*listed, strict=True)))


def _traits(
    ops: Sequence[str],
    changed: Sequence[str],
    values: Sequence[list[Any]],
    columns: Sequence[Column],
) -> list[dict[str, Any]]:
    """What each change writes: of a removal, the names that it empties."""
    names = [column.trait.name for column in columns]
    said = [not column.is_superseded for column in columns]
    everything = "1" * len(names) if all(said) else None
    picks = {bits: [i for i, bit in enumerate(bits) if bit == "1"] for bits in set(changed)}
    traits = []
    rows = zip(*values, strict=True) if values else repeat(())
    for op, bits, row in zip(ops, changed, rows, strict=bool(values)):
        if op == "remove":
            traits.append(dict.fromkeys(names[i] for i in picks[bits]))
        elif bits == everything:
            traits.append(dict(zip(names, row, strict=True)))
        else:
            traits.append({names[i]: row[i] for i in picks[bits] if said[i]})
    return traits


def _marked(change: Change, sync: Sync, columns: Mapping[str, Column]) -> Change:
    """The change with the reason why it can't be sent, where there is one."""
    odd = [name for name, value in change.traits.items() if value is UNREADABLE]
    reasons = [_why(columns[name].trait.column, columns[name].wire) for name in odd]
    fields = {name: v for name, v in change._asdict().items() if v is UNREADABLE}
    reasons += [_why(_SOURCES[name](sync), _SAID.get(name, wire("text"))) for name in fields]
    if not reasons:
        return change
    plain: dict[str, Any] = {name: "" if name in _NEEDED else None for name in fields}
    return change._replace(traits={}, unreadable="; ".join(reasons), **plain)


def _without_nul(change: Change, sync: Sync) -> Change:
    """The change, marked where a text beside its traits holds a NUL; a removal is let through."""
    held = change._asdict()
    odd = [name for name in _SOURCES if isinstance(held[name], str) and "\0" in held[name]]
    if not odd or change.op is Op.REMOVE:
        return change
    columns = list(dict.fromkeys(_SOURCES[name](sync) for name in odd))
    reasons = [f"column {column} holds a NUL character" for column in columns]
    why = "; ".join([*([change.unreadable] if change.unreadable else []), *reasons])
    return change._replace(traits={}, unreadable=why)


_TEXTS = ("identity", "external_id", "related_id", "reason", "event")
_NEEDED = ("identity", "external_id")
_SOURCES: Mapping[str, Callable[[Sync], str]] = {
    "identity": lambda sync: sync.key,
    "external_id": lambda sync: sync.external_id or sync.identity,
    "related_id": lambda sync: sync.related_id or "related",
    "reason": lambda sync: sync.reason or "reason",
    "event": lambda sync: sync.event_column or "event",
    "occurred_at": lambda sync: sync.occurred_at or "occurred_at",
    "expires_from": lambda sync: sync.rules.expires.column if sync.rules.expires else "",
    "zone": lambda sync: (sync.rules.window and sync.rules.window.column) or "",
}
"""The model's column behind a field of a change."""
_SAID = {"occurred_at": wire("timestamp"), "expires_from": wire("timestamp")}
"""The types of fields that are no text."""


def _why(column: str, of: Wire) -> str:
    what = "a date or time"
    if of.family in MOMENTS:
        return f"column {column} holds {what} {_UNSENDABLE}"
    if of.family is Family.JSON and any(x.family in MOMENTS for x in of.all()):
        return f"column {column} holds {what} inside {_UNSENDABLE}"
    if of.family is Family.JSON:
        return f"column {column} holds text that is no JSON"
    return f"column {column} holds a value that can't be read"


_UNSENDABLE = "that can't be sent: outside the years 1 to 9999, or finer than a microsecond"
