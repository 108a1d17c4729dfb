"""What may run: dbt's artifacts of today, judged with the verdicts that the state remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sync.errors import Problem, StateError
from sync.model import Sync
from sync.plan.guards import GuardLimits, Held, Waits, both, guard
from sync.project.evidence import NOTHING, Allowed
from sync.project.preflight import Gated, Preflight
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import installation, whose
from sync.state.store import PlanSummary
from sync.state.verdicts import read_verdicts, remember


def look(project: Project, access: StateAccess, allowed: Allowed = NOTHING) -> Preflight:
    """What the gates find now; nothing is written."""
    if not project.syncs:
        return project.gate()
    with access.catalogue() as state:
        remembered, others = read_verdicts(state), whose.of_others(state)
    return _without(others, project.gate(remembered, allowed))


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


def hold(
    preflight: Preflight, sync: Sync, summary: PlanSummary, limits: GuardLimits
) -> Held | None:
    """The reason to hold a plan, or a part of it.

    What the guards say, then what nothing proves, then what is not known for sure of policies.
    """
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
        found = _without(others, project.gate(remembered, allowed))
        remember(state, remembered, found.verdicts, now)
    return found
