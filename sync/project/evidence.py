"""What the known verdicts say about a sync: reasons to refuse it, and what they leave open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sync.errors import Problem, sentences
from sync.model import Sync
from sync.project.advice import allow, build, differ, moment, names, or_allow
from sync.project.artifacts import Check, Manifest, Model
from sync.project.parts import has_run_since, incomplete
from sync.project.run_results import Part, RunResults
from sync.project.traces import Traces
from sync.project.verdicts import Known, Status, Verdict

HOW = {
    Status.EMPTY: ("build-empty", "with --empty, so without rows"),
    Status.SAMPLED: ("build-sampled", "with --sample, so with a part of its rows"),
    Status.CLONED: ("build-cloned", "by dbt clone, so with the rows of another environment"),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is let pass because it is meant."""

    moved: bool = False
    """A model that lies elsewhere than where it was read from before."""
    unproven: bool = False
    """A model whose rows of today no known build proves."""
    old: bool = False
    """A model, or a source of it, that is older than the `sla`."""


NOTHING = Allowed()


class Evidence:
    """The evidence for or against syncs of one target.

    `run` is today's run_results.json, `other` says in words for which other target it is.
    """

    def __init__(
        self,
        manifest: Manifest,
        run: RunResults | None,
        known: Known,
        traces: Traces,
        allowed: Allowed,
        other: str,
    ) -> None:
        self._manifest, self._run, self._known = manifest, run, known
        self._traces, self._allowed, self._other = traces, allowed, other
        self._where = str(run.path if run else manifest.path.parent)
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
        elif self._other:
            text = f"model {sync.model} is not synced: {self._other}"
            fix = "build the target that is to be synced: dbt build --target <target>"
            yield Problem("other-target", text, self._where, fix=fix)
        else:
            verdict = self._known.verdicts.get(sync.unique_id)
            yield from self._moved(sync, model.relation_name, verdict)
            of_build = list(self._of_build(sync, model, verdict))
            yield from of_build
            yield from self._of_tests(sync, None if of_build else verdict)

    def doubts(self, sync: Sync) -> Iterator[Problem]:
        """What the evidence leaves open; at most one, the one that explains the others."""
        if not self.is_proven(sync):
            yield self._overtaken(sync)
        elif sync.unique_id in self._known.fresh and self._is_run_older():
            text = f"dbt last ran before the manifest was written, so model {sync.model} may"
            hint = "A later dbt command (parse, ls) wrote manifest.json and built nothing."
            yield Problem("results-older", f"{text} have changed", self._where, hint, build(sync))
        elif untested := self._untested(sync):
            text = f"model {sync.model} was built without its tests; not run since:"
            yield Problem("not-tested", f"{text} {names(untested)}", self._where, fix=build(sync))

    def is_proven(self, sync: Sync) -> bool:
        """Whether the known verdict is certainly of the model's last build, as far as shows here.

        It is what today's results say, or dbt left a trace of that build and none of a later one.
        """
        if self._allowed.unproven or sync.unique_id in self._known.fresh:
            return True
        return self._traces(self._manifest.models[sync.unique_id].run_file) is not None

    # Where it lies

    def _moved(self, sync: Sync, now: str, verdict: Verdict | None) -> Iterator[Problem]:
        if verdict is None:
            return
        hint = "A dbt command for another target, or with other settings, wrote the manifest."
        if differ(verdict.read_as, now) and not self._allowed.moved:
            text = f"model {sync.model} was read from {verdict.read_as} so far, and the manifest"
            fix = (
                f"run dbt build for this target; when it has moved for good: {allow(sync, 'moved')}"
            )
            yield Problem("relation-moved", f"{text} now says {now}", self._where, hint, fix)
        elif differ(verdict.built_as, now):
            text = f"model {sync.model} was built as {verdict.built_as}, and the manifest now says"
            fix = "run dbt build again"
            yield Problem("relation-moved", f"{text} {now}", self._where, hint, fix)

    # Its last build

    def _of_build(self, sync: Sync, model: Model, verdict: Verdict | None) -> Iterator[Problem]:
        if verdict is None or verdict.status is Status.UNKNOWN:
            yield from () if self._allowed.unproven else (self._unbuilt(sync),)
        elif verdict.status is Status.FAILED:
            text = f"model {sync.model} was not built: its last build ended as {verdict.detail}"
            yield self._refusal("build-failed", text, verdict, f"mend it, then {build(sync)}")
        elif verdict.status is Status.SKIPPED:
            yield from self._skipped(sync, verdict)
        elif not self._allowed.unproven:
            yield from self._not_whole(sync, model, verdict)

    def _unbuilt(self, sync: Sync) -> Problem:
        code = "results-missing" if self._run is None else "not-built"
        text = f"{self._last_command(sync)}, and no earlier build of model {sync.model} is known"
        hint = ""
        if self._run is not None and self._run.built is Part.NOTHING:
            hint = "It has overwritten what a build before it left: run the sync between the two."
        return Problem(code, text, self._where, hint, or_allow(build(sync), sync, "unproven"))

    def _skipped(self, sync: Sync, verdict: Verdict) -> Iterator[Problem]:
        failing = self._known.failing(sync.unique_id)
        if any(test.node.startswith("unit_test.") for test in failing):
            return  # the test itself is told
        reason = f", because {verdict.detail}" if verdict.detail else ""
        text = f"model {sync.model} was skipped{reason}"
        yield self._refusal("build-skipped", text, verdict, f"mend it, then {build(sync)}")

    def _not_whole(self, sync: Sync, model: Model, verdict: Verdict) -> Iterator[Problem]:
        source = incomplete(self._manifest, self._known.verdicts, sync.unique_id)
        if source is not None:
            code, how = HOW[source.status]
            name = f"model {source.name}, which it selects from,"
            below = verdict.detail if source is verdict else name
            text = f"model {sync.model} is not whole: {below or 'it'} was last built {how}"
            fix = or_allow(build(sync, "+" if below else ""), sync, "unproven")
            yield self._refusal(code, text, source, fix)
        elif has_run_since(self._traces, model.run_file, verdict):
            text = f"dbt has built model {sync.model} again, and the results are gone"
            hint = "A later dbt command has overwritten them, or dbt was killed."
            fix = or_allow(build(sync), sync, "unproven")
            yield Problem("build-unseen", text, self._where, hint, fix)

    # Its tests

    def _of_tests(self, sync: Sync, built: Verdict | None) -> Iterator[Problem]:
        known = {test.unique_id for test in self._tests.get(sync.unique_id, ())}
        failing = self._known.failing(sync.unique_id)
        for test in failing:
            kind = "unit test" if test.node.startswith("unit_test.") else "test"
            text = f"model {sync.model} fails its {kind} {test.name} ({test.detail})"
            fix = f"mend the rows or the model, then {build(sync)}"
            gone = "" if test.node in known else "The manifest does not know this test."
            yield self._refusal("test-failed", text, test, fix, gone)
        if failing or self._allowed.unproven or built is None:
            return
        if unseen := self._known.unseen(sync.unique_id):
            text = f"dbt has tested model {sync.model} again, and the results are gone"
            fix = or_allow(build(sync), sync, "unproven")
            yield Problem("test-unseen", f"{text}: {names(unseen)}", self._where, fix=fix)

    def _data_tests(self, sync: Sync) -> list[Check]:
        """Those that judge the rows, and can hold a sync."""
        tests = self._tests.get(sync.unique_id, ())
        return [t for t in tests if not t.is_unit and t.severity == "error"]

    def _untested(self, sync: Sync) -> list[Check]:
        built = self._known.verdicts.get(sync.unique_id)
        return [t for t in self._data_tests(sync) if built and not self._is_after(t, built)]

    def _is_after(self, test: Check, built: Verdict) -> bool:
        verdict = self._known.verdicts.get(test.unique_id)
        if verdict is None or verdict.status is Status.UNSEEN:
            return False
        return verdict.invocation_id == built.invocation_id or verdict.at >= built.at

    # Words

    def _overtaken(self, sync: Sync) -> Problem:
        verdict = self._known.verdicts[sync.unique_id]
        text = f"{self._last_command(sync)}; the last known build of model {sync.model}, on"
        hint = "Removals wait until dbt builds it again: a later build may not be known here."
        return Problem(
            "not-built", f"{text} {moment(verdict)}, was good", self._where, hint, build(sync)
        )

    def _last_command(self, sync: Sync) -> str:
        """What the last dbt command did not do for the model."""
        run = self._run
        if run is None:
            return "dbt left no run_results.json"
        if run.built is Part.NOTHING:
            return f"the last dbt command was `dbt {run.typed}`, which builds no model"
        if sync.unique_id not in run.results:
            return f"model {sync.model} was not part of the last dbt command"
        if run.built is Part.UNKNOWN:
            return "run_results.json does not say which dbt command wrote it"
        return "run_results.json is older than what is known"

    def _refusal(self, code: str, text: str, verdict: Verdict, fix: str, hint: str = "") -> Problem:
        """A problem with the verdict that it rests on, where that is not in today's results."""
        if verdict.node not in self._known.fresh:
            said = f"This is known since {moment(verdict)}, and nothing better has been seen since."
            hint = sentences(hint, said)
        return Problem(code, text, self._where, hint, fix)

    def _is_run_older(self) -> bool:
        run, manifest = self._run, self._manifest
        if run is None or run.invocation_id == manifest.invocation_id:
            return False
        if run.generated_at is None or manifest.generated_at is None:
            return True
        return run.generated_at < manifest.generated_at
