"""`rejects`: rows that were refused or are invalid, grouped by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.showing import show_option
from sync.model import Sync
from sync.report import jsonl, words
from sync.report.paint import printable

if TYPE_CHECKING:
    from sync.run.access import StateAccess
    from sync.state.reading import Cause

Group = tuple["Cause", list[str]]


@command(SELECTION, PROJECT, STATE)
@show_option("List N identities for each cause.")
@JSON
def rejects(session: Session, show: int) -> int:
    """Rejected and invalid rows by cause. They are tried again by every run."""
    project = session.load_sound()
    found = _causes(session.access(project), project.syncs, show)
    if session.is_machine:
        session.answer("rejects", syncs=[_machine(sync, groups) for sync, groups in found])
        return 0
    if not found:
        session.say("No rejected and no invalid rows.")
        return 0
    for sync, groups in found:
        rows = sum(cause.rows for cause, _ in groups)
        head = f"{sync.model} -> {sync.connection}: {words.plural(rows, 'row')}"
        session.say(session.terminal.paint_out(head, "bold"))
        for cause, identities in groups:
            session.say(*_told(cause, identities, show))
        session.say("")
    session.say("Mend the rows or the model; each run tries them again with the values of its day.")
    return 0


def _causes(access: StateAccess, syncs: list[Sync], show: int) -> list[tuple[Sync, list[Group]]]:
    from sync.state import reading

    found = []
    with access.catalogue() as state:
        for sync in syncs:
            state.tables = access.tables(sync.name)
            groups = [
                (cause, reading.rejected_identities(state, cause, show) if show else [])
                for cause in reading.causes(state)
            ]
            if groups:
                found.append((sync, groups))
    return found


def _told(cause: Cause, identities: list[str], show: int) -> list[str]:
    reason = f": {printable(cause.reason)}" if cause.reason else ""
    since = f"since {words.moment(cause.first_at)}, last {words.moment(cause.last_at)} UTC"
    tries = f", up to {words.plural(cause.attempts, 'attempt')}" if cause.attempts > 1 else ""
    lines = [f"  {words.count(cause.rows):>7}  {cause.code}{reason}", f"           {since}{tries}"]
    lines += [f"             {printable(identity)}" for identity in identities]
    if show and cause.identities > len(identities):
        lines.append(f"             and {words.count(cause.identities - len(identities))} more")
    return lines


def _machine(sync: Sync, groups: list[Group]) -> dict[str, Any]:
    causes = [{**cause._asdict(), "identities": names} for cause, names in groups]
    return {
        "sync": sync.name,
        "model": sync.model,
        "destination": sync.connection,
        "causes": jsonl.plain(causes),
    }
