"""`--select` and `--exclude`, with dbt's grammar, and `--selector` with what selectors.yml says.

Values separated by spaces are added up, values joined by commas must all hold. A value without a
method is a path where it has a slash, a file where it ends like one, and else a model's name, a
folder or package, all as in dbt, or a sync's name; `*`, `?` and `[...]` are wildcards. `+` and `@`
walk dbt's graph, and what they reach selects the syncs of its models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.errors import ConfigError, Problem
from sync.model import Sync
from sync.project import graph as dbt
from sync.project.graph import ALL, Graph, Node, Walk
from sync.project.matching import METHODS, implied
from sync.project.suggest import did_you_mean

NO_GRAPH = Graph()
ATOM = re.compile(
    r"(?P<at>@?)(?:(?P<above>\d*)\+)?(?:(?P<method>[\w.]+):)?(?P<value>.*?)(?P<below>\+\d*)?"
)
DBT = "--select $(dbt ls --resource-type model --output name --state FOLDER --select"
REFUSED: Mapping[str, str] = {
    "state": f"it compares with another manifest, which is dbt's to do: {DBT} state:modified)",
    "source_status": f"it compares with other results: {DBT} source_status:fresher+)",
    "test_name": "it selects tests, and syncs are of models: select the models",
    "test_type": "it selects tests, and syncs are of models: select the models",
    "unit_test": "it selects tests, and syncs are of models: select the models",
    "selector": "give it as --selector NAME",
}
"""Methods of dbt that select no sync, and what to write instead."""


def select(
    syncs: Sequence[Sync],
    select: Sequence[str],
    exclude: Sequence[str] = (),
    graph: Graph = NO_GRAPH,
    selector: str | None = None,
) -> list[Sync]:
    """Those selected (all, when nothing is) less those excluded, in the given order.

    Raises ConfigError naming every value that matches nothing: a typo must never mean "nothing to
    do", nor send what was to be left out.
    """
    problems: list[Problem] = []
    asked = _Selection(syncs, graph, problems)
    if selector is not None and any(select):
        raise ConfigError(_both(selector))
    if selector is not None:
        wanted = asked.named(selector)
    elif any(select):
        wanted = asked.union(select, "--select")
    else:
        wanted = set(range(len(syncs)))
    unwanted = asked.union(exclude, "--exclude")
    if problems:
        raise ConfigError(*problems)
    return [sync for i, sync in enumerate(syncs) if i in wanted - unwanted]


@dataclass(frozen=True, slots=True)
class _Atom:
    """One value, taken apart."""

    text: str
    method: str
    value: str
    walk: Walk
    is_implied: bool = False


@dataclass(frozen=True, slots=True)
class _Selection:
    """What is selected from, by number, and what is wrong."""

    syncs: Sequence[Sync]
    graph: Graph
    problems: list[Problem]

    def union(self, given: Iterable[str], option: str) -> set[int]:
        found: set[int] = set()
        for term in (t for text in given for t in text.split()):
            atoms = [a for a in term.split(",") if a]
            matches = [self._matching(atom, option) for atom in atoms]
            if not matches:
                problem = Problem("select-syntax", f"`{term}` selects by nothing", option)
                self.problems.append(problem)
                continue
            both = set.intersection(*matches)
            if not both and all(matches):
                text = f"no sync matches all of `{term}`"
                fix = "join fewer values by commas"
                self.problems.append(Problem("select-empty", text, option, fix=fix))
            found |= both
        return found

    def _matching(self, text: str, option: str) -> set[int]:
        atom = _taken_apart(text)
        if problem := _refusal(atom, option):
            self.problems.append(problem)
            return set()
        found = self.matched(atom)
        if not found:
            self.problems.append(self._unknown(atom, option))
        return found

    def matched(self, atom: _Atom) -> set[int]:
        """The syncs that a value selects."""
        own = METHODS.get(atom.method)
        found = {i for i, s in enumerate(self.syncs) if own and own[0](s, atom.value)}
        if own and not atom.walk.is_needed:
            return found
        reached = self._reached(atom, {self.syncs[i].unique_id for i in found})
        return {i for i, sync in enumerate(self.syncs) if sync.unique_id in reached}

    def _reached(self, atom: _Atom, base: set[str]) -> set[str]:
        return self.graph.walked(base | self._nodes(atom), atom.walk)

    def _nodes(self, atom: _Atom) -> set[str]:
        fit = _of_nodes(atom.method)
        found = self.graph.nodes.values()
        return {node.unique_id for node in found if fit is not None and fit(node, atom.value)}

    def _unknown(self, atom: _Atom, option: str) -> Problem:
        nodes = self._nodes(atom)
        text = f"`{atom.text}` matches no sync"
        if nodes:
            return Problem("select-unknown", text, option, fix=_instead(atom, nodes))
        known = {s for sync in self.syncs for s in _spellings(sync, atom.method)}
        known |= self._names() if atom.walk.is_needed and atom.method == "name" else set()
        what = {"name": "models", "fqn": "models"}.get(atom.method, f"values of {atom.method}:")
        return Problem("select-unknown", text, option, did_you_mean(atom.value, known, what))

    def _names(self) -> set[str]:
        return {node.name for node in self.graph.nodes.values() if node.kind == "model"}

    def named(self, name: str) -> set[int]:
        """What a selector of selectors.yml selects."""
        known = self.graph.selectors
        if name not in known:
            hint = did_you_mean(name, known, "selectors")
            text = f"selectors.yml has no selector `{name}`"
            problem = Problem("select-unknown", text, "--selector", hint, fix="run: dbt parse")
            self.problems.append(problem)
            return set()
        found = self._defined(known[name].get("definition"))
        if not found and not self.problems:
            text = f"the selector `{name}` matches no sync"
            self.problems.append(Problem("select-unknown", text, "--selector"))
        return found

    def _defined(self, told: Any) -> set[int]:
        """A definition, as dbt writes it into its manifest."""
        if isinstance(told, str):
            told = {"method": "fqn", "value": told}
        if "union" in told:
            return self._several(told["union"], set.union)
        if "intersection" in told:
            return self._several(told["intersection"], set.intersection)
        atom = _defined_atom(told)
        if problem := _refusal(atom, "--selector"):
            self.problems.append(problem)
            return set()
        return self.matched(atom) - self._excluded(told)

    def _several(self, told: Sequence[Any], join: Callable[..., set[int]]) -> set[int]:
        parts = [one for one in told if not (isinstance(one, Mapping) and set(one) == {"exclude"})]
        found = join(*map(self._defined, parts)) if parts else set(range(len(self.syncs)))
        outs = [one for one in told if isinstance(one, Mapping) and set(one) == {"exclude"}]
        return found.difference(*(self._excluded(one) for one in outs))

    def _excluded(self, told: Mapping[str, Any]) -> set[int]:
        return {i for one in told.get("exclude") or () for i in self._defined(one)}


def _taken_apart(text: str) -> _Atom:
    """A value in dbt's grammar."""
    found = ATOM.fullmatch(text)
    assert found is not None
    below = found["below"]
    walk = Walk(
        _steps(found["above"]),
        None if below is None else _steps(below[1:]),
        bool(found["at"]),
    )
    value = found["value"]
    return _Atom(text, found["method"] or implied(value), value, walk, not found["method"])


