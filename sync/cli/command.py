"""The shape of all commands: options in, an exit code out, every expected failure said in words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from sync.cli.click_command import SyncCommand
from sync.cli.options import options_of
from sync.cli.sections import Section
from sync.cli.session import Session
from sync.errors import SyncError
from sync.report.terminal import MODULE

Command = Callable[..., int]
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
