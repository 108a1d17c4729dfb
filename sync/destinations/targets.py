"""Where and how a sync writes, as values that outlive its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sync.model import Sync

_PLACE = ("segment", "object_type", "identify_by")


@dataclass(frozen=True, slots=True)
class Target:
    """One place and manner in which a sync writes, or once wrote. All JSON values."""

    place: Mapping[str, Any]
    """What is left and joined when it changes: segment, object type, identifier, options."""
    manner: Mapping[str, Any]
    """Options that decide how a row is written: every row is asserted again."""
    names: tuple[str, ...]
    """The traits that were mapped, sorted."""

    @classmethod
    def of(cls, sync: Sync) -> Target:
        """Where the sync writes today."""
        options = _chosen(sync.options)
        aside: frozenset[str] = getattr(sync.options, "ASIDE", frozenset())
        manner: frozenset[str] = getattr(sync.options, "MANNER", frozenset())
        place = {name: getattr(sync, name) for name in _PLACE}
        place |= {k: v for k, v in options.items() if k not in aside | manner}
        return cls(
            {k: v for k, v in place.items() if v is not None},
            {k: v for k, v in options.items() if k in manner},
            tuple(sorted(trait.name for trait in sync.traits)),
        )

    @classmethod
    def parse(cls, encoded: str) -> Target:
        """Back from `encoded`."""
        found = json.loads(encoded)
        return cls(found["place"], found["manner"], tuple(found["names"]))

    @property
    def encoded(self) -> str:
        """Canonical JSON: equal targets, equal text."""
        value = {"place": self.place, "manner": self.manner, "names": self.names}
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def elsewhere(targets: Mapping[int, Target], now: Target) -> list[int]:
    """The numbers of those with another place."""
    return [number for number, target in targets.items() if target.place != now.place]


def at(sync: Sync, target: Target) -> Sync:
    """The sync as it wrote there: for a removal from where it writes no more."""
    named: dict[str, Any] = {name: target.place.get(name) for name in _PLACE}
    if sync.options is None:
        return replace(sync, **named)
    model = type(sync.options)
    aside = {k: v for k, v in _chosen(sync.options).items() if k in model.ASIDE}
    own = {**target.place, **target.manner}
    chosen = aside | {k: v for k, v in own.items() if k in model.model_fields}
    return replace(sync, **named, options=model.model_validate(chosen))


def _chosen(options: Any) -> dict[str, Any]:
    """What differs from the defaults, so that a new option is no new target."""
    if options is None:
        return {}
    chosen: dict[str, Any] = options.model_dump(mode="json", exclude_defaults=True)
    return chosen
