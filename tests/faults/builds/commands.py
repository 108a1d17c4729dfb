"""The steps of a history: commands of dbt with their flags, edits of rows, losses, syncs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

STG, PEOPLE, MEMBERS = "stg", "people", "members"
TESTS = {PEOPLE: "plan_is_known", MEMBERS: "no_strangers"}
"""The one test of each model that is synced."""
SELECTED: Mapping[str, frozenset[str]] = {
    "": frozenset({STG, PEOPLE, MEMBERS, *TESTS.values()}),
    "people": frozenset({PEOPLE, TESTS[PEOPLE]}),
    "+people": frozenset({STG, PEOPLE, TESTS[PEOPLE]}),
    "members": frozenset({MEMBERS, TESTS[MEMBERS]}),
    "+members": frozenset({STG, MEMBERS, TESTS[MEMBERS]}),
    "stg": frozenset({STG}),
    "stg+": frozenset({STG, PEOPLE, MEMBERS, *TESTS.values()}),
}
EXCLUDED: Mapping[str, frozenset[str]] = {
    "": frozenset(),
    "people": frozenset({PEOPLE, TESTS[PEOPLE]}),
    "members": frozenset({MEMBERS, TESTS[MEMBERS]}),
    "test_type:data": frozenset(TESTS.values()),
}
QUIET = {
    "compile": ("compile",),
    "ls": ("ls",),
    "parse": ("parse",),
    "docs": ("docs", "generate"),
    "show": ("show", "--select", STG),
    "run-operation": ("run-operation", "do_nothing"),
    "seed": ("seed",),
}
"""Commands that build no model, and what is typed for them."""
WITHOUT_RESULTS = frozenset({"ls", "parse"})
PARTS = {"empty": ("--empty", "EMPTY", "true"), "sample": ("--sample=3 days", "SAMPLE", "3 days")}
PREFIXES = ("", "DBT_", "DBT_ENGINE_")
"""How an option is given: on the command line, or in one of dbt's two spellings."""


@dataclass(frozen=True)
class Command:
    """One command of dbt. `killed_in` is the node that runs while it is killed."""

    verb: str = "build"
    select: str = ""
    exclude: str = ""
    part: str = ""
    target: str = "dev"
    wrong: str = ""
    gone: str = ""
    is_tested: bool = True
    is_failing_fast: bool = False
    is_silent: bool = False
    killed_in: str = ""
    prefix: str = ""

    @property
    def hidden(self) -> frozenset[str]:
        """What its variables take out of the project."""
        hidden = {self.gone, TESTS.get(self.gone, "")} - {""}
        return frozenset(hidden if self.is_tested else {*hidden, TESTS[PEOPLE]})

    @property
    def nodes(self) -> frozenset[str]:
        """What is selected, in this project."""
        return SELECTED[self.select] - EXCLUDED[self.exclude] - self.hidden

    @property
    def words(self) -> tuple[str, ...]:
        """As it is typed, with its environment before it."""
        environ = {"WRONG": self.wrong, "GONE": self.gone}
        if not self.is_tested:
            environ["IS_TESTED"] = "no"
        words = [*QUIET.get(self.verb, (self.verb,))]
        if self.verb == "clone":
            words += ["--state", "kept", "--full-refresh"]
        words += ["--select", self.select] if self.select else []
        words += ["--exclude", self.exclude] if self.exclude else []
        words += ["--fail-fast"] if self.is_failing_fast else []
        words += ["--no-write-json"] if self.is_silent else []
        if self.part:
            flag, name, value = PARTS[self.part]
            if self.prefix:
                environ[f"{self.prefix}{name}"] = value
            else:
                words.append(flag)
        if self.target != "dev":
            if self.prefix:
                environ[f"{self.prefix}TARGET"] = self.target
            else:
                words += ["--target", self.target]
        return (*(f"{k}={v}" for k, v in environ.items() if v), *words)


@dataclass(frozen=True)
class Edit:
    """The subscriptions become these: of each id the plan, and the days since it was seen."""

    rows: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class LoseResults:
    """run_results.json is deleted."""


@dataclass(frozen=True)
class LoseTarget:
    """All that dbt wrote is deleted, as `dbt clean` and a fresh disk do."""


@dataclass(frozen=True)
class Sync:
    """A run of `apply`; its results are compared with the promise."""


Step = Command | Edit | LoseResults | LoseTarget | Sync

