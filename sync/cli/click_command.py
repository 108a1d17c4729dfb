"""What our commands add to click's: several values of `--select`, and options in sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

GREEDY = ("--select", "-s", "--exclude")
ALONE = frozenset({"plan_file"})
"""Arguments that no option of `GREEDY` goes with."""
HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of every command: click keeps the help option that it made first."""
OWN = "Options"
OPEN = f"{__name__}.open"
"""Where a context keeps the option of `GREEDY` that takes what comes next."""
LAST = "Output"
"""The section that ends with `--help`."""


class SyncCommand(click.Command):
    """A command whose `--select a b` takes several values, as dbt's does.

    A command with another argument than those of `ALONE` takes one value at a time. `titles` are
    sections of `--help` by the name of an option; those that no section has are the command's own.
    """

    def __init__(self, *args: Any, titles: Mapping[str, str], **more: Any) -> None:
        super().__init__(*args, **{"context_settings": HELP, **more})
        self.titles = titles

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option for each of its values before click sees them."""
        if not any(isinstance(p, click.Argument) and p.name not in ALONE for p in self.params):
            ctx.meta[OPEN] = _open_option(args)
            args = spread(args)
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click, and one more value of an option that takes several."""
        for param in self.params:
            if not incomplete.startswith("-") and ctx.meta.get(OPEN) in param.opts:
                return param.shell_complete(ctx, incomplete)
        return super().shell_complete(ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options first, then the common ones under their titles."""
        help_option = self.get_help_option(ctx)
        sections: dict[str, list[tuple[str, str]]] = {OWN: []}
        for param in self.get_params(ctx):
            title = LAST if param is help_option else self.titles.get(param.name or "", OWN)
            if (record := param.get_help_record(ctx)) is not None:
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


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


def _open_option(args: Sequence[str]) -> str:
    """The option that takes whatever comes next; empty when none does."""
    named = next((arg for arg in reversed(args) if arg.startswith("-")), "")
    return named if named in GREEDY else ""
