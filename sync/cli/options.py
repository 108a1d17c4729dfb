"""The options that most commands take."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.report.terminal import MODULE

if TYPE_CHECKING:
    from sync.project.project import ProjectOptions


@dataclass(frozen=True, slots=True)
class Options:
    """What most commands take; None falls back to dbt's variables, then its defaults."""

    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    selector: str | None = None
    target: str | None = None
    profile: str | None = None
    profiles_dir: Path | None = None
    project_dir: Path | None = None
    target_path: Path | None = None
    variables: str | None = None
    lock_wait: float = 60.0
    journal_dir: Path | None = None
    is_strict: bool = False
    is_quiet: bool = False
    is_json: bool = False
    """`--log-format json`: everything that is told, an object a line."""
    is_object: bool = False
    """`--json`: the result alone, one object."""
    has_color: bool = True
    is_debug: bool = False
    program: str = MODULE


def options_of(given: dict[str, Any], program: str = MODULE) -> Options:
    """Take the common options out of `given`; what is left is the command's own."""
    names = {f for f in Options.__dataclass_fields__ if f in given}
    taken = {name: given.pop(name) for name in names}
    return Options(
        **{
            **taken,
            "program": program,
            "is_json": given.pop("log_format", "text") == "json",
            "has_color": not given.pop("no_color", False),
            "is_debug": taken.get("is_debug", False) or bool(os.environ.get("SYNC_DEBUG")),
        }
    )


def project_options(given: Options, names: Sequence[str] = ()) -> ProjectOptions:
    """Those that say which project is read; `names` select like `--select`."""
    from sync.project.project import ProjectOptions

    return ProjectOptions(
        project_dir=given.project_dir,
        profiles_dir=given.profiles_dir,
        profile=given.profile,
        target=given.target,
        target_path=given.target_path,
        variables=given.variables,
        select=[*given.select, *names],
        exclude=given.exclude,
        selector=given.selector,
        is_strict=given.is_strict,
    )
