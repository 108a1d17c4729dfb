"""`ls`: the syncs of the project, as `dbt ls` lists models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION
from sync.cli.session import Session
from sync.report import results
from sync.report.events import Warned
from sync.report.paint import printable
from sync.report.tables import draw

if TYPE_CHECKING:
    from sync.commands.ls import Listed

COLUMNS = ("Model", "Destination", "Kind", "Traits", "Tags", "State")


@command(SELECTION, PROJECT)
@click.option(
    "--output",
    type=click.Choice(["name", "json", "table"]),
    default="name",
    show_default=True,
    help="A name a line, for --select; a JSON object a line; or a table.",
)
@JSON
def ls(session: Session, output: str) -> int:
    """List the syncs of the project. Reads dbt's files alone, no warehouse and no network."""
    from sync.commands.ls import find
    from sync.commands.nothing import why_nothing

    project = session.load()
    if (why := why_nothing(project)) is not None:
        session.reporter.tell(Warned(why))
    syncs = find(project)
    if session.is_machine:
        session.answer("listed", target=project.target.name, syncs=[_machine(one) for one in syncs])
    elif output == "json":
        session.say(*(json.dumps(_machine(one)) for one in syncs))
    elif output == "table" and syncs:
        draw(session.terminal, [(name, "left") for name in COLUMNS], [_cells(s) for s in syncs])
    else:
        session.say(*(printable(one.sync.full_name) for one in syncs))
    return 0


def _cells(listed: Listed) -> list[tuple[str, str] | str]:
    sync = listed.sync
    state = "" if listed.problem is None else f": {listed.problem.code}"
    return [
        sync.model,
        sync.connection,
        str(sync.kind),
        str(len(sync.traits)),
        ", ".join(sorted(sync.tags)),
        (f"{listed.state}{state}", "" if listed.state == "ready" else "yellow"),
    ]


def _machine(listed: Listed) -> dict[str, Any]:
    sync = listed.sync
    return {
        "name": sync.full_name,
        "sync": sync.name,
        "model": sync.model,
        "unique_id": sync.unique_id,
        "destination": sync.connection,
        "vendor": sync.vendor,
        "kind": str(sync.kind),
        "identity": sync.identity,
        "segment": sync.segment,
        "traits": [trait.name for trait in sync.traits],
        "tags": sorted(sync.tags),
        "sla": sync.sla,
        "owner": sync.owner or None,
        "original_file_path": sync.path,
        "state": listed.state,
        "problem": next(iter(results.listed([listed.problem] if listed.problem else ())), None),
    }
