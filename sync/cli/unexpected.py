"""An error nobody planned for: said plainly, without a secret or a value, and where to look."""

from __future__ import annotations

import os
import re
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.session import Session
from sync.errors import Problem

if TYPE_CHECKING:
    from sync.http.redact import Redactor
    from sync.project.project import Project

FILE = "sync_traceback.txt"
EXIT_CODE = 2
_SECRET = re.compile(r"pass|secret|token|key|credential", re.I)


def tell(session: Session, error: Exception) -> int:
    """Print what kind of error it is and where its traceback is; the exit code."""
    kept = _keep(session, error)
    where = f"the traceback is in {kept}" if kept else "the traceback could not be kept"
    if session.options.is_debug:
        session.terminal.complain(_scrubbed(session, error))
        where = "the traceback is above"
    problem = Problem(
        "unexpected",
        f"an unexpected {type(error).__name__} ended the command",
        where=_place(error),
        hint=f"{where}. What was acknowledged so far is recorded.",
        fix="run it again with --debug, and report it with the traceback",
    )
    session.problems([problem], EXIT_CODE)
    return EXIT_CODE


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f"{os.sep}sync{os.sep}" in f.filename] or list(frames)
    if not ours:
        return ""
    last = ours[-1]
    inside = last.filename.rpartition(f"{os.sep}sync{os.sep}")[2]
    return f"sync/{inside}:{last.lineno}, in {last.name}"


def _keep(session: Session, error: Exception) -> Path | None:
    """The frames beside dbt's artifacts, for their owner only; messages could hold values."""
    if session.project is None:
        return None
    path = session.project.target_path / FILE
    frames = "".join(traceback.format_tb(error.__traceback__))
    with suppress(OSError):
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{frames}{type(error).__name__}\n")
        return path
    return None


def _scrubbed(session: Session, error: Exception) -> str:
    """The whole traceback, line by line, without secrets of the target and its connections."""
    redactors = _redactors(session.project)
    lines = []
    for line in "".join(traceback.format_exception(error)).splitlines():
        indent, text = line[: len(line) - len(line.lstrip())], line
        for redactor in redactors:
            text = redactor.scrub(text)
        lines.append(indent + text)
    return "\n".join(lines)


def _redactors(project: Project | None) -> list[Redactor]:
    from sync.http.clock import SystemClock
    from sync.http.redact import Redactor
    from sync.run.context import Services

    if project is None:
        return [Redactor()]
    found = []
    with suppress(Exception):
        login = project.target.credentials
        found.append(Redactor(str(v) for k, v in login.items() if _SECRET.search(k)))
    with Services(project, SystemClock(), lambda: None) as services:
        for name in project.connections:
            with suppress(Exception):
                found.append(Redactor.of(services.destination(name).endpoints))
    return found or [Redactor()]
