"""What is known of models and tests: today's run_results.json over what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sync.project.artifacts import Check, Manifest
from sync.project.attribution import ancestors, models_of, why_skipped
from sync.project.parts import (
    PARTS,
    activated,
    built_from_part,
    built_in_part,
    has_run_since,
    incomplete,
    tested_unseen,
    traced,
)
from sync.project.run_results import TESTS, Part, Result, RunResults
from sync.project.traces import Traces, no_trace
from sync.project.verdicts import INCOMPLETE, LONG_AGO, Known, Status, Verdict

BUILT = frozenset({"success", "no-op", "reused"})
FAILED_TEST = frozenset({"fail", "error", "runtime error"})
PASSED_TEST = frozenset({"pass", "warn"})
NOT_BUILT = frozenset({Status.FAILED, Status.SKIPPED})
NOT_PASSED = frozenset({Status.FAILING, Status.UNSEEN})


def know(
    manifest: Manifest,
    run: RunResults | None,
    remembered: Iterable[Verdict],
    now: datetime,
    traces: Traces = no_trace,
) -> Known:
    """The newest verdict of each model with our metadata, of what it selects from, and its tests.

    `run` is None where no results for our target are there. A command that builds nothing says
    nothing of a model. A test that failed fails until it passes on a model that is built whole.
    """
    known = {v.node: v for v in sorted(remembered, key=lambda v: v.at)}
    if run is None:
        known |= built_in_part(manifest, known, traces)
        known |= built_from_part(manifest, known)
        known |= tested_unseen(manifest, known, traces)
        return Known(known)
    judge = _Judge(manifest, run, now, traces, known)
    judge.hear()
    known |= tested_unseen(manifest, known, traces)
    return Known(known, frozenset(judge.fresh))


class _Judge:
    """Hears one run_results.json."""

    def __init__(
        self,
        manifest: Manifest,
        run: RunResults,
        now: datetime,
        traces: Traces,
        known: dict[str, Verdict],
    ) -> None:
        self.manifest, self.run, self.now, self.traces = manifest, run, now, traces
        self.known = known
        self.fresh: set[str] = set()
        self.models = activated(manifest)

    def hear(self) -> None:
        """Take what the results say of models, then of tests, into `known`."""
        for node in self._concerned():
            self._take(self._of_model(node))
        self.known |= built_in_part(self.manifest, self.known, self.traces)
        self._spread()
        for test in self._tests():
            self._take(test)
        for verdict in list(self.known.values()):
            if verdict.status in NOT_PASSED and self._is_removed(verdict):
                self._take(replace(self._new(verdict.node, Status.REMOVED), name=verdict.name))

    def _take(self, verdict: Verdict | None) -> None:
        """Keep it, unless a newer one is known."""
        before = self.known.get(verdict.node) if verdict else None
        if verdict is None or (before is not None and before.at > verdict.at):
            return
        if before is not None and before.status in INCOMPLETE and verdict.status in NOT_BUILT:
            return  # it holds what it held
        if before is not None and before.status in INCOMPLETE and _is_same(before, verdict):
            self.fresh.add(verdict.node)
            return  # heard before, when more was known of the models below
        self.known[verdict.node] = replace(verdict, read_as=before.read_as if before else "")
        self.fresh.add(verdict.node)

    def _new(self, node: str, status: Status, detail: str = "") -> Verdict:
        run, result = self.run, self.run.results.get(node, Result(""))
        told = [at for at in (result.completed_at, run.generated_at) if at]
        return Verdict(
            node=node,
            name=node.split(".", 2)[-1],
            status=status,
            at=min([*told, self.now]) if told else LONG_AGO,
            detail=detail or result.status,
            invocation_id=run.invocation_id,
            profile=run.profile or "",
            target=run.target or "",
        )

    # Models

    def _concerned(self) -> list[str]:
        """Our models in the results, and of those below them what is or was incomplete."""
        below = set(ancestors(self.manifest, *self.models))
        is_partial = PARTS.get(self.run.built) in INCOMPLETE
        return [
            node
            for node in self.run.results
            if node in self.models
            or (node in below and _has_rows_of_refs(node) and (is_partial or node in self.known))
        ]

    def _of_model(self, node: str) -> Verdict | None:
        result = self.run.results[node]
        if self.run.built is Part.NOTHING:
            return None
        if result.status == "skipped":
            reason = why_skipped(self.manifest, self.run, node)
            return self._as_built(node, Status.SKIPPED, reason)
        if result.status not in BUILT:
            return self._as_built(node, Status.FAILED, result.status)
        status = PARTS.get(self.run.built)
        detail = "" if status in INCOMPLETE else result.status
        return self._as_built(node, status, detail) if status else None

    def _as_built(self, node: str, status: Status, detail: str) -> Verdict:
        built_as = self.run.results[node].relation_name or ""
        return replace(self._new(node, status), detail=detail, built_as=built_as)

    def _spread(self) -> None:
        """A table that was built just now from an incomplete model is as incomplete."""
        new = {node: self._as_built(node, Status.BUILT, "") for node in self._new_tables()}
        self.known |= built_from_part(self.manifest, {**self.known, **new})

    def _new_tables(self) -> list[str]:
        """Tables below our models that these results say were built, and of which else nothing is
        known."""
        if self.run.built is not Part.ALL:
            return []
        below = set(ancestors(self.manifest, *self.models)) - self.known.keys()
        return [
            n for n, result in self.run.results.items() if n in below and result.status in BUILT
        ]

    # Tests

    def _tests(self) -> Iterator[Verdict]:
        checks = {check.unique_id: check for check in self.manifest.tests}
        for node, result in self.run.results.items():
            if not node.startswith(("test.", "unit_test.")):
                continue
            check, before = checks.get(node), self.known.get(node)
            models = self._tested(node, check, result) & self.models
            if models and (status := self._of_test(node, check, result, models)):
                name = check.name if check else _test_name(node)
                file = traced(check) if check else before.run_file if before else ""
                yield replace(self._new(node, status), name=name, models=models, run_file=file)

    def _tested(self, node: str, check: Check | None, result: Result) -> frozenset[str]:
        if check is not None:
            return check.models
        if node in self.known:
            return self.known[node].models
        if result.status in FAILED_TEST:
            return models_of(self.manifest, self.run, node, result)
        return frozenset()

    def _of_test(
        self, node: str, check: Check | None, result: Result, models: frozenset[str]
    ) -> Status | None:
        if result.status in FAILED_TEST and self._counts(result):
            return Status.PASSED if self._only_warns(check, result) else Status.FAILING
        if result.status not in PASSED_TEST or self.run.command not in TESTS:
            return None
        before = self.known.get(node)
        was_failing = before is not None and before.status is Status.FAILING
        return None if was_failing and not all(map(self._is_whole, models)) else Status.PASSED

    def _counts(self, result: Result) -> bool:
        """A compilation that ends in an error tests nothing."""
        is_run = self.run.command in TESTS or self.run.built is Part.UNKNOWN
        return is_run or result.status == "fail"

    def _only_warns(self, check: Check | None, result: Result) -> bool:
        """dbt says `fail` only where the severity was error, whatever a later manifest says."""
        if check is None or check.severity != "warn":
            return False
        return result.status != "fail" or self.run.invocation_id == self.manifest.invocation_id

    def _is_whole(self, model: str) -> bool:
        verdict = self.known.get(model)
        if verdict is None or verdict.status is not Status.BUILT:
            return False
        if incomplete(self.manifest, self.known, model) is not None:
            return False
        return not has_run_since(self.traces, self.manifest.models[model].run_file, verdict)

    def _is_removed(self, test: Verdict) -> bool:
        """A build of the models with all of their tests, by a project without this one, proves it.

        A manifest of another command does not: other variables may hide a test.
        """
        run, models = self.run, [m for m in test.models if m in self.manifest.models]
        is_same = bool(run.invocation_id) and run.invocation_id == self.manifest.invocation_id
        # A retry does not say whether it is one of a build or of a run.
        if not (is_same and run.built is Part.ALL and run.command == "build" and models):
            return False
        checks = {c.unique_id for c in self.manifest.tests if not c.models.isdisjoint(models)}
        executed = {node for node, result in run.results.items() if result.status != "skipped"}
        if test.node in checks or test.node in run.results or not checks <= executed:
            return False
        return all(m in self.fresh and self._is_whole(m) for m in models)


def _is_same(before: Verdict, now: Verdict) -> bool:
    return (before.at, before.invocation_id) == (now.at, now.invocation_id)


def _has_rows_of_refs(node: str) -> bool:
    """A seed holds all of its file whatever the flags."""
    return node.startswith(("model.", "snapshot."))


def _test_name(node: str) -> str:
    """`test.shop.unique_id.0a1b2c` -> `unique_id`; `unit_test.shop.orders.adds` -> `adds`."""
    parts = node.split(".")
    return parts[-1] if node.startswith("unit_test.") or len(parts) < 4 else parts[2]
