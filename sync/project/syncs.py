"""Models and their metadata -> syncs."""

from __future__ import annotations

from collections.abc import Mapping

from sync.errors import Problem
from sync.model import Sync
from sync.project.artifacts import Manifest
from sync.project.check import check_drafts
from sync.project.compile import draft_syncs
from sync.project.vendors import Registry


def compile_syncs(
    manifest: Manifest, connections: Mapping[str, str], registry: Registry
) -> tuple[list[Sync], list[Problem]]:
    """Every sync of a sound model, by name, and every problem that `check` would list.

    `connections` are names -> vendors. Checks across models need all targets' connections.
    """
    drafts = draft_syncs(manifest, connections, registry)
    sound = [d.sync for d in drafts.syncs if d.sync.unique_id not in drafts.unsound]
    return sorted(sound, key=lambda s: s.name), drafts.problems + check_drafts(drafts)