EVERYBODY = tuple(f"p{n}" for n in range(8))
FIRST = {
    id: ("pro" if n % 2 == 0 else "free", 1 if n < 4 else 30) for n, id in enumerate(EVERYBODY)
}
"""Half of them pay, and half were seen lately."""


def wander(chance: Random, tables: frozenset[str], length: int) -> list[Step]:
    """A history that begins and ends with a good build and a sync. `tables` are no views."""
    rows = dict(FIRST)
    steps: list[Step] = [Edit(dict(rows)), Command(), Sync()]
    for _ in range(length):
        steps += _edits(chance, rows)
        steps += [_command(chance, tables) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        steps += chance.choices(
            ([], [LoseResults()], [LoseTarget(), Command(chance.choice(list(QUIET)))]), (18, 1, 1)
        )[0]
        steps.append(Sync())
    good = {id: (plan, days) for id, (plan, days) in rows.items() if id in FIRST and plan != "bad"}
    return [*steps, Edit(good), Command(), Sync()]


def _edits(chance: Random, rows: dict[str, tuple[str, int]]) -> list[Step]:
    """What may happen to the rows between two builds; p0 stays and pays, so none is empty."""
    if chance.random() < 0.3:
        return []
    rows.pop("stranger", None)
    for id in EVERYBODY[1:]:
        days = FIRST[id][1]
        if chance.random() < 0.3:
            rows.pop(id, None)
        elif chance.random() < 0.5:
            rows[id] = (chance.choice(("pro", "free")), days)
        elif rows.get(id, ("", 0))[0] == "bad":
            rows[id] = ("free", days)
    if chance.random() < 0.25:
        rows[chance.choice(EVERYBODY[1:])] = ("bad", chance.choice((1, 30)))
    if chance.random() < 0.25:
        rows["stranger"] = ("pro", chance.choice((1, 30)))
    return [Edit(dict(rows))]


def _command(chance: Random, tables: frozenset[str]) -> Command:
    def maybe(share: float) -> bool:
        return chance.random() < share

    verb = chance.choices(("build", "run", "test", "retry", "clone", "quiet"), (10, 5, 4, 3, 1, 5))[
        0
    ]
    target = "prod" if maybe(0.1) else "dev"
    prefix = chance.choice(PREFIXES)
    if verb == "quiet":
        gone = chance.choice(("", "", "", PEOPLE, MEMBERS))
        is_tested = maybe(0.8)
        quiet = chance.choice(list(QUIET))
        return Command(quiet, target=target, gone=gone, is_tested=is_tested, prefix=prefix)
    if verb == "clone":
        return Command("clone", select=chance.choice((PEOPLE, MEMBERS)))
    if verb == "retry":
        return Command("retry", wrong=chance.choice(("", "", STG, PEOPLE, MEMBERS)))
    if verb != "test" and maybe(0.1):
        return _killed(chance, tables, verb, prefix)
    while True:
        select = chance.choice(("", "", *SELECTED))
        found = Command(
            verb,
            select=select,
            exclude=chance.choice(tuple(EXCLUDED)) if maybe(0.25) else "",
            part=chance.choice(tuple(PARTS)) if verb != "test" and maybe(0.3) else "",
            target=target,
            wrong=chance.choice((STG, PEOPLE, MEMBERS)) if maybe(0.15) else "",
            gone=chance.choice((PEOPLE, MEMBERS)) if maybe(0.06) else "",
            is_tested=not maybe(0.1),
            is_failing_fast=select not in ("", "stg+") and maybe(0.2),
            is_silent=maybe(0.05),
            prefix=prefix,
        )
        is_named = bool(found.gone) and found.gone in select  # dbt has nothing to do then
        if of_verb(verb, found.nodes) and not is_named:
            return found


def _killed(chance: Random, tables: frozenset[str], verb: str, prefix: str) -> Command:
    """Nothing but the model that it is killed in, or what is below it, is selected."""
    part = chance.choice(("", "", *PARTS))
    nodes = [*tables, STG, *([TESTS[MEMBERS]] if verb == "build" and part != "empty" else [])]
    node = chance.choice(sorted(nodes))
    model = MEMBERS if node == TESTS[MEMBERS] else node
    select = chance.choice((model, f"+{model}")) if model != STG else STG
    return Command(verb, select=select, part=part, killed_in=node, prefix=prefix)


def of_verb(verb: str, nodes: frozenset[str]) -> frozenset[str]:
    """Those of some nodes that a command runs."""
    tests = frozenset(TESTS.values())
    return nodes - tests if verb in ("run", "clone") else nodes & tests if verb == "test" else nodes
