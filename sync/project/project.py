"""One dbt project at one target, read whole: what there is to sync, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from sync.errors import ConfigError, Problem
from sync.model import Sync
from sync.project.artifacts import Manifest, read_manifest
from sync.project.declared import NOTHING_DECLARED, Declared, check_declared, read_declared
from sync.project.evidence import NOTHING, Allowed
from sync.project.findings import Compiled, Finding
from sync.project.freshness import FILE, Load, read_loads
from sync.project.graph import Graph
from sync.project.policies import NO_POLICIES, Policies, read_policies
from sync.project.policy_forms import HoldoutForm
from sync.project.preflight import BuiltFor, Gated, Preflight, gate
from sync.project.profiles import (
    Choices,
    Profile,
    Target,
    find_project_dir,
    read_profile,
    read_project_file,
)
from sync.project.run_results import RunResults, read_run_results
from sync.project.selection import select
from sync.project.syncs import compile_syncs
from sync.project.traces import traces_in
from sync.project.variables import read_variables
from sync.project.vendors import Registry, load_connection
from sync.project.verdicts import Verdict
from sync.relation import plain
from sync.rules import Bound


@dataclass(frozen=True, slots=True)
class ProjectOptions:
    """What the command line asks for; None falls back to dbt's variables, then its defaults."""

    project_dir: Path | None = None
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None
    target_path: Path | None = None
    variables: str | None = None
    """What `--vars` holds: a YAML mapping."""
    select: Sequence[str] = ()
    selector: str | None = None
    exclude: Sequence[str] = ()
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """Everything read before a warehouse is touched."""

    name: str
    dir: Path
    target_path: Path
    profile: Profile
    manifest: Manifest
    run_results: RunResults | None
    loads: Mapping[str, Load]
    """When sources were loaded, as far as `dbt source freshness` has looked."""
    syncs: list[Sync]
    """Selected syncs whose connection our target has."""
    siblings: list[Sync]
    """All syncs, selected or not: names of one connection may go from one to another."""
    unconnected: list[Sync]
    """Selected syncs whose connection only other targets have: from here they can't be sent."""
    unsound: list[Gated]
    """Selected syncs of models with findings, once for each finding: they are not planned."""
    findings: list[Finding]
    """What is wrong in models, selected or not."""
    blocking: list[Problem]
    """What has to be mended before anything is planned or sent."""
    warnings: list[Problem]
    is_strict: bool = False
    declared: Declared = NOTHING_DECLARED
    """Syncs that dbt_project.yml says were moved or removed."""
    policies: Policies = NO_POLICIES
    """What the var says for every model."""
    registry: Registry = field(repr=False, kw_only=True)

    @property
    def problems(self) -> list[Problem]:
        """All that has to be mended."""
        return [*self.blocking, *(finding.problem for finding in self.findings)]

    @property
    def zone(self) -> str:
        """Where days begin and end."""
        return self.policies.zone

    @property
    def holdouts(self) -> Mapping[str, HoldoutForm]:
        """By name, those that the var defines."""
        return self.policies.holdouts

    @property
    def retention(self) -> str | None:
        """How long `prune` keeps rows, such as `400 days`."""
        return self.policies.retention

    @property
    def ask_above(self) -> Bound | None:
        """More changes of a sync are asked about, on a terminal."""
        return self.policies.ask_above

    @property
    def profile_path(self) -> Path:
        """The profiles.yml that was read."""
        return self.profile.path

    @property
    def target(self) -> Target:
        """Name, adapter type, schema and credentials of the dbt target."""
        return self.profile.target

    @property
    def connections(self) -> dict[str, str]:
        """Connection -> vendor, for our target."""
        return self.profile.connections

    @property
    def state_schema(self) -> str:
        """Where state lives in the warehouse."""
        return plain(f"{self.target.schema}_activation", self.target.adapter_type)

    def gate(self, remembered: Sequence[Verdict] = (), allowed: Allowed = NOTHING) -> Preflight:
        """Ask the gates about our syncs; `remembered` are the verdicts that the state holds."""
        found = gate(
            self.manifest,
            self.run_results,
            self.syncs,
            self.is_strict,
            BuiltFor.of(self.profile),
            remembered,
            traces_in(self.target_path),
            allowed,
            loads=self.loads,
            grouped=self._grouped,
        )
        unsound = frozenset().union(*(f.models for f in self.findings)) if self._grouped else ()
        doubted = found.doubted.union(unsound)
        return replace(found, gated=[*self.unsound, *found.gated], doubted=doubted)

    @property
    def _grouped(self) -> list[Sync]:
        """The syncs in exclusive groups, where one that is selected is in any."""
        if not any(sync.rules.exclusive for sync in self.syncs):
            return []
        return [sync for sync in self.siblings if sync.rules.exclusive]

    def load_connection(self, name: str) -> BaseModel:
        """A connection's validated settings; needs its secrets in the environment."""
        return load_connection(self.profile, name, self.registry)


