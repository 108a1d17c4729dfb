"""`contract`: what goes where, as a page and as JSON, to be committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sync.cli.command import command
from sync.cli.committing import chosen, commit, typed
from sync.cli.sections import COMMITTED, PROJECT
from sync.cli.session import Session

PAGE = Path("docs", "activation-contract.md")


@command(COMMITTED, PROJECT)
def contract(session: Session, output: Path | None, is_checking: bool) -> int:
    """Write down every trait, segment, event and object: type, values, owner, why, where it goes.

    Reads the manifest alone. Writes a page and beside it the same as JSON, by default
    docs/activation-contract.md and .json in the project. Commit both: then a change of what is
    sent shows in review, and --check fails until it is committed.
    """
    from sync.commands.contract import WRITTEN_BY
    from sync.commands.contract import contract as read
    from sync.commands.differences import differences
    from sync.commands.generated import Generated
    from sync.report.contract import page

    name = typed("contract", output)
    project = session.load()
    path = chosen(output, project.dir / PAGE, ".md")
    found = read(project)
    written = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    files = [
        Generated(path, page(found), WRITTEN_BY),
        Generated(path.with_suffix(".json"), written, WRITTEN_BY),
    ]

    def compare(texts: Sequence[str]) -> list[str]:
        try:
            return list(differences(json.loads(texts[1]), found))
        except ValueError:
            return [f"{path.with_suffix('.json').name}: is not JSON"]

    return commit(session, name, files, compare, is_checking)
