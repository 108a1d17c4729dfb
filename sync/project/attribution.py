"""What run_results.json leaves to be worked out: whose test failed, and why a model was skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sync.project.artifacts import Manifest
from sync.project.run_results import Result, RunResults

FAILURES = frozenset({"fail", "error", "runtime error"})


def models_of(manifest: Manifest, run: RunResults, test: str, result: Result) -> frozenset[str]:
    """The models that a test which the manifest does not know speaks about, as far as it shows.

    A unit test's id names its model, a data test's SQL the relations that it reads. Without SQL,
    all models of the manifest.
    """
    if test.startswith("unit_test."):
        model = "model." + ".".join(test.split(".")[1:3])
        return frozenset(m for m in manifest.models if m == model or m.startswith(f"{model}."))
    if not result.compiled_code:
        return frozenset(manifest.models)
    return frozenset(
        model
        for model in manifest.models
        for relation in _relations(manifest, run, model)
        if re.search(rf"(?<!\w){re.escape(relation)}(?!\w)", result.compiled_code)
    )


def _relations(manifest: Manifest, run: RunResults, model: str) -> set[str]:
    built = run.results.get(model)
    names = {manifest.models[model].relation_name, built.relation_name if built else None}
    return {name for name in names if name}


def ancestors(manifest: Manifest, *nodes: str) -> Iterator[str]:
    """All that these nodes select from, the nearest first; each once, the nodes left out."""
    seen, queue = set(nodes), list(nodes)
    for node in queue:
        model = manifest.models.get(node)
        for below in model.depends_on if model else ():
            if below not in seen:
                seen.add(below)
                queue.append(below)
                yield below


def why_skipped(manifest: Manifest, run: RunResults, model: str) -> str:
    """What failed before a skipped model, as a clause; empty where it does not show."""
    failed = {node for node, result in run.results.items() if result.status in FAILURES}
    for test in manifest.tests:
        if test.is_unit and model in test.models and test.unique_id in failed:
            return f"its unit test {test.name} failed"
    for node in ancestors(manifest, model):
        if node in failed:
            return f"{_named(node)}, which it selects from, failed"
        for test in manifest.tests:
            if node in test.models and test.unique_id in failed:
                return f"{_named(node)}, which it selects from, failed its test {test.name}"
    return ""


def _named(node: str) -> str:
    """`model.shop.orders` -> `model orders`."""
    kind, _, rest = node.partition(".")
    return f"{kind} {rest.partition('.')[2] or rest}"
