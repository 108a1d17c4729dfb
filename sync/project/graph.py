"""dbt's graph, as far as a selection asks it: every node with its parents, and what dbt says of it.

Names, values and walks are dbt's own. A walk goes over all nodes, a selection ends with syncs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

WILDCARDS = frozenset("*?[")
KINDS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries")
"""Parts of a manifest that hold nodes."""
ALL = -1
"""Steps of a walk without a number."""


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that dbt selects. `fqn` are package, folders and name."""

    unique_id: str
    kind: str
    name: str
    package: str = ""
    path: str = ""
    fqn: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    config: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    """Of a source's table, the name of the source."""
    group: str = ""
    access: str = ""
    parents: tuple[str, ...] = ()
    statuses: frozenset[str] = frozenset()
    """What the last dbt command that wrote results said of the node, or of a test of it."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a selection goes from what it names; None is nowhere."""

    parents: int | None = None
    children: int | None = None
    has_childrens_parents: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether it goes anywhere."""
        return self.has_childrens_parents or self.parents is not None or self.children is not None


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a manifest by unique id, and the selectors of selectors.yml by name."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    selectors: Mapping[str, Any] = field(default_factory=dict)

    def walked(self, base: Iterable[str], walk: Walk) -> set[str]:
        """The nodes and those that the walk reaches from them."""
        found = set(base)
        if walk.has_childrens_parents:
            family = found | self._reached(found, self._children(), ALL)
            return family | self._reached(family, self._parents, ALL)
        more = set[str]()
        if walk.parents is not None:
            more |= self._reached(found, self._parents, walk.parents)
        if walk.children is not None:
            more |= self._reached(found, self._children(), walk.children)
        return found | more

    def _parents(self, unique_id: str) -> Iterable[str]:
        return self.nodes[unique_id].parents if unique_id in self.nodes else ()

    def _children(self) -> Callable[[str], Iterable[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            for parent in node.parents:
                found[parent].append(node.unique_id)
        return lambda unique_id: found.get(unique_id, ())

    def _reached(
        self, base: set[str], following: Callable[[str], Iterable[str]], steps: int
    ) -> set[str]:
        """What lies up to so many steps away."""
        seen, last = set(base), set(base)
        while last and steps:
            last = {one for known in last for one in following(known)} - seen
            seen |= last
            steps -= 1
        return seen - base


def nodes_of(raw: Mapping[str, Any]) -> dict[str, Node]:
    """The nodes of a manifest but tests, with what they read."""
    return {
        unique_id: _node(unique_id, found)
        for part in KINDS
        for unique_id, found in (raw.get(part) or {}).items()
        if found.get("resource_type") not in ("test", "unit_test")
    }


def _node(unique_id: str, found: Mapping[str, Any]) -> Node:
    return Node(
        unique_id,
        str(found.get("resource_type") or unique_id.partition(".")[0]),
        str(found.get("name") or ""),
        str(found.get("package_name") or ""),
        str(found.get("original_file_path") or ""),
        tuple(map(str, found.get("fqn") or ())),
        frozenset(map(str, found.get("tags") or ())),
        found.get("config") or {},
        str(found.get("source_name") or ""),
        str(found.get("group") or ""),
        str(found.get("access") or ""),
        tuple((found.get("depends_on") or {}).get("nodes") or ()),
    )


def fits(text: str, pattern: str) -> bool:
    """As dbt: a wildcard where there is one, else the very word."""
    return fnmatchcase(text, pattern) if WILDCARDS & set(pattern) else text == pattern


def starts_with(parts: tuple[str, ...], wanted: list[str]) -> bool:
    """Whether the first parts fit."""
    return len(wanted) <= len(parts) and all(
        fits(p, w) for p, w in zip(parts, wanted, strict=False)
    )


def has_path(path: str, value: str) -> bool:
    """The file, or a folder that it lies in."""
    own, wanted = PurePosixPath(path), PurePosixPath(value)
    if WILDCARDS & set(value):
        return any(fnmatchcase(str(p), str(wanted)) for p in (own, *own.parents))
    return own == wanted or wanted in own.parents


def has_file(path: str, value: str) -> bool:
    """The file's name, with or without its ending."""
    own = PurePosixPath(path)
    return fits(own.name, value) or fits(own.stem, value)


def _has_fqn(node: Node, value: str) -> bool:
    wanted = value.split(".")
    if node.kind in ("source", "exposure", "metric", "semantic_model", "saved_query"):
        return False
    return fits(node.name, value) or any(
        starts_with(parts, wanted) for parts in (node.fqn, node.fqn[1:])
    )


def _has_source(node: Node, value: str) -> bool:
    """`source`, `source.table` or `package.source.table`."""
    if node.kind != "source":
        return False
    parts = (node.source, node.name)
    wanted = value.split(".")
    if len(wanted) == 3:
        return all(map(fits, (node.package, *parts), wanted))
    return starts_with(parts, wanted)


def _is_named(kind: str) -> Callable[[Node, str], bool]:
    def is_named(node: Node, value: str) -> bool:
        package, _, name = value.rpartition(".")
        is_there = node.kind == kind and fits(node.name, name)
        return is_there and (not package or fits(node.package, package))

    return is_named


def has_config(node: Node, keys: list[str], value: str) -> bool:
    """Whether a config has the value; of a list one item, of a mapping one key."""
    found: Any = node.config
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return str(found).lower() == value.lower()
    many = found if isinstance(found, list | Mapping) else [found]
    return any(one is not None and fits(str(one), value) for one in many)


METHODS: Mapping[str, Callable[[Node, str], bool]] = {
    "name": _has_fqn,
    "fqn": _has_fqn,
    "tag": lambda node, value: any(fits(tag, value) for tag in node.tags),
    "path": lambda node, value: has_path(node.path, value),
    "file": lambda node, value: has_file(node.path, value),
    "package": lambda node, value: fits(node.package, value),
    "source": _has_source,
    "exposure": _is_named("exposure"),
    "metric": _is_named("metric"),
    "semantic_model": _is_named("semantic_model"),
    "saved_query": _is_named("saved_query"),
    "resource_type": lambda node, value: node.kind == value,
    "group": lambda node, value: fits(node.group, value),
    "access": lambda node, value: node.access == value,
    "result": lambda node, value: value in node.statuses,
}
"""How dbt's methods match nodes."""
