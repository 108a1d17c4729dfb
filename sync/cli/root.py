"""The command line: finds the command, loads only that one, and turns what happens into a code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from sync import __version__
from sync.cli.click_command import HELP
from sync.cli.overview import COMMANDS, DEFAULT, Root
from sync.report.terminal import MODULE, Stream, use_utf8


@click.group(cls=Root, no_args_is_help=False, context_settings=HELP)
@click.version_option(__version__, prog_name="dbt-activation")
def root() -> None:
    """Send the changes of dbt models to their destinations, and nothing else.

    Without a command this is `apply`. Options come after the command.
    """


def run(args: Sequence[str] | None = None, program: str = MODULE) -> int:
    """Run one command line; the exit code. `program` is how it was called, for what it says."""
    use_utf8()
    given = list(sys.argv[1:] if args is None else args)
    err = Stream(sys.stderr)
    try:
        code = root.main(_with_command(given, program), prog_name=program, standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show(file=err)  # type: ignore[arg-type]
        code = error.exit_code
        if "--json" in given:
            _answer_usage(error)
    except (click.Abort, KeyboardInterrupt):
        err.write("\nInterrupted. Nothing more was done.\n")
        return 130
    except BrokenPipeError:
        return 0
    finally:
        for stream in (Stream(sys.stdout), err):
            stream.flush()
    return _failure(given, code)


def _answer_usage(error: click.ClickException) -> None:
    """A command line that can't be understood, as the one object that `--json` asks for."""
    from datetime import UTC, datetime

    from sync.errors import Problem
    from sync.report import jsonl

    problem = jsonl.plain(Problem("usage", error.format_message()))
    fields = {"exit_code": error.exit_code, "problems": [problem]}
    line = jsonl.message("failed", fields, datetime.now(UTC), is_error=True)
    Stream(sys.stdout).write(f"{line}\n")


class Differs(int):
    """The 2 of `plan --detailed-exitcode`, which is no failure."""


def _failure(args: Sequence[str], code: object) -> int:
    if isinstance(code, Differs):
        return int(code)
    number = code if isinstance(code, int) else 0
    return 1 if number == 2 and "--detailed-exitcode" in args else number


def _with_command(args: list[str], program: str) -> list[str]:
    """`apply` where no command is named; a command after options is a mistake, not a value."""
    if not args:
        return [DEFAULT]
    if args[0] in ("-h", "--help", "--version") or not args[0].startswith("-"):
        return args
    if misplaced := [arg for arg in args[1:] if arg in COMMANDS]:
        raise click.UsageError(
            f"the command comes first: {program} {misplaced[0]} ...; or write"
            f" {program} {DEFAULT} ... if {misplaced[0]} is a value of an option"
        )
    return [DEFAULT, *args]
