"""What `check` says of a project in which nothing is to be mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sync.report import words

if TYPE_CHECKING:
    from sync.project.project import Project
    from sync.report.paint import Paint


def fine(project: Project, paint: Paint) -> Iterator[str]:
    """How much there is, what was looked at, and what this target can't send."""
    syncs = [*project.syncs, *project.unconnected]
    kinds = Counter(str(s.kind) for s in syncs)
    traits = sum(len(s.traits) for s in syncs)
    models = words.plural(len({s.model for s in syncs}), "model")
    yield (
        f"{paint('All fine:', 'bold', 'green')} {models}, {words.plural(len(syncs), 'sync')}"
        f" ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items())) or 'none'}),"
        f" {words.plural(traits, 'mapped trait')}."
    )
    yield (
        "Checked: metadata, contracts, mappings, who owns which trait, names and limits of "
        + (words.named(sorted({s.vendor for s in syncs})) or "no vendor")
        + "."
    )
    if project.unconnected:
        names = words.named([s.name for s in project.unconnected])
        yield f"Not sent from target {project.target.name}, which lacks a connection: {names}."
