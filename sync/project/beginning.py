"""What has to be written for a model to go out: its YAML, and a connection in profiles.yml.

Settings are `env_var`s, never values. Nothing here changes a file that is there already, but for
profiles.yml, to whose end a block is appended where that can't change what it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from sync.errors import ConfigError, Problem
from sync.model import Kind
from sync.project.artifacts import Column, Manifest, Model
from sync.project.connections import DESTINATIONS, outputs_of
from sync.project.pii import looks_personal
from sync.project.profiles import Profile
from sync.project.syncs import compile_syncs
from sync.project.vendors import Registry, Vendor
from sync.project.yaml import read_yaml, written

SANDBOX_URL = "{{ env_var('SANDBOX_URL', 'true') }}"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Start:
    """One model and one destination, as they were asked for."""

    model: Model
    kind: Kind
    identity: str
    connection: str
    keys: Mapping[str, str]
    """What else the kind needs: `event`, `event_id`, `occurred_at`, `object_type`."""

    @property
    def key(self) -> str:
        """The column that tells rows apart."""
        return self.keys.get("event_id", self.identity)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text for one file: to be written into it, or else to be put in by hand, at `place`."""

    path: Path
    text: str
    is_written: bool
    place: str = ""


def entry_of(start: Start, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The model's entry under `models`: what it lacks, with its name. All that it has is left out.

    `columns` are names and types, as in the warehouse.
    """
    config: dict[str, Any] = {}
    if not start.model.is_contract_enforced:
        config["contract"] = {"enforced": True}
    config["meta"] = {"activation": _activation(start)}
    described = [_column(start, name, data_type) for name, data_type in columns]
    lacking = [column for column in described if column is not None]
    return {
        "name": start.model.name,
        "config": config,
        **({"columns": lacking} if lacking else {}),
    }


def _activation(start: Start) -> dict[str, Any]:
    destinations = [{"name": start.connection}]
    if start.model.activation is not None:
        return {"destinations": destinations}
    return {
        "kind": str(start.kind),
        "identity": start.identity,
        **start.keys,
        "destinations": destinations,
    }


def _column(start: Start, name: str, data_type: str) -> dict[str, Any] | None:
    """What is to be declared of a column; None where all of it is."""
    declared = start.model.columns.get(name)
    found: dict[str, Any] = {}
    if declared is None and not PLAIN.fullmatch(name):
        found["quote"] = True
    if declared is None or not declared.data_type:
        found["data_type"] = _written(data_type)
    if declared is None and name == start.key:
        is_unique = start.kind is not Kind.OBJECTS
        found["data_tests"] = ["unique", "not_null"] if is_unique else ["not_null"]
    if _is_personal(start, name, data_type):
        found["config"] = {"meta": {"activation": {"pii": True}}}
    return {"name": name, **found} if found else None


def personal_of(start: Start, columns: Sequence[tuple[str, str]]) -> list[str]:
    """Columns that sound personal, and of which nothing is said yet."""
    return [name for name, data_type in columns if _is_personal(start, name, data_type)]


def _is_personal(start: Start, name: str, data_type: str) -> bool:
    declared = start.model.columns.get(name)
    is_said = declared is not None and declared.activation is not None
    return not is_said and name != start.identity and looks_personal(name, data_type)


def _written(data_type: str) -> str:
    """A type in small letters, unless it holds names or values of the user's own."""
    return data_type.lower() if re.fullmatch(r"[A-Z0-9_ (),\[\]]+", data_type) else data_type


class Outlook(NamedTuple):
    """What follows once a model is written down as begun."""

    sent: Sequence[str]
    """The columns that go to the destination as traits."""
    findings: Sequence[Problem]
    """What `check` will say of the model."""


def outlook_of(
    start: Start,
    columns: Sequence[tuple[str, str]],
    manifest: Manifest,
    connections: Mapping[str, str],
    registry: Registry,
) -> Outlook:
    """What is sent, and what `check` will say, as far as one model can tell."""
    model = start.model
    activation = _activation(start)
    if model.activation is not None:
        entries = [*model.activation.get("destinations", ()), *activation["destinations"]]
        activation = {**model.activation, "destinations": entries}
    personal = personal_of(start, columns)
    declared = {name: model.columns.get(name, Column(name)) for name, _ in columns}
    described = {
        name: replace(
            declared[name],
            data_type=declared[name].data_type or data_type,
            activation={"pii": True} if name in personal else declared[name].activation,
        )
        for name, data_type in columns
    }
    yaml_path = str(Path(model.path).with_suffix(".yml"))
    begun = replace(
        model,
        activation=activation,
        columns=described,
        is_contract_enforced=True,
        yaml_path=yaml_path if model.yaml_path == model.path else model.yaml_path,
    )
    models = {**manifest.models, model.unique_id: begun}
    found = compile_syncs(replace(manifest, models=models), connections, registry)
    ours = [s for s in found.all if (s.model, s.connection) == (model.name, start.connection)]
    return Outlook(
        [trait.column for sync in ours for trait in sync.traits],
        [finding.problem for finding in found.findings if model.unique_id in finding.models],
    )


def settings_of(vendor: type[Vendor], connection: str, is_sandbox: bool) -> dict[str, str]:
    """A connection to a vendor, or to its stand-in: what it must have, from the environment."""
    found = {} if connection == vendor.name else {"type": vendor.name}
    if is_sandbox:
        return {**found, "sandbox": SANDBOX_URL}
    fields = vendor.settings.model_fields
    needed = [n for n, f in fields.items() if f.is_required() or n == "region"]
    return found | {name: _from_environment(f"{connection}_{name}") for name in needed}


def _from_environment(name: str) -> str:
    variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return f"{{{{ env_var('{variable}') }}}}"


def variables_of(settings: Mapping[str, str]) -> list[str]:
    """The environment variables that have to be set for a connection."""
    return re.findall(r"env_var\('(\w+)'\)", " ".join(settings.values()))


def as_yaml(content: Any) -> str:
    """In the style of our documents: two spaces, lists indented, in the order given."""
    return written(content, width=10_000)


def yaml_of(model: Model, project_dir: Path) -> Path:
    """The file that describes the model, or may be written to do so, beside its SQL."""
    if Path(model.yaml_path).suffix in (".yml", ".yaml"):
        return project_dir / model.yaml_path
    own = project_dir / model.path
    for path in sorted((project_dir / Path(model.path).parts[0]).rglob("*.y*ml")):
        with suppress(ConfigError):
            described = read_yaml(path).get("models")
            if isinstance(described, list) and any(
                isinstance(one, dict) and one.get("name") == model.name for one in described
            ):
                return path
    return own.with_suffix(".yml")


def connection_piece(profile: Profile, connection: str, settings: Mapping[str, Any]) -> Piece:
    """A connection of our target: a block at the end of a profiles.yml that has none.

    It has to be put in by hand where the file has destinations already, or where its end is not
    that of a mapping.
    """
    path, target = profile.path, profile.target.name
    content = read_yaml(path)
    is_several = len(outputs_of(content)) > 1
    block: dict[str, Any] = {target: {connection: dict(settings)}}
    if is_several or profile.all_connections.key != DESTINATIONS:
        block = {profile.name: block}
    whole = {DESTINATIONS: block}
    if DESTINATIONS not in content:
        text = path.read_text(encoding="utf-8-sig")
        addition = ("" if text.endswith("\n") else "\n") + "\n" + as_yaml(whole)
        import yaml

        with suppress(yaml.YAMLError):
            if yaml.safe_load(text + addition) == {**content, **whole}:
                return Piece(path, addition, is_written=True)
    return Piece(path, as_yaml(whole), is_written=False, place=f"`{DESTINATIONS}`")


def model_piece(start: Start, columns: Sequence[tuple[str, str]], project_dir: Path) -> Piece:
    """The YAML of a model: a file beside it, or what to add by hand to the one that there is."""
    path = yaml_of(start.model, project_dir)
    entry = entry_of(start, columns)
    if not path.exists():
        return Piece(path, as_yaml({"models": [entry]}), is_written=True)
    place = f"the entry of model {start.model.name} under `models`"
    return Piece(path, as_yaml([entry]), is_written=False, place=place)
