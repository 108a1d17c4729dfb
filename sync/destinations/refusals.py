"""Refusals that say nothing of the row: what they may mean, and which rows tell whether they do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

ABOUT_THE_BODY = frozenset({400, 413, 414, 422, 431})
"""Refusals that speak of what was sent. The others may be meant for the whole account: unpaid,
suspended, moved away, served under another address."""
SAMPLE = 5
"""Rows that are tried alone, from all over a batch, before a refusal counts as the account's."""
MOST_REFUSED = 10
"""Rows refused alone in a row, after others were taken, before the rest is left for later."""

TOO_LARGE = "item-too-large"
"""The code of a refusal for its size."""

_STATUS = re.compile(r"(?:.*-)?(4\d\d)")
_MISSING = re.compile(r".*-no-[a-z-]+")


def may_mean_the_account(code: str) -> bool:
    """Whether a refusal of this code may be meant for every row alike: a bare status (`http-402`,
    `fullstory-404`), or something missing that all rows are written to (`qualtrics-no-list`)."""
    status = _STATUS.fullmatch(code)
    if status is not None:
        return int(status[1]) not in ABOUT_THE_BODY
    return _MISSING.fullmatch(code) is not None


def spread(rows: Sequence[T]) -> list[T]:
    """At most `SAMPLE` of them, evenly from the first to the last."""
    last, steps = len(rows) - 1, max(1, min(SAMPLE, len(rows)) - 1)
    places = sorted({last * step // steps for step in range(steps + 1)}) if rows else []
    return [rows[place] for place in places]
