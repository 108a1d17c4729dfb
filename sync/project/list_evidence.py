"""What is known of the builds of models that decide who may be sent: reasons to let adds wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sync.errors import Problem, sentences
from sync.model import Kind, Relation, Sync
from sync.project.advice import moment
from sync.project.evidence import Evidence
from sync.project.verdicts import LONG_AGO, Known
from sync.rules import Listed


@dataclass(frozen=True, slots=True)
class ListEvidence:
    """The same evidence as for models that are sent, asked about those that are consulted."""

    evidence: Evidence
    known: Known
    is_strict: bool
    now: datetime

    def doubts(self, sync: Sync) -> list[Problem]:
        """Why adds and changes of a sync wait; empty when all that it asks can be relied on."""
        return [
            _waiting(sync, listed.model, problem)
            for listed in sync.rules.asked
            for problem in self._of(listed)
        ]

    def doubted(self, sync: Sync) -> list[str]:
        """Unique ids of the models that it asks and that can't be relied on."""
        asked = sync.rules.asked
        return [one.unique_id for one in asked if any(True for _ in self._of(one))]

    def _of(self, listed: Listed) -> Iterator[Problem]:
        if listed.problem:
            yield Problem(
                "list-unusable",
                f"{listed.model}: {listed.problem}",
                where=listed.path,
                fix="run: python -m sync check",
            )
            return
        asked = _as_sync(listed)
        refusals = list(self.evidence.refusals(asked))
        yield from refusals
        if not refusals:
            yield from self.evidence.doubts(asked) if self.is_strict else ()
            yield from self._too_old(listed)

    def _too_old(self, listed: Listed) -> Iterator[Problem]:
        verdict = self.known.verdicts.get(listed.unique_id)
        if listed.max_age is None or verdict is None or verdict.at == LONG_AGO:
            return
        if self.now - verdict.at > listed.max_age:
            yield Problem(
                "list-old",
                f"model {listed.model} was last built on {moment(verdict)}, longer ago than its"
                " max_age",
                where=listed.path,
                fix=f"run: dbt build --select {listed.model}",
            )


def _as_sync(listed: Listed) -> Sync:
    """What the evidence is asked about."""
    return Sync(
        name=listed.model,
        model=listed.model,
        unique_id=listed.unique_id,
        relation=listed.relation or Relation(None, "", listed.model),
        connection="",
        vendor="",
        kind=Kind.TRAITS,
        identity=listed.identity,
        path=listed.path,
    )


def _waiting(sync: Sync, model: str, problem: Problem) -> Problem:
    again = f"apply --select {model} "
    return replace(
        problem,
        code=f"list-{problem.code.removeprefix('list-')}",
        message=f"adds and changes of {sync.name} wait: {problem.message}",
        hint=sentences(problem.hint, "Removals are not held."),
        fix=problem.fix.replace(again, f"apply --select {sync.model} "),
    )
