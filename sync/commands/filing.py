"""A plan in a file: `plan --out` makes it, and `apply FILE` sends exactly that, or nothing.

Before anything is sent every sync of the file is planned and compared; then the run itself asks
each plan once more, when it is committed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sync import __version__
from sync.commands import orphans, succession
from sync.commands.check import hold_unconnected
from sync.commands.plan import Preview, preview
from sync.commands.plan_file import Entry, PlanFile
from sync.commands.preflight import hold, look, planning
from sync.errors import (
    Busy,
    ConfigError,
    DestinationError,
    PlanHeld,
    Problem,
    StateError,
    SyncError,
    WarehouseError,
)
from sync.plan import whole
from sync.plan.guards import GuardLimits
from sync.project.evidence import Allowed
from sync.project.preflight import Preflight
from sync.project.project import Project
from sync.rules import AsOf
from sync.run.access import StateAccess
from sync.run.opening import gravest
from sync.state import held_plans
from sync.state.held_plans import HeldPlan
from sync.state.store import Filed, Whole

ERRORS: Mapping[int, type[SyncError]] = {
    error.exit_code: error
    for error in (Busy, ConfigError, DestinationError, PlanHeld, StateError, WarehouseError)
}


NO_PLAN = Whole("", "", "", "", 0, 0, 0, {})
"""Of a sync of the file that can't be planned: no plan is the same."""


def salt_for(access: StateAccess) -> str:
    """Empty where the state has a salt of its own, which then makes the ids; else a new one."""
    with access.catalogue() as state:
        return "" if state.is_installed() else secrets.token_hex(16)


def refuse_pending(project: Project, access: StateAccess) -> None:
    """Raise ConfigError while moves and removals that are declared are still to be carried out."""
    steps = succession.steps(project, orphans.find(project, access))
    if steps:
        names = ", ".join(sorted(step.orphan.name for step in steps))
        raise ConfigError(_pending(names))


def made(
    project: Project,
    preflight: Preflight,
    previews: Sequence[Preview],
    options: Mapping[str, Any],
    salt: str,
    now: datetime,
) -> PlanFile:
    """The file of these plans. Raises the error of the first that could not be made."""
    if failed := [one for one in previews if one.exit_code not in (0, PlanHeld.exit_code)]:
        problems = [p for one in failed for p in (one.problem, *one.others) if p is not None]
        raise ERRORS[gravest({one.exit_code for one in failed})](*problems)
    plans = {one.sync.name: one.whole for one in previews}
    unmade = {one.sync.name: _code_of(one) for one in previews}
    syncs = {s.name: s for s in (*(g.sync for g in preflight.gated), *preflight.open)}
    refused = {**unmade, **_refusals(preflight)}
    entries = [
        Entry(s.name, s.model, s.connection, plans.get(s.name), refused[s.name])
        for s in syncs.values()
        if s.name in refused
    ]
    return PlanFile(
        version=__version__,
        project=project.name,
        profile=project.profile.name,
        target=project.target.name,
        planned_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        salt=salt,
        options=options,
        entries=tuple(sorted(entries, key=lambda entry: entry.sync)),
    )


