"""The rule of `volume_verdicts` in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import exp, log, sqrt
from statistics import median

Days = Mapping[date, int]
Verdict = tuple[int, float | None, str]


def verdict(days: Days, day: date, amount: int) -> Verdict:
    """Days of history, score and verdict, as the rule is written."""
    span = (day - min(days)).days
    known = min(56, 7 * (span // 7))
    levels: dict[int, list[float]] = {}
    for earlier, size in days.items():
        ago = (day - earlier).days
        if 1 <= ago <= known:
            levels.setdefault(ago % 7, []).append(log(size + 1))
    if not levels.get(0):
        return known, None, "learning"
    spread = 1.4826 * median(
        abs(level - median(same)) for same in levels.values() for level in same
    )
    centre = median(levels[0])
    expected = exp(centre) - 1
    factor = 1.25 if known >= 56 else 1.5 if known >= 28 else 2.0
    score = (log(amount + 1) - centre) / max(factor * spread, 0.10, 1.25 / sqrt(max(expected, 1)))
    is_far = (abs(score) > 4 and abs(amount - expected) >= 20) or (amount == 0 and expected >= 20)
    is_off_by_two = amount >= 2 * expected or 2 * amount <= expected
    if known < 14:
        return known, score, "learning"
    if is_far and known >= 28:
        return known, score, "alarm"
    return known, score, "note" if is_far and is_off_by_two else "usual"
