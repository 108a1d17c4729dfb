"""What the state records of a sync, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sync.report import jsonl, words

if TYPE_CHECKING:
    from sync.commands.recorded import Recorded, Tables


def lines(one: Recorded) -> list[str]:
    """What is known of it, then its tables."""
    return [*_facts(one), *table_lines(one.tables, one.gone)]


def table_lines(tables: Tables, gone: Sequence[str]) -> list[str]:
    """A line for each table, with its rows."""
    return [f"  {name:<50} {_rows(rows, name in gone)}" for name, rows in tables]


def _rows(rows: int | None, is_gone: bool) -> str:
    if is_gone:
        return "gone"
    return "-" if rows is None else words.plural(rows, "row")


def _facts(one: Recorded) -> list[str]:
    standing, facts, known = one.standing, one.standing.facts, one.known
    if facts is None or known is None:
        return ["  nothing recorded"]
    named = [
        c.trait.name + (" (dropped)" if c.is_dropped else "")
        for c in known.columns
        if not c.is_superseded
    ]
    lease = standing.lease
    held = "released" if lease is None or lease.is_released else f"held by {lease.owner}"
    shown = {
        "belongs to": "; ".join(one.owners) or "-",
        "identity": facts.identity
        + (f", sent as {facts.identify_by}" if facts.identify_by else ""),
        "account": facts.account or "-",
        "definition": f"version {facts.definition_version}, {facts.definition[:12]}",
        "traits": words.named(named, 30) or "-",
        "baselined": words.moment(facts.baselined_at),
        "completed": words.moment(facts.completed_at),
        "epoch": f"{lease.epoch if lease else facts.epoch}, lease {held}",
        "members": f"{words.count(standing.members)}, {words.count(standing.doubts)} in doubt",
    }
    if standing.unsettled:
        shown["unsettled"] = words.plural(standing.unsettled, "planned change")
    return [f"  {name + ':':<12} {text}" for name, text in shown.items()]


def machine(one: Recorded) -> dict[str, Any]:
    """The same as fields of JSON."""
    standing, known = one.standing, one.known
    facts, lease = standing.facts, standing.lease
    return {
        "sync": one.sync.name,
        "belongs_to": list(one.owners),
        "facts": jsonl.plain(facts._asdict()) if facts else None,
        "traits": [c.trait.name for c in known.columns if c.is_live] if known else [],
        "lease": jsonl.plain(lease._asdict()) if lease else None,
        "members": standing.members,
        "in_doubt": standing.doubts,
        "unsettled": standing.unsettled,
        "tables": dict(one.tables),
        "gone": list(one.gone),
    }
