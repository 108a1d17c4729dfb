"""What commands have in common that write files to be committed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote

from sync.cli.again import again
from sync.cli.session import Session
from sync.commands.generated import Generated, first_difference, standing, write
from sync.errors import ConfigError, Problem
from sync.report.paint import printable
from sync.report.words import short_path

Compare = Callable[[Sequence[str]], Sequence[str]]
"""The differences of the texts that are there to those that should be, in words."""


def typed(command: str, output: Path | None) -> str:
    """The command as it was typed, where it was typed: to be asked before the folder changes."""
    return f"{command} --output {quote(os.path.relpath(output))}" if output else command


def chosen(output: Path | None, default: Path, *endings: str) -> Path:
    """The file to write. Raises ConfigError where its name ends otherwise."""
    path = output or default
    if path.suffix not in endings:
        text = f"--output {path.name}: the name must end in {' or '.join(endings)}"
        raise ConfigError(Problem("output-name", text, fix=f"name it {path.stem}{endings[0]}"))
    return path


def commit(
    session: Session, command: str, files: Sequence[Generated], compare: Compare, is_checking: bool
) -> int:
    """Compare, or write; say what differs; the exit code. `command` is what `typed` returned."""
    found = standing(files)
    differing = [f.path for f, old in zip(files, found, strict=True) if old != f.text]
    told = [
        f"{short_path(f.path)}: is not there"
        for f, old in zip(files, found, strict=True)
        if old is None
    ]
    texts = [old for old in found if old is not None]
    if differing and not told:
        told = list(compare(texts)) or [
            f"{short_path(f.path)}: {first_difference(old, f.text)} differs"
            for f, old in zip(files, texts, strict=True)
            if old != f.text
        ]
    written = [] if is_checking else write(files)
    exit_code = 1 if is_checking and differing else 0
    if session.is_json:
        session.answer(
            command.split()[0],
            exit_code=exit_code,
            differences=told,
            files=[short_path(f.path) for f in files],
            written=[short_path(path) for path in written],
        )
        return exit_code
    paint = session.terminal.paint_out
    names = " and ".join(short_path(f.path) for f in files)
    session.say(*(f"  {printable(line)}" for line in told))
    if exit_code:
        session.say(
            f"{paint('Not up to date:', 'bold', 'red')} {names}.",
            f"To mend it: {again(session.options, command)}, then commit what it writes.",
        )
    elif written:
        paths = " and ".join(map(short_path, written))
        session.say(f"{paint('Written:', 'bold', 'green')} {paths}.")
    else:
        session.say(f"{paint('Up to date:', 'bold', 'green')} {names}.")
    return exit_code
