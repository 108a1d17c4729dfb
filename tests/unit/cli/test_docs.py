from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sync.cli.overview import COMMANDS
from sync.cli.root import root
from sync.run.opening import SEVERITY

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "commands.md").read_text()


def _commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", found) for sub, found in command.commands.items())


@pytest.mark.parametrize(("name", "command"), list(_commands()))
def test_every_command_and_option_has_its_entry(name: str, command: click.Command) -> None:
    assert f"\n## {name}\n" in DOCS or f"| `{name}` |" in DOCS
    for option in (p for p in command.params if isinstance(p, click.Option)):
        for spelling in option.opts:
            assert f"`{spelling}`" in DOCS, f"{name} {spelling}"
        assert option.help, f"{name} {option.name} has no help"


def test_every_exit_code_has_its_entry() -> None:
    assert all(f"\n| {code} |" in DOCS for code in SEVERITY)
