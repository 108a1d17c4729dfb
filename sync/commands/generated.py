"""Files that a command writes into the project, to be committed: compared, and written if ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copymode

from sync.errors import ConfigError, Problem

HEAD_CHARACTERS = 600
"""So near the beginning stands the mark."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A file as it should be. `mark` stands in its head, and says that a command wrote it."""

    path: Path
    text: str
    mark: str
    option: str = "--output"
    """The option that names another file."""


def standing(files: Sequence[Generated]) -> list[str | None]:
    """The texts that stand there now, with plain line ends; None where there is no file.

    Raises ConfigError for all files that are no readable text, or that another hand has written:
    those are never overwritten.
    """
    found: list[str | None] = []
    problems: list[Problem] = []
    for file in files:
        try:
            text = _read(file.path)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(_unreadable(file, error))
            continue
        found.append(text)
        if text is not None and file.mark not in text[:HEAD_CHARACTERS]:
            problems.append(
                Problem(
                    "file-not-ours",
                    f"{file.path.name} is there, and this command did not write it:"
                    f" `{file.mark}` does not stand in its head",
                    where=str(file.path),
                    hint="It is left as it is.",
                    fix=f"move it away, or choose another file with {file.option}",
                )
            )
    if problems:
        raise ConfigError(*problems)
    return found


def write(files: Sequence[Generated]) -> list[Path]:
    """Write those that differ, whole or not at all; the paths of these.

    Raises ConfigError as `standing` does, before anything is written, and where a file can't be.
    """
    written = []
    for file, text in zip(files, standing(files), strict=True):
        if text != file.text:
            try:
                write_whole(file.path, file.text)
            except OSError as error:
                raise ConfigError(_unwritable(file, error)) from error
            written.append(file.path)
    return written


def first_difference(old: str, new: str) -> str:
    """`line 12` of the first line that differs."""
    before, after = old.split("\n"), new.split("\n")
    pairs = zip(before, after, strict=False)
    shorter = min(len(before), len(after))
    number = next((n for n, (a, b) in enumerate(pairs) if a != b), shorter)
    return f"line {number + 1}"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 through a file beside it, which gets the rights of the old one.

    A link stays a link. Folders that are missing are made. Raises OSError, and leaves what was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        if path.exists():
            copymode(path, beside)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def _unreadable(file: Generated, error: Exception) -> Problem:
    why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
    text = f"{file.path.name} can't be read: {why}"
    fix = f"mend or move it, or choose another file with {file.option}"
    return Problem("file-unreadable", text, where=str(file.path), fix=fix)


def _unwritable(file: Generated, error: OSError) -> Problem:
    text = f"{file.path.name} can't be written: {error.strerror}"
    fix = f"choose another file with {file.option}"
    return Problem("file-unwritable", text, where=str(file.path), fix=fix)
