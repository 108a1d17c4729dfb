"""The SQL that dbt writes when it runs a model or test: a trace of commands whose results are gone.

dbt overwrites run_results.json with every command, and keeps a file for each node in `run/` of the
target path, which only a command that executes that node writes again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Traces = Callable[[str], datetime | None]
"""From a node's `run_file` to the moment when dbt last executed it here; None without a trace."""

SLACK = timedelta(seconds=1)
"""How far a file system's clock may lie ahead of dbt's."""


def traces_in(target_path: Path) -> Traces:
    """Traces below `run/` of dbt's target path."""
    folder = target_path / "run"
    return lambda run_file: _written_at(folder / run_file) if run_file else None


def no_trace(run_file: str) -> datetime | None:
    """None: nothing is known of this folder."""
    return None


def _written_at(path: Path) -> datetime | None:
    """A microbatch model has a folder with a file for each batch instead."""
    batches = path.with_suffix("").glob(f"{path.stem}_*{path.suffix}")
    times = [file.stat().st_mtime for file in (path, *batches) if file.is_file()]
    return datetime.fromtimestamp(max(times), UTC) if times else None
