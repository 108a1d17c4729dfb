"""The contract: what every model sends where, from the manifest alone, the same on each machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.commands.conditions import conditions
from sync.errors import ConfigError
from sync.model import Kind, Sync
from sync.project.artifacts import Column
from sync.project.documentation import NO_FACTS, ColumnFacts, Documentation, read_documentation
from sync.project.mapping import named_columns
from sync.project.metadata import MetaKind
from sync.project.metadata_reader import Activated, read_model
from sync.project.project import Project

FORMAT = 1
WRITTEN_BY = "python -m sync contract"


def contract(project: Project) -> dict[str, Any]:
    """What is sent, ready for JSON: models by kind and name, columns as they are declared.

    Holds nothing that depends on the dbt target, the time or the machine. Raises ConfigError with
    all that `check` finds in the models, because a contract of half a project would mislead.
    """
    if project.problems:
        raise ConfigError(*project.problems)
    documentation = read_documentation(project.manifest.path)
    syncs: dict[str, list[Sync]] = defaultdict(list)
    for sync in sorted(project.siblings, key=lambda sync: sync.connection):
        syncs[sync.unique_id].append(sync)
    models = [
        _model(activated, syncs[activated.model.unique_id], documentation)
        for activated in _activated(project)
    ]
    order = list(MetaKind)
    models.sort(key=lambda m: (order.index(m["kind"]), m["model"]))
    return {
        "written_by": WRITTEN_BY,
        "format": FORMAT,
        "project": project.name,
        "models": models,
    }


def _activated(project: Project) -> Iterator[Activated]:
    for model in project.manifest.models.values():
        if model.activation is not None:
            activated, _ = read_model(model)
            if activated:
                yield activated


def _model(
    activated: Activated, syncs: Sequence[Sync], documentation: Documentation
) -> dict[str, Any]:
    model, meta = activated.model, activated.meta
    return {
        "model": model.name,
        "kind": str(meta.kind),
        "description": " ".join(model.description.split()),
        "purpose": meta.purpose,
        "owner": meta.owner,
        "version": meta.version,
        "sla": meta.sla,
        "identity": meta.identity,
        "path": model.path,
        "tags": sorted(model.tags),
        "destinations": [_destination(activated, sync) for sync in syncs],
        "columns": [_column(activated, name, syncs, documentation) for name in model.columns],
        "consumers": _consumers(model.unique_id, documentation),
    }


def _destination(activated: Activated, sync: Sync) -> dict[str, Any]:
    (entry,) = [e for _, e in activated.entries if e.name == sync.connection]
    return {
        "destination": sync.connection,
        "vendor": sync.vendor,
        "writes": writes(sync),
        "on_remove": None if sync.kind is Kind.EVENTS else sync.on_remove,
        "options": {k: v for k, v in sorted((entry.model_extra or {}).items())}
        | ({"version_trait": entry.version_trait} if entry.version_trait else {}),
        "conditions": list(conditions(sync)),
    }


def writes(sync: Sync) -> dict[str, str]:
    """What a sync writes to at its destination, by what it is; `traits` have no name."""
    named = {
        "segment": sync.segment,
        "event": sync.event,
        "events named by": sync.event_column,
        "object type": sync.object_type,
    }
    found = {what: name for what, name in named.items() if name}
    return found or {"traits": ""}


def in_words(written: Mapping[str, str]) -> str:
    """`segment trial_ending`."""
    return ", ".join(f"{what} {name}".strip() for what, name in written.items())


def _column(
    activated: Activated, name: str, syncs: Sequence[Sync], documentation: Documentation
) -> dict[str, Any]:
    declared, meta = activated.model.columns[name], activated.columns[name]
    facts = documentation.columns.get((activated.model.unique_id, name), NO_FACTS)
    sent = {
        sync.connection: names
        for sync in syncs
        if (names := [trait.name for trait in sync.traits if trait.column == name])
    }
    keys = {sync.connection: found for sync in syncs if (found := _keys(sync, name))}
    allowed = allowed_in(declared, facts)
    return {
        "column": name,
        "type": declared.data_type,
        "description": facts.description,
        "why": meta.why,
        "roles": _roles(activated, name),
        "sent": sent,
        "keys": keys,
        "allowed_values": None if allowed is None else list(allowed),
        "limits": list(facts.limits),
        "is_required": facts.is_required,
        "default": meta.default,
        "nulls": (meta.nulls or activated.meta.nulls) if sent else None,
        "is_personal": bool(meta.pii),
        "is_sent_alone": bool(sent) and name not in activated.meta.ignore_changes,
        "bands": list(activated.meta.bands.get(name, ())),
    }


def allowed_in(column: Column, facts: ColumnFacts) -> tuple[Any, ...] | None:
    """The values that a column may have; None where any value of its type may stand there."""
    is_boolean = column.data_type.lower() in ("bool", "boolean")
    return (False, True) if facts.allowed is None and is_boolean else facts.allowed


def _keys(sync: Sync, column: str) -> list[str]:
    """As what a column goes out that is no trait."""
    named = {
        sync.identify_by or "identifier": sync.external_id or sync.identity,
        "event id": sync.event_id,
        "event name": sync.event_column,
        "event time": sync.occurred_at,
        "link": sync.related_id,
    }
    return [key for key, of in named.items() if of == column]


def _roles(activated: Activated, column: str) -> list[str]:
    """The keys of the metadata that name the column, those of entries included."""
    named = {key: [of] for key, of in named_columns(activated).items()}
    for _, entry in activated.entries:
        if entry.identify_by:
            named.setdefault("identify_by", []).extend(entry.identify_by.values())
    return [key for key, columns in named.items() if column in columns]


def _consumers(unique_id: str, documentation: Documentation) -> list[str]:
    """Who else reads the model: models, and exposures that people have written."""
    models = [f"model {name}" for name in documentation.readers.get(unique_id, ())]
    exposures = [
        f"exposure {exposure.name}"
        for exposure in documentation.exposures
        if exposure.sync is None and unique_id in exposure.models
    ]
    return [*models, *exposures]
