"""`personas`: who gets what, beside who should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from sync.cli.as_events import tell_gates
from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session

DEFAULT = "personas.yml"


@command(PROJECT, STATE)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@JSON
def personas(session: Session, file: Path | None) -> int:
    """Compare what the personas of FILE would get with what they should; nothing is sent.

    FILE is personas.yml in the project unless given.
    """
    from sync.commands.personas import judge
    from sync.commands.preflight import look
    from sync.errors import PlanHeld
    from sync.project.personas import read_personas
    from sync.report.personas import machine, tell
    from sync.rules import AsOf
    from sync.run.opening import gravest

    path = file.absolute() if file else None
    project = session.load_sound()
    syncs = [*project.syncs, *project.unconnected]
    wanted = read_personas(path or project.dir / DEFAULT, syncs)
    access = session.access(project)
    preflight = look(project, access)
    access = replace(access, as_of=AsOf(session.clock.now(), preflight.doubted))
    _, refused = tell_gates(session.reporter, preflight.open, preflight.gated)
    reports, problems = judge(access, syncs, wanted)
    differs = 0 if all(report.is_met for report in reports) else 1
    held = PlanHeld.exit_code if problems else 0
    code = gravest([differs, held, *(r.exit_code for r in refused)])
    if problems:
        session.problems(problems, held)
    if session.is_machine:
        session.answer("personas", exit_code=code, personas=[machine(r) for r in reports])
    else:
        tell(session.terminal, reports)
    return code
