"""dbt exposures of the syncs, so that dbt's lineage ends in the tools that they write to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
ADDRESS = r"[^@\s<>]+@[^@\s<>]+"
OWNER = re.compile(rf"(?:([^<>]*?)\s*<({ADDRESS})>)|({ADDRESS})")


@dataclass(frozen=True, slots=True)
class Exposures:
    """One for each sync, by name, as dbt reads it, and what is to be said about the others."""

    written: list[dict[str, Any]]
    warnings: list[Problem]


def exposures(project: Project) -> Exposures:
    """The exposures of all syncs whose models dbt lets an exposure refer to.

    A model whose file is gone is left out, so that the file can be written again after a model was
    deleted and before dbt parses: an exposure of it would stop dbt. So is a private model. Raises
    ConfigError with all that `check` finds in the models, and for names that exposures of other
    hands have.
    """
    if project.problems:
        raise ConfigError(*project.problems)
    documentation = read_documentation(project.manifest.path)
    syncs = [sync for sync in project.siblings if _is_there(project, sync)]
    private = sorted({s.model for s in syncs if s.unique_id in documentation.private})
    syncs = [sync for sync in syncs if sync.unique_id not in documentation.private]
    found = [_exposure(project, sync, documentation) for sync in syncs]
    _refuse_taken([one["name"] for one in found], documentation)
    found.sort(key=lambda one: str(one["name"]))
    return Exposures(found, [*_private(private), *_unowned(syncs)])


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


def _private(models: Sequence[str]) -> Iterator[Problem]:
    if models:
        text = f"{', '.join(models)}: private, so that dbt lets no exposure refer to it"
        fix = "write `access: protected` to have it in the lineage"
        yield Problem("exposure-private", text, fix=fix)


def _unowned(syncs: Sequence[Sync]) -> Iterator[Problem]:
    if models := sorted({sync.model for sync in syncs if not sync.owner}):
        text = f"{', '.join(models)}: no owner is named"
        yield Problem("owner-missing", text, fix="add `owner:` to the metadata")


def _is_there(project: Project, sync: Sync) -> bool:
    package = project.manifest.models[sync.unique_id].package
    return package != project.name or not sync.path or (project.dir / sync.path).exists()


def _exposure(project: Project, sync: Sync, documentation: Documentation) -> dict[str, Any]:
    asked = [listed.unique_id for listed in sync.rules.asked]
    named = [one for one in (sync.unique_id, *sorted(asked)) if one not in documentation.private]
    refs = [documentation.refs.get(one) for one in named]
    url = _url(project, sync)
    return {
        "name": re.sub(r"\W", "_", f"{sync.model}__{sync.connection}", flags=re.ASCII),
        "label": verbatim(f"{sync.connection}: {in_words(writes(sync))}"),
        "type": "application",
        **({"url": url} if url else {}),
        "description": verbatim(_description(project, sync)),
        "depends_on": list(dict.fromkeys(ref for ref in refs if ref)),
        "owner": _owner(sync.owner),
        "config": {"meta": {MARK: sync.name}},
    }


def _description(project: Project, sync: Sync) -> str:
    model = project.manifest.models[sync.unique_id]
    purpose = (model.activation or {}).get("purpose") or model.description
    sent = ", ".join(trait.name for trait in sync.traits)
    said = [" ".join(str(purpose).split()), f"Sends {sent}." if sent else ""]
    return " ".join(words for words in said if words) or f"Sends {in_words(writes(sync))}."


def _owner(owner: str) -> dict[str, str]:
    """The name and address in `Jane Doe <jane@example.com>`, or what there is of them."""
    if found := OWNER.fullmatch(owner.strip()):
        named = {"name": found[1] or "", "email": found[2] or found[3]}
        return {key: verbatim(value) for key, value in named.items() if value}
    return {"name": verbatim(owner or NO_OWNER)}


def _url(project: Project, sync: Sync) -> str | None:
    """Where users of the vendor log in, from the first target that sends to the vendor itself."""
    connections: Connections = project.profile.all_connections
    vendor = project.registry.load(sync.vendor)
    for by_name in connections.by_target.values():
        settings = by_name.get(sync.connection)
        if settings is None or settings.keys() & {"base_url", "sandbox"}:
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
            hint="dbt takes letters, digits and underscores alone.",
            fix="give one of the connections another name in profiles.yml and the models",
        )
        for name in twice
    ]
    if problems:
        raise ConfigError(*problems)
