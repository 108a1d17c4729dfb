"""The command line: finds the command, loads only that one, and turns what happens into a code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from sync import __version__
from sync.cli.click_command import HELP
from sync.report.terminal import MODULE, Stream, use_utf8

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DEFAULT = "apply"
COMMANDS: Mapping[str, tuple[str, str]] = {
    "plan": ("sync.cli.plan:plan", "Show what would be sent; nothing is."),
    "apply": ("sync.cli.apply:apply", "Plan, guard, send and acknowledge (the default)."),
    "watch": ("sync.cli.watch:watch", "Run round after round, near real time."),
    "init": ("sync.cli.init:init", "Let a model go to a destination: write what it needs."),
    "ls": ("sync.cli.ls:ls", "List the syncs of the project."),
    "check": ("sync.cli.check:check", "Check all metadata, offline."),
    "debug": ("sync.cli.debug:debug", "Check warehouse, connections and credentials."),
    "status": ("sync.cli.status:status", "Last runs, members, doubts and dead letters."),
    "why": ("sync.cli.why:why", "Everything about one person or object."),
    "personas": ("sync.cli.personas:personas", "Who of a file gets what, beside who should."),
    "verify": ("sync.cli.verify:verify", "Compare a sample with what destinations hold."),
    "identities": ("sync.cli.identities:identities", "Audit keys: coverage, duplicates, format."),
    "rejects": ("sync.cli.rejects:rejects", "Rejected and invalid rows by cause."),
    "lift": ("sync.cli.lift:lift", "What a holdout shows of the effect."),
    "contract": ("sync.cli.contract:contract", "Write down what goes where, or check it."),
    "exposures": ("sync.cli.exposures:exposures", "Write a dbt exposure for each sync."),
    "state": ("sync.cli.state:state", "Show or mend what is remembered of a sync."),
    "report": ("sync.cli.report:report", "Write a page, or a message, about all of it."),
    "retire": ("sync.cli.retire:retire", "Take back what a removed sync has sent."),
    "pull": ("sync.cli.pull:pull", "Read what a destination answers back."),
    "sandbox": ("sync.cli.sandbox:sandbox", "Run the local stand-in for every destination."),
}
"""Where each command lives, and its line in the overview, so that `--help` imports nothing."""


class Root(click.Group):
    """All commands, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the overview."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, without importing what it lists."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the nearest spelling."""
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing:
            from sync.project.suggest import did_you_mean

            ctx.fail(f"no command `{args[0]}`; {did_you_mean(args[0], COMMANDS, 'commands')}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, without importing them; options are those of the command that is left out."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            command = self.get_command(ctx, DEFAULT) or self
            return command.shell_complete(ctx, incomplete)

        return [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]


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
