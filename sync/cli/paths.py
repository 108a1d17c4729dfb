"""Options that are paths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def path(name: str, destination: str, text: str, metavar: str = "DIR") -> Callable[[Any], Any]:
    """One; `text` is its help."""
    kind = click.Path(path_type=Path)
    return click.option(
        name, destination, type=kind, metavar=metavar, help=text, callback=from_here
    )


def from_here(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Absolute, because the command goes to the project's folder before it uses the path."""
    return None if path is None else path.absolute()
