"""`init`: asks what is needed for a model to go out, and writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from sync.cli.asking import Asking
from sync.cli.command import JSON, PROJECT, STATE, command
from sync.cli.session import Session, short
from sync.model import Kind
from sync.report import results

if TYPE_CHECKING:
    from sync.commands.init import Begun
    from sync.project.beginning import Piece

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

    project = session.load()
    asking = Asking(sys.stdin.isatty() and not session.is_machine, project, given)
    found = find_model(project, model or asking.model())
    columns = columns_of(session.access(project), found)
    answers = asking.answers(found, [name for name, _ in columns], is_sandbox)
    begun = begin(project, answers, found, columns)
    steps = _steps(found.name, answers.is_sandbox)
    if asking.is_on and not is_printed:
        session.say(*_shown(begun.pieces), *_goes(begun))
        if not click.confirm("Write that?", default=True, err=True):
            session.say("Nothing was written.")
            return 2
    if not is_printed:
        write(begun)
    if session.is_machine:
        session.answer("initialized", **_machine(begun, steps, is_printed))
        return 0
    if not asking.is_on or is_printed:
        session.say(*_shown([p for p in begun.pieces if is_printed or not p.is_written]))
    if not is_printed:
        session.say(*(f"Wrote {short(p.path)}" for p in begun.pieces if p.is_written))
    if not asking.is_on or is_printed:
        session.say(*_goes(begun))
    for finding in begun.findings:
        session.say(f"Still to decide: {finding.message}", f"  {finding.hint or finding.fix}")
    if begun.variables:
        session.say(f"Set in the environment: {', '.join(begun.variables)}")
    session.say("Next:", *(f"  {step}" for step in steps))
    return 0


def _goes(begun: Begun) -> Iterator[str]:
    """What leaves, and what stays at home."""
    if begun.sent:
        yield f"Sent, beside the key: {', '.join(begun.sent)}"
    if begun.personal:
        yield f"Personal, and not sent unless `traits` names it: {', '.join(begun.personal)}"


def _shown(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        path = short(piece.path)
        if piece.is_written:
            yield f"{path}{', at its end' if piece.path.exists() else ''}:"
        else:
            yield f"{path} is left as it is. Add to {piece.place}:"
        yield from ("", *(f"  {line}" for line in piece.text.strip("\n").split("\n")), "")


def _machine(begun: Begun, steps: list[str], is_printed: bool) -> dict[str, Any]:
    return {
        "files": [
            {
                "path": short(piece.path),
                "is_written": piece.is_written and not is_printed,
                "place": piece.place or None,
                "text": piece.text,
            }
            for piece in begun.pieces
        ],
        "personal": list(begun.personal),
        "sent": list(begun.sent),
        "variables": list(begun.variables),
        "findings": results.listed(begun.findings),
        "next": steps,
    }


def _steps(model: str, is_sandbox: bool) -> list[str]:
    start = ["python -m sync sandbox"] if is_sandbox else []
    return [
        f"dbt build --select {model}",
        "python -m sync check",
        *start,
        f"python -m sync plan --select {model}",
    ]
