"""`exposures`: a dbt exposure for each sync, to be committed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sync.cli.command import command
from sync.cli.committing import chosen, commit, typed
from sync.cli.sections import COMMITTED, PROJECT
from sync.cli.session import Session
from sync.report.events import Warned


@command(COMMITTED, PROJECT)
def exposures(session: Session, output: Path | None, is_checking: bool) -> int:
    """Write a YAML file with a dbt exposure for each sync, so that lineage ends in the tools.

    Reads the manifest alone. By default the file is activation_exposures.yml in the first folder
    of models. Commit it; --check fails while it is not what this command would write.
    """
    from sync.commands.differences import differences
    from sync.commands.exposures import default_path
    from sync.commands.exposures import exposures as read
    from sync.commands.generated import Generated
    from sync.project.exposures import WRITTEN_BY, as_yaml, parse
    from sync.project.profiles import read_project_file

    name = typed("exposures", output)
    project = session.load()
    default = output or default_path(project, read_project_file(project.dir).content)
    path = chosen(output, default, ".yml", ".yaml")
    found = read(project)
    for warning in found.warnings:
        session.reporter.tell(Warned(warning))

    def compare(texts: Sequence[str]) -> list[str]:
        return list(differences({"exposures": parse(texts[0])}, {"exposures": found.written}))

    files = [Generated(path, as_yaml(found.written), WRITTEN_BY)]
    return commit(session, name, files, compare, is_checking)
