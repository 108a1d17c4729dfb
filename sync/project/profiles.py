"""dbt_project.yml and profiles.yml: the target, and what it may send to.

Values are rendered when they are used and not before, so that `check` needs no secret in the
environment. Nothing here prints a value of profiles.yml.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sync.errors import ConfigError, Problem
from sync.project.connections import (
    NOTIFICATIONS,
    PROFILES,
    Connections,
    profiles_of,
    read_connections,
)
from sync.project.environment import dbt_variable
from sync.project.jinja import Renderer
from sync.project.shape import mapping, one_of
from sync.project.variables import NONE
from sync.project.yaml import read_yaml


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What dbt_project.yml says. `target_path` is absolute."""

    path: Path
    name: str
    profile: str | None
    target_path: Path
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Target:
    """One output of a dbt profile; its values are rendered on first use."""

    name: str
    raw: Mapping[str, Any] = field(repr=False)
    key: str = field(repr=False)
    renderer: Renderer = field(repr=False)

    @cached_property
    def adapter_type(self) -> str:
        """The dbt adapter, for example `duckdb`."""
        return str(self._required("type"))

    @cached_property
    def schema(self) -> str:
        """The target schema, or dataset."""
        if self.adapter_type == "bigquery" and "schema" not in self.raw:
            return str(self._required("dataset"))
        return str(
            self._required("schema", default="main" if self.adapter_type == "duckdb" else None)
        )

    @cached_property
    def threads(self) -> int:
        """As in dbt, 1 unless said otherwise."""
        threads = self.renderer.render(self.raw.get("threads", 1), f"{self.key}.threads")
        return int(threads) if str(threads).isdigit() else 1

    @cached_property
    def credentials(self) -> dict[str, Any]:
        """All settings of the output, rendered, `type` included. Holds secrets: never print it."""
        rendered: dict[str, Any] = self.renderer.render(self.raw, self.key)
        return rendered

    def _required(self, name: str, default: str | None = None) -> Any:
        value = self.renderer.render(self.raw.get(name, default), f"{self.key}.{name}")
        if not value:
            raise ConfigError(
                Problem(
                    "setting-missing",
                    f"target `{self.name}` has no `{name}`",
                    where=f"{PROFILES}, {self.key}",
                    fix=f"add `{name}:` to the output {self.name} in {PROFILES}",
                )
            )
        return value


@dataclass(frozen=True, slots=True)
class Profile:
    """A dbt profile at one target, and what its targets may send to."""

    path: Path
    name: str
    target: Target
    default_target: str
    all_connections: Connections = field(repr=False)
    notifiers: Connections = field(repr=False)
    """Who is told of syncs that need attention, written as connections are."""
    is_own: bool = True
    """It is the one that dbt_project.yml names."""

    @property
    def connections(self) -> dict[str, str]:
        """Connection -> vendor, for our target: what this run may send to."""
        return self.all_connections.vendors(self.target.name)

    @property
    def known_connections(self) -> dict[str, str]:
        """Connection -> vendor over all targets, ours winning: what metadata may name."""
        targets = self.all_connections.by_target
        others = {n: v for t in targets for n, v in self.all_connections.vendors(t).items()}
        return others | self.connections

    def key_of(self, *connection: str) -> str:
        """Where our target's connections, or one of them, stand in the file."""
        return self.all_connections.key_of(self.target.name, *connection)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line asks for; None falls back to dbt's variables, then its defaults."""

    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None


def find_project_dir(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """As dbt looks: what is given, DBT_PROJECT_DIR, else the nearest folder up from here."""
    named = given or dbt_variable("PROJECT_DIR", environ)
    if named:
        return Path(named).absolute()
    here = Path.cwd()
    return next((p for p in (here, *here.parents) if (p / "dbt_project.yml").exists()), here)


def read_project_file(
    project_dir: Path,
    target_path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    variables: Mapping[str, Any] = NONE,
) -> ProjectFile:
    """Name, profile and target path of the dbt project in a folder; `variables` are `--vars`."""
    path = project_dir / "dbt_project.yml"
    if not path.exists():
        raise ConfigError(
            Problem(
                "project-missing",
                "there is no dbt project here",
                where=str(path),
                fix="go to the dbt project, or name it with --project-dir",
            )
        )
    content = read_yaml(path)
    renderer = Renderer(path.name, environ, variables)
    wanted = {k: renderer.render(content.get(k), k) for k in ("name", "profile", "target-path")}
    chosen = (
        target_path or dbt_variable("TARGET_PATH", environ) or wanted["target-path"] or "target"
    )
    return ProjectFile(
        path=path,
        name=str(wanted["name"] or ""),
        profile=wanted["profile"],
        target_path=project_dir / str(chosen),
        content=content,
    )


def read_profile(
    project: ProjectFile,
    choices: Choices,
    environ: Mapping[str, str] = os.environ,
    variables: Mapping[str, Any] = NONE,
) -> Profile:
    """Find and read profiles.yml, and pick profile and target as dbt does."""
    path = _find_profiles(project.path.parent, choices.profiles_dir, environ)
    content = read_yaml(path)
    renderer = Renderer(PROFILES, environ, variables)
    name = choices.profile or dbt_variable("PROFILE", environ) or project.profile
    raw = one_of(content, name, profiles_of(content), "profile", str(path))
    outputs = mapping(raw, "outputs", f"{path}, {name}")
    default = str(renderer.render(raw.get("target") or "default", f"{name}.target"))
    target = choices.target or dbt_variable("TARGET", environ) or default
    where = f"{path}, {name}.outputs"
    output = one_of(outputs, target, list(outputs), "target", where)
    return Profile(
        path=path,
        name=str(name),
        target=Target(target, output, f"{name}.outputs.{target}", renderer),
        default_target=default,
        all_connections=read_connections(content, path, str(name), renderer),
        notifiers=read_connections(content, path, str(name), renderer, NOTIFICATIONS),
        is_own=name == project.profile,
    )


def _find_profiles(project_dir: Path, given: Path | None, environ: Mapping[str, str]) -> Path:
    named = given or dbt_variable("PROFILES_DIR", environ)
    folders = [Path(named)] if named else [Path.cwd(), project_dir, *_home()]
    for folder in folders:
        if (folder / PROFILES).is_file():
            return (folder / PROFILES).absolute()
    raise ConfigError(
        Problem(
            "profiles-missing",
            f"there is no {PROFILES}",
            where=", ".join(str(f) for f in dict.fromkeys(folders)),
            fix=f"name its folder with --profiles-dir, or write {PROFILES}",
        )
    )


def _home() -> list[Path]:
    """Where dbt looks last; nowhere for a user without a home."""
    try:
        return [Path.home() / ".dbt"]
    except RuntimeError:
        return []
