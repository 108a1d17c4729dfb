"""The order among syncs that `after` asks for: in waves, and exits the other way round."""

from __future__ import annotations

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
    """The waves whose exits go ahead of everything: the last ones first, never the first one.

    Events have no exits.
    """
    later = ([s for s in wave if s.kind is not Kind.EVENTS] for wave in reversed(in_waves[1:]))
    return [wave for wave in later if wave]


def _depth(sync: Sync, known: Mapping[str, Sync]) -> int:
    seen = {sync.name}
    while (after := sync.rules.after) and after.sync in known and after.sync not in seen:
        sync = known[after.sync]
        seen.add(sync.name)
    return len(seen) - 1
