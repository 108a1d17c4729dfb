"""Removal never comes from a bad model: what a plan must not do until a person says it is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sync.errors import Problem, sentences
from sync.model import Fate, Op, Sync
from sync.rules import PROTECTIVE, Bound, ExitCause
from sync.state.store import PlanSummary

SMALLEST_SEGMENT = 10
"""Below so many members no share is too large."""
MOST_INVALID = Bound(share=0.1)
"""Of the rows of a model that says nothing else."""


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """How much of what a destination holds one run may take away."""

    max_remove_share: float = 0.2
    least_removes: int = 100
    """Up to so many removals, `max_small_share` is the limit instead."""
    max_small_share: float = 0.5
    max_null_share: float = 0.5
    allow_empty: bool = False
    allow_removes: bool = False
    allow_nulls: bool = False
    allow_adds: bool = False
    allow_changes: bool = False
    allow_invalid: bool = False


ALLOWED = GuardLimits(
    allow_empty=True,
    allow_removes=True,
    allow_nulls=True,
    allow_adds=True,
    allow_changes=True,
    allow_invalid=True,
)
"""Of a plan that is approved."""
PLAN_ID = "PLAN_ID"
"""Stands in a message for an id that is not known yet."""


class Waits(StrEnum):
    """What is held of a plan."""

    ALL = "all"
    """All but the exits of people who must not be reached."""
    REMOVALS = "removals"
    """Removals of people who left the model."""
    ENTRIES = "adds and changes"
    """All but exits."""
    EXITS = "exits"
    EVERYTHING = "everything"

    def lets(self, cause: str) -> bool:
        """Whether a change of this cause goes ahead all the same."""
        if self in (Waits.EXITS, Waits.EVERYTHING):
            return self is Waits.EXITS and cause not in EXITS
        if self is Waits.REMOVALS:
            return cause != "left"
        return cause in PROTECTIVE or (self is Waits.ENTRIES and cause in EXITS)


TRIPS = frozenset(
    (
        "model-empty",
        "too-many-removes",
        "too-many-nulls",
        "removals-wait",
        "many-suppressed",
        "too-many-adds",
        "too-many-changes",
        "too-many-invalid",
        "unusual-adds",
        "unusual-changes",
        "unusual-removes",
    )
)
"""Codes of the problems that guards find: the plan's own numbers are out of bounds."""
EXITS = frozenset({"left", *ExitCause})
"""Causes that only removals have."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a plan, or a part of it, is held."""

    problem: Problem
    waits: Waits = Waits.ALL
    others: tuple[Problem, ...] = ()
    """More reasons."""
    trip: Waits | None = None
    """What of it a guard holds, which an approval lets go."""
    plan_id: str = ""
    """Of that."""

    def lets(self, cause: str) -> bool:
        """Whether a change goes ahead all the same."""
        return self.waits.lets(cause)

    def count(self, summary: PlanSummary) -> int:
        """How many changes of a plan wait."""
        return sum(rows for cause, rows in summary.causes.items() if not self.lets(cause))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of the reasons."""
        return (self.problem, *self.others)

    def named(self, plan_id: str) -> Held:
        """The same, naming the plan that is to be approved; nothing changes without an id."""
        named = [replace(p, fix=p.fix.replace(PLAN_ID, plan_id or PLAN_ID)) for p in self.problems]
        return replace(self, problem=named[0], others=tuple(named[1:]), plan_id=plan_id)


def both(first: Held | None, second: Held | None) -> Held | None:
    """What waits for either of two reasons."""
    if first is None or second is None:
        return first or second
    waits = first.waits if first.waits is second.waits else Waits.ALL
    trip = first.trip or second.trip
    return Held(first.problem, waits, (*first.others, *second.problems), trip)


def guard(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Held | None:
    """The reason to hold a plan, with its numbers and the way to override it; None when fine."""
    if summary.is_approved:
        return None
    held = _tripped(sync, summary, limits)
    return None if held is None else replace(held, trip=held.waits)


def _tripped(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Held | None:
    held = (
        _empty(sync, summary, limits),
        _too_many_removes(sync, summary, limits),
        _too_many_nulls(sync, summary, limits),
    )
    if problem := next((p for p in held if p is not None), None):
        return Held(problem)
    waiting = _uncertain_removes(sync, summary, limits)
    removals = Held(waiting, Waits.REMOVALS) if waiting is not None else None
    large = [*_over_bounds(sync, summary, limits)]
    return both(removals, Held(large[0], Waits.ENTRIES, tuple(large[1:])) if large else None)


def _empty(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Problem | None:
    if summary.wanted or not _bounded(summary) or limits.allow_empty:
        return None
    rows = summary.model_rows
    which = f"none of the {rows} rows" if rows > 1 else "no row"
    what = f"{which} of {sync.model} can be used" if rows else f"{sync.model} is empty"
    return Problem(
        "model-empty",
        f"{what}, and {summary.members} people or objects would leave {sync.name}",
        where=sync.path,
        hint="A model without a usable row is far more often a broken source than the truth.",
        fix=f"look at the model; {_when_meant(sync, '--allow-empty')}",
    )


def _too_many_removes(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Problem | None:
    removes, members = _bounded(summary), _bounded_members(summary)
    if not summary.wanted or limits.allow_removes:
        return None
    allowed = _allowed_removes(removes, members, sync.bounds.removes, limits)
    if allowed is None:
        return _unusual_removes(sync, summary)
    return Problem(
        "too-many-removes",
        f"{removes} of {members} ({100 * removes / members:.0f} %) would leave {sync.name} at once;"
        f" {allowed} allowed",
        where=sync.path,
        hint=sentences(
            "Nothing of this sync was sent, neither adds nor changes.", _moves(sync, summary)
        ),
        fix=_look_or(sync, "--allow-removes"),
    )


def _moves(sync: Sync, summary: PlanSummary) -> str:
    """Which of the removals are of people who are added again elsewhere, and how to avoid it."""
    moved = summary.removes - sum(summary.causes.get(cause, 0) for cause in EXITS)
    if not moved or not summary.causes.get("moved"):
        return ""
    if not (before := summary.segment_before):
        return f"{moved} of them are added again at their new place."
    return (
        f"{moved} of them are added again in segment `{sync.segment}`; they were written in"
        f" `{before}`. `segment: {before}` in the model's entry for {sync.connection} keeps that"
        " name at the destination, and moves nobody."
    )


def _allowed_removes(
    removes: int, members: int, bound: Bound | None, limits: GuardLimits
) -> str | None:
    """What is allowed instead of so many removals, in words; None where they are."""
    share, small = limits.max_remove_share, limits.max_small_share
    if bound is not None and bound.share is not None:
        share, small = bound.share, max(bound.share, small)
    if bound is not None and bound.rows is not None and removes > bound.rows:
        return f"{bound.rows} are"
    if removes > limits.least_removes and removes > members * share:
        return f"at most {100 * share:g} % is"
    if members < SMALLEST_SEGMENT:
        return None
    if small > limits.max_small_share:
        return f"at most {100 * small:g} % is" if removes > members * small else None
    return f"less than {100 * small:g} % is" if removes >= members * small else None


def _over_bounds(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Iterator[Problem]:
    """Numbers for which adds and changes wait."""
    if problem := _many_suppressed(sync, summary, limits):
        yield problem
    members, bounds = summary.members, sync.bounds
    adds, changes = _unapproved(summary, Op.ADD), _unapproved(summary, Op.CHANGE)
    if limits.allow_adds:
        pass
    elif bounds.adds and bounds.adds.is_exceeded(adds, members):
        text = f"{adds} would be added to {members}, and {bounds.adds} may be"
        yield _too_many(sync, "too-many-adds", text, "--allow-adds")
    elif text := _unusual(sync, summary, Op.ADD):
        yield _too_many(sync, "unusual-adds", f"{adds} would be added, {text}", "--allow-adds")
    if limits.allow_changes:
        pass
    elif bounds.changes and bounds.changes.is_exceeded(changes, members):
        text = f"{changes} of {members} would change, and {bounds.changes} may"
        yield _too_many(sync, "too-many-changes", text, "--allow-changes")
    elif text := _unusual(sync, summary, Op.CHANGE):
        text = f"{changes} of {members} would change, {text}"
        yield _too_many(sync, "unusual-changes", text, "--allow-changes")
    rows, invalid = summary.model_rows, summary.fates.get(Fate.INVALID, 0)
    bound = bounds.invalid or MOST_INVALID
    if not limits.allow_invalid and bound.is_exceeded(invalid, rows):
        text = f"{invalid} of {rows} rows of {sync.model} are invalid, and {bound} may be"
        yield _too_many(sync, "too-many-invalid", text, "--allow-invalid")


def _unusual_removes(sync: Sync, summary: PlanSummary) -> Problem | None:
    text = _unusual(sync, summary, Op.REMOVE)
    if not text:
        return None
    removes, members = _bounded(summary), _bounded_members(summary)
    return Problem(
        "unusual-removes",
        f"{removes} of {members} would leave {sync.name}, {text}",
        where=sync.path,
        hint="Nothing of this sync was sent, neither adds nor changes.",
        fix=_look_or(sync, "--allow-removes"),
    )


def _unusual(sync: Sync, summary: PlanSummary, op: Op) -> str:
    """What is usual instead, in words; empty where the plan is, or the past does not say."""
    usual = summary.usual.get(op)
    if usual is None or op.plural not in sync.bounds.learned or not usual.is_exceeded:
        return ""
    days = f"{usual.days} {usual.weekday or 'day'}s"
    since = f", {usual.gathered} days after the last that was sent" if usual.gathered > 1 else ""
    return (
        f"which makes {usual.now:,} today; {usual.most:,.0f} at most is usual{since}, after"
        f" {usual.low:,} to {usual.high:,} a day on {days}"
    )


def _too_many(sync: Sync, code: str, text: str, flag: str) -> Problem:
    return Problem(
        code,
        f"adds and changes of {sync.name} wait: {text}",
        where=sync.path,
        hint="Removals are not held.",
        fix=_look_or(sync, flag),
    )


def _bounded(summary: PlanSummary) -> int:
    """Removals that the bounds are about."""
    return summary.removes - summary.protected - summary.approved.get(Op.REMOVE, 0)


def _bounded_members(summary: PlanSummary) -> int:
    """Members that may stay: all but those whose exits no bound holds."""
    return summary.members - (summary.removes - _bounded(summary))


def _unapproved(summary: PlanSummary, op: Op) -> int:
    """Planned changes, without the rest of a plan that was approved."""
    return summary.ops.get(op, 0) - summary.approved.get(op, 0)


def _many_suppressed(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Problem | None:
    exits, members = summary.protected, summary.members
    is_large = exits > limits.least_removes and exits > members * limits.max_remove_share
    if not is_large or limits.allow_removes:
        return None
    return Problem(
        "many-suppressed",
        f"{exits} of {members} ({100 * exits / members:.0f} %) leave {sync.name} at once because"
        " they must not be reached; adds and changes wait",
        where=sync.path,
        hint="The exits are sent: they are the safe side.",
        fix=_look_or(sync, "--allow-removes"),
    )


def _too_many_nulls(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Problem | None:
    found = [] if limits.allow_nulls else list(_emptied(summary, limits))
    if not found:
        return None
    return Problem(
        "too-many-nulls",
        f"{sync.model}: " + "; ".join(found),
        where=sync.path,
        hint="A column that loses most of its values at once is more often a broken join than the"
        " truth. Nothing of this sync was sent.",
        fix=_look_or(sync, "--allow-nulls"),
    )


def _emptied(summary: PlanSummary, limits: GuardLimits) -> Iterator[str]:
    for loss in summary.losses:
        if loss.holders >= SMALLEST_SEGMENT and loss.lost >= loss.holders * limits.max_null_share:
            how = "null or to its default" if loss.has_default else "null"
            yield f"`{loss.trait}` turns {how} for {loss.lost} of {loss.holders} who hold a value"


def _uncertain_removes(sync: Sync, summary: PlanSummary, limits: GuardLimits) -> Problem | None:
    is_meant = limits.allow_removes or (limits.allow_empty and not summary.wanted)
    if is_meant or not (summary.unidentified and summary.leaving):
        return None
    return Problem(
        "removals-wait",
        f"{summary.leaving} removals of {sync.name} wait: {summary.unidentified} rows of"
        f" {sync.model} have no identity, and may be the rows of people who would leave",
        where=sync.path,
        hint="Adds and changes are not held.",
        fix=f"give each row its `{sync.identity}` or leave the row out, then run: dbt build"
        f" --select {sync.model}; {_when_meant(sync, '--allow-removes')}",
    )


def _look_or(sync: Sync, flag: str) -> str:
    look = f"python -m sync plan --select {sync.model} --show 20"
    return f"look at it: {look}; {_when_meant(sync, flag)}"


def _when_meant(sync: Sync, flag: str) -> str:
    return (
        f"when it is meant, run: python -m sync apply --approve {PLAN_ID}; or, to send whatever"
        f" the plan is by then: {_again(sync)} {flag}"
    )


def _again(sync: Sync) -> str:
    return f"python -m sync apply --select {sync.model}"
