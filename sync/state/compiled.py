"""The compiled SQL of a sync's last complete run, with the mapping that read it: `compiled`."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from sqlglot import exp

from sync.model import Sync, Trait
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

_KEYS = {"identity": "identity", "related": "related_id", "event_id": "event_id"}
"""What is kept, with the field of `Sync` that it tells of."""


def encoded(sync: Sync) -> str:
    """What to keep; empty where dbt did not compile the model, or its SQL alone is not its rows."""
    if not sync.query:
        return ""
    kept = {"sql": sync.query, **{key: getattr(sync, field) for key, field in _KEYS.items()}}
    return json.dumps({**kept, "traits": [asdict(trait) for trait in sync.traits]})


def before(state: Catalogue, sync: Sync) -> Sync | None:
    """The sync with query, keys and traits of its last complete run; None where none are kept."""
    is_self = e.equals(e.col("sync"), e.text(state.tables.sync))
    query = exp.select(e.col("compiled")).from_(e.table(state.tables["syncs"])).where(is_self)
    kept = next((text for (text,) in state.ask(query)), None)
    return _decoded(kept, sync) if kept else None


def _decoded(kept: str, sync: Sync) -> Sync:
    found: dict[str, Any] = json.loads(kept)
    traits = tuple(Trait(**{**t, "bands": tuple(t["bands"])}) for t in found["traits"])
    keys = {field: found[key] for key, field in _KEYS.items()}
    return replace(sync, query=found["sql"], traits=traits, **keys)
