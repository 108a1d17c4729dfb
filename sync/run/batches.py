"""Changes become items, items become batches: each encoded once, measured, never over a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from sync.destinations.opting_out import one_way
from sync.destinations.spec import Destination, Item, Limits, Piece
from sync.errors import place
from sync.http.redact import Redactor
from sync.model import Rejected

_LISTS = (tuple, list)
FRAMING_BYTES = 256
"""Left free in every request for what stands around the items."""


def prepare(destination: Destination, pieces: Sequence[Piece]) -> Item | Rejected:
    """Encode and measure one item; what can't be sent is rejected alone.

    The parts of the item are `bytes`; a part that `encode` left None stays None.
    """
    for _, change in pieces:
        if change.unreadable is not None:
            return Rejected("not-expressible", change.unreadable)
    try:
        parts = _parts(destination, pieces)
    except Exception as e:  # noqa: BLE001  what is unexpected in a row is that row's rejection
        return Rejected("not-expressible", _reason(destination, pieces, e))
    limit = destination.limits.item_bytes
    for part in parts:
        if part is not None and len(part) > limit:
            return Rejected(
                "item-too-large", f"{len(part)} bytes encoded, {destination.name} takes {limit}"
            )
    return Item(tuple(pieces), parts)


def _parts(destination: Destination, pieces: Sequence[Piece]) -> tuple[bytes | None, ...]:
    if destination.opt_outs:
        pieces = [Piece(s, one_way(s, change, destination.opt_outs)) for s, change in pieces]
    encoded = destination.encode_together(pieces)
    if not isinstance(encoded, _LISTS):  # the keys of a dict would go out as rows
        text = f"encode of {destination.name} returned {type(encoded).__name__}, and no list of"
        raise ValueError(f"{text} parts")  # noqa: TRY004  a row's rejection shows this text
    return tuple([None if part is None else orjson.dumps(part) for part in encoded])


def _reason(destination: Destination, pieces: Sequence[Piece], error: Exception) -> str:
    """Why a row can't be written: in the destination's own words, or by trait, file and line."""
    names = [name for _, change in pieces for name in change.traits]
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        return Redactor().scrub(str(error), _personal(pieces, names))
    guilty = next((name for name in names if _fails(destination, pieces, name)), None)
    subject = "a value of the row" if guilty is None else f"trait {guilty}"
    if isinstance(error, orjson.JSONEncodeError | UnicodeError):
        # What is left after the destination's own rules: a lone surrogate, a stray type.
        return f"{subject} can't be written as JSON in UTF-8"
    return f"{subject} can't be expressed: {type(error).__name__} at {place(error)}"


def _personal(pieces: Sequence[Piece], names: Sequence[str]) -> list[Any]:
    """What an error may quote of a row; a trait's name gives nothing away."""
    found = [
        v for _, change in pieces for v in (change.identity, change.external_id, change.related_id)
    ]
    found += [value for _, change in pieces for value in change.traits.values()]
    return [value for value in found if value not in names]


def _fails(destination: Destination, pieces: Sequence[Piece], name: str) -> bool:
    """Whether this trait can't be written even without the others."""
    alone = [
        Piece(sync, change._replace(traits={name: change.traits[name]}))
        for sync, change in pieces
        if name in change.traits
    ]
    try:
        _parts(destination, alone)
    except Exception:  # noqa: BLE001  it is asked about because it failed
        return True
    return False


def batches(items: Iterable[Item], limits: Limits | Callable[[], Limits]) -> Iterator[list[Item]]:
    """Greedy lists of items, in order, within the limits on items and on bytes per request.

    A conversation of several steps sends part k of every item in its k-th request, so each k has
    the whole of `request_bytes` for itself. Limits that change on the way are passed as a callable:
    a reader that leaves this iterator early loses the item that is held for the next batch.
    """
    batch: list[Item] = []
    used: list[int] = []
    allowed = limits() if callable(limits) else limits
    for item in items:
        sizes = [0 if part is None else len(part) + 1 for part in item.parts]  # 1 for the comma
        if batch and not _fits(used, sizes, allowed.request_bytes - FRAMING_BYTES):
            yield batch
            batch, used = [], []
            allowed = limits() if callable(limits) else limits
        batch.append(item)
        used += [0] * (len(sizes) - len(used))
        for k, size in enumerate(sizes):
            used[k] += size
        if len(batch) >= allowed.items:
            yield batch
            batch, used = [], []
            allowed = limits() if callable(limits) else limits
    if batch:
        yield batch


def _fits(used: Sequence[int], sizes: Sequence[int], room: int) -> bool:
    for k, size in enumerate(sizes):
        if k < len(used) and used[k] + size > room:
            return False
    return True
