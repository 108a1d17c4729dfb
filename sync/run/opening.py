"""What `plan` and `apply` both start from, without anything that sends: the state, the order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from pathlib import Path

from sync.journal.spool import sweep
from sync.model import Kind, Sync
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state.store import TERMS, Terms
from sync.warehouse import open_warehouse

JOURNAL_DIR = ".activation"
"""At the project's root, because `dbt clean` deletes target/."""
KIND_ORDER = (Kind.TRAITS, Kind.OBJECTS, Kind.SEGMENT, Kind.EVENTS)
"""People before what refers to them: a vendor may not know a person yet."""

SEVERITY = (7, 2, 5, 6, 3, 4, 1)
"""Which exit code wins when several syncs ended differently."""


def open_state(
    project: Project,
    lock_wait: float = 60.0,
    journal_dir: Path | None = None,
    terms: Terms = TERMS,
    is_stopping: Callable[[], bool] = lambda: False,
) -> StateAccess:
    """The state of a project at its target; no warehouse is opened yet.

    What a run of this project that died has left of its plan in plain is deleted first.
    """
    target = project.target
    home = journal_home(project, journal_dir)
    sweep(home)
    return StateAccess(
        warehouse=open_warehouse(
            target.adapter_type, target.credentials, project.dir, project.state_schema
        ),
        schema=project.state_schema,
        journal_root=home.joinpath(*_other_profile(project), folder(target.name)),
        lock_wait=lock_wait,
        project=project.name,
        target=target.name,
        siblings=tuple(project.siblings),
        terms=terms,
        journal_home=home,
        is_stopping=is_stopping,
    )


def journal_home(project: Project, journal_dir: Path | None) -> Path:
    """The folder of this project's journals; several projects may share a `journal_dir`."""
    if journal_dir is None:
        return project.dir / JOURNAL_DIR
    return journal_dir / folder(project.name)


def _other_profile(project: Project) -> list[str]:
    """One more level for a profile that is not the project's own: targets have the same names."""
    return [] if project.profile.is_own else [folder(f"profile {project.profile.name}")]


def folder(name: str) -> str:
    """A name as the name of a folder; one that is unfit is cut and ends in a hash."""
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}", name):
        return name
    fit = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:40]
    return f"{fit}-{sha256(name.encode()).hexdigest()[:8]}"


def in_order(syncs: Sequence[Sync]) -> list[Sync]:
    """By destination, and within one: people, objects, segments, events."""
    return sorted(syncs, key=lambda s: (s.connection, KIND_ORDER.index(s.kind), s.name))


def gravest(codes: Collection[int]) -> int:
    """The exit code that wins; 0 when there is none."""
    return next((code for code in SEVERITY if code in codes), 0)
