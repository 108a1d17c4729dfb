"""All commands: where each lives, and its line in the overview."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DEFAULT = "apply"
COMMANDS: Mapping[str, tuple[str, str]] = {
    "plan": ("sync.cli.plan:plan", "Show what would be sent; nothing is."),
    "apply": ("sync.cli.apply:apply", "Plan, guard, send and acknowledge (the default)."),
    "try": ("sync.cli.trying:trying", "Send one real person, and show what goes out."),
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
    "forget": ("sync.cli.forget:forget", "Erase one person, and never add them again."),
    "prune": ("sync.cli.prune:prune", "Delete old rows of the logs."),
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
