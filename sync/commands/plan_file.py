"""The file that `plan --out` writes and `apply FILE` reads: ids and numbers, no row of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from sync.commands.generated import Generated, standing, write
from sync.errors import ConfigError, Problem
from sync.model import Op
from sync.state.store import Whole

FORMAT = 1
"""Read is this one alone: a file is good for a while, and for one version of the product."""
WRITTEN_BY = "python -m sync plan --out"


@dataclass(frozen=True, slots=True)
class Entry:
    """One sync of the file."""

    sync: str
    model: str
    connection: str
    whole: Whole | None = None
    """None of a sync that is refused before anything is planned."""
    refused: str = ""
    """The code of what a gate says against it."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What the file says; `options` are those that decide what a plan has."""

    version: str
    """Of the product."""
    project: str
    profile: str
    target: str
    planned_at: str
    """ISO, UTC."""
    salt: str
    """Of the ids, where the state has none yet; else empty."""
    options: Mapping[str, Any]
    entries: tuple[Entry, ...] = field(default_factory=tuple)


def write_file(path: Path, file: PlanFile) -> None:
    """Write it, whole or not at all. Raises ConfigError where another hand has written `path`."""
    told = {"written_by": WRITTEN_BY, "format": FORMAT, **_told(file)}
    text = json.dumps({**told, "checksum": _checksum(told)}, indent=2)
    write([_generated(path, f"{text}\n")])


def refuse_other(path: Path) -> None:
    """Raise ConfigError where another hand has written `path`."""
    standing([_generated(path, "")])


def _generated(path: Path, text: str) -> Generated:
    return Generated(path, text, f'"written_by": "{WRITTEN_BY}"', option="--out")


def read_file(path: Path, name: str) -> PlanFile:
    """What the file says. Raises ConfigError, with `name` as it was typed."""
    told = _loaded(path, name)
    if told.pop("written_by", None) != WRITTEN_BY:
        raise ConfigError(_unfit("plan-file", f"{name} is no file of `{WRITTEN_BY}`", name))
    if told.get("format") != FORMAT:
        text = f"{name} has format {told.get('format')}, and this version reads format {FORMAT}"
        raise ConfigError(_unfit("plan-file-format", text, name))
    checksum = told.pop("checksum", None)
    if checksum != _checksum({"written_by": WRITTEN_BY, **told}):
        text = f"{name} is not as it was written: its checksum does not fit what it says"
        raise ConfigError(_unfit("plan-file-edited", text, name))
    return _read(told)


def _loaded(path: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        text = f"{name} can't be read: {error.strerror or error}"
        raise ConfigError(_unfit("plan-file", text, name)) from error
    except ValueError as error:
        text = f"{name} is no whole JSON: it was cut short, or edited"
        raise ConfigError(_unfit("plan-file-edited", text, name)) from error
    if not isinstance(found, dict):
        raise ConfigError(_unfit("plan-file", f"{name} is no file of `{WRITTEN_BY}`", name))
    return found


def _unfit(code: str, text: str, name: str) -> Problem:
    fix = f"write it anew: {WRITTEN_BY} {name}"
    return Problem(code, text, hint="Nothing was sent.", fix=fix)


def _checksum(told: Mapping[str, Any]) -> str:
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _told(file: PlanFile) -> dict[str, Any]:
    found = {name: getattr(file, name) for name in PlanFile.__dataclass_fields__}
    entries = found.pop("entries")
    return {**found, "options": dict(file.options), "syncs": [_entry(entry) for entry in entries]}


def _entry(entry: Entry) -> dict[str, Any]:
    found = asdict(entry)
    plan = found.pop("whole")
    if plan is not None:
        plan["ops"] = {str(op): rows for op, rows in plan["ops"].items()}
    return {**found, "plan": plan}


def _read(told: Mapping[str, Any]) -> PlanFile:
    names = [n for n in PlanFile.__dataclass_fields__ if n != "entries"]
    entries = [_read_entry(dict(found)) for found in told["syncs"]]
    return PlanFile(**{name: told[name] for name in names}, entries=tuple(entries))


def _read_entry(found: dict[str, Any]) -> Entry:
    plan = found.pop("plan")
    if plan is None:
        return Entry(**found)
    ops = {Op(op): int(rows) for op, rows in plan.pop("ops").items()}
    return Entry(**found, whole=Whole(**plan, ops=ops))
