"""What a row of `syncs` says of a sync's entry in the metadata, so that the entry may go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sync.destinations.targets import Target
from sync.model import Sync
from sync.state.columns import Column

ALL = 10_000
"""Buckets of a sync that is not rolled out in steps."""
_NAMES = {
    "vendor": "vendor",
    "identify_by": "identify_by",
    "address": "external_id",
    "related": "related_id",
    "object_type": "object_type",
    "segment": "segment",
}
"""What is written, with the field of `Sync` that it tells of."""


def written(sync: Sync) -> str:
    """Canonical JSON of all that decides how the destination is told, but for the traits."""
    found = {name: getattr(sync, field) for name, field in _NAMES.items()}
    options = sync.options
    chosen = {} if options is None else options.model_dump(mode="json", exclude_defaults=True)
    found["holdouts"] = [holdout.name for holdout in sync.rules.holdouts] or None
    rollout = sync.rules.rollout
    found["rollout"] = None if rollout is None else rollout.threshold
    found["counts_entries"] = sync.rules.counts_entries or None
    found["first_name"] = sync.first_name or None
    exclusive = sync.rules.exclusive
    found["group"] = None if exclusive is None else exclusive.group
    value = {**{k: v for k, v in found.items() if v is not None}, "options": chosen}
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(mapping: str, targets: Sequence[Target]) -> dict[str, Any]:
    """Back from `written`, by the field of `Sync`; from the last of the targets where an older
    version wrote the row.
    """
    if mapping:
        found: dict[str, Any] = json.loads(mapping)
        first = {"first_name": first_name(mapping), "options": found["options"]}
        return {field: found.get(name) for name, field in _NAMES.items()} | first
    place = dict(targets[-1].place) if targets else {}
    manner = dict(targets[-1].manner) if targets else {}
    known = {field: place.pop(name, None) for name, field in _NAMES.items()}
    # Older state does not name the column; that there is one is all that matters without a model.
    known["external_id"] = known["identify_by"]
    return known | {"options": place | manner}


def vendor_of(mapping: str) -> str | None:
    """The vendor that was written to, where the row says so."""
    found: str | None = json.loads(mapping)["vendor"] if mapping else None
    return found


def first_name(mapping: str) -> str:
    """What the sync was called before it was moved; empty when it never was."""
    found: str = json.loads(mapping).get("first_name", "") if mapping else ""
    return found


def holdouts_of(mapping: str) -> list[str]:
    """The holdouts that the sync was under."""
    found: list[str] = json.loads(mapping).get("holdouts", []) if mapping else []
    return found


def rollout_of(mapping: str) -> int:
    """How far the sync was rolled out, in hundredths of a percent."""
    return int(json.loads(mapping).get("rollout", ALL)) if mapping else ALL


def counts_entries(mapping: str) -> bool:
    """Whether the sync was under a limit on entries."""
    return bool(json.loads(mapping).get("counts_entries")) if mapping else False


def group_of(mapping: str) -> str:
    """The exclusive group that the sync was in; empty where it was in none."""
    return str(json.loads(mapping).get("group") or "") if mapping else ""


def names_of(columns: Sequence[Column]) -> list[Column]:
    """The columns as they are sent: each name once, in its newest form."""
    newest = {c.trait.name: c for c in columns if c.is_superseded}
    return list((newest | {c.trait.name: c for c in columns if not c.is_superseded}).values())
