"""The shape of all commands: options in, an exit code out, every expected failure said in words."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from sync.cli.session import Options, Session
from sync.errors import SyncError

Command = Callable[..., int]
GREEDY = ("--select", "-s", "--exclude")


class SyncCommand(click.Command):
    """A command whose `--select a b` takes several values, as dbt's does.

    A command with an argument of its own takes one value at a time.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option for each of its values before click sees them."""
        if not any(isinstance(p, click.Argument) for p in self.params):
            args = spread(args)
        return super().parse_args(ctx, args)


def spread(args: Sequence[str]) -> list[str]:
    """`--select a b` -> `--select a --select b`."""
    spread: list[str] = []
    current, taken = "", 0
    for arg in args:
        if arg.startswith("-"):
            current, taken = (arg if arg in GREEDY else ""), 0
            spread.append(arg)
        elif current:
            spread += [arg] if not taken else [current, arg]
            taken += 1
        else:
            spread.append(arg)
    return spread


def _path(name: str, destination: str, text: str) -> Callable[[Any], Any]:
    kind = click.Path(path_type=Path)
    return click.option(name, destination, type=kind, metavar="DIR", help=text, callback=_from_here)


def _from_here(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Absolute, because the command goes to the project's folder before it uses the path."""
    return None if path is None else path.absolute()


OUTPUT = (
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="text for people, json for machines: one object a line, the result last.",
    ),
    click.option("--quiet", "-q", "is_quiet", is_flag=True, help="Results and errors only."),
    click.option("--no-color", is_flag=True, help="No colours, even on a terminal."),
    click.option("--debug", "is_debug", is_flag=True, help="Show tracebacks of unexpected errors."),
)
SELECTION = (
    click.option(
        "--select",
        "-s",
        multiple=True,
        help="Syncs by model, path, tag:, destination: or kind:, with dbt's grammar.",
    ),
    click.option("--exclude", multiple=True, help="Syncs to leave out, in the same grammar."),
)
PROJECT = (
    click.option("--target", "-t", help="The dbt target; else as dbt chooses it."),
    click.option("--profile", help="The dbt profile; else the project's."),
    _path("--profiles-dir", "profiles_dir", "Where profiles.yml lies."),
    _path("--project-dir", "project_dir", "Where dbt_project.yml lies."),
    _path("--target-path", "target_path", "Where dbt wrote its artifacts; else as in the project."),
    click.option("--vars", "variables", metavar="YAML", help="Vars for profiles.yml, as to dbt."),
    click.option(
        "--strict",
        "is_strict",
        is_flag=True,
        help="What dbt's artifacts leave open holds a sync, instead of a warning.",
    ),
)
STATE = (
    click.option(
        "--lock-wait",
        type=click.FloatRange(min=0),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for a database file, or a lock, that another process holds.",
    ),
    _path(
        "--journal-dir", "journal_dir", "Where the journal lies; else .activation in the project."
    ),
)


def command(*groups: Sequence[Callable[[Any], Any]]) -> Callable[[Command], click.Command]:
    """Make a click command of a function that takes a session and returns an exit code.

    `groups` are sets of options from above; those of output are always there.
    """

    def decorate(function: Command) -> click.Command:
        @functools.wraps(function)
        def run(**given: Any) -> int:
            session = Session(_options(given))
            try:
                return function(session, **given)
            except SyncError as error:
                return session.fail(error)
            except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
                raise
            except Exception as error:  # noqa: BLE001  the outermost net: nobody else can tell
                from sync.cli.unexpected import tell

                return tell(session, error)

        decorated: Any = run
        for option in reversed([o for group in (*groups, OUTPUT) for o in group]):
            decorated = option(decorated)
        return click.command(cls=SyncCommand)(decorated)

    return decorate


def _options(given: dict[str, Any]) -> Options:
    """Take the common options out of `given`; what is left is the command's own."""
    names = {f for f in Options.__dataclass_fields__ if f in given}
    taken = {name: given.pop(name) for name in names}
    return Options(
        **{
            **taken,
            "program": click.get_current_context().find_root().info_name,
            "is_json": given.pop("log_format", "text") == "json",
            "has_color": not given.pop("no_color", False),
            "is_debug": taken.get("is_debug", False) or bool(os.environ.get("SYNC_DEBUG")),
        }
    )
