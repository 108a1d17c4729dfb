"""The contracts of this project against those of another manifest, offline: `check --against`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.commands.contract_changes import ContractChange, Effect, Side, changes
from sync.commands.orphans import spellings
from sync.errors import ConfigError, Problem
from sync.model import Kind, Sync
from sync.project.artifacts import Manifest, read_manifest
from sync.project.compile import Drafts, draft_syncs
from sync.project.documentation import read_documentation
from sync.project.project import Project


@dataclass(frozen=True, slots=True)
class SyncChanges:
    """What is different for one sync."""

    model: str
    destination: str
    old_version: int | None
    """None for a sync that is new."""
    new_version: int | None
    """None for one whose model is gone."""
    changes: tuple[ContractChange, ...]

    @property
    def is_raised(self) -> bool:
        """Whether a breaking change is said by the version."""
        old, new = self.old_version, self.new_version
        return old is not None and new is not None and new > old


@dataclass(frozen=True, slots=True)
class Compared:
    """Every sync for which something is different, by name, and what is refused of it."""

    manifest: Path
    syncs: tuple[SyncChanges, ...]
    problems: tuple[Problem, ...]
    unread: tuple[str, ...] = ()
    """Models that can't be compared, because one of the two manifests has no sound metadata."""


def compare(project: Project, path: Path) -> Compared:
    """What differs from the manifest at `path`, or in the folder `path`. Raises ConfigError."""
    before = _read(path)
    connections, registry = project.profile.known_connections, project.registry
    was, now = (
        draft_syncs(manifest, connections, registry, project.policies)
        for manifest in (before, project.manifest)
    )
    unread = _unread(before, was) | _unread(project.manifest, now)
    documents = [read_documentation(manifest.path) for manifest in (before, project.manifest)]
    old = [Side(d, documents[0]) for d in was.syncs if d.sync.model not in unread]
    new = [Side(d, documents[1]) for d in now.syncs if d.sync.model not in unread]
    versions = {activated.model.name: activated.meta.version for activated in now.models}
    found = tuple(
        sorted(_pairs(project, old, new, versions), key=lambda s: (s.model, s.destination))
    )
    problems = tuple(dict.fromkeys(p for one in found for p in _refused(one)))
    return Compared(before.path, found, problems, tuple(sorted(unread)))


def _read(path: Path) -> Manifest:
    file = path / "manifest.json" if path.is_dir() else path
    if not file.exists():
        raise ConfigError(
            Problem(
                "against-missing",
                f"there is no {file.name} to compare with",
                where=str(file),
                fix="write it from a checkout of the other branch:"
                " dbt parse --target-path target/main",
            )
        )
    return read_manifest(file)


def _unread(manifest: Manifest, drafts: Drafts) -> set[str]:
    """Models with metadata that can't be read as far as needed."""
    read = {activated.model.unique_id for activated in drafts.models}
    names = {i: m.name for i, m in manifest.models.items() if m.activation is not None}
    return {name for unique_id, name in names.items() if unique_id not in read}


def _pairs(
    project: Project, old: Sequence[Side], new: Sequence[Side], versions: Mapping[str, int]
) -> Iterator[SyncChanges]:
    """Each sync of either side once, with its differences, where it has any.

    `versions` are those of today's models by name.
    """
    left = {side.sync.name: side for side in new}
    for side in old:
        sync = side.sync
        names = frozenset(spellings(sync.name, sync.model, sync.connection))
        path = project.declared.path(names, sync.connection)
        after = next((s for s in left.values() if _names(s.sync) & path[-1]), None)
        if after is None:
            yield _gone(project, side, path[-1], versions.get(sync.model))
            continue
        del left[after.sync.name]
        found = [*_moved(side, after), *changes(side, after), *_version(side, after)]
        if found:
            now = after.sync
            yield SyncChanges(now.model, now.connection, sync.version, now.version, tuple(found))
    for side in left.values():
        change = ContractChange("sync-added", "is new", side.entry_at(), effect=Effect.ADDS_ALL)
        yield SyncChanges(side.sync.model, side.sync.connection, None, side.sync.version, (change,))


def _names(sync: Sync) -> frozenset[str]:
    return frozenset({sync.name, f"{sync.model}.{sync.connection}"})


def _moved(old: Side, new: Side) -> Iterator[ContractChange]:
    if old.sync.name != new.sync.name:
        text = f"was {old.sync.model} -> {old.sync.connection}, and is moved with its members"
        yield ContractChange("sync-moved", text, new.entry_at())


def _gone(project: Project, side: Side, names: frozenset[str], version: int | None) -> SyncChanges:
    sync = side.sync
    said = next((r for r in project.declared.removed if r.old in names), None)
    if said is not None:
        exits = said.members == "exit"
        text = f"is removed; its members {'leave' if exits else 'stay as they are'}"
        effect = Effect.REMOVES_ALL if exits else Effect.NOTHING
        change = ContractChange("sync-removed", text, side.entry_at(), effect=effect)
    else:
        change = ContractChange(
            "sync-gone",
            "is gone, and nothing says whether it was moved or removed: its members keep what was"
            " sent",
            side.entry_at(),
            is_breaking=True,
            remedy="say it under `moved` or `removed` of the var `activation` in dbt_project.yml,"
            " or put it back",
        )
    return SyncChanges(sync.model, sync.connection, sync.version, version, (change,))


def _version(old: Side, new: Side) -> Iterator[ContractChange]:
    was, now = old.sync.version, new.sync.version
    where = new.at("version")
    if now < was:
        text = f"has version {now}, and had {was}"
        remedy = f"set `version: {was}` in {new.draft.activated.place.file}, or a higher one"
        yield ContractChange("version-lowered", text, where, True, remedy=remedy)
    elif now > was:
        text = f"has version {now}, and had {was}"
        effect = Effect.SENDS_ALL if _travels(new) else Effect.NOTHING
        yield ContractChange("version-raised", text, where, effect=effect)


def _travels(side: Side) -> bool:
    """Whether the version is a trait, of rows that are ever sent again."""
    is_lasting = side.sync.kind is not Kind.EVENTS
    return is_lasting and any(trait.constant is not None for trait in side.sync.traits)


def _refused(found: SyncChanges) -> Iterator[Problem]:
    """A problem for each breaking change that no higher version says."""
    if found.is_raised:
        return
    for change in found.changes:
        if change.is_breaking:
            raised = (found.old_version or 1) + 1
            fix = change.remedy or (
                f"take the change back; or, if it is meant, set `version: {raised}` under"
                f" config.meta.activation of {found.model}, and tell those who read it"
            )
            yield Problem(
                f"contract-{change.code}",
                f"{found.model} -> {found.destination} {change.text}",
                where=change.where,
                hint=f"It breaks what readers of version {found.old_version} rely on.",
                fix=fix,
            )
