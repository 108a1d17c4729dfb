"""Builds of a part of the rows: which models show one, and how the SQL that dbt ran tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sync.project.artifacts import Check, Manifest
from sync.project.attribution import ancestors
from sync.project.run_results import Part
from sync.project.traces import SLACK, Traces
from sync.project.verdicts import INCOMPLETE, LONG_AGO, Status, Verdict

PARTS = {
    Part.ALL: Status.BUILT,
    Part.EMPTY: Status.EMPTY,
    Part.SAMPLE: Status.SAMPLED,
    Part.CLONE: Status.CLONED,
}
READ_THROUGH = frozenset({"view", "ephemeral", "materialized_view", "dynamic_table"})
"""Materializations that show at once what the models below them hold."""


def activated(manifest: Manifest) -> frozenset[str]:
    """Unique ids of the models with our metadata."""
    return frozenset(id for id, m in manifest.models.items() if m.activation is not None)


def incomplete(
    manifest: Manifest,
    verdicts: Mapping[str, Verdict],
    node: str,
) -> Verdict | None:
    """The build of a part of the rows that a node shows; None when it shows all of them.

    A view shows what the models below it hold now, a table what they held when it was built.
    """
    seen: dict[str, datetime] = {}
    stack = [(node, datetime.max.replace(tzinfo=UTC))]
    while stack:
        current, until = stack.pop()
        verdict, model = verdicts.get(current), manifest.models.get(current)
        if verdict is not None and verdict.status in INCOMPLETE and verdict.at <= until:
            return verdict
        if model is None or seen.get(current, LONG_AGO) >= until:
            continue
        seen[current] = until
        if model.materialized not in READ_THROUGH:
            if verdict is None or verdict.status is not Status.BUILT:
                continue  # when it was built is not known
            until = min(until, verdict.at + SLACK)
        stack += [(below, until) for below in model.depends_on]
    return None


def built_from_part(manifest: Manifest, known: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Tables that count as built, and were so after a model below them was built in part."""
    found: dict[str, Verdict] = {}
    for node, verdict in known.items():
        model = manifest.models.get(node)
        is_table = model is not None and model.materialized not in READ_THROUGH
        if is_table and verdict.status is Status.BUILT:
            source = incomplete(manifest, known, node)
            if source is not None:
                detail = f"model {source.name}, which it selects from,"
                found[node] = replace(verdict, status=source.status, detail=detail)
    return found


def built_in_part(
    manifest: Manifest, known: Mapping[str, Verdict], traces: Traces
) -> dict[str, Verdict]:
    """Builds of a part of the rows that only their SQL shows: their results are gone."""
    ours = activated(manifest)
    found: dict[str, Verdict] = {}
    for node in (*ours, *ancestors(manifest, *ours)):
        model, before = manifest.models.get(node), known.get(node)
        trace = traces(model.run_file) if model else None
        if model is None or trace is None:
            continue
        status = PARTS[trace.part_of(model.relation_name)]
        if status not in INCOMPLETE:
            continue
        if before is None or trace.at > before.at + SLACK:
            verdict = before or Verdict(node, node.split(".", 2)[-1], status, trace.at)
            # What was incomplete before has been so since then, for the tables that were built.
            since = verdict.at if verdict.status in INCOMPLETE else trace.at
            found[node] = replace(verdict, status=status, at=since, detail="", invocation_id="")
    return found


def tested_unseen(
    manifest: Manifest, known: Mapping[str, Verdict], traces: Traces
) -> dict[str, Verdict]:
    """Tests that have judged rows since what is known of them: how they ended is not known.

    A test that failed fails until it passes.
    """
    ours = activated(manifest)
    found: dict[str, Verdict] = {}
    for test in (*manifest.tests, *_hidden(manifest, known)):
        before = known.get(test.unique_id)
        is_failing = before is not None and before.status is Status.FAILING
        told = [before] if before else [known[m] for m in test.models & ours if m in known]
        file = traced(test)
        trace = traces(file) if file and not is_failing else None
        if told and trace and trace.at > min(verdict.at for verdict in told) + SLACK:
            unseen = Verdict(
                test.unique_id,
                test.name,
                Status.UNSEEN,
                trace.at,
                models=test.models,
                run_file=file,
            )
            found[test.unique_id] = unseen
    return found


def traced(test: Check) -> str:
    """The `run_file` of a test that judges rows and may hold a sync; empty for any other."""
    return "" if test.is_unit or test.severity != "error" else test.run_file


def _hidden(manifest: Manifest, known: Mapping[str, Verdict]) -> list[Check]:
    """Tests that judged rows before, and that this manifest lacks."""
    listed = {test.unique_id for test in manifest.tests}
    return [
        Check(test.node, test.name, "error", test.models, run_file=test.run_file)
        for test in known.values()
        if test.run_file and test.node not in listed
    ]


def has_run_since(traces: Traces, run_file: str, verdict: Verdict) -> bool:
    """Whether dbt executed a node after what is known of it: a command whose results are gone."""
    trace = traces(run_file)
    return trace is not None and trace.at > verdict.at + SLACK
