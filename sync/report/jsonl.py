"""Events as JSON, one object a line: code, level, time and fields. The last line is the result."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sync.model import Counts, Fate
from sync.report.events import Ended, Event, PlanEnded, Planned, Previewed, RunEnded, level
from sync.report.results import plan_result, run_result


def line(event: Event, at: datetime) -> str:
    """One line without its line break."""
    if isinstance(event, RunEnded):
        fields = run_result(event)
    elif isinstance(event, PlanEnded):
        fields = plan_result(event)
    else:
        fields = _fields(event)
    head = {"code": event.code, "level": str(level(event)), "time": _time(at)}
    return json.dumps({**head, **fields}, default=plain)


def message(code: str, fields: Mapping[str, Any], at: datetime, is_error: bool = False) -> str:
    """One line for a result that is no event of a run."""
    head = {"code": code, "level": "error" if is_error else "info", "time": _time(at)}
    return json.dumps({**head, **fields}, default=plain)


def _fields(event: Any) -> dict[str, Any]:
    found = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    if isinstance(event, Ended | Planned | Previewed) and "planned" in found:
        del found["planned"]
    return {name: plain(value) for name, value in found.items()}


def plain(value: Any) -> Any:
    """Any value of an event as JSON types; unknown types as their text."""
    if isinstance(value, Counts):
        fates = {str(f): value[f] for f in Fate}
        return {"model_rows": value.model_rows, "removals": value.removals, **fates}
    if isinstance(value, Enum):
        return str(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return _time(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
