"""GitHub's annotations: what went wrong, beside the file of the model that it is about.

The form is that of workflow commands: `::error file=models/a.yml,title=code::message`, which GitHub
reads from the output of every step where `GITHUB_ACTIONS` is `true`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sync.errors import Problem, visible
from sync.report.paint import printable

VARIABLE = "GITHUB_ACTIONS"
TITLE = "python -m sync"


def are_wanted(environ: Mapping[str, str]) -> bool:
    """Whether this is a step of a workflow on GitHub."""
    return environ.get(VARIABLE) == "true"


def of_problem(problem: Problem, environ: Mapping[str, str], is_warning: bool = False) -> str:
    """One problem as a line; with the file where it is one of the checkout.

    `problem.where` counts from the current directory, GitHub's files from the checkout's root.
    """
    place = {"file": _in_checkout(problem.where, environ), "title": problem.code}
    text = "\n".join(line for line in (problem.message, problem.hint, _fix(problem)) if line)
    return _command("warning" if is_warning else "error", place, text)


def of_summary(lines: Sequence[str]) -> str:
    """The end of a run as a notice of the whole step."""
    return _command("notice", {"title": TITLE}, "\n".join(line for line in lines if line))


def _fix(problem: Problem) -> str:
    return f"fix: {problem.fix}" if problem.fix else ""


def _in_checkout(where: str, environ: Mapping[str, str]) -> str:
    """`models/a.yml, columns.x` as a path of the checkout; empty where it is no file of it."""
    path = Path(where.partition(",")[0].strip() or "/").absolute()
    root = Path(environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    found = path.resolve()
    return found.relative_to(root).as_posix() if found.is_file() and root in found.parents else ""


def _command(name: str, properties: Mapping[str, str], text: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {told}::{_data(text)}"


def _data(text: str) -> str:
    """The text on one line, as GitHub wants it; line breaks are kept by `printable`."""
    return printable(visible(text)).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
