"""The SQL that dbt writes when it runs a model or test: a trace of commands whose results are gone.

dbt overwrites run_results.json with every command, and keeps a file for each node in `run/` of the
target path, which only a command that executes that node writes again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync.project.run_results import Part

EMPTY = re.compile(r"\(select \* from \S+ where false limit 0\)", re.IGNORECASE)
"""What stands for each `ref` and `source` in a build with `--empty`."""
SAMPLE = re.compile(
    r"\(select \* from \S+ where [^()]*(?:\([^()]*\)[^()]*)?[<>]=? '[^']*[0-9]\+00:00'",
    re.IGNORECASE,
)
"""And with `--sample`: a range of moments in UTC."""
SLACK = timedelta(seconds=1)
"""How far a file system's clock may lie ahead of dbt's."""


@dataclass(frozen=True, slots=True)
class Trace:
    """That dbt executed a node: when, and by which SQL."""

    at: datetime
    sql: str = ""
    is_batch: bool = False
    """It is one batch of a microbatch model: a range of moments without `--sample` too."""

    def part_of(self, relation: str | None) -> Part:
        """What part of the rows below it the SQL reads; ALL where it builds another relation."""
        if not relation or not _is_named(relation, self.sql):
            return Part.ALL
        if EMPTY.search(self.sql):
            return Part.EMPTY
        return Part.SAMPLE if SAMPLE.search(self.sql) and not self.is_batch else Part.ALL


Traces = Callable[[str], Trace | None]
"""From a node's `run_file` to the last time that dbt executed it here; None without a trace."""


def traces_in(target_path: Path) -> Traces:
    """Traces below `run/` of dbt's target path."""
    folder = target_path / "run"
    return lambda run_file: _trace_of(folder / run_file) if run_file else None


def no_trace(run_file: str) -> Trace | None:
    """None: nothing is known of this folder."""
    return None


def _trace_of(path: Path) -> Trace | None:
    """A microbatch model has a folder with a file for each batch instead."""
    batches = path.with_suffix("").glob(f"{path.stem}_*{path.suffix}")
    times = [(file.stat().st_mtime, file) for file in (path, *batches) if file.is_file()]
    if not times:
        return None
    time, newest = max(times)
    sql = newest.read_text(encoding="utf-8", errors="replace")
    return Trace(datetime.fromtimestamp(time, UTC), sql, is_batch=newest != path)


def _is_named(relation: str, sql: str) -> bool:
    """Whether SQL names a relation, or dbt's temporary one beside it: `"shop"."main"."a__tmp"`."""
    return relation.casefold().rstrip('"`]') in sql.casefold()
