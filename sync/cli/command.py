"""The shape of all commands: options in, an exit code out, every expected failure said in words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click

from sync.cli.click_command import SyncCommand
from sync.cli.completing import offer_syncs
from sync.cli.session import Session, options_of
from sync.errors import SyncError
from sync.report.terminal import MODULE

Command = Callable[..., int]


class Section(NamedTuple):
    """Options that stand together in `--help`, under a title."""

    title: str
    options: tuple[Callable[[Any], Any], ...]


def _path(name: str, destination: str, text: str, metavar: str = "DIR") -> Callable[[Any], Any]:
    kind = click.Path(path_type=Path)
    return click.option(
        name, destination, type=kind, metavar=metavar, help=text, callback=_from_here
    )


def _from_here(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Absolute, because the command goes to the project's folder before it uses the path."""
    return None if path is None else path.absolute()


OUTPUT = Section(
    "Output",
    (
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            help="text for people, json for machines: one object a line, the result last.",
        ),
        click.option("--quiet", "-q", "is_quiet", is_flag=True, help="Results and errors only."),
        click.option("--no-color", is_flag=True, help="No colours, even on a terminal."),
        click.option(
            "--debug", "is_debug", is_flag=True, help="Show tracebacks of unexpected errors."
        ),
    ),
)
SELECTION = Section(
    "Selection",
    (
        click.option(
            "--select",
            "-s",
            multiple=True,
            shell_complete=offer_syncs,
            help="Syncs by model, path, tag:, destination: or kind:, with dbt's grammar.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            shell_complete=offer_syncs,
            help="Syncs to leave out, in the same grammar.",
        ),
    ),
)
PROJECT = Section(
    "Project",
    (
        click.option("--target", "-t", help="The dbt target; else as dbt chooses it."),
        click.option("--profile", help="The dbt profile; else the project's."),
        _path("--profiles-dir", "profiles_dir", "Where profiles.yml lies."),
        _path("--project-dir", "project_dir", "Where dbt_project.yml lies."),
        _path(
            "--target-path", "target_path", "Where dbt wrote its artifacts; else as in the project."
        ),
        click.option(
            "--vars", "variables", metavar="YAML", help="Vars for profiles.yml, as to dbt."
        ),
        click.option(
            "--strict",
            "is_strict",
            is_flag=True,
            help="What dbt's artifacts leave open holds a sync, instead of a warning.",
        ),
    ),
)
STATE = Section(
    "State",
    (
        click.option(
            "--lock-wait",
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for a database file, or a lock, that another process holds.",
        ),
        _path(
            "--journal-dir",
            "journal_dir",
            "Where the journal lies; else .activation in the project.",
        ),
    ),
)
COMMITTED = Section(
    "File",
    (
        _path("--output", "output", "What to write; else the file that the command names.", "FILE"),
        click.option(
            "--check",
            "is_checking",
            is_flag=True,
            help="Write nothing: name what differs from the file that is there, and exit with 1.",
        ),
    ),
)


def show_option(text: str) -> Callable[[Any], Any]:
    """The option `--show N`; `text` is its help."""
    kind = click.IntRange(min=0)
    return click.option("--show", type=kind, default=0, metavar="N", help=text)


JSON = click.option("--json", "is_object", is_flag=True, help="As one JSON object, errors too.")


def command(*sections: Section) -> Callable[[Command], click.Command]:
    """Make a click command of a function that takes a session and returns an exit code.

    `sections` are common options from above; those of output are always there.
    """

    def decorate(function: Command) -> click.Command:
        @functools.wraps(function)
        def run(**given: Any) -> int:
            session = Session(
                options_of(given, click.get_current_context().find_root().info_name or MODULE)
            )
            code = _run(session, lambda: function(session, **given))
            session.close(code)
            return code

        decorated: Any = run
        titles: dict[str, str] = {}
        for section in reversed((*sections, OUTPUT)):
            for option in reversed(section.options):
                decorated = option(decorated)
                titles[decorated.__click_params__[-1].name] = section.title
        return click.command(cls=SyncCommand, titles=titles)(decorated)

    return decorate


def _run(session: Session, function: Callable[[], int]) -> int:
    try:
        return function()
    except SyncError as error:
        return session.fail(error)
    except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001  the outermost net: nobody else can tell
        from sync.cli.unexpected import tell

        return tell(session, error)
