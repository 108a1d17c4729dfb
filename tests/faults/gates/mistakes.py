"""Mistakes in the rules, each of which the comparison with plain Python catches."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from sync import timing
from sync.plan import (
    caps,
    delays,
    diff,
    gone,
    holdouts,
    listed,
    moments,
    ordering,
    planner,
    policies,
    preparing,
)
from sync.plan.caps import Capped
from sync.plan.consent import Unconsented
from sync.plan.forgotten import Forgotten
from sync.plan.holdouts import HeldOut
from sync.plan.limits import Limited
from sync.plan.rollout import OutsideRollout
from sync.plan.suppression import Suppressed
from sync.state import columns, entries
from sync.timing import Span


@dataclass(frozen=True)
class Mistake:
    """One edit of production code: `old` becomes `new` in the source of a function."""

    owner: Any
    function: str
    old: str
    new: str

    def make(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(self.owner, self.function)
        source = textwrap.dedent(inspect.getsource(original))
        assert source.count(self.old) == 1, f"the code has changed: {self.function}, {self.old}"
        names: dict[str, Any] = {}
        module = sys.modules[original.__module__]
        exec(
            "from __future__ import annotations\n" + source.replace(self.old, self.new),
            vars(module),
            names,
        )
        monkeypatch.setattr(self.owner, self.function, names[self.function])

    def must_be_caught(
        self, monkeypatch: pytest.MonkeyPatch, tries: int, compare: Callable[[int], None]
    ) -> None:
        """One of so many random histories, each of its own seed, disagrees with the reference."""
        self.make(monkeypatch)
        with pytest.raises(AssertionError):
            for i in range(tries):
                compare(1000 + i)


MISTAKES = {
    "a forgotten person is sent": Mistake(Forgotten, "condition", "e.not_null(", "e.is_null("),
    "another spelling of a forgotten person is sent": Mistake(
        Forgotten, "digests", "if self.sync.normal_form and", "if False and"
    ),
    "every destination takes other spellings for the same": Mistake(
        columns, "person", 'e.text("%@%")', 'e.text("%")'
    ),
    "a forgotten member whose row is gone counts as left": Mistake(
        gone, "naming", "isinstance(gate, Forgotten)", "False"
    ),
    "a suppressed person is sent": Mistake(
        Suppressed, "condition", 'e.not_null(e.col("person", self._alias))', "exp.false()"
    ),
    "a suppression lasts through its last instant": Mistake(
        Suppressed, "_is_later", "exp.GT(", "exp.GTE("
    ),
    "an address in other letter case is another person": Mistake(
        columns, "person", "lowered = exp.Lower(this=text.copy())", "lowered = text.copy()"
    ),
    "the suppression list is left out": Mistake(
        policies, "_suppressed", "if found[listed].types", "if False"
    ),
    "a suppression without an end is over": Mistake(
        Suppressed, "_is_in_force", "e.is_null(until)", "exp.false()"
    ),
    "an empty list is believed": Mistake(
        listed, "_of_size", "before and not people", "before and people < 0"
    ),
    "silence is consent": Mistake(
        Unconsented,
        "condition",
        "e.col(self._key, ROWS), exp.false()",
        "e.col(self._key, ROWS), exp.true()",
    ),
    "one yes of two is consent": Mistake(
        Unconsented, "join", "e.equals(no, e.number(0))", "e.equals(e.number(0), e.number(0))"
    ),
    "a doubtful consent model makes people leave": Mistake(
        policies, "_is_sound", "looked.doubt is None", "True"
    ),
    "an arm is drawn anew": Mistake(
        HeldOut, "condition", "e.case((is_stored, e.all_of(*held)), default=drawn)", "drawn"
    ),
    "whom a sync has reached is drawn": Mistake(
        HeldOut, "arm", "if self.priors is not None", "if False"
    ),
    "people who qualify while nothing else changes get no arm": Mistake(
        planner.Planner, "_draw", "has_new=bool(self.seen.undrawn)", "has_new=bool(self.seen.open)"
    ),
    "a person whom another holdout holds counts as let through": Mistake(
        holdouts, "trigger", "if other is not gate", "if not isinstance(other, HeldOut)"
    ),
    "release lets nobody go": Mistake(holdouts, "assign", "if gate.holdout.releases", "if False"),
    "the last bucket is held out too": Mistake(HeldOut, "_below", "exp.LT(", "exp.LTE("),
    "holdout and rollout draw the same people": Mistake(
        OutsideRollout, "below", "{SALT}{self.rollout.salt}", "holdout:summer"
    ),
    "each sync rolls out to people of its own": Mistake(
        OutsideRollout, "below", "{SALT}{self.rollout.salt}", "{SALT}{self.sync.name}"
    ),
    "the cohort does not come first": Mistake(
        OutsideRollout, "condition", "if self.rollout.cohort else []", "if False else []"
    ),
    "a smaller percentage sends exits unasked": Mistake(
        policies, "_rollout", "made.threshold >= before", "True"
    ),
    "a suppressed person whose row can't be sent stays": Mistake(
        preparing,
        "gates_of",
        "p for p in policies if p.cause in PROTECTIVE",
        "p for p in () if p.cause in PROTECTIVE",
    ),
    "a suppressed member whose row is gone counts as left": Mistake(
        planner.Planner, "_find_gone", "self.seen.active and", "self.seen.active < 0 and"
    ),
    "whom the first sync never had passes": Mistake(
        ordering.Behind, "condition", 'e.is_null(e.col("person", "ahead"))', "exp.false()"
    ),
    "whom the first sync would change passes": Mistake(
        ordering, "find_ahead", "if pending is None", "if True"
    ),
    "whom the first sync would change passes where it may lack them": Mistake(
        ordering,
        "find_settled",
        'pending.subquery(e.ident("w"))',
        'pending.subquery(e.ident("w")).where(exp.false())',
    ),
    "a row is alive in the last instant": Mistake(
        moments.Expired, "condition", "exp.LTE(", "exp.LT("
    ),
    "a row without a moment never expires": Mistake(
        moments.Expired, "condition", "e.is_null(e.col(SINCE, CHANGES))", "exp.false()"
    ),
    "a member expires": Mistake(
        moments, "_is_add", 'e.equals(e.col("op", CHANGES), e.text(Op.ADD))', "exp.true()"
    ),
    "a window is open in its last minute": Mistake(
        timing, "_closing", "start <= at < end", "start <= at <= end"
    ),
    "a window opens after its first minute": Mistake(
        timing, "_closing", "start <= at < end", "start < at < end"
    ),
    "all people are in one zone": Mistake(
        moments.Closed, "_is_closed", "if self.window.column is None", "if True"
    ),
    "an exit waits": Mistake(delays, "_asked", "exp.Not(this=is_removal)", "exp.true()"),
    "a doubled person who must not be reached stays": Mistake(
        diff, "_is_single", "if not c.has_barred", "if True"
    ),
}


CAP_MISTAKES = {
    "an entry at the very end of the period counts": Mistake(
        Span, "since", "+ timedelta(microseconds=1)", ""
    ),
    "a period of days begins a day too early": Mistake(Span, "since", "1 - self", "-self"),
    "a period of days is one of UTC": Mistake(Span, "_midnight", "ZoneInfo(self.zone)", "UTC"),
    "one entry more than allowed": Mistake(Capped, "condition", "exp.GTE(", "exp.GT("),
    "an entry that is not confirmed is forgotten": Mistake(
        entries, "settle", "_is_among(s, ENTERED)", '_is_among(s, ("delivered",))'
    ),
    "an entry that was refused counts": Mistake(
        entries, "settle", "_is_among(s, ENTERED)", '_is_among(s, (*ENTERED, "rejected"))'
    ),
    "what is sent again counts against itself": Mistake(
        Capped, "condition", "CHANGES), NEW), is_over)", 'CHANGES), (*NEW, "in doubt")), is_over)'
    ),
    "what is sent again is another entry": Mistake(
        entries, "reserve", "e.paren(is_again), is_own", "is_own"
    ),
    "a cap that is new knows no entries": Mistake(caps, "take_over", "known and", "None and"),
    "an exit is not repeated while the return waits": Mistake(
        diff, "let_go", "not c.keeps_leavers", "False"
    ),
}


LIMIT_MISTAKES = {
    "one more than the limit enters": Mistake(Limited, "condition", "exp.GT(", "exp.GTE("),
    "who waits for another reason takes a place": Mistake(
        Limited, "condition", "exp.Not(this=e.paren(held_before(c, self)))", "exp.true()"
    ),
    "what is sent again waits too": Mistake(Limited, "condition", "NEW)", '(*NEW, "in doubt"))'),
    "a change waits": Mistake(Limited, "condition", "NEW)", '(*NEW, "changed"))'),
    "the last ones enter first": Mistake(
        Limited, "condition", "exp.Ordered(this=term)", "exp.Ordered(this=term, desc=True)"
    ),
}


STAYING_MISTAKES = {
    "people whom nothing holds back any more stay untold": Mistake(
        holdouts, "marks", "e.any_of(*untold)", "exp.false()"
    ),
}
ALWAYS = {
    "the suppression list is left out",
    "an arm is drawn anew",
    "an entry at the very end of the period counts",
    "an entry that is not confirmed is forgotten",
    "people whom nothing holds back any more stay untold",
}
"""One mistake of each kind is tried in every run of the tests, the others in the long ones."""


def nightly(mistakes: Iterable[str]) -> list[Any]:
    return [
        name if name in ALWAYS else pytest.param(name, marks=pytest.mark.torture)
        for name in mistakes
    ]
