"""Verdicts: the last that a real dbt command said of each model and each test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sync.project.traces import SLACK

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    """What a verdict amounts to: the first seven are of models, the others of tests."""

    BUILT = "built"
    FAILED = "failed"
    SKIPPED = "skipped"
    EMPTY = "empty"
    """Built with `--empty`, or from a model that was."""
    SAMPLED = "sampled"
    """Built with `--sample`, or from a model that was."""
    CLONED = "cloned"
    """Made by `dbt clone`, or from a model that was."""
    UNKNOWN = "unknown"
    """Read by a sync without a verdict, because that was allowed."""
    PASSED = "passed"
    """Passed, or only warned."""
    FAILING = "failing"
    UNSEEN = "unseen"
    """Run again after its last verdict, and the results are gone."""
    REMOVED = "removed"
    """Failed once, and is no longer in the project."""


INCOMPLETE = frozenset({Status.EMPTY, Status.SAMPLED, Status.CLONED})
"""A model in one of these holds other rows than its SQL selects."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one dbt command said of one model or test."""

    node: str
    """dbt's unique id."""
    name: str
    status: Status
    at: datetime
    """When dbt was done with the node; in 1970 where dbt gives no moment."""
    detail: str = ""
    """dbt's own word for it, or the reason in ours."""
    invocation_id: str = ""
    profile: str = ""
    target: str = ""
    built_as: str = ""
    """Of a model: the relation that was built; empty where dbt does not name it."""
    read_as: str = ""
    """Of a model: the relation that a sync last read; empty before the first one."""
    models: frozenset[str] = frozenset()
    """Of a test: unique ids of the models whose rows it speaks about."""
    run_file: str = ""
    """Of a test that counts: as of a model of the manifest, which may hide the test one day."""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest verdict of each node, by unique id."""

    verdicts: Mapping[str, Verdict]
    fresh: frozenset[str] = frozenset()
    """Nodes whose verdict is what today's run_results.json says."""

    def failing(self, model: str) -> list[Verdict]:
        """The failing tests of a model, by name."""
        return self._tests(model, Status.FAILING)

    def unseen(self, model: str) -> list[Verdict]:
        """The tests that ran on a model's present rows, and whose results are gone, by name."""
        built = self.verdicts[model].at + SLACK
        return [test for test in self._tests(model, Status.UNSEEN) if test.at > built]

    def _tests(self, model: str, status: Status) -> list[Verdict]:
        found = (v for v in self.verdicts.values() if v.status is status)
        return sorted((v for v in found if model in v.models), key=lambda v: v.name)
