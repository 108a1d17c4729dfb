"""Check a project offline: no network, no warehouse, and no secret in the environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePath

from sync.data_types import NUMBERS, Family, family
from sync.destinations.notices import Notifiers
from sync.errors import Problem
from sync.model import Kind, Sync
from sync.project.artifacts import Model
from sync.project.literal_secrets import literal_secrets
from sync.project.notifications import check_notifiers
from sync.project.preflight import Gated, Preflight
from sync.project.project import Project
from sync.project.vendors import check_connection
from sync.run.access import StateAccess
from sync.state import volatile
from sync.warehouse.proved import unproved


def complaints(project: Project) -> list[Problem]:
    """Everything that has to be mended, over the connections of all targets of the profile."""
    adapter = unproved(project.target.adapter_type)
    everywhere = project.profile.all_connections.by_target
    return [
        *([adapter] if adapter else ()),
        *project.problems,
        *_of_connections(
            project, ((target, n) for target in everywhere for n in everywhere[target])
        ),
        *check_notifiers(project.profile, Notifiers()),
    ]


def outdated(project: Project, models: Iterable[Model]) -> list[Problem]:
    """A warning where files of these models are newer than the manifest, which is what is read."""
    path = project.manifest.path
    read_at = _changed_at(path)
    files = {file for model in models for file in (model.path, model.yaml_path, _yaml(model))}
    newer = sorted(file for file in files if file and _changed_at(project.dir / file) > read_at)
    if not newer:
        return []
    rest = f" and {len(newer) - 1} more" if len(newer) > 1 else ""
    return [
        Problem(
            "manifest-older",
            f"{path.name} is older than {newer[0]}{rest}, and holds what stood there before",
            where=str(path),
            fix="run: dbt parse",
        )
    ]


def own_models(project: Project) -> list[Model]:
    """The models of the project itself, whose files lie in its folder."""
    return [m for m in project.manifest.models.values() if m.package == project.name]


def _yaml(model: Model) -> str:
    """Where a model's YAML lies that dbt has not read yet."""
    return str(PurePath(model.path).with_suffix(".yml")) if model.path else ""


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def hints(project: Project) -> list[Problem]:
    """What is taken and regretted later; it refuses nothing."""
    found: list[Problem] = []
    for sync in [*project.syncs, *project.unconnected]:
        found += project.registry.load(sync.vendor).hints(sync)
        found += [_stays(sync)] if _keeps_everybody(sync) else []
    profile = project.profile
    found += literal_secrets(profile.all_connections, project.registry)
    found += literal_secrets(profile.notifiers, Notifiers())
    return found


def volatile_columns(project: Project, access: StateAccess) -> list[Problem]:
    """Columns that make each run send most people again, as the logs say. Raises SyncError."""
    with access.catalogue() as state:
        found = {sync.name: volatile.found_in(state, sync) for sync in project.syncs}
    return [_volatile(sync, name) for sync in project.syncs for name in found[sync.name]]


def _volatile(sync: Sync, name: str) -> Problem:
    trait = next(trait for trait in sync.traits if trait.name == name)
    of = family(trait.data_type)
    is_number = not trait.is_pii and of in NUMBERS and of is not Family.DURATION
    banded = f"`bands: {{{trait.column}: [<edges>]}}`, or " if is_number else ""
    return Problem(
        "column-volatile",
        f"{sync.name}: `{trait.column}` changed for half of its members or more in each of the last"
        f" {volatile.RUNS} runs",
        where=f"{sync.path}, config.meta.activation",
        hint="Every run sends most people again, for this column.",
        fix=f"send it less often: {banded}`ignore_changes: [{trait.column}]`",
    )


def _keeps_everybody(sync: Sync) -> bool:
    asks = bool(sync.rules.suppress or sync.rules.requires)
    return asks and sync.on_remove == "keep" and sync.kind is not Kind.EVENTS


def _stays(sync: Sync) -> Problem:
    return Problem(
        "stays-suppressed",
        f"{sync.name}: people who are suppressed or lose consent stay at {sync.connection} as they"
        " are, because of `on_remove: keep`",
        where=f"{sync.path}, config.meta.activation.destinations",
        hint="Nothing new is sent for them.",
        fix="remove `on_remove: keep`, so that they leave",
    )


def hold_unconnected(project: Project, preflight: Preflight) -> Preflight:
    """The same, with the syncs refused whose connection can't be used as it is configured."""
    looked_at = [*preflight.open, *(g.sync for g in preflight.guarded)]
    names = dict.fromkeys(sync.connection for sync in looked_at)
    target = project.target.name
    found = {name: _of_connections(project, [(target, name)]) for name in names}
    gated = [
        Gated(sync, problem, is_refused=True, exit_code=2)
        for sync in preflight.open
        for problem in found[sync.connection]
    ]
    usable = [sync for sync in preflight.open if not found[sync.connection]]
    guarded = tuple(g for g in preflight.guarded if not found[g.sync.connection])
    gated = [*preflight.gated, *gated]
    return replace(preflight, open=usable, gated=gated, guarded=guarded)


def _of_connections(project: Project, where: Iterable[tuple[str, str]]) -> list[Problem]:
    return [
        problem
        for target, name in where
        for problem in check_connection(project.profile, target, name, project.registry)
    ]
