"""What a value of `--select` means for one sync, as dbt means it for the sync's model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from sync.model import Sync
from sync.project.graph import fits, has_file, has_path, starts_with

FILES = (".sql", ".py")


def implied(value: str) -> str:
    """The method that dbt takes for a value without one."""
    if "/" in value:
        return "path"
    return "file" if PurePosixPath(value).suffix in FILES else "name"


def _has_name(sync: Sync, value: str) -> bool:
    names = (*_names(sync), sync.name, sync.full_name, f"{sync.model}.{sync.connection}")
    return any(fits(name, value) for name in names) or _has_fqn(sync, value)


def _has_fqn(sync: Sync, value: str) -> bool:
    if any(fits(name, value) for name in _names(sync)):
        return True
    parts, wanted = tuple(_fqn(sync)), value.split(".")
    return starts_with(parts, wanted) or starts_with(parts[1:], wanted)


def _fqn(sync: Sync) -> list[str]:
    """As dbt: the package, the folders below the model path, the name, and the version if any."""
    package, named = sync.unique_id.split(".")[1:2], sync.unique_id.split(".")[2:]
    return [*package, *PurePosixPath(sync.path).parts[1:-1], *(named or [sync.model])]


def _names(sync: Sync) -> Sequence[str]:
    """What dbt calls the model; a version goes by its own names, and by that of all versions."""
    named = sync.unique_id.split(".")[2:]
    is_versioned = len(named) == 2 and sync.model == "_".join(named)
    return (sync.model, ".".join(named), named[0]) if is_versioned else (sync.model,)


def _package(sync: Sync) -> str:
    return _fqn(sync)[0]


Method = tuple[Callable[[Sync, str], bool], Callable[[Sync], Iterable[str]]]

METHODS: dict[str, Method] = {
    "name": (_has_name, _names),
    "fqn": (_has_fqn, _names),
    "tag": (lambda s, v: any(fits(tag, v) for tag in s.tags), lambda s: s.tags),
    "path": (
        lambda s, v: has_path(s.path, v),
        lambda s: (s.path, str(PurePosixPath(s.path).parent)),
    ),
    "file": (lambda s, v: has_file(s.path, v), lambda s: (PurePosixPath(s.path).name,)),
    "package": (lambda s, v: fits(_package(s), v), lambda s: (_package(s),)),
    "destination": (lambda s, v: fits(s.connection, v), lambda s: (s.connection,)),
    "kind": (lambda s, v: fits(s.kind, v), lambda s: (s.kind,)),
}
"""How each method matches syncs, and the spellings a complaint can offer."""