def _refusals(preflight: Preflight) -> dict[str, str]:
    """By sync, the code of the first refusal."""
    refused = [g for g in preflight.gated if g.is_refused]
    return {g.sync.name: g.problem.code for g in reversed(refused)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A file with what it is asked for."""

    file: PlanFile
    name: str
    """As it was typed."""
    limits: GuardLimits
    allowed: Allowed
    by: str


def require(
    project: Project, access: StateAccess, asked: Asked, now: datetime
) -> tuple[Project, dict[str, Filed]]:
    """The project with the syncs of the file alone, and what is asked of each.

    Raises ConfigError where the file is of another project or target, and PlanHeld with what has
    moved, for each sync.
    """
    _refuse_other(project, asked)
    refuse_pending(project, access)
    known = {s.name: s for s in (*project.syncs, *(gated.sync for gated in project.unsound))}
    gone = [e for e in asked.file.entries if e.sync not in known]
    names = {entry.sync for entry in asked.file.entries}
    project = replace(
        project,
        syncs=[sync for sync in project.syncs if sync.name in names],
        unsound=[gated for gated in project.unsound if gated.sync.name in names],
    )
    problems = [_gone(entry, asked) for entry in gone]
    problems += _compared(project, access, asked, now)
    if problems:
        raise PlanHeld(*problems)
    return project, {
        entry.sync: Filed(entry.whole or NO_PLAN, asked.file.salt, asked.by, asked.name)
        for entry in asked.file.entries
    }


def _compared(
    project: Project, access: StateAccess, asked: Asked, now: datetime
) -> Iterator[Problem]:
    preflight = hold_unconnected(project, look(project, access, asked.allowed))
    chosen = {name: asked.file.options[name] for name in ("only_cohort", "limit")}
    as_of = AsOf(now, preflight.doubted, zone=project.zone, **chosen)
    access = replace(access, as_of=as_of)
    refused = _refusals(preflight)
    syncs = {s.name: s for s in (*preflight.open, *(g.sync for g in preflight.gated))}
    for entry in asked.file.entries:
        if (sync := syncs.get(entry.sync)) is None:
            continue
        code = refused.get(sync.name, "")
        made: Preview | None = None
        if not code or preflight.refusal(sync) is not None:
            guard = partial(hold, preflight, sync, limits=asked.limits)
            reads = planning(preflight, access, sync)
            made = _planned(preview(reads, sync, guard, salt=asked.file.salt))
            code = code or _code_of(made)
        if words := [*_words(entry, code), *_moved(access, entry, made)]:
            yield whole.refusal(sync, asked.name, "; ".join([*_version(asked), *words]))
        elif version := _version(asked):
            yield whole.refusal(sync, asked.name, *version)


def _planned(made: Preview) -> Preview:
    """The same. Raises the error of one that could not be made, unless it is held for it."""
    if made.exit_code not in (0, PlanHeld.exit_code):
        raise ERRORS[made.exit_code](*(p for p in (made.problem, *made.others) if p is not None))
    return made


def _code_of(made: Preview) -> str:
    """What holds a plan that could not be made; empty where there is one."""
    return made.problem.code if made.whole is None and made.problem is not None else ""


def _version(asked: Asked) -> list[str]:
    if asked.file.version == __version__:
        return []
    return [f"it was written by version {asked.file.version}, and this is {__version__}"]


def _words(entry: Entry, refused: str) -> Iterator[str]:
    if refused != entry.refused:
        was = f"was refused ({entry.refused}) then" if entry.refused else "was not refused then"
        yield f"the sync {was}, and is {f'refused ({refused})' if refused else 'not'} now"


def _moved(access: StateAccess, entry: Entry, now: Preview | None) -> Iterator[str]:
    """That the plan was sent already, or what moved of it."""
    if entry.whole is None or now is None or now.whole is None:
        return
    with access.catalogue(entry.sync) as state:
        sent = whole.applied(held_plans.of_sync(state), entry.whole.plan_id)
    if sent is not None:
        yield _sent(sent)
    elif words := whole.moved(entry.whole, now.whole):
        yield words


def _sent(plan: HeldPlan) -> str:
    told = f"it was applied already, {plan.approved_at:%Y-%m-%d %H:%M} UTC by {plan.approved_by}"
    if not plan.is_under_way:
        return told
    return f"{told}; what is left of it goes with: python -m sync apply"


def _refuse_other(project: Project, asked: Asked) -> None:
    pairs = [
        ("project", asked.file.project, project.name),
        ("profile", asked.file.profile, project.profile.name),
        ("target", asked.file.target, project.target.name),
    ]
    told = [f"{what} {then}, not {now}" for what, then, now in pairs if then != now]
    if told:
        raise ConfigError(_other(asked.name, ", ".join(told)))


def _other(name: str, told: str) -> Problem:
    return Problem(
        "plan-file-other",
        f"{name} is a plan of {told}",
        hint="Nothing was sent.",
        fix="apply it where it was written, or write one here: python -m sync plan --out FILE",
    )


def _gone(entry: Entry, asked: Asked) -> Problem:
    return Problem(
        "plan-moved",
        f"the plan of {entry.sync} is not the one in {asked.name}: the project has no such sync at"
        " this target any more",
        hint="Nothing of the file was sent.",
        fix=f"write it anew: python -m sync plan --out {asked.name}",
    )


def _pending(names: str) -> Problem:
    return Problem(
        "plan-file-pending",
        f"dbt_project.yml declares moves or removals that are still to be carried out: {names}",
        hint="A plan in a file holds none of them. Nothing was sent.",
        fix="carry them out first: python -m sync apply",
    )