def load_project(
    options: ProjectOptions,
    registry: Registry | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Project:
    """Read project, profile and artifacts, compile and select.

    Raises ConfigError for what leaves nothing to go on with (files missing or unreadable, a
    selector that matches nothing); what is wrong inside models stops those alone.
    """
    registry = registry or _installed()
    project_dir = find_project_dir(options.project_dir, environ)
    variables = read_variables(options.variables, environ)
    project_file = read_project_file(project_dir, options.target_path, environ, variables)
    choices = Choices(options.profiles_dir, options.profile, options.target)
    profile = read_profile(project_file, choices, environ, variables)
    manifest = read_manifest(project_file.target_path / "manifest.json")
    run_results = read_run_results(project_file.target_path / "run_results.json")
    written = (project_file.content, variables, project_file.name)
    declared, wrong = read_declared(*written)
    policies, misformed = read_policies(*written)
    compiled = compile_syncs(manifest, profile.known_connections, registry, policies)
    is_chosen = any(options.select) or any(options.exclude) or options.selector is not None
    graph = _graph(manifest, run_results) if is_chosen else Graph()
    chosen = select(compiled.all, options.select, options.exclude, graph, options.selector)
    unsound = {sync.name for sync in compiled.unsound}
    sound = [sync for sync in chosen if sync.name not in unsound]
    connected = profile.connections
    return Project(
        name=manifest.project_name or project_file.name,
        dir=project_dir,
        target_path=project_file.target_path,
        profile=profile,
        manifest=manifest,
        run_results=run_results,
        loads=read_loads(project_file.target_path / FILE),
        syncs=[s for s in sound if s.connection in connected],
        siblings=compiled.all,
        unconnected=[s for s in sound if s.connection not in connected],
        unsound=[
            Gated(sync, finding.problem, is_refused=True, exit_code=2)
            for sync in chosen
            for finding in compiled.findings
            if sync.unique_id in finding.models
        ],
        findings=compiled.findings,
        blocking=[
            *_check_adapter(profile, manifest),
            *wrong,
            *misformed,
            *check_declared(declared, compiled.all),
        ],
        warnings=[
            *manifest.warnings,
            *(run_results.warnings if run_results else ()),
            *_without_destinations(profile),
            *_elsewhere(compiled, chosen),
        ],
        is_strict=options.is_strict,
        declared=declared,
        policies=policies,
        registry=registry,
    )


def find_target_path(
    options: ProjectOptions, environ: Mapping[str, str] = os.environ
) -> Path | None:
    """Where dbt's artifacts lie, as far as dbt_project.yml alone says; None where it can't."""
    try:
        variables = read_variables(options.variables, environ)
        directory = find_project_dir(options.project_dir, environ)
        return read_project_file(directory, options.target_path, environ, variables).target_path
    except ConfigError:
        return None


def _graph(manifest: Manifest, run_results: RunResults | None) -> Graph:
    """The manifest's nodes, each with what the last results say of it and of its tests."""
    told: dict[str, set[str]] = {}
    tested = {test.unique_id: test.models for test in manifest.tests}
    for name, result in (run_results.results if run_results else {}).items():
        for unique_id in (name, *tested.get(name, ())):
            told.setdefault(unique_id, set()).add(result.status)
    nodes = {
        unique_id: replace(node, statuses=frozenset(told.get(unique_id, ())))
        for unique_id, node in manifest.nodes.items()
    }
    return Graph(nodes, manifest.selectors)


def _installed() -> Registry:
    from sync.destinations import registry

    return registry


def _elsewhere(compiled: Compiled, chosen: Sequence[Sync]) -> list[Problem]:
    """One warning for all models with findings that were not selected."""
    known = {sync.unique_id for sync in chosen}
    models = sorted({s.model for s in compiled.unsound if s.unique_id not in known})
    if not models:
        return []
    text = f"{', '.join(models)}: not selected, and something is to be mended there"
    return [Problem("unsound-elsewhere", text, fix="run: python -m sync check")]


def _check_adapter(profile: Profile, manifest: Manifest) -> list[Problem]:
    ours, theirs = profile.target.adapter_type, manifest.adapter_type
    if not theirs or theirs == ours:
        return []
    return [
        Problem(
            "adapter-mismatch",
            f"the manifest was written for {theirs}, and target {profile.target.name} is {ours}",
            where=str(manifest.path),
            fix=f"run: dbt build --target {profile.target.name}",
        )
    ]


def _without_destinations(profile: Profile) -> list[Problem]:
    target = profile.target.name
    if profile.connections:
        return []
    above = profile.all_connections.key
    return [
        Problem(
            "target-without-destinations",
            f"target {target} has no connections, so nothing can be sent from it",
            where=f"{profile.path}, {above}",
            fix=f"add `{target}:` with a connection under `{above}:`",
        )
    ]
