"""What a dbt profile says of a DuckDB, in dbt-duckdb's forms: where it is, and what is attached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sync.errors import ConfigError, Problem

MEMORY = ":memory:"
LAKE = "ducklake:"
HOSTED = ("md:", "motherduck:")
BARE_WORDS = frozenset({"type", "provider"})
"""Options of a secret that DuckDB reads as names."""
Credentials = Mapping[str, Any]
Kind = Literal["file", "lake", "memory", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Store:
    """One database, as a path or an attachment names it."""

    kind: Kind
    """A DuckDB file; a DuckLake whose catalogue is a DuckDB file; memory; or anything else."""
    path: str
    """As DuckDB takes it."""
    file: Path | None = None
    """The file of the first two kinds: one process at a time can open it."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the state lies: a store, and its name where that is not the connection's own."""

    store: Store
    database: str | None = None


def main_store(credentials: Credentials, project_dir: Path) -> Store:
    """What the profile's `path` names."""
    return _store(str(credentials.get("path") or MEMORY), project_dir)


def home(credentials: Credentials, project_dir: Path) -> Home:
    """The target's database if it is a DuckDB file, else the file of `path`, else a lake.

    Both sorts of file keep other processes out. A lake has no unique keys, which keep two first
    runs apart elsewhere. Raises ConfigError where nothing is kept or several processes could write.
    """
    main = Home(main_store(credentials, project_dir))
    target = _attached(credentials, project_dir) or main
    for kind in ("file", "lake"):
        for candidate in (target, main):
            if candidate.store.kind == kind:
                return candidate
    if main.store.kind == "elsewhere":
        return main
    raise ConfigError(_in_memory() if target is main else _shared(str(target.database)))


def _attached(credentials: Credentials, project_dir: Path) -> Home | None:
    """The attachment that the target's `database` names."""
    database = credentials.get("database")
    for entry in credentials.get("attach") or ():
        if database is not None and entry.get("alias") == database:
            kind = (entry.get("options") or {}).get("type", entry.get("type"))
            path = str(entry["path"])
            known = _store(path, project_dir) if kind in (None, "duckdb", "ducklake") else None
            return Home(known or Store("elsewhere", path), str(database))
    return None


def _store(path: str, project_dir: Path) -> Store:
    if path == MEMORY:
        return Store("memory", path)
    scheme, rest = (LAKE, path[len(LAKE) :]) if path.startswith(LAKE) else ("", path)
    # ducklake:postgres:..., ducklake:sqlite:... have their catalogue in another database.
    if "://" in rest or rest.startswith(HOSTED) or (scheme and ":" in rest):
        return Store("elsewhere", path)
    file = project_dir / rest
    return Store("lake" if scheme else "file", f"{scheme}{file}", file)


def attachment(entry: Mapping[str, Any]) -> str:
    """The statement for an entry of `attach`; a relative path is from the folder one is in."""
    options = dict(entry.get("options") or {})
    for key in ("type", "secret", "read_only"):
        options.update({key: entry[key]} if entry.get(key) else {})
    written = ", ".join(_option(str(key), value) for key, value in options.items() if value)
    alias = f" as {quote(str(entry['alias']))}" if entry.get("alias") else ""
    suffix = f" ({written})" if written else ""
    return f"attach if not exists {literal(entry['path'])}{alias}{suffix}"


def _option(key: str, value: Any) -> str:
    """As dbt-duckdb: words for type and secret, a bare key for true, text in quotes."""
    if value is True:
        return key
    is_bare = key.lower() in ("type", "secret") or not isinstance(value, str)
    return f"{key} {value}" if is_bare or _is_quoted(value) else f"{key} {literal(value)}"


def _is_quoted(text: str) -> bool:
    stripped = text.strip()
    return len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "'\""


def secrets(credentials: Credentials) -> Iterator[str]:
    """The statements for `secrets`, each under its own name or a numbered one."""
    for number, secret in enumerate(credentials.get("secrets") or (), 1):
        name = quote(str(secret.get("name") or f"activation_secret_{number}"))
        options = [
            text
            for key, value in secret.items()
            if value is not None and key not in ("name", "persistent")
            for text in _secret_option(str(key), value)
        ]
        yield f"create or replace secret {name} ({', '.join(options)})"


def _secret_option(key: str, value: Any) -> Iterator[str]:
    if key == "scope" and isinstance(value, Sequence) and not isinstance(value, str):
        yield from (f"scope {literal(one)}" for one in value)
    elif isinstance(value, Mapping):
        pairs = ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items())
        yield f"{key} map {{{pairs}}}"
    elif isinstance(value, list):
        yield f"{key} array [{', '.join(literal(one) for one in value)}]"
    else:
        yield f"{key} {value if key in BARE_WORDS else literal(value)}"


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _in_memory() -> Problem:
    return Problem(
        "duckdb-in-memory",
        "the dbt target keeps its database in memory, so nothing of a build is left to sync from",
        where="profiles.yml, outputs.<target>.path",
        fix="give the target a file, for example path: shop.duckdb; or attach a store under an"
        " alias and name that in `database:`",
    )


def _shared(database: str) -> Problem:
    return Problem(
        "duckdb-state-shared",
        f"the state can't lie in `{database}`: it is no file of this machine, so several processes"
        " could write it through DuckDB, and two runs could both send",
        where="profiles.yml, outputs.<target>.database",
        fix="give the target a file, for example path: state.duckdb, in place of :memory:;"
        " the state then lies in that file, and the models where they are",
    )
