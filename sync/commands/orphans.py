"""Syncs that stand in the state and not in the project: named by every command, sent by none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sync.errors import ConfigError, Problem, SyncError
from sync.model import Kind, Relation, Sync
from sync.project.compile import describes_state, normal_form_of
from sync.project.project import Project
from sync.project.suggest import did_you_mean
from sync.project.vendors import Vendor, load_vendor
from sync.run.access import StateAccess
from sync.state import gone, syncs, whose, written
from sync.state.catalogue import Catalogue
from sync.state.syncs import Remembered

Lack = Literal["model", "entry", "connection"]
"""What the project, or its target, has no more."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A sync that the project has no more, and the members that it left at its destination."""

    known: Remembered
    lack: Lack
    members: int
    unconfirmed: int

    @property
    def name(self) -> str:
        """Of the sync."""
        return self.known.sync

    @property
    def held(self) -> str:
        """Its members, in words."""
        noun = "event" if self.known.kind == Kind.EVENTS else "member"
        return f"{self.members:,} {noun}{'' if self.members == 1 else 's'}"

    @property
    def problem(self) -> Problem:
        """What is wrong, with its number, and the ways out."""
        known = self.known
        lacks = {
            "model": f"model {known.model}",
            "entry": f"the entry for {known.connection} in {known.model}",
            "connection": f"connection {known.connection}",
        }
        keep = "keeps" if self.members == 1 else "keep"
        return Problem(
            "sync-gone",
            f"{known.sync} is recorded, and {lacks[self.lack]} is gone: {self.held} {keep} what was"
            f" sent to {known.connection}",
            hint="Nothing is sent for it.",
            fix=f"take all of it back: python -m sync retire {known.sync}; or, when it was renamed:"
            f" python -m sync state move {known.sync} NEW",
        )


def find(project: Project, access: StateAccess) -> list[Orphan]:
    """Every orphan of this project and target, by name. Raises SyncError."""
    unreadable = _unsound(project)
    with access.catalogue() as state:
        found = gone.unknown_to(state, _names(project))
        return [_orphan(state, project, known) for known in found if known.model not in unreadable]


def find_or_none(project: Project, access: StateAccess) -> list[Orphan]:
    """As `find`; none where the state can't be read, which ends every sync with its own error."""
    try:
        return find(project, access)
    except SyncError:
        return []


def _names(project: Project) -> set[str]:
    """The syncs that this target can send."""
    return {s.name for s in project.siblings if s.connection in project.connections}


def _unsound(project: Project) -> set[str]:
    """Models of which something can't be read: nobody can say which syncs they lack."""
    stopped = {node for finding in project.findings for node in finding.models}
    return {s.model for s in project.siblings if s.unique_id in stopped}


def _orphan(state: Catalogue, project: Project, known: Remembered) -> Orphan:
    return Orphan(known, _lack(project, known), *gone.count_members(state, known.sync))


def _lack(project: Project, known: Remembered) -> Lack:
    if known.connection not in project.connections:
        return "connection"
    is_there = any(m.name == known.model for m in project.manifest.models.values())
    return "entry" if is_there else "model"


def named(orphans: list[Orphan], project: Project, text: str) -> list[Orphan]:
    """The orphans that a text names: a sync, a model, or `model.connection`.

    Raises ConfigError with the nearest spelling.
    """
    if found := [o for o in orphans if is_called(o.known, text)]:
        return found
    if any(text in spellings(s.name, s.model, s.connection) for s in project.siblings):
        raise ConfigError(_present(text))
    known = [spelling for o in orphans for spelling in (o.name, o.known.model)]
    raise ConfigError(
        Problem(
            "sync-unknown",
            f"`{text}` is no sync that the project has left",
            hint=did_you_mean(text, known, "syncs that are gone"),
            fix="run: python -m sync status",
        )
    )


