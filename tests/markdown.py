"""Reads our Markdown for tests: fenced blocks, links, and the anchors of headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(r"^(\s*)(```+)\s*([\w-]*)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block: where it starts, the heading above it, its language, its lines."""

    path: Path
    line: int
    section: str
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """README and its neighbours, and everything under docs."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [b for b in _blocks(path) if language in (None, b.language)]


def _blocks(path: Path) -> Iterator[Block]:
    section, fence, start, language, taken = "", "", 0, "", []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if fence:
            if line.strip() == fence:
                yield Block(path, start, section, language, "\n".join(taken) + "\n")
                fence, taken = "", []
            else:
                taken.append(line)
        elif opening := _FENCE.match(line):
            fence, language, start = opening[2], opening[3], number
        elif heading := _HEADING.match(line):
            section = heading[1]
    assert not fence, f"{path}:{start} is never closed"


def prose(path: Path) -> str:
    """A page without its fenced blocks."""
    inside, lines = False, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def headings(path: Path) -> list[str]:
    """The headings of a page, without their marks."""
    return [m[1] for line in prose(path).splitlines() if (m := _HEADING.match(line))]


def anchors(path: Path) -> set[str]:
    """What a link may name behind a `#`, by GitHub's rule."""
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", h).lower()).replace(" ", "-")
        for h in headings(path)
    }


def links(path: Path) -> list[str]:
    """The targets of a page's links."""
    return _LINK.findall(prose(path))
