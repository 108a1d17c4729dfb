"""dbt exposures of the syncs, so that dbt's lineage ends in the tools that they write to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sync.commands.contract import in_words, writes
from sync.errors import ConfigError, Problem
from sync.model import Sync
from sync.project.connections import Connections
from sync.project.documentation import MARK, Documentation, read_documentation
from sync.project.exposures import verbatim
from sync.project.project import Project

NO_OWNER = "no owner is named"


def exposures(project: Project) -> list[dict[str, Any]]:
    """One exposure for each sync, by name, as dbt reads it.

    A model whose file is gone is left out, so that the file can be written again after a model was
    deleted and before dbt parses: an exposure of it would stop dbt. Raises ConfigError with all
    that `check` finds in the models, and for names that exposures of other hands have.
    """
    if project.problems:
        raise ConfigError(*project.problems)
    documentation = read_documentation(project.manifest.path)
    syncs = [sync for sync in project.siblings if _is_there(project, sync)]
    found = [_exposure(project, sync, documentation) for sync in syncs]
    _refuse_taken([one["name"] for one in found], documentation)
    return sorted(found, key=lambda one: str(one["name"]))


def default_path(project: Project, content: Mapping[str, Any]) -> Path:
    """In the first folder of models; `content` is dbt_project.yml as it is written.

    Raises ConfigError where its name is an expression.
    """
    folders = content.get("model-paths") or ["models"]
    first = str(folders[0]) if isinstance(folders, list) else "{"
    if "{" in first:
        text = "the first of `model-paths` is an expression, which is not evaluated here"
        fix = "name the file, in a folder of models, with --output"
        raise ConfigError(Problem("output-unknown", text, where="dbt_project.yml", fix=fix))
    return project.dir / first / "activation_exposures.yml"


def unowned(syncs: Sequence[Sync]) -> list[str]:
    """The models of syncs that name no owner."""
    return sorted({sync.model for sync in syncs if not sync.owner})


def _is_there(project: Project, sync: Sync) -> bool:
    package = project.manifest.models[sync.unique_id].package
    return package != project.name or not sync.path or (project.dir / sync.path).exists()


def _exposure(project: Project, sync: Sync, documentation: Documentation) -> dict[str, Any]:
    asked = [listed.unique_id for listed in sync.rules.asked]
    refs = [documentation.refs.get(one) for one in (sync.unique_id, *sorted(asked))]
    owner = {"email": sync.owner} if _is_email(sync.owner) else {"name": sync.owner or NO_OWNER}
    url = _url(project, sync)
    return {
        "name": re.sub(r"\W", "_", f"{sync.model}__{sync.connection}", flags=re.ASCII),
        "label": verbatim(f"{sync.connection}: {in_words(writes(sync))}"),
        "type": "application",
        **({"url": url} if url else {}),
        "description": verbatim(_description(project, sync)),
        "depends_on": list(dict.fromkeys(ref for ref in refs if ref)),
        "owner": {key: verbatim(value) for key, value in owner.items()},
        "config": {"meta": {MARK: sync.name}},
    }


def _description(project: Project, sync: Sync) -> str:
    model = project.manifest.models[sync.unique_id]
    purpose = (model.activation or {}).get("purpose") or model.description
    sent = ", ".join(trait.name for trait in sync.traits)
    said = [" ".join(str(purpose).split()), f"Sends {sent}." if sent else ""]
    return " ".join(words for words in said if words) or f"Sends {in_words(writes(sync))}."


def _is_email(owner: str) -> bool:
    return re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", owner) is not None


def _url(project: Project, sync: Sync) -> str | None:
    """Where users of the vendor log in, from the first target that sends to the vendor itself."""
    connections: Connections = project.profile.all_connections
    vendor = project.registry.load(sync.vendor)
    for by_name in connections.by_target.values():
        settings = by_name.get(sync.connection)
        if settings is None or "base_url" in settings:
            continue
        url: str | None = vendor.login_url({k: _as_text(v) for k, v in settings.items()})
        if url:
            return url
    return None


def _as_text(value: object) -> str:
    """A setting; empty where it is an expression, which may be another one on each machine."""
    return "" if "{{" in str(value) else str(value)


def _refuse_taken(names: Sequence[str], documentation: Documentation) -> None:
    taken = {e.name: e for e in documentation.exposures if e.sync is None}
    problems = [
        Problem(
            "exposure-taken",
            f"there is an exposure `{name}` that another hand has written",
            where=taken[name].path,
            fix="remove it, or give it another name",
        )
        for name in names
        if name in taken
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [
        Problem(
            "exposure-twice",
            f"two syncs would both be the exposure `{name}`",
            hint="dbt takes letters, digits and underscores alone",
            fix="give one of the connections another name in profiles.yml and the models",
        )
        for name in twice
    ]
    if problems:
        raise ConfigError(*problems)
