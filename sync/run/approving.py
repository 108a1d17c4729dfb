"""What becomes of a plan that a guard holds: it is kept under an id, or sent because of one.

And of one that a file names: it is sent if it is the very same, as far as guards let it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.errors import Problem
from sync.model import Sync
from sync.plan import whole
from sync.plan.guards import PLAN_ID, Held, Waits
from sync.run.parts import Part, is_all
from sync.state.store import Approval, Filed, Offer, PlanSummary, Store, Verdict, Whole

if TYPE_CHECKING:
    from sync.run.protocol import Hooks


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a plan goes ahead."""

    held: Held | None = None
    plan_id: str = ""
    """Of a plan that a guard held, or that was approved."""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One plan, made by a run and not yet sent."""

    sync: Sync
    store: Store
    hooks: Hooks
    summary: PlanSummary
    epoch: int
    run_id: str


def decide(ask: Question, part: Part) -> Decision:
    """Ask guards and policies, and the approval or the file where there is one.

    Nothing is approved where no guard holds anything, but another reason does, or where it is only
    the first part of a run that goes ahead.
    """
    if ask.hooks.filed is not None:
        return _filed(ask, ask.hooks.filed, part)
    return _guarded(ask, is_first_part=part is Part.EXITS)


def _filed(ask: Question, filed: Filed, part: Part) -> Decision:
    """Nothing of a plan that is another one than the file's; else what no guard holds of it."""
    now = ask.store.identify(ask.epoch, filed.salt, filed.whole.plan_id)
    if part is Part.EXITS and is_all(ask.summary, None):
        part = Part.WHOLE
    if not _is_same(filed.whole, now, part):
        problem = whole.refusal(ask.sync, filed.file, whole.moved(filed.whole, now))
        return Decision(Held(problem, Waits.EVERYTHING), filed.whole.plan_id)
    decision = _guarded(ask, is_first_part=part is Part.EXITS)
    waits = decision.held.count(ask.summary) if decision.held else 0
    if waits == ask.summary.total:
        return decision
    ask.store.take(ask.epoch, ask.run_id, filed.whole, filed.by)
    return replace(decision, plan_id=decision.plan_id or filed.whole.plan_id)


def _is_same(then: Whole, now: Whole, part: Part) -> bool:
    """Whether what a part of a run would send is the same."""
    is_exits, is_rest = then.exits == now.exits, then.rest == now.rest
    return (part is Part.REST or is_exits) and (part is Part.EXITS or is_rest)


def _guarded(ask: Question, is_first_part: bool) -> Decision:
    held = ask.hooks.guard(ask.summary)
    waits = held.trip if held else None
    offer = ask.store.offer(ask.epoch, waits) if waits else None
    asked = ask.hooks.approval
    if asked is None or (not waits and (held or is_first_part)):
        return _kept(ask, offer, held, held)
    verdict, words = ask.store.judge(ask.epoch, asked, offer)
    if verdict is Verdict.GOOD:
        return _approved(ask, asked, offer, held)
    if verdict is Verdict.UNDER_WAY:
        is_rest = offer is None
        return Decision(held, asked.plan_id, asked.by) if is_rest else _kept(ask, offer, held, held)
    is_spent = verdict is Verdict.SPENT
    refusal = _spent(ask.sync, asked, words) if is_spent else _moved(ask.sync, asked, words, held)
    return _kept(ask, offer, held, Held(refusal, others=held.problems if held else ()))


def _kept(ask: Question, offer: Offer | None, tripped: Held | None, held: Held | None) -> Decision:
    """What is held by a guard is recorded; for all else there is nothing to approve."""
    if offer is None or tripped is None or held is None:
        rest_of = ask.summary.rest_of or ("", ask.hooks.allowed_by(ask.summary))
        return Decision(held) if held else Decision(None, *rest_of)
    ask.store.keep(ask.epoch, ask.run_id, offer, _told(tripped))
    return Decision(held.named(offer.plan_id), offer.plan_id)


def _approved(
    ask: Question, asked: Approval, offer: Offer | None, tripped: Held | None
) -> Decision:
    """What still holds the plan, now that the guards do not; the approval is spent if nothing does.

    Another reason, such as a list that can't be relied on, leaves it good for a later run.
    """
    held = ask.hooks.released(ask.summary)
    waits = tripped.trip if tripped else None
    stopped = [c for c in ask.summary.causes if held and not held.lets(c)]
    if any(waits is None or not waits.lets(cause) for cause in stopped):
        return Decision(held, asked.plan_id)
    offer = offer or ask.store.offer(ask.epoch, Waits.ALL)
    ask.store.spend(ask.epoch, ask.run_id, asked, offer, _told(tripped))
    return Decision(held, asked.plan_id, asked.by)


def _told(tripped: Held | None) -> str:
    return "; ".join(problem.message for problem in tripped.problems) if tripped else ""


def _spent(sync: Sync, asked: Approval, words: str) -> Problem:
    return Problem(
        "approval-spent",
        f"plan {asked.plan_id} of {sync.name} was approved already, {words}, and has been sent",
        where=sync.path,
        hint="An approval is good for one plan, once. Nothing was sent now.",
        fix=f"run: python -m sync plan --select {sync.model}",
    )


def _moved(sync: Sync, asked: Approval, words: str, held: Held | None) -> Problem:
    look = f"python -m sync plan --select {sync.model} --show 20"
    anew = f"look at the new plan: {look}; when it is meant, run: python -m sync apply"
    fine = f"look at it: {look}; no guard holds it, so run: python -m sync apply"
    return Problem(
        "approval-moved",
        f"plan {asked.plan_id} of {sync.name} is not what would be sent now: {words}",
        where=sync.path,
        hint="An approval is good for exactly the plan that was held. Nothing was sent.",
        fix=f"{anew} --approve {PLAN_ID}" if held else f"{fine} --select {sync.model}",
    )
