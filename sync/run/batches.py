"""Changes become items, items become batches: each encoded once, measured, never over a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import orjson

from sync.destinations.spec import Destination, Item, Limits, Piece
from sync.model import Rejected

FRAMING_BYTES = 256
"""Left free in every request for what stands around the items."""


def prepare(destination: Destination, pieces: Sequence[Piece]) -> Item | Rejected:
    """Encode and measure one item; what can't be sent is rejected alone.

    The parts of the item are `bytes`; a part that `encode` left None stays None.
    """
    try:
        parts = tuple(
            [None if part is None else orjson.dumps(part) for part in destination.encode(pieces)]
        )
    except orjson.JSONEncodeError:
        # What is left after the destination's own rules: a lone surrogate, a stray type.
        return Rejected("not-expressible", "a value can't be written as JSON in UTF-8")
    except ValueError as e:
        return Rejected("not-expressible", str(e))
    limit = destination.limits.item_bytes
    for part in parts:
        if part is not None and len(part) > limit:
            return Rejected(
                "item-too-large", f"{len(part)} bytes encoded, {destination.name} takes {limit}"
            )
    return Item(tuple(pieces), parts)


def batches(items: Iterable[Item], limits: Limits | Callable[[], Limits]) -> Iterator[list[Item]]:
    """Greedy lists of items, in order, within the limits on items and on bytes per request.

    A conversation of several steps sends part k of every item in its k-th request, so each k has
    the whole of `request_bytes` for itself. Limits that change on the way are passed as a callable:
    whoever leaves this iterator early loses the item that it already holds for the next batch.
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
