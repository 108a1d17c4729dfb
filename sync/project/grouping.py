"""Exclusive groups: which each segment is in, and whether the places in them can be told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sync.errors import Problem
from sync.project.findings import Finding
from sync.project.group_forms import ExclusiveForm
from sync.project.metadata import MetaKind
from sync.project.metadata_reader import Activated
from sync.rules import Exclusive

KEY = "exclusive"
Members = Sequence[tuple[Activated, ExclusiveForm]]
"""The models of one group."""


def exclusive_of(activated: Activated) -> Exclusive | None:
    """The group that a model is in."""
    form = activated.meta.exclusive
    return None if form is None else Exclusive(form.group, form.priority, form.takeover)


def check_groups(models: Sequence[Activated]) -> list[Finding]:
    """What is wrong with the groups of all models."""
    groups: dict[str, list[tuple[Activated, ExclusiveForm]]] = {}
    for activated in models:
        form = activated.meta.exclusive
        if form is not None and activated.meta.kind is MetaKind.SEGMENT:
            groups.setdefault(form.group, []).append((activated, form))
    findings: list[Finding] = []
    for name, members in groups.items():
        findings += _same_places(members)
        findings += [_finding(problem, one) for one, _ in members for problem in _kept(one)]
        findings += _mixed(members)
        findings += _alone(name, members, [other for other in groups if other != name])
    return findings


def _finding(problem: Problem, *models: Activated) -> Finding:
    return Finding(problem, frozenset(one.model.unique_id for one in models))


def _same_places(members: Members) -> Iterator[Finding]:
    """Two models with one number: nothing would say which of them has a person."""
    first: dict[int, Activated] = {}
    for activated, form in members:
        other = first.setdefault(form.priority, activated)
        if other is not activated:
            problem = activated.place.problem(
                "exclusive-priority",
                f": priority {form.priority} of the group `{form.group}` is {other.model.name}'s"
                " already",
                *(KEY, "priority"),
                hint=f"The other one stands in {other.place.at(KEY, 'priority')}.",
                fix="give each model of the group a number of its own",
            )
            yield _finding(problem, activated, other)


def _mixed(members: Members) -> Iterator[Finding]:
    """Models of one group whose identities differ: nobody would be found in both."""
    (first, form), *rest = members
    ours = first.meta.identity
    for activated, _ in rest:
        if activated.meta.identity.casefold() != ours.casefold():
            problem = activated.place.problem(
                "exclusive-identity",
                f": the group `{form.group}` knows people by `{ours}` in {first.model.name}, and"
                f" the identity here is `{activated.meta.identity}`",
                KEY,
                fix="name a group of its own, for people who are known by this identity",
            )
            yield _finding(problem, activated)


def _kept(activated: Activated) -> Iterator[Problem]:
    """A destination that no member leaves: a person who was in it enters no other segment."""
    for i, entry in activated.entries:
        if entry.on_remove == "keep":
            yield activated.place.problem(
                "exclusive-kept",
                f" is in an exclusive group, and nobody leaves it at {entry.name}",
                *("destinations", i, "on_remove"),
                fix="leave out `on_remove: keep`, or `exclusive`",
            )


def _alone(name: str, members: Members, groups: Sequence[str]) -> Iterator[Finding]:
    """A group of one model, whose name is another's but for letter case, a dash or an s."""
    twin = next((other for other in groups if _bare(other) == _bare(name)), None)
    if len(members) > 1 or twin is None:
        return
    ((activated, _),) = members
    problem = activated.place.problem(
        "exclusive-alone",
        f" is alone in the group `{name}`",
        *(KEY, "group"),
        hint=f"did you mean `{twin}`?",
        fix="correct the name, or give the group a name that is unlike the other",
    )
    yield _finding(problem, activated)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold().removesuffix("s")
