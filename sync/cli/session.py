"""What every command starts from: its options, a terminal, the project and its state."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.errors import Problem, SyncError
from sync.http.clock import SystemClock
from sync.report import jsonl
from sync.report.events import Read, Warned
from sync.report.reporter import Reporter
from sync.report.terminal import MODULE, Terminal

if TYPE_CHECKING:
    from sync.commands.tracebacks import Tracebacks
    from sync.model import Sync
    from sync.project.project import Project, ProjectOptions
    from sync.run.access import StateAccess


@dataclass(frozen=True, slots=True)
class Options:
    """What most commands take; None falls back to dbt's variables, then its defaults."""

    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
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


class Session:
    """One invocation of a command."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = SystemClock()
        self.terminal = Terminal(options.is_quiet, options.has_color, options.program)
        self.reporter = Reporter(self.terminal, self.clock, options.is_json)
        self.project: Project | None = None
        self.tracebacks: Tracebacks | None = None
        self._failures: list[Problem] = []
        self._is_answered = False

    @property
    def is_json(self) -> bool:
        """Whether everything is told to machines, line by line."""
        return self.options.is_json

    @property
    def is_object(self) -> bool:
        """Whether stdout is one JSON object, and progress is for people."""
        return self.options.is_object and not self.options.is_json

    @property
    def is_machine(self) -> bool:
        """Whether the result is for machines, in either form."""
        return self.is_json or self.is_object

    def load(self, names: Sequence[str] = ()) -> Project:
        """Read the project and go to its folder. `names` select like `--select`.

        dbt goes there too, so that relative paths in profiles.yml, and in models that read files,
        mean the same wherever the command is typed. Raises ConfigError.
        """
        from sync.project.project import load_project

        self.project = project = load_project(self._project_options(names))
        os.chdir(project.dir)
        return project

    def _project_options(self, names: Sequence[str] = ()) -> ProjectOptions:
        from sync.project.project import ProjectOptions

        given = self.options
        return ProjectOptions(
            project_dir=given.project_dir,
            profiles_dir=given.profiles_dir,
            profile=given.profile,
            target=given.target,
            target_path=given.target_path,
            variables=given.variables,
            select=[*given.select, *names],
            exclude=given.exclude,
            is_strict=given.is_strict,
        )

    def target_path(self) -> Path | None:
        """Where results go, also of a project that can't be read; None where nothing says."""
        from sync.project.project import find_target_path

        if self.project is not None:
            return self.project.target_path
        return find_target_path(self._project_options())

    def load_sound(self, names: Sequence[str] = ()) -> Project:
        """As `load`, and tell what was read.

        Raises ConfigError with what stops every sync, or with everything wrong in the selected
        models when that leaves none of them.
        """
        from sync.errors import ConfigError

        project = self.load(names)
        self.tell_read(project)
        unsound = dict.fromkeys(gated.problem for gated in project.unsound)
        if project.blocking or (unsound and not project.syncs):
            raise ConfigError(*project.blocking, *unsound)
        return project

    def tell_read(self, project: Project) -> None:
        """What was read, and what is odd about it."""
        self.reporter.tell(
            Read(
                manifest=short(project.manifest.path),
                target=project.target.name,
                syncs=len(project.syncs),
                destinations=len({s.connection for s in project.syncs}),
                unconnected=tuple(s.name for s in project.unconnected),
            )
        )
        for warning in (*self._outdated(project), *project.warnings):
            self.reporter.tell(Warned(warning))
        self.tell_nothing(project)

    def _outdated(self, project: Project) -> list[Problem]:
        """A manifest that is older than the files of models in which something is wrong."""
        if not project.findings:
            return []
        from sync.commands.check import outdated

        stopped = {node for finding in project.findings for node in finding.models}
        return outdated(project, [m for i, m in project.manifest.models.items() if i in stopped])

    def tell_nothing(self, project: Project) -> None:
        """Why there is nothing to sync, where that is so."""
        from sync.commands.nothing import why_nothing

        if (why := why_nothing(project)) is not None:
            self.reporter.tell(Warned(why))

    def access(self, project: Project) -> StateAccess:
        """The project's state; nothing is opened yet."""
        from sync.run.opening import open_state

        return open_state(project, self.options.lock_wait, self.options.journal_dir)

    def say(self, *lines: str) -> None:
        """A result for people."""
        self.terminal.result(*lines)

    def answer(self, code: str, **fields: Any) -> None:
        """A result for machines, one line; with what failed on the way, if it is the only one."""
        if self._failures:
            fields["problems"] = jsonl.plain(self._failures)
        self.answer_line(jsonl.message(code, fields, self.clock.now()))

    def answer_line(self, line: str) -> None:
        """The same, of a line that is made."""
        self._is_answered = True
        self.terminal.result(line)

    def close(self, exit_code: int) -> None:
        """Let a command that failed before it had a result answer with its problems."""
        if self.is_object and not self._is_answered:
            fields = {"exit_code": exit_code, "problems": jsonl.plain(self._failures)}
            self.answer_line(jsonl.message("failed", fields, self.clock.now(), is_error=True))

    def fail(self, error: SyncError) -> int:
        """Say what is wrong; the exit code it asks for."""
        self.problems(error.problems, error.exit_code)
        return error.exit_code

    def problems(self, problems: Sequence[Problem], exit_code: int) -> None:
        """Say every problem, as text or as one line of JSON; `--json` has them in its object."""
        for problem in problems:
            self.terminal.annotate(problem)
        if self.is_json:
            fields = {"exit_code": exit_code, "problems": problems}
            now = self.clock.now()
            self.terminal.result(jsonl.message("failed", jsonl.plain(fields), now, is_error=True))
            return
        self._failures += problems
        for problem in problems:
            self.terminal.complain("", self.terminal.paint_err.problem(problem))


def again(
    options: Options, command: str, syncs: Sequence[Sync] = (), flags: Sequence[str] = ()
) -> str:
    """The command line for this selection and project, to be typed again."""
    words = ["python -m sync", command, *flags]
    models = list(dict.fromkeys(s.model for s in syncs))
    selected = options.select or (models if 0 < len(models) <= 3 else ())
    for flag, values in (("--select", selected), ("--exclude", options.exclude)):
        if values:
            words += [flag, *(_quoted(v) for v in values)]
    given = {
        "--target": options.target,
        "--profile": options.profile,
        "--project-dir": options.project_dir,
        "--profiles-dir": options.profiles_dir,
        "--target-path": options.target_path,
        "--journal-dir": options.journal_dir,
        "--vars": options.variables,
    }
    for flag, value in given.items():
        words += [flag, _quoted(str(value))] if value else []
    return " ".join(words)


def _quoted(value: str) -> str:
    from shlex import quote

    return quote(value)


def short(path: Path) -> str:
    """A path relative to here where it lies below, so that no line holds a whole machine path."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
