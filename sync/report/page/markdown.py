"""The same facts as Markdown, for a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sync.commands.report import Report
from sync.report.page import attention
from sync.report.page.parts import RIGHT, Section, Table
from sync.report.page.sections import sections

SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>|#"})


def render(report: Report) -> str:
    """Headings, sentences and tables."""
    at = f"{report.local(report.at):%-d %b %Y, %H:%M}"
    lines = [
        f"# {_text(attention.heading(report))}",
        "",
        f"{_text(report.project)}, target {_text(report.target)}, {at} ({report.zone.key})."
        f" {attention.aged(report)}",
        "",
    ]
    for one in report.attention:
        told = attention.told(report, one)
        details = f" ({_text(told.details)})" if told.details else ""
        lines.append(
            f"- **{told.level.capitalize()}: {_text(told.names)}.** {_text(told.text)}{details}."
            f" `{told.command}`"
        )
    if report.attention:
        lines.append("")
    for section in sections(report):
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    yield _text(section.says)
    yield ""
    for table in section.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield _row([title for title, _ in table.columns])
    yield _row(["---:" if side == RIGHT else "---" for _, side in table.columns], is_text=False)
    for row in table.rows:
        yield _row(row)
    yield ""


def _row(cells: Sequence[str], is_text: bool = True) -> str:
    return f"| {' | '.join(_text(cell) if is_text else cell for cell in cells)} |"


def _text(text: str) -> str:
    """Nothing in it is Markdown; line breaks become spaces."""
    return " ".join(text.translate(SPECIAL).split())
