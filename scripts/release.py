"""What a release needs beside its tests: agreement of tag, versions and changelog; its notes.

    python scripts/release.py check v0.2.0     # exit 1, and every disagreement on stderr
    python scripts/release.py notes v0.2.0     # the changelog's section of this version
    python scripts/release.py links URL        # make README.md's links absolute, for PyPI

The standard library only, so that it runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAG = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
"""Three numbers: what PyPI and dbt's package hub both read as the same version."""

VERSIONS = {
    "sync/__init__.py": r'^__version__ = "(.+)"$',
    "dbt_project.yml": r"^version: (.+)$",
}
RELATIVE = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s]+)(?=\))")


def disagreements(tag: str, root: Path = ROOT) -> list[str]:
    """What has to be mended before this tag can be released; empty when it can."""
    if not TAG.fullmatch(tag):
        return [f"the tag {tag} is not `v` and three numbers, such as v0.2.0"]
    version, found = tag[1:], []
    for name, pattern in VERSIONS.items():
        written = re.search(pattern, (root / name).read_text("utf-8"), re.M)
        if written is None or written[1] != version:
            found.append(f"{name} says version {written[1] if written else None}, not {version}")
    if not _section(version, root):
        found.append(f"CHANGELOG.md has no entries under a heading `## [{version}] - YYYY-MM-DD`")
    return found


def notes(tag: str, root: Path = ROOT) -> str:
    """The changelog's section of this version, without its heading."""
    return _section(tag.removeprefix("v"), root)


def _section(version: str, root: Path) -> str:
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n"
    found = re.search(
        rf"{heading}(.*?)(?=^## |\Z)", (root / "CHANGELOG.md").read_text("utf-8"), re.M | re.S
    )
    return found[1].strip() if found else ""


def absolute(markdown: str, url: str) -> str:
    """The text with every relative link below `url`, because PyPI knows no other files."""
    return RELATIVE.sub(rf"{url.rstrip('/')}/\1", markdown)


def main(command: str, given: str) -> int:
    """Run one of the three; the exit code."""
    match command:
        case "check":
            found = disagreements(given)
            sys.stderr.writelines(f"error: {line}\n" for line in found)
            return 1 if found else 0
        case "notes":
            print(notes(given))
        case "links":
            readme = ROOT / "README.md"
            readme.write_text(absolute(readme.read_text("utf-8"), given), "utf-8")
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]) if len(sys.argv) == 3 else main("", ""))
