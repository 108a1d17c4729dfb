"""An error nobody planned for: said plainly, without a secret or a value, and where to look."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from sync.cli.session import Session
from sync.commands.tracebacks import Tracebacks
from sync.errors import Problem, Unexpected, unexpected

if TYPE_CHECKING:
    from sync.http.redact import Redactor
    from sync.project.project import Project

_SECRET = re.compile(r"pass|secret|token|key|credential", re.I)


def tell(session: Session, error: Exception) -> int:
    """Print what kind of error it is and where its traceback is; the exit code."""
    found = unexpected(error, "the command")
    session.problems([keep(session, found)], found.exit_code)
    return found.exit_code


def keep(session: Session, error: Unexpected) -> Problem:
    """Keep the traceback beside dbt's artifacts; the problem that says where it is."""
    show(session, error)
    if session.project is None:
        return error.problems[0]
    if session.tracebacks is None:
        session.tracebacks = Tracebacks(session.project.target_path)
    return session.tracebacks.keep(error)


def show(session: Session, error: Unexpected) -> None:
    """With --debug, the whole traceback, without secrets."""
    if session.options.is_debug:
        session.terminal.complain(_scrubbed(session, error))


def _scrubbed(session: Session, error: Unexpected) -> str:
    """The traceback, line by line, without secrets of the target and its connections."""
    redactors = _redactors(session.project)
    lines = []
    for line in error.trace.splitlines():
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
