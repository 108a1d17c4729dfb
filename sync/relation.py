"""Where a table or view lies, and how engines spell its name. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass

CAPITALS = frozenset(("snowflake",))
"""Engines that keep a name which was written without quotes in capitals."""
_PART = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^."]+)')


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the manifest names it."""

    database: str | None
    schema: str
    name: str


def turned(name: str, engine: str) -> str:
    """A name as the engine has it from the name as it stands here, or the other way round.

    Names without quotes are written small here, whatever the engine makes of them. On one that
    keeps them in capitals, `people` is PEOPLE there; a name that was quoted in small letters is
    PEOPLE here; one in both stays as it is.
    """
    if engine not in CAPITALS or not name.isascii():
        return name
    return name.swapcase() if name.islower() or name.isupper() else name


def plain(name: str, engine: str) -> str:
    """A name that is written without quotes, as it stands here."""
    return name.lower() if engine in CAPITALS else name


def named(relation: Relation, rendered: str | None, engine: str) -> Relation:
    """The relation as the engine has it; `rendered` is dbt's `relation_name`, with its quotes."""
    if engine not in CAPITALS:
        return relation
    given = (relation.database or "", relation.schema, relation.name)
    written = [_part(found, engine) for found in _PART.finditer(rendered or "")]
    missing = [plain(part, engine) for part in given[: 3 - len(written)]]
    database, schema, name = (*missing, *written)
    return Relation(database or None, schema, name)


def _part(found: re.Match[str], engine: str) -> str:
    quoted = found["quoted"]
    if quoted is None:
        return plain(found["plain"], engine)
    return turned(quoted.replace('""', '"'), engine)
