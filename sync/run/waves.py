"""The order among syncs that `after` asks for: in waves, and exits the other way round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sync.model import Kind, Sync


def waves(syncs: Sequence[Sync], all_syncs: Sequence[Sync]) -> list[list[Sync]]:
    """The syncs in the waves in which they are sent; all in one without `after`.

    `all_syncs` are the project's: what lies between two of a run may not be selected.
    """
    known = {sync.name: sync for sync in all_syncs}
    numbered: dict[int, list[Sync]] = {}
    for sync in syncs:
        numbered.setdefault(_depth(sync, known), []).append(sync)
    return [numbered[number] for number in sorted(numbered)]


def exits_first(in_waves: Sequence[Sequence[Sync]]) -> list[list[Sync]]:
    """The waves whose exits go ahead of everything: the last ones first.

    Of the first one, those of exclusive groups, of which several are in the run. Events have no
    exits.
    """
    later = [[s for s in wave if s.kind is not Kind.EVENTS] for wave in reversed(in_waves[1:])]
    groups = Counter(_groups(in_waves))
    first = in_waves[0] if in_waves else ()
    grouped = [s for s in first if s.rules.exclusive and groups[s.rules.exclusive.group] > 1]
    return [wave for wave in (*later, grouped) if wave]


def _groups(in_waves: Sequence[Sequence[Sync]]) -> list[str]:
    """The exclusive group of each model, once for each."""
    found = {
        sync.model: sync.rules.exclusive.group
        for wave in in_waves
        for sync in wave
        if sync.rules.exclusive
    }
    return list(found.values())


def _depth(sync: Sync, known: Mapping[str, Sync]) -> int:
    seen = {sync.name}
    while (after := sync.rules.after) and after.sync in known and after.sync not in seen:
        sync = known[after.sync]
        seen.add(sync.name)
    return len(seen) - 1
