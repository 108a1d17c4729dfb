"""Refusals that may mean the whole account: withheld until another row tells which they are.

Neither a status like 402 nor one like 404 says whether it is about the row, the account or the
address. It is about the row once the destination takes, or looks at, one that was sent later: the
answer to one that was under way at the time says nothing of what came after it.
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
    refusals: list[tuple[int, Refused]] = field(default_factory=list)
    """Each with the number of the last batch that had been sent when it came."""
    later: list[tuple[int, Item]] = field(default_factory=list)
    """Not tried alone, because others of their batch were refused; numbered likewise."""
    explained: list[Item] = field(default_factory=list)
    """The same, after the destination has looked at another row: to be tried alone."""
    _in_a_row: int = 0
    _last: Rejected = field(default_factory=lambda: Rejected("", ""))

    def judge(
        self, number: int, last_sent: int, items: Sequence[Item], endings: Sequence[Ending]
    ) -> list[Refused]:
        """Take in the endings of batch `number`; the earlier refusals that are about their rows.

        `last_sent` is the number of the newest batch that is on its way.
        """
        has_looked = any(map(_is_a_look, endings))
        released = self.release(number) if has_looked else []
        for item, ending in zip(items, endings, strict=True):
            if isinstance(ending, Delivered):
                continue
            if is_left_for_later(ending):
                self.later.append((last_sent, item))
            elif isinstance(ending, Rejected) and _is_bare(ending):
                self._last = ending
                self._in_a_row += not has_looked
                if is_withheld(ending):
                    self.refusals.append((last_sent, (item, ending)))
        return released

    def release(self, number: int | None = None) -> list[Refused]:
        """What came before batch `number` was sent, withheld no longer: the destination looks at
        rows. Without a number, all of it."""
        self.has_taken, self._in_a_row = True, 0
        released = [r for at, r in self.refusals if number is None or at < number]
        self.explained += [item for at, item in self.later if number is None or at < number]
        self.refusals = [r for r in self.refusals if number is not None and r[0] >= number]
        self.later = [r for r in self.later if number is not None and r[0] >= number]
        return released

    def take_later(self) -> list[Item]:
        """The items that are to be tried again with others; they are with the caller now."""
        later, self.later = self.later, []
        return [item for _, item in later]

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
