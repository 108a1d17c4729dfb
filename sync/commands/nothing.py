"""Why there is nothing to sync, and where to go on."""

from __future__ import annotations

from sync.errors import Problem
from sync.project.project import Project


def why_nothing(project: Project) -> Problem | None:
    """Why no selected sync can be planned; None where one can, or where its own problem says it."""
    if project.syncs or project.unsound:
        return None
    if project.unconnected:
        return _unconnected(project)
    if project.siblings:
        return Problem("no-syncs", "--exclude leaves no sync", fix="run: python -m sync ls")
    return _undescribed(project)


def _unconnected(project: Project) -> Problem:
    missing = {sync.connection for sync in project.unconnected}
    targets = project.profile.all_connections.by_target
    others = sorted(name for name, known in targets.items() if missing & known.keys())
    return Problem(
        "no-syncs",
        f"target {project.target.name} lacks {_named('connection', missing)}, so nothing of this"
        " selection can be sent from it",
        where=f"{project.profile_path}, {project.profile.key_of()}",
        fix=f"add {'it' if len(missing) == 1 else 'them'} there, or choose a target that has"
        f" {'it' if len(missing) == 1 else 'them'}: --target {' or '.join(others)}",
    )


def _undescribed(project: Project) -> Problem:
    described = [m.name for m in project.manifest.models.values() if m.activation is not None]
    if described:
        return Problem(
            "no-syncs",
            f"no model goes to a destination; {_named('model', set(described))} only inform others",
            where="config.meta.activation.destinations of a model",
            fix="run: python -m sync init",
        )
    return Problem(
        "no-syncs",
        "no model says where it goes",
        where=str(project.manifest.path),
        hint="A model goes out that has config.meta.activation in its YAML file.",
        fix="run: python -m sync init; or, where you wrote it already: dbt parse",
    )


def _named(noun: str, names: set[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in sorted(names)[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{noun}{'' if len(names) == 1 else 's'} {listed}{more}"
