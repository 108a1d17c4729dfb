"""A sync's name and the checksum of its definition."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from sync.model import Sync
from sync.project.artifacts import Model
from sync.rules import NO_RULES

MAX_NAME = 40  # leaves room for `snapshot_` and the like within PostgreSQL's 63 bytes
HASH_DIGITS = 8
NO_DEFINITION = (
    "name",
    "unique_id",
    "definition",
    "query",
    "version",
    "owner",
    "sla",
    "tags",
    "path",
    "is_coalesced",
    "normal_form",
    "first_name",
    "ignores_unknown",
    "names_records",
    "is_gone",
    "rules",
    "bounds",
)


def sync_name(model: str, connection: str) -> str:
    """`<model>__<connection>`; a name unfit for a table is cut and ends in a hash of the whole.

    Unfit are other letters than a-z, digits and `_`: capitals too, because many warehouses fold
    them and two names could become one table.
    """
    name = f"{model}__{connection}"
    if len(name) <= MAX_NAME and re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        return name
    fit = re.sub(r"[^a-z0-9_]", "_", name.lower())[: MAX_NAME - HASH_DIGITS - 1]
    fit = fit if fit[0].isalpha() or fit[0] == "_" else f"_{fit[1:]}"
    return f"{fit}_{sha256(name.encode()).hexdigest()[:HASH_DIGITS]}"


def definition(sync: Sync, model: Model) -> str:
    """`<checksum of source, contract and mapping>-<checksum of compiled SQL, or empty>-<parts>`.

    The parts are short checksums of source, contract and mapping, each by itself; older
    definitions have none, and only the first two decide whether a definition moved.
    dbt compiles only what a command selects, so the second part may be missing after one run and
    there after the next; `definition_moved` knows. Comments and white space do not count, nor do
    dates in compiled SQL: most are today's, written in by a macro. One that a person wrote stands
    in the source as well.
    """
    mapping = {k: v for k, v in asdict(sync).items() if k not in NO_DEFINITION}
    mapping["traits"] = [_without_default(trait) for trait in mapping["traits"]]
    mapping |= {} if sync.rules == NO_RULES else {"rules": _rules(sync)}
    mapping["options"] = _plain(sync.options)
    contract = sorted((c.name, c.data_type) for c in model.columns.values())
    query = bare(model.raw_code)
    written = _checksum([query, contract, mapping])
    compiled = "" if model.compiled_code is None else _checksum(_undated(model.compiled_code))
    untyped = mapping | {"traits": [_without_type(trait) for trait in mapping["traits"]]}
    parts = (_checksum(part)[:12] for part in (query, contract, untyped))
    return f"{written}-{compiled}-{'.'.join(parts)}"


def _without_type(trait: Mapping[str, Any]) -> dict[str, Any]:
    """Types are the contract's part."""
    return {k: v for k, v in trait.items() if k != "data_type"}


def _rules(sync: Sync) -> dict[str, Any]:
    """As of traits."""
    return {k: v for k, v in asdict(sync.rules).items() if k != "exclusive" or v}


def _without_default(trait: Mapping[str, Any]) -> dict[str, Any]:
    """A key that came later counts only where it is written."""
    return {k: v for k, v in trait.items() if k not in ("bands", "constant") or v}


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([+-]\d{2}:?\d{2}|Z)?)?")


def _undated(sql: str) -> str:
    return _DATE.sub("<date>", bare(sql))


_NO_CODE = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?:--[^\n]*|/\*.*?\*/|\{\#.*?\#\}|\s)+""",
    re.DOTALL,
)
_ODD_QUOTES = re.compile(r"""\\['"]|\$\$|'{3}|"{3}""")


def bare(sql: str) -> str:
    """SQL or its source without comments, and each white space as one blank, but for quoted text.

    Where quotes can be written in other ways than doubled, nothing is taken for a comment.
    """
    if _ODD_QUOTES.search(sql):
        return sql.strip()
    return _NO_CODE.sub(lambda found: found["quoted"] or " ", sql).strip()


def definition_moved(before: str, after: str) -> bool:
    """Whether two definitions differ; a compiled part that either lacks is not compared."""
    (old, new), compiled, _ = _side_by_side(before, after)
    return old != new or (all(compiled) and compiled[0] != compiled[1])


PARTS = ("query", "contract", "mapping")


def moved_parts(before: str, after: str) -> tuple[str, ...]:
    """Which of `PARTS` differ between two definitions; none where one of them is older.

    What the query refers to may have changed as well: then its compiled form alone differs.
    """
    _, compiled, (old, new) = _side_by_side(before, after)
    if not definition_moved(before, after) or not (old and new):
        return ()
    pairs = zip(PARTS, old.split("."), new.split("."), strict=True)
    found = [part for part, was, now in pairs if was != now]
    is_compiled_anew = all(compiled) and compiled[0] != compiled[1] and "query" not in found
    return ("query", *found) if is_compiled_anew else tuple(found)


def _side_by_side(before: str, after: str) -> list[tuple[str, str]]:
    """Of two definitions: what is written, what is compiled, and the parts."""
    old, new = (f"{definition}--".split("-")[:3] for definition in (before, after))
    return list(zip(old, new, strict=True))


def _plain(options: Any) -> Any:
    return options.model_dump(mode="json") if isinstance(options, BaseModel) else options


def _checksum(value: object) -> str:
    text = json.dumps(_sorted(value), sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:32]


def _sorted(value: Any) -> Any:
    """Traits by name, so that reordering YAML or columns is no new definition."""
    if isinstance(value, Mapping):
        return {
            k: sorted(v, key=lambda trait: str(trait["name"])) if k == "traits" else _sorted(v)
            for k, v in value.items()
        }
    return [_sorted(v) for v in value] if isinstance(value, list) else value


def of_segment(segment: str | None, part: str) -> str:
    """The trait under which a segment's reason or tier goes out by itself."""
    return f"{segment}_{part}"


def traits_of_segment(segment: str) -> tuple[str, ...]:
    """Traits that are a part of a segment: they leave with it."""
    return tuple(of_segment(segment, part) for part in ("reason", "tier"))
