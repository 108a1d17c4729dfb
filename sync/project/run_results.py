"""run_results.json: the last dbt command that wrote results, and what each node came to in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sync.errors import Problem
from sync.project.artifact_file import Sleep, check_version, read_json, unknown_shape

NEWEST = 6
BUILDS = frozenset({"build", "run", "retry"})
TESTS = frozenset({"build", "test", "retry"})
OTHERS = frozenset(
    "compile generate serve show ls list parse seed snapshot freshness run-operation deps debug"
    " clean init docs source test".split()
)
"""Commands that leave every model as it is."""
WORDS = {
    "generate": "docs generate",
    "serve": "docs serve",
    "freshness": "source freshness",
    "list": "ls",
}
"""Commands whose name in `args.which` is not what is typed."""


class Part(StrEnum):
    """What of a model's rows a command builds."""

    ALL = "all"
    EMPTY = "empty"
    """None of them: `--empty`."""
    SAMPLE = "sample"
    """Those of some days: `--sample`."""
    CLONE = "clone"
    """Those of another environment: `dbt clone`."""
    NOTHING = "nothing"
    """Models are left as they are."""
    UNKNOWN = "unknown"
    """dbt does not tell its command, or it is a new one."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one node fared. `completed_at` is None for a node that was not executed."""

    status: str
    relation_name: str | None = None
    completed_at: datetime | None = None
    compiled_code: str | None = None


@dataclass(frozen=True, slots=True)
class RunResults:
    """The last dbt command that wrote results. `target` is None when it was not given to it."""

    path: Path
    invocation_id: str
    generated_at: datetime | None
    command: str
    """`build`, `run`, `test`, `compile`, `generate`, ...; empty when dbt does not tell."""
    target: str | None
    profile: str | None
    results: Mapping[str, Result] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    built: Part = Part.ALL

    @property
    def typed(self) -> str:
        """The command as it is typed: `docs generate`."""
        return WORDS.get(self.command, self.command)


def read_run_results(path: Path, sleep: Sleep = time.sleep) -> RunResults | None:
    """None when dbt left no results; ConfigError when they can't be read."""
    if not path.exists():
        return None
    raw = read_json(path, sleep)
    warnings = check_version(path, raw, NEWEST, ("metadata", "results"))
    try:
        return _run_results(path, raw, warnings)
    except (KeyError, TypeError, AttributeError) as e:
        raise unknown_shape(path, raw) from e


def instant(text: Any) -> datetime | None:
    """A moment as dbt writes it, in UTC where it names no zone; None for anything else."""
    with suppress(TypeError, ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def _run_results(path: Path, raw: Mapping[str, Any], warnings: tuple[Problem, ...]) -> RunResults:
    metadata, args = raw["metadata"], raw.get("args") or {}
    command = str(args.get("which") or args.get("command") or "").lower()
    return RunResults(
        path=path,
        invocation_id=metadata.get("invocation_id") or "",
        generated_at=instant(metadata.get("generated_at")),
        command=command,
        target=args.get("target"),
        profile=args.get("profile"),
        results={r["unique_id"]: _result(r) for r in raw["results"]},
        warnings=warnings,
        built=_built(command, args),
    )


def _result(raw: Mapping[str, Any]) -> Result:
    ends = [instant(step.get("completed_at")) for step in raw.get("timing") or ()]
    return Result(
        status=str(raw["status"]).lower(),
        relation_name=raw.get("relation_name"),
        completed_at=max((end for end in ends if end), default=None),
        compiled_code=raw.get("compiled_code"),
    )


def _built(command: str, args: Mapping[str, Any]) -> Part:
    if command == "clone":
        return Part.CLONE
    if command not in BUILDS:
        return Part.NOTHING if command in OTHERS else Part.UNKNOWN
    if _is_on(args, "empty"):
        return Part.EMPTY
    return Part.SAMPLE if _is_on(args, "sample") else Part.ALL


def _is_on(args: Mapping[str, Any], flag: str) -> bool:
    """Whether a flag was given. An engine that leaves it out of `args` may repeat the command."""
    if flag in args:
        return str(args[flag] or "").lower() not in ("", "false", "0", "none")
    words = str(args.get("invocation_command") or "").split()
    return any(word == f"--{flag}" or word.startswith(f"--{flag}=") for word in words)
