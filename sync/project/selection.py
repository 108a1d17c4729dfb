"""`--select` and `--exclude`, with dbt's grammar for what a sync has.

Values separated by spaces are added up, values joined by commas must all hold. A value without a
method is a path where it has a slash, a file where it ends like one, and else a model's name, a
folder or package, all as in dbt, or a sync's name; `*`, `?` and `[...]` are wildcards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from sync.errors import ConfigError, Problem
from sync.model import Sync
from sync.project.suggest import did_you_mean

WILDCARDS = frozenset("*?[")
FILES = (".sql", ".py")


def select(syncs: Sequence[Sync], select: Sequence[str], exclude: Sequence[str] = ()) -> list[Sync]:
    """Those selected (all, when nothing is) less those excluded, in the given order.

    Raises ConfigError naming every value that matches nothing: a typo must never mean "nothing to
    do", nor send what was to be left out.
    """
    problems: list[Problem] = []
    wanted = _union(syncs, select, "--select", problems) if any(select) else set(range(len(syncs)))
    unwanted = _union(syncs, exclude, "--exclude", problems)
    if problems:
        raise ConfigError(*problems)
    return [sync for i, sync in enumerate(syncs) if i in wanted - unwanted]


def _union(
    syncs: Sequence[Sync], given: Iterable[str], option: str, problems: list[Problem]
) -> set[int]:
    found: set[int] = set()
    for term in (t for text in given for t in text.split()):
        atoms = [a for a in term.split(",") if a]
        matches = [_matching(syncs, atom, option, problems) for atom in atoms]
        if not matches:
            problems.append(Problem("select-syntax", f"`{term}` selects by nothing", option))
            continue
        both = set.intersection(*matches)
        if not both and all(matches):
            text = f"no sync matches all of `{term}`"
            problems.append(
                Problem("select-empty", text, option, fix="join fewer values by commas")
            )
        found |= both
    return found


def _matching(syncs: Sequence[Sync], atom: str, option: str, problems: list[Problem]) -> set[int]:
    method, separator, value = atom.partition(":")
    if not separator:
        method, value = _implied(atom), atom
    if method not in METHODS:
        hint = did_you_mean(method, METHODS, "methods")
        text = f"`{atom}` has no method `{method}`"
        problems.append(Problem("select-syntax", text, option, hint))
        return set()
    if not separator and (value.startswith(("+", "@")) or value.endswith("+")):
        text = f"`{atom}` walks the graph, which syncs are not part of"
        problems.append(Problem("select-syntax", text, option, fix=f"use `{value.strip('@+')}`"))
        return set()
    matches, spellings = METHODS[method]
    found = {i for i, sync in enumerate(syncs) if matches(sync, value)}
    if not found:
        known = {s for sync in syncs for s in spellings(sync)}
        what = {"name": "models", "fqn": "models"}.get(method, f"values of {method}:")
        hint = did_you_mean(value, known, what)
        problems.append(Problem("select-unknown", f"`{atom}` matches no sync", option, hint))
    return found


def _implied(atom: str) -> str:
    """The method that dbt takes for a value without one."""
    if "/" in atom:
        return "path"
    return "file" if PurePosixPath(atom).suffix in FILES else "name"


def _has_name(sync: Sync, value: str) -> bool:
    names = (*_names(sync), sync.name, sync.full_name, f"{sync.model}.{sync.connection}")
    return any(_fits(name, value) for name in names) or _has_fqn(sync, value)


def _has_fqn(sync: Sync, value: str) -> bool:
    if any(_fits(name, value) for name in _names(sync)):
        return True
    parts, wanted = _fqn(sync), value.split(".")
    return _starts_with(parts, wanted) or _starts_with(parts[1:], wanted)


def _fqn(sync: Sync) -> list[str]:
    """As dbt: the package, the folders below the model path, the name, and the version if any."""
    package, named = sync.unique_id.split(".")[1:2], sync.unique_id.split(".")[2:]
    return [*package, *PurePosixPath(sync.path).parts[1:-1], *(named or [sync.model])]


def _names(sync: Sync) -> Sequence[str]:
    """What dbt calls the model; a version goes by its own names, and by that of all versions."""
    named = sync.unique_id.split(".")[2:]
    is_versioned = len(named) == 2 and sync.model == "_".join(named)
    return (sync.model, ".".join(named), named[0]) if is_versioned else (sync.model,)


def _starts_with(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    return len(wanted) <= len(parts) and all(
        _fits(p, w) for p, w in zip(parts, wanted, strict=False)
    )


def _has_path(sync: Sync, value: str) -> bool:
    path, wanted = PurePosixPath(sync.path), PurePosixPath(value)
    if WILDCARDS & set(value):
        return any(fnmatchcase(str(p), str(wanted)) for p in (path, *path.parents))
    return path == wanted or wanted in path.parents


def _has_file(sync: Sync, value: str) -> bool:
    path = PurePosixPath(sync.path)
    return _fits(path.name, value) or _fits(path.stem, value)


def _package(sync: Sync) -> str:
    return _fqn(sync)[0]


def _fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern) if WILDCARDS & set(pattern) else text == pattern


Method = tuple[Callable[[Sync, str], bool], Callable[[Sync], Iterable[str]]]

METHODS: dict[str, Method] = {
    "name": (_has_name, _names),
    "fqn": (_has_fqn, _names),
    "tag": (lambda s, v: any(_fits(tag, v) for tag in s.tags), lambda s: s.tags),
    "path": (_has_path, lambda s: (s.path, str(PurePosixPath(s.path).parent))),
    "file": (_has_file, lambda s: (PurePosixPath(s.path).name,)),
    "package": (lambda s, v: _fits(_package(s), v), lambda s: (_package(s),)),
    "destination": (lambda s, v: _fits(s.connection, v), lambda s: (s.connection,)),
    "kind": (lambda s, v: _fits(s.kind, v), lambda s: (s.kind,)),
}
"""How each method matches, and the spellings a complaint can offer."""
