"""What `plan` and `apply` both start from, without anything that sends: the state, the order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from sync.model import Kind, Sync
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state.store import TERMS, Terms
from sync.warehouse import open_warehouse

JOURNAL_DIR = ".activation"
"""At the project's root, because `dbt clean` deletes target/."""
KIND_ORDER = (Kind.TRAITS, Kind.OBJECTS, Kind.SEGMENT, Kind.EVENTS)
"""People before what refers to them: a vendor may not know a person yet."""

SEVERITY = (7, 2, 5, 6, 3, 4, 8, 1)
"""Which exit code wins when several syncs ended differently."""


def open_state(
    project: Project,
    lock_wait: float = 60.0,
    journal_dir: Path | None = None,
    terms: Terms = TERMS,
    is_stopping: Callable[[], bool] = lambda: False,
) -> StateAccess:
    """The state of a project at its target; nothing is opened yet."""
    target = project.target
    return StateAccess(
        warehouse=open_warehouse(
            target.adapter_type, target.credentials, project.dir, project.state_schema
        ),
        schema=project.state_schema,
        journal_root=(journal_dir or project.dir / JOURNAL_DIR) / target.name,
        lock_wait=lock_wait,
        project=project.name,
        target=target.name,
        siblings=tuple(project.siblings),
        terms=terms,
        is_stopping=is_stopping,
    )


def in_order(syncs: Sequence[Sync]) -> list[Sync]:
    """By destination, and within one: people, objects, segments, events."""
    return sorted(syncs, key=lambda s: (s.connection, KIND_ORDER.index(s.kind), s.name))


def gravest(codes: Collection[int]) -> int:
    """The exit code that wins; 0 when there is none."""
    return next((code for code in SEVERITY if code in codes), 0)
