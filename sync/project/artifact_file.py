"""Artifacts as JSON files: read with patience, because dbt writes them in place.

A file that can't be parsed is read again twice; an older copy is never used instead.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sync.errors import ConfigError, Problem

REREADS = 2
WAIT_SECONDS = 1.0

Sleep = Callable[[float], None]


def read_json(path: Path, sleep: Sleep) -> dict[str, Any]:
    """The file's object; ConfigError once it has been unreadable three times."""
    for attempt in range(1 + REREADS):
        if attempt:
            sleep(WAIT_SECONDS)
        with suppress(OSError, ValueError, RecursionError):
            raw = _parse(path.read_bytes())
            if isinstance(raw, dict):
                return raw
    raise ConfigError(
        Problem(
            "artifact-unreadable",
            f"{path.name} is not complete JSON; it was read {1 + REREADS} times",
            where=str(path),
            hint="dbt may be writing it, or a dbt command was interrupted.",
            fix="let dbt finish, or run it again; an older copy is never used instead",
        )
    )


def _parse(content: bytes) -> Any:
    import orjson

    # The collector would walk a growing heap of a million containers, again and again.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # Python's json, with which dbt writes, also writes NaN and Infinity, as any meta may hold.
        import json

        return json.loads(content)
    finally:
        if was_enabled:
            gc.enable()


def check_version(
    path: Path, raw: Mapping[str, Any], newest: int, keys: Sequence[str]
) -> tuple[Problem, ...]:
    """A warning for a newer version that has the keys; ConfigError when it can't be read."""
    version = _schema_version(raw)
    if version == newest:
        return ()
    is_older = version is not None and version < newest
    if is_older or not all(k in raw for k in keys):
        raise unknown_shape(path, raw)
    told = f"schema version {version}" if version else "an unknown schema version"
    return (
        Problem(
            "artifact-version",
            f"{path.name} has {told}, newer than {newest}, the newest this release was made for",
            where=str(path),
            hint="The keys that are needed exist, so it is read. Look at the plan before sending.",
        ),
    )


def _schema_version(raw: Mapping[str, Any]) -> int | None:
    metadata = raw.get("metadata")
    text = metadata.get("dbt_schema_version") if isinstance(metadata, dict) else None
    found = re.search(r"/v(\d+)(?:\.json)?$", text) if isinstance(text, str) else None
    return int(found[1]) if found else None


def unknown_shape(path: Path, raw: Mapping[str, Any]) -> ConfigError:
    """The error for a file that is not the artifact we know."""
    version = _schema_version(raw)
    told = f"schema version {version}" if version else "an unknown schema version"
    return ConfigError(
        Problem(
            "artifact-version",
            f"{path.name} has {told} and lacks keys that are needed",
            where=str(path),
            hint="Manifests are read from version 12 on, run results from version 6 on.",
            fix="write it with dbt 1.8 or newer, or install a newer dbt-activation",
        )
    )
