"""What may run: dbt's artifacts of today, judged with the verdicts that the state remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sync.errors import PlanHeld, Problem, StateError
from sync.model import Sync
from sync.plan.guards import GuardLimits, Held, Waits, both, guard
from sync.project.evidence import NOTHING, Allowed
from sync.project.preflight import Gated, Preflight
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import installation, syncs, whose
from sync.state.catalogue import Catalogue
from sync.state.store import PlanSummary
from sync.state.verdicts import read_verdicts, remember

NOT_RENAMED: Mapping[str, str] = {}


def look(project: Project, access: StateAccess, allowed: Allowed = NOTHING) -> Preflight:
    """What the gates find now; nothing is written."""
    if not project.syncs:
        return project.gate()
    with access.catalogue() as state:
        remembered, others = read_verdicts(state), whose.of_others(state)
        found = _without(others, project.gate(remembered, allowed))
        return _guarded(state, found, access.renamed)


def require_evidence(
    project: Project, access: StateAccess, sync: Sync, allowed: Allowed = NOTHING
) -> None:
    """Raise PlanHeld where builds and tests of its model hold a sync; nothing is written."""
    found = [one for one in look(project, access, allowed).gated if one.sync.name == sync.name]
    held = [g.problem for g in found if g.is_refused and g.exit_code == PlanHeld.exit_code]
    if held:
        raise PlanHeld(*held)


def _without(others: Mapping[str, Problem], found: Preflight) -> Preflight:
    """The same, with syncs refused whose state is another's: what it remembers is not of ours."""
    looked_at = {sync.name: sync for sync in (*found.open, *(g.sync for g in found.gated))}
    foreign = [sync for name, sync in looked_at.items() if name in others]
    gated = [g for g in found.gated if g.sync.name not in others]
    gated += [
        Gated(sync, others[sync.name], is_refused=True, exit_code=StateError.exit_code)
        for sync in foreign
    ]
    models = {sync.unique_id for sync in foreign}
    return replace(
        found,
        open=[sync for sync in found.open if sync.name not in others],
        gated=gated,
        verdicts=tuple(v for v in found.verdicts if models.isdisjoint({v.node, *v.models})),
    )


def planning(preflight: Preflight, access: StateAccess, sync: Sync) -> StateAccess:
    """The access for the plan of a sync: of a refused one, nothing is read of its model."""
    if preflight.refusal(sync) is None:
        return access
    return replace(access, as_of=replace(access.as_of, only_protective=True))


def hold(
    preflight: Preflight, sync: Sync, summary: PlanSummary, limits: GuardLimits
) -> Held | None:
    """The reason to hold a plan, or a part of it.

    Of a refused sync, its refusal. Else what the guards say, then what nothing proves, then what is
    not known for sure of policies.
    """
    listed = tuple(preflight.doubts.get(sync.name, ()))
    if preflight.refusal(sync):
        refusals = [g.problem for g in preflight.gated if g.is_refused and g.sync.name == sync.name]
        return Held(refusals[0], others=(*refusals[1:], *listed))
    if summary.refusal:
        return Held(summary.refusal[0], others=(*summary.refusal[1:], *listed))
    held = guard(sync, summary, limits)
    unproven = preflight.hold_removals(sync, summary.leaving)
    if unproven is not None and (held is None or held.waits is not Waits.ALL):
        held = both(held, Held(unproven, Waits.REMOVALS))
    doubts = [*preflight.doubts.get(sync.name, ()), *summary.doubts]
    if not doubts:
        return held
    return both(held, Held(doubts[0], Waits.ENTRIES, tuple(doubts[1:])))


def look_and_remember(
    project: Project, access: StateAccess, now: datetime, allowed: Allowed = NOTHING
) -> Preflight:
    """As `look`, and keep every verdict for later runs, those of held syncs too."""
    if not project.syncs:
        return project.gate()
    with access.opened() as state:
        installation.ensure(state)
        remembered, others = read_verdicts(state), whose.of_others(state)
        found = _guarded(state, _without(others, project.gate(remembered, allowed)))
        remember(state, remembered, found.verdicts, now)
    return found


def _guarded(
    state: Catalogue, found: Preflight, renamed: Mapping[str, str] = NOT_RENAMED
) -> Preflight:
    """The same, with the refused syncs whose members a suppression or consent model may remove.

    `renamed` has the names under which syncs are still recorded that are about to be moved.
    """
    asking = [
        refusal
        for refusal in found.gated
        if refusal.is_refused and refusal.exit_code == PlanHeld.exit_code and refusal.sync.has_lists
    ]
    if not asking or not state.is_installed():
        return found
    known = {name for one in asking for name in syncs.recorded(state, one.sync.connection)}
    first: dict[str, Gated] = {}
    for one in asking:
        if renamed.get(one.sync.name, one.sync.name) in known:
            first.setdefault(one.sync.name, one)
    return replace(found, guarded=tuple(first.values()))
