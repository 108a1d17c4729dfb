"""Moves and removals that dbt_project.yml declares: what they come to here, and doing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sync.commands.moving import move
from sync.commands.orphans import Orphan, find, spellings
from sync.commands.retire import Retiring
from sync.errors import Problem, SyncError
from sync.http.ports import Clock
from sync.model import Kind, Sync
from sync.project.declared import FILE, VAR, Declared, Entry, Moved
from sync.project.preflight import Gated
from sync.project.project import Project
from sync.project.suggest import nearest
from sync.run.access import StateAccess
from sync.run.protocol import SyncResult

Action = Literal["move", "exit", "keep"]


@dataclass(frozen=True, slots=True)
class Step:
    """What a declaration does to one orphan. `new` is the name it goes to, where it is moved."""

    orphan: Orphan
    action: Action
    new: Sync | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """How a step ended; `problem` is why it was not done, or not to the end."""

    step: Step
    problem: Problem | None = None
    exit_code: int = 0
    sent: SyncResult | None = None
    """What its exits came to, where any were sent."""


def steps(project: Project, orphans: Sequence[Orphan]) -> list[Step]:
    """What is to be done, by orphan. Those that no declaration speaks of have no step."""
    found = (_step(project, orphan) for orphan in orphans)
    return [step for step in found if step is not None]


def _step(project: Project, orphan: Orphan) -> Step | None:
    path = _path(project.declared, orphan)
    for removed in project.declared.removed:
        if removed.old in path[-1]:
            has_exits = orphan.known.kind != Kind.EVENTS
            return Step(orphan, removed.members if has_exits else "keep")
    if len(path) == 1:
        return None
    return next((Step(orphan, "move", s) for s in project.siblings if _names(s) & path[-1]), None)


def _path(declared: Declared, orphan: Orphan) -> list[frozenset[str]]:
    known = orphan.known
    names = frozenset(spellings(known.sync, known.model, known.connection))
    return declared.path(names, known.connection)


def _names(sync: Sync) -> frozenset[str]:
    return frozenset({sync.name, f"{sync.model}.{sync.connection}"})


def spent(project: Project, orphans: Sequence[Orphan]) -> list[Entry]:
    """Entries that do nothing at this target any more."""
    declared = project.declared
    used = {n for orphan in orphans for names in _path(declared, orphan) for n in names}
    return [e for e in declared.entries if e.old not in used]


def misspelt(project: Project, orphans: Sequence[Orphan]) -> Iterator[Problem]:
    """Entries that do nothing, and are close to the name of a sync that no entry names."""
    taken = {step.orphan.name for step in steps(project, orphans)}
    free = [o for o in orphans if o.name not in taken]
    known = [n for o in free for n in (o.name, o.known.model)]
    for entry in spent(project, orphans):
        if close := nearest(entry.old, known):
            yield Problem(
                "vars-nothing",
                f"`{entry.old}` is {'moved' if isinstance(entry, Moved) else 'removed'}, and"
                " nothing is recorded of it",
                where=f"{FILE}, vars.{VAR}",
                hint=f"did you mean `{close}`?",
                fix="correct the name, or take the entry out",
            )


def as_moved(project: Project, access: StateAccess) -> StateAccess:
    """The state as it will be for plans: a moved sync reads what its old name has left."""
    if not project.declared.moved:
        return access
    moved = {s.new.name: s.orphan.name for s in steps(project, find(project, access)) if s.new}
    return replace(access, renamed=moved)


def carry_out(
    project: Project, access: StateAccess, clock: Clock, why_stop: Callable[[], str | None]
) -> list[Done]:
    """Do every step, moves first; one that fails stops no other. Raises SyncError."""
    if not project.declared.entries:
        return []
    todo = sorted(steps(project, find(project, access)), key=lambda step: step.action != "move")
    return [_done(project, access, step, clock, why_stop) for step in todo]


def _done(
    project: Project,
    access: StateAccess,
    step: Step,
    clock: Clock,
    why_stop: Callable[[], str | None],
) -> Done:
    try:
        if step.new is not None:
            move(project, access, step.orphan, step.new)
            return Done(step)
        members: Literal["exit", "keep"] = "keep" if step.action == "keep" else "exit"
        result = Retiring(project, access, members, clock, why_stop).retire(step.orphan)
    except SyncError as error:
        return Done(step, error.problems[0], error.exit_code)
    if result.status == "success":
        return Done(step, sent=result.sent)
    problem = next(iter(result.problems), _unfinished(step))
    return Done(step, problem, result.exit_code, result.sent)


def without(project: Project, done: Sequence[Done]) -> Project:
    """The project less the syncs whose move failed: they would begin anew what is there."""
    failed = {d.step.new.name: d for d in done if d.step.new is not None and d.problem is not None}
    held = [
        Gated(sync, failed[sync.name].problem or _unfinished(failed[sync.name].step), True, code)
        for sync in project.syncs
        if sync.name in failed
        for code in [failed[sync.name].exit_code]
    ]
    syncs = [sync for sync in project.syncs if sync.name not in failed]
    return replace(project, syncs=syncs, unsound=[*project.unsound, *held])


def _unfinished(step: Step) -> Problem:
    return Problem(
        "exits-open",
        f"not every exit of {step.orphan.name} is acknowledged",
        hint="The sync stays recorded until they are.",
        fix=f"run again: python -m sync apply; or: python -m sync retire {step.orphan.name}"
        " --members keep",
    )
