"""Refusals that may mean the whole account: withheld until another row tells which they are.

Neither a status like 402 nor one like 404 says whether it is about the row, the account or the
address. It is about the row once the destination takes, or looks at, a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.destinations.refusals import may_mean_the_account
from sync.destinations.spec import Item
from sync.errors import DestinationError, Problem
from sync.model import Delivered, Ending, NotAttempted, Rejected

FEW_ROWS = 10
"""Rows refused alone before a destination that has taken nothing in this run is given up."""
MORE_ROWS = 25
"""The same once it has taken rows: then single rows may be refused by chance, one after another."""

Refused = tuple[Item, Rejected]


@dataclass(slots=True)
class Withheld:
    """The rows of one delivery whose refusals are not explained yet."""

    has_taken: bool = False
    """The destination has looked at a row of this run."""
    refusals: list[Refused] = field(default_factory=list)
    later: list[Item] = field(default_factory=list)
    """Not tried alone, because others of their batch were refused."""
    explained: list[Item] = field(default_factory=list)
    """The same, after the destination has looked at another row: to be tried alone."""
    _in_a_row: int = 0
    _last: Rejected = field(default_factory=lambda: Rejected("", ""))

    def judge(self, items: Sequence[Item], endings: Sequence[Ending]) -> list[Refused]:
        """Take in the endings of one batch; the earlier refusals that are about their rows."""
        has_looked = any(map(_is_a_look, endings))
        released = self.release() if has_looked else []
        for item, ending in zip(items, endings, strict=True):
            if is_left_for_later(ending):
                self.later.append(item)
            elif isinstance(ending, Rejected) and _is_bare(ending):
                self._last = ending
                self._in_a_row += not has_looked
                if is_withheld(ending):
                    self.refusals.append((item, ending))
        return released

    def release(self) -> list[Refused]:
        """The refusals so far, which are withheld no longer: the destination looks at rows."""
        self.has_taken, self._in_a_row = True, 0
        self.explained += self.later
        released, self.refusals, self.later = self.refusals, [], []
        return released

    @property
    def means_the_account(self) -> bool:
        """Whether enough rows in a row were refused."""
        return self._in_a_row >= (MORE_ROWS if self.has_taken else FEW_ROWS)

    def error(self, destination: str) -> DestinationError:
        """What stops a destination whose account is refused."""
        reason = f": {self._last.reason}" if self._last.reason else ""
        tried = "one row after another" if self.has_taken else "every row that was tried"
        return DestinationError(
            Problem(
                "destination-refuses",
                f"{destination} refused {tried} ({self._last.code}){reason}",
                hint="An unpaid or closed account and a wrong base_url look like this. Nothing is"
                " recorded against these rows: the next run plans them again.",
                fix="mend the account or this connection, then run: python -m sync debug",
            )
        )


def is_left_for_later(ending: Ending) -> bool:
    """Whether an item was not tried alone because others of its batch were refused like this."""
    return isinstance(ending, NotAttempted) and may_mean_the_account(ending.code)


def is_withheld(ending: Ending) -> bool:
    """Whether an ending waits for the judgement; one that followed an effect does not."""
    return isinstance(ending, Rejected) and _is_bare(ending) and not ending.is_partial


def _is_bare(ending: Ending) -> bool:
    return isinstance(ending, Rejected) and may_mean_the_account(ending.code)


def _is_a_look(ending: Ending) -> bool:
    return isinstance(ending, Delivered | Rejected) and not _is_bare(ending)
