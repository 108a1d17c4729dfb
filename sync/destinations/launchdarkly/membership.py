"""Who joins and who leaves which segment, and what has become of it: nothing is sent from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.destinations.answers import chunks
from sync.destinations.launchdarkly.options import Options, as_text, families
from sync.destinations.stages import Row
from sync.destinations.transitions import segment_name
from sync.model import Cause, Change, Kind, Op, Rejected, Retry, Sync

NEWCOMERS = frozenset({Cause.NEW, Cause.RETURNED, Cause.MOVED})
"""Additions of members that are in no segment yet."""


def memberships(sync: Sync, change: Change) -> list[tuple[str, bool]]:
    """(segment, whether it is joined or left) for one change, in no order.

    A value that is not listed is in no segment.
    """
    found = []
    if sync.kind is Kind.SEGMENT and (change.op is not Op.CHANGE or change.cause == Cause.IN_DOUBT):
        found.append((segment_name(sync), change.op is not Op.REMOVE))
    for family in families(sync):
        if change.op is Op.REMOVE:
            if sync.kind is Kind.SEGMENT or sync.on_remove == "unset":
                found += [(key, False) for key in family.keys.values()]
        elif family.trait in change.traits:
            value = change.traits[family.trait]
            joined = None if value is None else family.keys.get(as_text(value))
            # A new member is in none of them; a former value is not known to a change.
            is_new = change.op is Op.ADD and change.cause in NEWCOMERS
            concerned = [key for key in family.keys.values() if key == joined or not is_new]
            found += [(key, key == joined) for key in concerned]
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch means for one segment: who moves, and whether they join. Removals first."""

    segment: str
    moves: Sequence[tuple[Row, bool]]

    @property
    def sync(self) -> Sync:
        """The one of the whole batch."""
        return self.moves[0][0].sync

    @property
    def removes(self) -> list[Row]:
        """Members who leave."""
        return [row for row, is_add in self.moves if not is_add]

    @property
    def adds(self) -> list[Row]:
        """People who join."""
        return [row for row, is_add in self.moves if is_add]

    def open(self) -> Step:
        """The step without the rows that something has gone wrong for."""
        return Step(self.segment, [move for move in self.moves if move[0].is_open])

    def chunks(self, size: int) -> list[Step]:
        """Requests' worth of it."""
        return [Step(self.segment, moves) for moves in chunks(self.moves, size)]

    def retry(self, after_seconds: float = 0.0) -> None:
        """Send all rows again that were not refused."""
        for row, _ in self.open().moves:
            row.outcome = Retry(after_seconds)


def steps(rows: Sequence[Row]) -> list[Step]:
    """Who leaves and who joins, by segment.

    Removals from all segments come before additions to any, or after them if the entry says so.
    """
    leaving: dict[str, list[tuple[Row, bool]]] = {}
    joining: dict[str, list[tuple[Row, bool]]] = {}
    for row in rows:
        for segment, is_add in memberships(row.sync, row.change):
            (joining if is_add else leaving).setdefault(segment, []).append((row, is_add))
    if len(leaving) == 1 and leaving.keys() == joining.keys():
        ((segment, moves),) = leaving.items()
        return [Step(segment, moves + joining[segment])]
    is_add_first = Options.of(rows[0].sync).tier_order == "add_first"
    order = (joining, leaving) if is_add_first else (leaving, joining)
    return [Step(segment, moves) for side in order for segment, moves in side.items()]


def reject(rows: Iterable[Row], code: str, reason: str) -> None:
    """Refuse some, as partial where an earlier request has already taken them."""
    for row in rows:
        row.ends(Rejected(code, reason))
