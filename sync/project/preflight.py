"""Which syncs may run, going by what the last dbt command built and tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.errors import Problem
from sync.model import Sync
from sync.project.artifacts import Check, Manifest, RunResults
from sync.project.profiles import Profile

BUILDS = frozenset({"build", "run", "retry", "clone"})
BUILT = frozenset({"success", "no-op", "reused"})
FAILED_TEST = frozenset({"fail", "error", "runtime error"})


@dataclass(frozen=True, slots=True)
class Gated:
    """What a gate has to say about one sync: a refusal, or else a warning while it goes on."""

    sync: Sync
    problem: Problem
    is_refused: bool


@dataclass(frozen=True, slots=True)
class BuiltFor:
    """The target that a run is for, to tell whether dbt built the same one."""

    profile: str
    target: str
    default_target: str

    @classmethod
    def of(cls, profile: Profile) -> BuiltFor:
        """What a profile says."""
        return cls(profile.name, profile.target.name, profile.default_target)


def gate(
    manifest: Manifest,
    run_results: RunResults | None,
    syncs: Sequence[Sync],
    is_strict: bool = False,
    built_for: BuiltFor | None = None,
) -> tuple[list[Sync], list[Gated]]:
    """The syncs that may run, and every refusal and warning.

    A failed or skipped build, a failing test and another target refuse. What the results don't
    tell warns, and refuses when strict. A refused sync is left as it is: nobody is removed.
    """
    evidence = _Evidence(manifest, run_results, built_for)
    open_syncs: list[Sync] = []
    gated: list[Gated] = []
    for sync in syncs:
        refusals = list(evidence.refusals(sync))
        doubts = [] if refusals else list(evidence.doubts(sync))
        gated += [Gated(sync, problem, is_refused=True) for problem in refusals]
        gated += [Gated(sync, problem, is_refused=is_strict) for problem in doubts]
        if not refusals and not (doubts and is_strict):
            open_syncs.append(sync)
    return open_syncs, gated


class _Evidence:
    """What the artifacts say about a model."""

    def __init__(
        self, manifest: Manifest, run_results: RunResults | None, built_for: BuiltFor | None
    ) -> None:
        self._manifest, self._run = manifest, run_results
        self._other_target = _other_target(run_results, built_for)
        self._tests: dict[str, list[Check]] = {}
        for test in manifest.tests:
            for model in test.models:
                self._tests.setdefault(model, []).append(test)

    def refusals(self, sync: Sync) -> Iterator[Problem]:
        """Reasons for which nothing may be sent."""
        model = self._manifest.models.get(sync.unique_id)
        if model is None or model.relation_name is None:
            text = f"model {sync.model} has no relation in the warehouse"
            yield Problem("no-relation", text, sync.path, fix="materialize it, and run dbt build")
            return
        if self._run is None:
            return
        if self._other_target:
            text = f"model {sync.model} is not synced: {self._other_target}"
            fix = "build the target that is to be synced: dbt build --target <target>"
            yield Problem("other-target", text, str(self._run.path), fix=fix)
            return
        if self._run.command in BUILDS:
            yield from self._build_refusals(sync, model.relation_name)
        for test in self._tests.get(sync.unique_id, ()):
            result = self._run.results.get(test.unique_id)
            if result and result.status in FAILED_TEST and test.severity == "error":
                yield Problem(
                    "test-failed",
                    f"model {sync.model} fails its test {test.name} ({result.status})",
                    str(self._run.path),
                    fix=f"mend the rows or the model, then run: dbt build --select {sync.model}",
                )

    def _build_refusals(self, sync: Sync, relation_name: str) -> Iterator[Problem]:
        assert self._run is not None  # asked before
        result = self._run.results.get(sync.unique_id)
        if result is None:
            return
        again = f"mend it, then run: dbt build --select {sync.model}"
        if result.status == "skipped":
            text = f"model {sync.model} was skipped, because something it selects from failed"
            yield Problem("build-skipped", text, str(self._run.path), fix=again)
        elif result.status not in BUILT:
            text = f"model {sync.model} was not built: its last build ended as {result.status}"
            yield Problem("build-failed", text, str(self._run.path), fix=again)
        elif result.relation_name and result.relation_name != relation_name:
            text = (
                f"model {sync.model} was built as {result.relation_name}, and the manifest now "
                f"says {relation_name}"
            )
            hint = "a dbt command for another target, or with other settings, wrote the manifest"
            yield Problem("relation-moved", text, str(self._run.path), hint, "run dbt build again")

    def doubts(self, sync: Sync) -> Iterator[Problem]:
        """What the artifacts leave open; at most one, the one that explains the others."""
        name, run = sync.model, self._run
        fix = f"run: dbt build --select {name}"
        if run is None:
            text = f"no dbt run is recorded, so whether model {name} is built is not known"
            yield Problem("results-missing", text, str(self._manifest.path.parent), fix=fix)
        elif run.command and run.command not in BUILDS:
            text = f"the last dbt command was `dbt {run.command}`, which builds no model"
            hint = f"whether model {name} was built before it is not known"
            yield Problem("not-built", text, str(run.path), hint, fix)
        elif sync.unique_id not in run.results:
            text = f"model {name} was not part of the last dbt run"
            yield Problem("not-built", text, str(run.path), fix=fix)
        elif self._is_run_older():
            text = f"dbt last ran before the manifest was written, so model {name} may have changed"
            hint = "a later dbt command (parse, ls) wrote manifest.json and built nothing"
            yield Problem("results-older", text, str(run.path), hint, fix)

    def _is_run_older(self) -> bool:
        run, manifest = self._run, self._manifest
        if run is None or run.invocation_id == manifest.invocation_id:
            return False
        if run.generated_at is None or manifest.generated_at is None:
            return True
        return run.generated_at < manifest.generated_at


def _other_target(run: RunResults | None, ours: BuiltFor | None) -> str:
    """In words, what dbt last built when it is not what we are about to sync; else empty."""
    if run is None or ours is None:
        return ""
    if run.profile and run.profile != ours.profile:
        return f"dbt last ran with profile {run.profile}, and this run is for {ours.profile}"
    built = run.target or ours.default_target
    if built == ours.target:
        return ""
    how = "" if run.target else " (no --target was given, so the profile's default)"
    return f"dbt last ran for target {built}{how}, and this run is for {ours.target}"
