"""Models and their metadata -> syncs."""

from __future__ import annotations

from collections.abc import Mapping

from sync.model import Kind, Relation, Sync
from sync.project.artifacts import Manifest, Model
from sync.project.check import check_drafts
from sync.project.compile import draft_syncs
from sync.project.findings import Compiled
from sync.project.policies import NO_POLICIES, Policies
from sync.project.suppressing import without_broken
from sync.project.vendors import Registry


def compile_syncs(
    manifest: Manifest,
    connections: Mapping[str, str],
    registry: Registry,
    policies: Policies = NO_POLICIES,
) -> Compiled:
    """Every sync, and every finding that `check` would list.

    `connections` are names -> vendors. Checks across models need all targets' connections.
    """
    drafts = draft_syncs(manifest, connections, registry, policies)
    findings = drafts.findings + check_drafts(drafts)
    stopped = frozenset().union(*(finding.models for finding in findings))
    broken = {model: finding.problem for finding in findings for model in finding.models}
    sound = [
        without_broken(d.sync, broken) for d in drafts.syncs if d.sync.unique_id not in stopped
    ]
    unsound = [d.sync for d in drafts.syncs if d.sync.unique_id in stopped]
    unread = stopped - {sync.unique_id for sync in unsound}
    unsound += [_named(manifest.models.get(node), node) for node in sorted(unread)]
    return Compiled(sorted(sound, key=lambda sync: sync.name), unsound, findings)


def _named(model: Model | None, node: str) -> Sync:
    """A sync that is never sent: what a node without usable metadata can be selected by."""
    name = model.name if model else node.split(".", 2)[-1]
    return Sync(
        name=name,
        model=name,
        unique_id=node,
        relation=Relation(None, "", name),
        connection="",
        vendor="",
        kind=Kind.TRAITS,
        identity="",
        tags=model.tags if model else frozenset(),
        path=model.path if model else "",
    )
