"""`init`: asks what is needed for a model to go out, and writes it."""

from __future__ import annotations

import sys
from typing import Any

import click

from sync.cli.asking import Asking
from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, STATE
from sync.cli.session import Session
from sync.model import Kind
from sync.report.words import short_path

KINDS = [str(kind) for kind in Kind]


@command(PROJECT, STATE)
@click.argument("model", required=False)
@click.option("--kind", type=click.Choice(KINDS), help="What a row of the model is.")
@click.option("--identity", metavar="COLUMN", help="The column that identifies the person.")
@click.option("--destination", metavar="NAME", help="A connection of the target, or a vendor.")
@click.option("--vendor", metavar="NAME", help="The vendor of a new connection of another name.")
@click.option("--event", metavar="NAME", help="Events: what they are called.")
@click.option("--event-id", metavar="COLUMN", help="Events: the column that makes one unique.")
@click.option("--occurred-at", metavar="COLUMN", help="Events: the column with their moment.")
@click.option("--object-type", metavar="NAME", help="Objects: the vendor's type of object.")
@click.option("--sandbox", "is_sandbox", is_flag=True, help="Connect to the local stand-in.")
@click.option("--print", "is_printed", is_flag=True, help="Write nothing; print what would be.")
@JSON
def init(
    session: Session, model: str | None, is_sandbox: bool, is_printed: bool, **given: Any
) -> int:
    """Let MODEL go to a destination: write its YAML, and a connection into profiles.yml.

    Asks for what is not given. A file that is there already is left as it is, and what to add to it
    is printed; profiles.yml gets a block at its end, where it has no destinations. Settings are
    environment variables, never values.
    """
    from sync.commands.init import begin, columns_of, find_model, write
    from sync.report import begun as printed

    project = session.load()
    asking = Asking(sys.stdin.isatty() and not session.is_machine, project, given)
    found = find_model(project, model or asking.model())
    columns = columns_of(session.access(project), found)
    answers = asking.answers(found, [name for name, _ in columns], is_sandbox)
    begun = begin(project, answers, found, columns)
    steps = printed.steps(found.name, answers.is_sandbox)
    if asking.is_on and not is_printed:
        session.say(*printed.shown(begun), *printed.goes(begun))
        if not click.confirm("Write that?", default=True, err=True):
            session.say("Nothing was written.")
            return 2
    if not is_printed:
        write(begun)
    if session.is_machine:
        session.answer("initialized", **printed.machine(begun, steps, is_printed))
        return 0
    if not asking.is_on or is_printed:
        session.say(*printed.shown(begun, with_written=is_printed))
    if not is_printed:
        session.say(*(f"Wrote {short_path(p.path)}" for p in begun.pieces if p.is_written))
    if not asking.is_on or is_printed:
        session.say(*printed.goes(begun))
    for finding in begun.findings:
        session.say(f"Still to decide: {finding.message}", f"  {finding.hint or finding.fix}")
    if begun.variables:
        session.say(f"Set in the environment: {', '.join(begun.variables)}")
    session.say("Next:", *(f"  {step}" for step in steps))
    return 0
