"""A request's body, encoded once."""

from __future__ import annotations

import orjson

from sync.destinations.spec import JSON


def encode(json: JSON) -> bytes:
    """A request's body. `bytes` inside `json` are JSON already and are copied as they are."""
    return orjson.dumps(json, default=orjson.Fragment)
