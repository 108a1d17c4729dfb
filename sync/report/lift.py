"""What a holdout shows, in sentences, with a bar for each interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import floor, log10
from typing import Any

from sync.commands.lift import Lift, Reading
from sync.report import jsonl, words
from sync.report.paint import Paint

VERDICTS: Mapping[str, tuple[str, str]] = {
    "split_is_off": ("the split is off, so nothing can be said", "red"),
    "arms_differed_before": ("the arms differed beforehand, so nothing can be said", "red"),
    "no_windows_closed": ("no window has closed yet", ""),
    "too_few": ("too few to tell", "yellow"),
    "higher": ("higher where it was sent", "green"),
    "lower": ("lower where it was sent", "red"),
    "no_answer_yet": ("no answer yet", "yellow"),
    "not_shown": ("not shown", "yellow"),
}
REFUSALS = {
    ("few_people", "rate"): "fewer than 100 people in an arm",
    ("few_people", "value"): "fewer than 50 people in an arm",
    ("few_outcomes", "rate"): "fewer than 5 people with, or without, the outcome in an arm",
    ("few_outcomes", "value"): "no amounts that differ",
    ("uneven_amounts", "value"): "amounts too uneven for so few people; read the rate",
}
LEVELS = {"early": "early reading, 99 %", "planned": "planned reading, 95 %"}
WIDTH = 44
LEAST_CONTAMINATION = 0.01


def machine(lift: Lift) -> dict[str, Any]:
    """All of it as JSON types."""
    verdict = lift.verdict
    found = {"verdict": verdict.verdict if verdict else "nobody_drawn", "days_left": lift.days_left}
    return {**jsonl.plain(lift), **found}


def told(lift: Lift, paint: Paint) -> Iterator[str]:
    """Lines for people."""
    head, test = paint(lift.name, "bold"), lift.verdict
    if test is None:
        yield f"{head}: nobody has been drawn yet"
        return
    text, color = VERDICTS[test.verdict]
    yield f"{head}: {paint(text, color) if color else text}"
    what = "people with" if test.measure == "rate" else "value of"
    yield f"  {what} {lift.outcome} within {lift.window}, as of {words.moment(test.as_of)} UTC"
    yield from _read(test)
    for line in _around(lift, test):
        yield f"  {line}"
    for line in _warnings(test):
        yield f"  {paint('warning', 'yellow')}: {line}"
    others = [one for one in lift.readings if one is not test and one.treated_people]
    beside = [one for one in others if one.is_test]
    apart = sorted((one for one in others if not one.is_test), key=lambda one: one.reading)[-1:]
    for label, found in (("The other reading", beside), ("Not the test", apart)):
        if found:
            yield f"  {paint(label, 'bold')}"
        for one in found:
            yield from _read(one, "    ")


def _read(one: Reading, indent: str = "  ") -> Iterator[str]:
    """The sentence of one reading, and its bar."""
    if one.verdict == "no_windows_closed":
        return
    tail = f"{_counts(one)}, {LEVELS[one.reading]}"
    if one.verdict == "too_few":
        yield f"{indent}{_name(one)}{tail}: {REFUSALS[one.refusal or '', one.measure]}"
    elif one.lower_limit is None or one.upper_limit is None or one.difference is None:
        yield f"{indent}{_name(one)}{tail}"
    else:
        low, point, high = _scaled(one, one.lower_limit, one.difference, one.upper_limit)
        unit = " points" if one.measure == "rate" else ""
        relative = _relative(one)
        yield f"{indent}{_name(one)}{point}{unit} ({low} to {high}), {tail}"
        yield f"{indent}{low} {bar(one.lower_limit, one.difference, one.upper_limit)} {high}"
        if one.verdict == "not_shown":
            yield f"{indent}anything from {low} to {high}{unit} remains possible"
        if relative:
            yield f"{indent}relative: {relative}"


def _name(one: Reading) -> str:
    return "" if one.is_test else f"{one.measure}: "


def _counts(one: Reading) -> str:
    pairs = ((one.treated_outcomes, one.treated_people), (one.control_outcomes, one.control_people))
    if one.measure == "rate":
        treated, control = (f"{words.count(x or 0)} of {words.count(n)}" for x, n in pairs)
        return f"{treated} against {control}"
    means = (one.treated_mean, one.control_mean)
    sizes = (one.treated_people, one.control_people)
    treated, control = (
        f"{m or 0:,.2f} each of {words.count(n)}" for m, n in zip(means, sizes, strict=True)
    )
    return f"{treated} against {control}"


def _scaled(one: Reading, *values: float) -> list[str]:
    """Signed numbers, with two digits of the interval's width."""
    scale = 100 if one.measure == "rate" else 1
    width = scale * ((one.upper_limit or 0) - (one.lower_limit or 0))
    decimals = min(max(1 - floor(log10(width)), 1), 4) if width > 0 else 1
    decimals = max(decimals, 2) if one.measure == "value" else decimals
    return [_signed(scale * value, decimals) for value in values]


