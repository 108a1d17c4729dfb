"""What may run: dbt's artifacts of today, judged with the verdicts that the state remembers."""

from __future__ import annotations

from datetime import datetime

from sync.model import Sync
from sync.plan.guards import GuardLimits, Held, guard
from sync.project.evidence import NOTHING, Allowed
from sync.project.preflight import Preflight
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import installation
from sync.state.store import PlanSummary
from sync.state.verdicts import read_verdicts, remember


def look(project: Project, access: StateAccess, allowed: Allowed = NOTHING) -> Preflight:
    """What the gates find now; nothing is written."""
    if not project.syncs:
        return project.gate()
    with access.catalogue() as state:
        remembered = read_verdicts(state)
    return project.gate(remembered, allowed)


def hold(
    preflight: Preflight, sync: Sync, summary: PlanSummary, limits: GuardLimits
) -> Held | None:
    """The reason to hold a plan, or its removals: what the guards say, then what nothing proves."""
    held = guard(sync, summary, limits)
    unproven = preflight.hold_removals(sync, summary.leaving)
    if unproven is None or (held is not None and not held.only_removals):
        return held
    return Held(unproven, only_removals=True)


def look_and_remember(
    project: Project, access: StateAccess, now: datetime, allowed: Allowed = NOTHING
) -> Preflight:
    """As `look`, and keep every verdict for later runs, those of held syncs too."""
    if not project.syncs:
        return project.gate()
    with access.opened() as state:
        installation.ensure(state)
        remembered = read_verdicts(state)
        found = project.gate(remembered, allowed)
        remember(state, remembered, found.verdicts, now)
    return found