def _steps(text: str | None) -> int | None:
    return None if text is None else int(text) if text else ALL


def _defined_atom(told: Mapping[str, Any]) -> _Atom:
    """The same of a definition in selectors.yml."""
    method, value = str(told.get("method") or "fqn"), str(told.get("value") or "*")
    if method == "fqn":
        method, value = "name", value
    walk = Walk(
        int(told.get("parents_depth") or ALL) if told.get("parents") else None,
        int(told.get("children_depth") or ALL) if told.get("children") else None,
        bool(told.get("childrens_parents")),
    )
    return _Atom(f"{method}:{value}", method, value, walk)


def _refusal(atom: _Atom, option: str) -> Problem | None:
    """Why a value can't be answered, and what to write instead."""
    method = atom.method.partition(".")[0]
    if method in REFUSED:
        text = f"`{atom.text}` selects no sync"
        return Problem("select-syntax", text, option, fix=REFUSED[method])
    if _of_nodes(atom.method) is None and atom.method not in METHODS:
        known = [*METHODS, *dbt.METHODS, "config"]
        hint = did_you_mean(atom.method, known, "methods")
        return Problem(
            "select-syntax", f"`{atom.text}` has no method `{atom.method}`", option, hint
        )
    if atom.walk.has_childrens_parents and atom.walk.children is not None:
        text = f"`{atom.text}` has both `@` and a `+` at its end"
        return Problem(
            "select-syntax", text, option, fix=f"use `{atom.text.rstrip('+0123456789')}`"
        )
    return None


def _both(selector: str) -> Problem:
    return Problem(
        "select-syntax",
        f"--select and --selector {selector} both say what is selected",
        "--selector",
        fix="give one of them; --exclude goes with either",
    )


def _instead(atom: _Atom, nodes: Iterable[str]) -> str:
    """What selects syncs around nodes that have none."""
    if atom.walk.is_needed:
        return "syncs are of models with `config.meta.activation`: none lies on this way"
    plain = atom.text
    is_end = all(one.partition(".")[0] in ("exposure", "saved_query") for one in nodes)
    way = f"+{plain}` for those that it reads" if is_end else f"{plain}+` for those that read it"
    return f"syncs are of models with `config.meta.activation`: use `{way}"


def _of_nodes(method: str) -> Callable[[Node, str], bool] | None:
    """How a method of dbt matches nodes."""
    if method.startswith("config."):
        keys = method.split(".")[1:]
        return lambda node, value: dbt.has_config(node, keys, value)
    return dbt.METHODS.get(method)


def _spellings(sync: Sync, method: str) -> Iterable[str]:
    return METHODS[method][1](sync) if method in METHODS else ()