def _signed(value: float, decimals: int) -> str:
    """`+1.4`; what rounds to zero has no sign."""
    text = f"{value:+,.{decimals}f}"
    return text if float(text.replace(",", "")) else text[1:]


def _relative(one: Reading) -> str:
    if one.relative_difference is None or one.relative_lower is None:
        return ""
    point, low = (_signed(100 * v, 1) for v in (one.relative_difference, one.relative_lower))
    high = one.relative_upper
    limit = f"{_signed(100 * high, 1)} %" if high is not None else "no upper limit"
    return f"{point} % ({low} % to {limit})"


def bar(low: float, point: float, high: float) -> str:
    """An interval as a line of `WIDTH` cells that holds zero, which is marked."""
    first, last = min(low, 0.0), max(high, 0.0)
    cells = [" "] * WIDTH

    def at(value: float) -> int:
        return round((value - first) / ((last - first) or 1.0) * (WIDTH - 1))

    for cell in range(at(low), at(high) + 1):
        cells[cell] = "─"
    cells[at(0.0)] = "┼" if low <= 0 <= high else "│"
    cells[at(point)] = "●"
    return "".join(cells)


def _around(lift: Lift, test: Reading) -> Iterator[str]:
    """How far it is, what it could find, who got something."""
    if test.detectable is not None and test.verdict in ("too_few", "no_answer_yet", "not_shown"):
        (least,) = _scaled(test, test.detectable)
        unit = " points" if test.measure == "rate" else ""
        least = f"{least.lstrip('+')}{unit}"
        yield f"80 % of comparisons of so many people would find a difference of {least}"
    if waiting := test.open_treated + test.open_control:
        yield f"{words.plural(waiting, 'window')} still open"
    if lift.days_left != 0:
        days = f", in about {words.plural(lift.days_left, 'day')}" if lift.days_left else ""
        announced = words.count(lift.announced_people)
        yield f"planned reading at {announced} people{days}; {words.count(test.people)} so far"
    if test.treated_reached is not None and test.treated_people:
        share = test.treated_reached / test.treated_people
        yield f"sent to {100 * share:.0f} % of the treated"
    if None not in (test.reached_difference, test.reached_lower_limit, test.reached_upper_limit):
        values = (test.reached_lower_limit, test.reached_difference, test.reached_upper_limit)
        low, point, high = _scaled(test, *(v or 0.0 for v in values))
        yield f"for each who was reached: {point} ({low} to {high}), if nothing changes for others"
    if test.measure == "value" and test.cut is not None:
        adjusted = ", adjusted by the window before" if test.is_adjusted else ""
        uncut = f"{test.uncut_difference or 0:+,.2f}"
        yield f"amounts above {test.cut:,.2f} count as that{adjusted}; as they are: {uncut}"
    if test.strata > 1:
        yield f"{test.strata} groups of people, by the percentage they were drawn at"
    if test.prior + test.excluded:
        yield (
            f"{words.count(test.prior + test.excluded)} people not counted: reached before, or in"
            " a rollout's cohort"
        )


def _warnings(test: Reading) -> Iterator[str]:
    if test.verdict == "split_is_off":
        since = f" since {test.split_off_since}" if test.split_off_since else ""
        drawn = f"{words.count(test.drawn_control)} of"
        drawn += f" {words.count(test.drawn_treated + test.drawn_control)} people held out"
        yield f"{drawn} is not what the percentage draws{since}: look for rows that one arm lost"
    if test.verdict == "arms_differed_before" and test.difference_before is not None:
        (before,) = _scaled(test, test.difference_before)
        yield f"in the window before, the arms differed by {before} already"
    if test.dropped_strata:
        groups = words.plural(test.dropped_strata, "group")
        yield f"{groups} left out: fewer than 50 people in an arm"
    reached = test.control_reached or 0
    if test.control_people and reached > LEAST_CONTAMINATION * test.control_people:
        yield (
            f"{words.count(reached)} of {words.count(test.control_people)} held out people were"
            f" sent something under this name, most by {test.control_reached_by}"
            f" (last in run {test.control_reached_in})"
        )
