"""What `verify` found of one sync, in lines and for machines."""

from __future__ import annotations

from typing import Any

from sync.commands.verify import Tally
from sync.report import words
from sync.report.paint import Paint


def lines(tally: Tally, paint: Paint) -> list[str]:
    """For people."""
    name = f"{tally.sync.model} -> {tally.sync.connection}"
    if tally.skipped:
        return [f"{name}: not compared, {tally.skipped}"]
    if not tally.sent:
        nobody = "nobody else" if tally.fresh else "nobody"
        return [*_left_out(tally, f"{name}: "), f"{name}: {nobody} is acknowledged as a member"]
    color = "green" if tally.matched == tally.sent else "yellow"
    rate = paint(f"{tally.rate:.1f} % match", color)
    lines = [
        f"{name}: {rate}; asked for {words.count(tally.sent)}, found {words.count(tally.found)},"
        f" {words.count(tally.matched)} as acknowledged"
    ]
    lines += [
        f"  {trait} differs for {words.count(n)}" for trait, n in tally.differing.most_common(10)
    ]
    lines += _left_out(tally, "  ")
    lines += [f"  {words.count(n)}: {note}" for note, n in tally.notes.most_common()]
    if tally.masked:
        lines.append(f"  not compared: {words.plural(tally.masked, 'pii trait')}, kept as digests")
    return lines


def _left_out(tally: Tally, before: str) -> list[str]:
    if not tally.fresh:
        return []
    return [f"{before}too fresh to compare: {words.plural(tally.fresh, 'member')}; {tally.lag}"]


def machine(tally: Tally) -> dict[str, Any]:
    """For machines."""
    return {
        "sync": tally.sync.name,
        "model": tally.sync.model,
        "destination": tally.sync.connection,
        "skipped": tally.skipped or None,
        "sent": tally.sent,
        "found": tally.found,
        "matched": tally.matched,
        "match_percent": round(tally.rate, 3) if tally.sent else None,
        "differing": dict(tally.differing),
        "notes": dict(tally.notes),
        "too_fresh": tally.fresh,
        "pii_traits_left_out": tally.masked,
    }
