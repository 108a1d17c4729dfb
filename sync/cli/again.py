"""Command lines to be typed next."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from sync.cli.options import Options

if TYPE_CHECKING:
    from sync.model import Sync


def again(
    options: Options, command: str, syncs: Sequence[Sync] = (), flags: Sequence[str] = ()
) -> str:
    """The command line for this selection and project, to be typed again."""
    words = ["python -m sync", command, *flags]
    models = list(dict.fromkeys(s.model for s in syncs))
    is_few = 0 < len(models) <= 3 and options.selector is None
    selected = options.select or (models if is_few else ())
    for flag, values in (("--select", selected), ("--exclude", options.exclude)):
        if values:
            words += [flag, *(quote(v) for v in values)]
    given = {
        "--selector": options.selector,
        "--target": options.target,
        "--profile": options.profile,
        "--project-dir": options.project_dir,
        "--profiles-dir": options.profiles_dir,
        "--target-path": options.target_path,
        "--journal-dir": options.journal_dir,
        "--vars": options.variables,
    }
    for flag, value in given.items():
        words += [flag, quote(str(value))] if value else []
    return " ".join(words)