def one(orphans: list[Orphan], project: Project, text: str) -> Orphan:
    """The only orphan that a text names. Raises ConfigError."""
    found = named(orphans, project, text)
    if len(found) > 1:
        names = ", ".join(orphan.name for orphan in found)
        problem = Problem(
            "sync-ambiguous", f"`{text}` names several syncs", fix=f"name one: {names}"
        )
        raise ConfigError(problem)
    return found[0]


def is_called(known: Remembered, text: str) -> bool:
    """Whether a text names a recorded sync."""
    return text in spellings(known.sync, known.model, known.connection)


def spellings(sync: str, model: str, connection: str) -> tuple[str, ...]:
    """The ways in which a sync may be named."""
    return sync, model, f"{model}.{connection}", f"{model}__{connection}"


def rebuilt(project: Project, access: StateAccess, known: Remembered) -> Sync:
    """The sync as it is recorded, without its model. Raises ConfigError without its connection."""
    vendor = _vendor(project, known)
    with access.catalogue() as state:
        state.tables = access.tables(known.sync)
        targets = [target for _, target in sorted(syncs.targets_of(state).items())]
    entry = written.read(known.mapping, targets)
    options = vendor.options.model_validate(entry.pop("options"))
    entry["vendor"] = project.connections[known.connection]
    columns = written.names_of(known.columns)
    traits = tuple(replace(c.trait, data_type=c.data_type) for c in columns)
    sync = replace(bare(known), traits=traits, options=options, **entry)
    coalesces = vendor.coalesces and describes_state(sync)
    return replace(
        sync,
        is_coalesced=coalesces,
        normal_form=normal_form_of(vendor, sync),
        names_records=vendor.names_records,
    )


def recalled(project: Project, access: StateAccess) -> list[Sync]:
    """The syncs that are recorded and that the project has no more, as well as can be told."""
    ours = {sync.name for sync in project.siblings}
    with access.catalogue() as state:
        if not state.is_installed():
            return []
        recorded = syncs.of_owner(state, whose.ours(state))
    return [_recalled(project, access, known) for known in recorded if known.sync not in ours]


def _recalled(project: Project, access: StateAccess, known: Remembered) -> Sync:
    try:
        return rebuilt(project, access, known)
    except (SyncError, ValueError):
        return bare(known)


def bare(known: Remembered) -> Sync:
    """The sync by its own row alone: enough to hold its lease, too little to send anything."""
    return Sync(
        name=known.sync,
        model=known.model,
        unique_id="",
        relation=Relation(None, "", ""),
        connection=known.connection,
        vendor="",
        kind=Kind(known.kind),
        identity=known.identity,
        definition=known.definition,
        on_drop="unset",
        is_gone=True,
    )


def _vendor(project: Project, known: Remembered) -> type[Vendor]:
    name = project.connections.get(known.connection)
    if name is None:
        raise ConfigError(_unconnected(project, known))
    vendor = load_vendor(project.registry, name, known.connection)
    if isinstance(vendor, Problem):
        raise ConfigError(vendor)
    before = written.vendor_of(known.mapping)
    if before not in (None, name):
        raise ConfigError(_other_vendor(known, before or "", name))
    return vendor


def _present(text: str) -> Problem:
    return Problem(
        "sync-present",
        f"the project still has `{text}`",
        hint="What a sync sends is ended by taking it out of the project first.",
        fix="remove its model, or the entry under `destinations`, and run dbt again",
    )


def _unconnected(project: Project, known: Remembered) -> Problem:
    target = project.target.name
    return Problem(
        "connection-gone",
        f"{known.sync} went to `{known.connection}`, which target {target} has no more",
        where=f"{project.profile_path}, {project.profile.key_of()}",
        hint="Nobody can be removed without the connection.",
        fix="put the connection back; or only forget what was sent:"
        f" python -m sync retire {known.sync} --members keep",
    )


def _other_vendor(known: Remembered, before: str, now: str) -> Problem:
    return Problem(
        "vendor-changed",
        f"{known.sync} went to {before}, and `{known.connection}` is {now} now",
        fix=f"give {now} a connection of another name; or only forget what was sent:"
        f" python -m sync retire {known.sync} --members keep",
    )
