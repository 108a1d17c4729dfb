"""What every command starts from: its options, a terminal, the project and its state."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.options import Options, project_options
from sync.cli.output import Output
from sync.errors import Problem
from sync.report.events import Read, Warned
from sync.report.words import short_path

if TYPE_CHECKING:
    from sync.commands.tracebacks import Tracebacks
    from sync.project.project import Project
    from sync.run.access import StateAccess


class Session(Output):
    """One invocation of a command."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.project: Project | None = None
        self.tracebacks: Tracebacks | None = None

    def load(self, names: Sequence[str] = ()) -> Project:
        """Read the project and go to its folder. `names` select like `--select`.

        dbt goes there too, so that relative paths in profiles.yml, and in models that read files,
        mean the same wherever the command is typed. Raises ConfigError.
        """
        from sync.project.project import load_project

        self.project = project = load_project(project_options(self.options, names))
        os.chdir(project.dir)
        return project

    def target_path(self) -> Path | None:
        """Where results go, also of a project that can't be read; None where nothing says."""
        from sync.project.project import find_target_path

        if self.project is not None:
            return self.project.target_path
        return find_target_path(project_options(self.options))

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
        """What was read, what is odd about it, and why there is nothing to sync."""
        from sync.commands.nothing import why_nothing

        self.reporter.tell(
            Read(
                manifest=short_path(project.manifest.path),
                target=project.target.name,
                syncs=len(project.syncs),
                destinations=len({s.connection for s in project.syncs}),
                unconnected=tuple(s.name for s in project.unconnected),
            )
        )
        from sync.warehouse.proved import emulated

        tried = emulated(project.target.adapter_type)
        for warning in (*([tried] if tried else ()), *self._outdated(project), *project.warnings):
            self.reporter.tell(Warned(warning))
        if (why := why_nothing(project)) is not None:
            self.reporter.tell(Warned(why))

    def _outdated(self, project: Project) -> list[Problem]:
        """A manifest that is older than the files of models in which something is wrong."""
        if not project.findings:
            return []
        from sync.commands.check import outdated

        stopped = {node for finding in project.findings for node in finding.models}
        return outdated(project, [m for i, m in project.manifest.models.items() if i in stopped])

    def access(self, project: Project) -> StateAccess:
        """The project's state; nothing is opened yet."""
        from sync.run.opening import open_state

        return open_state(project, self.options.lock_wait, self.options.journal_dir)
