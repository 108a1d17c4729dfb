"""Promise 7 in plain Python: what the tables hold after each command, and what may be sent.

It knows nothing of how a sync decides. It follows the commands, so it knows what a model holds and
why, and says of each sync whether it has to be held, has to go out, or may do either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.faults.builds.commands import (
    EVERYBODY,
    MEMBERS,
    PEOPLE,
    QUIET,
    STG,
    TESTS,
    WITHOUT_RESULTS,
    Command,
    of_verb,
)

Rows = Mapping[str, tuple[str, int]]
"""Of each id the plan, and the days since it was seen."""
Held = Mapping[str, str]
"""What a destination holds of one sync: a plan by id, or `in` for a member."""
SYNCED = (PEOPLE, MEMBERS)
RECENT_DAYS = 3


class Broken(AssertionError):
    """A sync broke the promise, or dbt did something else than what was followed."""


class Must(StrEnum):
    HOLD = "be held"
    FREE = "go out"
    EITHER = "be held, or go out"
    BLIND = "remove none"
    """The only traces of its last build are deleted, and that was a bad one."""
    ANY = "do anything"
    """It was built well, from a model of whose bad build all traces are gone."""


@dataclass
class Built:
    """A relation. A table has rows of its own; a view shows those of `stg`, a clone another's."""

    rows: Rows | None = None
    part: str = ""
    is_whole: bool = True
    is_clone: bool = False


@dataclass
class Model:
    """What is known of a model that is synced."""

    ended: str = ""
    """How its last build ended."""
    is_failing: bool = False
    """Its test failed when it last ran on all the rows."""
    cleared_by: int = 0
    """The command in which its failing test passed; 0 once a sync has seen the results of that,
    before another one built anything of it."""
    is_doubted: bool = False
    """Its test failed once, and no sync has seen it pass since on rows that it knew to be whole."""
    skipped_by: int = 0
    """The command that skipped it; 0 once a sync has seen the results of that."""
    failed_by: int = 0
    """The command that it failed in; 0 once a sync has seen the results of that."""
    proved_by: int = 0
    """The command that built it well, tests included; 0 when another came after."""
    is_seen: bool = False
    """A sync has seen the results of that command."""
    touched_by: int = 0
    """The last command that built or tested it."""
    is_known: bool = True
    """A sync has seen the results of that one."""
    is_blind: bool = False
    is_dark: bool = False
    is_murky: bool = False
    """It was built when no sync had seen that `stg` was whole again."""


@dataclass
class World:
    """`tables` are those of the models that are no views."""

    tables: frozenset[str]
    drops_views: bool = False
    """PostgreSQL drops the views of what dbt replaces: of a table, and of a view."""
    rows: Rows = field(default_factory=dict)
    targets: dict[str, dict[str, Built]] = field(default_factory=lambda: {"dev": {}, "prod": {}})
    models: dict[str, Model] = field(default_factory=lambda: {name: Model() for name in SYNCED})
    commands: int = 0
    results_of: int = 0
    """The command that wrote the results which are there; 0 without any."""
    results_for: str = "dev"
    manifest_for: str = "dev"
    manifest_lacks: str = ""
    is_manifest_tested: bool = True
    """It has the test of people, so that a trace of it can be recognized."""
    is_staging_unclear: bool = False
    """`stg` was built in part, and no sync has seen the results of a whole build since."""
    staging_by: int = 0
    """The command that built `stg` last, or tried."""
    is_staging_known: bool = True
    is_staging_blind: bool = False
    last: tuple[Command, dict[str, str]] | None = None
    """The command that wrote results last, and how each node ended."""
    retries: str = ""
    """The command that a `retry` would go on with."""
    ran: set[str] = field(default_factory=set)
    """The nodes that the last command executed."""

    # Tables

    def shown(self, name: str, target: str = "dev") -> tuple[Rows, bool] | None:
        """The subscriptions that a model shows, and whether these are all; None when it is gone."""
        built = self.targets[target].get(name)
        if built is None:
            return None
        if built.is_clone:
            original = self.shown(name, "prod")
            return (original[0], False) if original else None
        if built.rows is not None:
            return built.rows, built.is_whole
        below = self.shown(STG, target)
        return (_cut(below[0], built.part), below[1] and not built.part) if below else None

    def content(self, name: str) -> Held | None:
        """What a sync of the model's present rows would leave at the destination."""
        found = self.shown(name)
        return None if found is None else wanted(name, found[0])

    def _build(self, name: str, target: str, part: str) -> None:
        below = (self.rows, True) if name == STG else self.shown(STG, target)
        assert below is not None
        if self.drops_views:
            self._drop_views_of(name, target)
        if name == STG or name in self.tables:
            built = Built(_cut(below[0], part), part, below[1] and not part)
        else:
            built = Built(None, part)
        self.targets[target][name] = built
        if target == "dev":
            self._note_staging(name, built)

    def _note_staging(self, name: str, built: Built) -> None:
        if name == STG:
            self.is_staging_unclear = self.is_staging_unclear or not built.is_whole
            self.is_staging_blind = False
        else:
            self.models[name].is_dark = self.is_staging_blind

    def _drop_views_of(self, name: str, target: str) -> None:
        for other, built in list(self.targets[target].items()):
            if name == STG and built.rows is None and not built.is_clone:
                self._drop(other, target)
        if target == "prod" and (clone := self.targets["dev"].get(name)) and clone.is_clone:
            del self.targets["dev"][name]

    def _drop(self, name: str, target: str) -> None:
        del self.targets[target][name]
        if target == "prod" and (clone := self.targets["dev"].get(name)) and clone.is_clone:
            del self.targets["dev"][name]

    # Commands

    def run(self, command: Command) -> dict[str, str]:
        """Follow a command; how each node ended, none where it writes no results."""
        self.commands += 1
        self.ran = set()
        ended = self._follow(command)
        if not command.is_silent:
            self.manifest_for, self.manifest_lacks = command.target, command.gone
            self.is_manifest_tested = command.is_tested
        if command.killed_in or command.is_silent or command.verb in WITHOUT_RESULTS:
            return {}
        self.results_of, self.results_for = self.commands, command.target
        self.last = (command, ended)
        self.retries = command.verb if command.verb != "retry" else self.retries
        for name, model in self.models.items():
            if not model.is_seen and model.proved_by != self.commands:
                model.proved_by = 0
            if model.ended == "skipped" and model.skipped_by and name not in ended:
                model.ended = ""  # and no trace of it is left
        return ended

    def retried(self, command: Command) -> Command | None:
        """A `retry` with what it takes from the command before; None with nothing to retry."""
        if self.last is None or not self.results_of or self.last[0].verb in (*QUIET, "clone"):
            return None
        before, ended = self.last
        if not any(status in ("error", "fail", "skipped") for status in ended.values()):
            return None
        if before.target != "dev":
            return None
        return replace(before, verb="retry", wrong=command.wrong, killed_in="", is_silent=False)

    def _follow(self, command: Command) -> dict[str, str]:
        if command.verb in QUIET:
            return {}
        ended: dict[str, str] = {}
        for node in self._order(command):
            if node == command.killed_in:
                self._touch(node, command)
                break
            ended[node] = self._end(node, command, ended)
        for name in SYNCED:
            self._judge(name, command, ended)
        return ended

    def _order(self, command: Command) -> list[str]:
        verb, chosen = command.verb, command.nodes
        if verb == "retry":
            assert self.last is not None
            _, ended = self.last
            verb = self.retries
            chosen = frozenset(n for n, s in ended.items() if s in ("error", "fail", "skipped"))
        order = (STG, PEOPLE, MEMBERS, *TESTS.values())
        return [node for node in order if node in of_verb(verb, chosen)]

    def _end(self, node: str, command: Command, ended: Mapping[str, str]) -> str:
        below = {PEOPLE: STG, MEMBERS: STG, **{t: m for m, t in TESTS.items()}}.get(node, "")
        if ended.get(below) in ("error", "skipped"):
            return "skipped"
        self._touch(node, command)
        if node in TESTS.values():
            found = self.shown(below, command.target)
            return "error" if found is None else "fail" if _violates(below, found[0]) else "pass"
        if node == command.wrong or self._lacks_source(node, command.target):
            return "error"
        if command.verb == "clone":
            self.targets["dev"][node] = Built(is_clone=True, is_whole=False)
        else:
            self._build(node, command.target, command.part)
        return "success"

    def _lacks_source(self, node: str, target: str) -> bool:
        return node != STG and self.shown(STG, target) is None

    def _touch(self, node: str, command: Command) -> None:
        """Its traces are written again, whatever the target."""
        self.ran.add(node)
        if node == STG:
            self._touch_staging(command)
        for name in SYNCED:
            if node in (name, TESTS[name]):
                model = self.models[name]
                if node == name or model.is_known:
                    model.touched_by, model.is_known = self.commands, False
                if node == name or command.target != "dev":
                    model.proved_by, model.is_seen = 0, False
                if node == name and command.target == "dev":
                    model.is_blind = False

    def _touch_staging(self, command: Command) -> None:
        """Its trace is another's now: what only the one before told of is not to be known."""
        found = self.shown(STG)
        if (found is None or not found[1]) and not self.is_staging_known:
            # A failure explains the trace that it leaves, and says nothing of the one before.
            is_told = command.part and command.target == "dev" and command.wrong != STG
            self.is_staging_blind = self.is_staging_blind or not is_told
            for name, model in self.models.items():
                own = self.targets["dev"].get(name)
                is_bad = own is not None and not own.part and not own.is_whole
                model.is_dark = model.is_dark or (is_bad and not model.is_known)
        if command.target == "dev":
            self.staging_by, self.is_staging_known = self.commands, False
            self.is_staging_unclear = self.is_staging_unclear or bool(command.part)

    def _judge(self, name: str, command: Command, ended: Mapping[str, str]) -> None:
        if command.target != "dev":
            return
        model, test = self.models[name], ended.get(TESTS[name], "")
        model.ended = ended.get(name, model.ended)
        if model.ended == "skipped" and name in ended:
            model.skipped_by = self.commands
            model.ended = "" if command.is_silent else model.ended
        found, was_failing = self.shown(name), model.is_failing
        is_whole = found is not None and found[1]
        if ended.get(name) == "success" and model.failed_by:
            model.is_failing = False  # of other rows, and in results that are gone
        is_told = name == MEMBERS or self.is_manifest_tested or not command.is_silent
        if test in ("fail", "error") and is_told:
            is_known = model.is_failing and not model.failed_by
            model.is_failing, model.is_doubted, model.cleared_by = True, True, 0
            model.failed_by = 0 if is_known else self.commands
        elif test == "pass" and (is_whole or self._is_dark(name) or model.is_blind):
            model.cleared_by = self.commands if model.is_failing else model.cleared_by
            model.is_failing = False
        if test:
            is_still = test == "pass" and model.is_seen and not command.is_silent
            model.proved_by, model.is_seen = self.commands if is_still else 0, False
        is_untested = name == PEOPLE and not command.is_tested
        if (
            "build" not in (command.verb, self.retries if command.verb == "retry" else "")
            or ended.get(name) != "success"
            or not is_whole
        ):
            return
        if is_untested and (was_failing or model.cleared_by):
            # The project had no such test; where it has it again, its last word is a failure, also
            # when no sync has seen that it passed since.
            model.is_failing, model.proved_by = False, 0
            return
        model.is_murky = self.is_staging_unclear and self.staging_by != self.commands
        if (test == "pass" or is_untested) and not command.is_silent:
            model.proved_by, model.is_seen = self.commands, False

    # Losses and syncs

    def lose_results(self) -> None:
        self.results_of, self.last = 0, None
        for model in self.models.values():
            if model.ended == "skipped" and model.skipped_by:
                model.ended = ""
            if not model.is_seen:
                model.proved_by = 0

    def lose_target(self) -> None:
        self.lose_results()
        for model in self.models.values():
            model.proved_by, model.is_seen = 0, False
            model.is_blind = model.is_blind or not model.is_known
        self.is_staging_blind = self.is_staging_blind or not self.is_staging_known

    def verdict(self, name: str) -> Must:
        """What a sync of a model must do now."""
        model, found = self.models[name], self.shown(name)
        if self.manifest_lacks == name or found is None:
            return Must.HOLD
        is_bad = not found[1] or model.ended in ("error", "skipped")
        if is_bad or (model.is_failing and _violates(name, found[0])):
            if self._is_dark(name):
                return Must.ANY
            return Must.BLIND if model.is_blind else Must.HOLD
        is_here = self.manifest_for == "dev" and (not self.results_of or self.results_for == "dev")
        is_proven = model.proved_by and is_here and self._is_clear(name)
        is_doubted = model.is_doubted and not self._is_passed(name)
        return Must.FREE if is_proven and not is_doubted else Must.EITHER

    def _is_clear(self, name: str) -> bool:
        """It was proven when `stg` was known to be whole."""
        model = self.models[name]
        is_unclear = self.is_staging_unclear or (model.is_murky and name in self.tables)
        return not is_unclear or model.proved_by == self.staging_by

    def _is_passed(self, name: str) -> bool:
        """Its test passed in the results that are there, on rows known to be whole."""
        is_proof = self.models[name].proved_by == self.results_of
        return self._is_newest(name) and is_proof and self._is_clear(name)

    def _is_newest(self, name: str) -> bool:
        """No command has built anything of it since the results that are there."""
        return max(self.staging_by, self.models[name].touched_by) <= self.results_of

    def _is_dark(self, name: str) -> bool:
        """All traces of what makes a model incomplete are gone."""
        is_blind = self.is_staging_blind and name not in self.tables
        return self.models[name].is_dark or is_blind

    def synced(self) -> None:
        """A sync has seen what is there."""
        if self.results_of and self.results_for == "dev" == self.manifest_for:
            if self.results_of == self.staging_by:
                self.is_staging_known = True
                if self.last and self.last[1].get(STG) == "success":
                    self.is_staging_unclear = not self.shown(STG)[1]
        if self.manifest_for != "dev" and (not self.results_of or self.results_for == "dev"):
            self.is_staging_unclear = True  # what is left of another target looks like ours
        for name, model in self.models.items():
            is_here = self.results_for == "dev" == self.manifest_for
            if self.results_of and is_here and name != self.manifest_lacks:
                model.failed_by *= model.failed_by != self.results_of
                if self._is_newest(name) and model.cleared_by == self.results_of:
                    model.cleared_by = 0
                model.is_doubted = model.is_doubted and not self._is_passed(name)
                model.skipped_by *= model.skipped_by != self.results_of
                model.is_known = model.is_known or model.touched_by == self.results_of
                model.is_seen = model.is_seen or model.proved_by == self.results_of

    def broken(self, name: str, before: Held, after: Held) -> Iterator[str]:
        """How the promise was broken by a sync that changed `before` into `after`."""
        must, content = self.verdict(name), self.content(name) or {}
        if must is Must.HOLD and after != before:
            yield f"{name} must be held, and {before} became {after}"
        if must is Must.FREE and after != content:
            yield f"{name} must go out as {content}, and is {after}"
        if must is Must.BLIND and name == MEMBERS and before.keys() - after.keys():
            yield f"{name} lost {before.keys() - after.keys()}"
        if must is Must.EITHER:
            for id in before.keys() | after.keys():
                if after.get(id) not in (before.get(id), content.get(id)):
                    yield f"{name}: {id} is {after.get(id)}, not {before.get(id)} or as built"


def wanted(name: str, rows: Rows) -> Held:
    """What a destination holds after a sync of a model with these rows below it."""
    if name == PEOPLE:
        return {id: rows[id][0] for id in EVERYBODY if id in rows}
    return {id: "in" for id, (plan, _) in rows.items() if plan == "pro"}


def _violates(name: str, rows: Rows) -> bool:
    if name == PEOPLE:
        return any(plan not in ("free", "pro") for plan in wanted(PEOPLE, rows).values())
    return any(id.startswith("stranger") for id in wanted(MEMBERS, rows))


def _cut(rows: Rows, part: str) -> Rows:
    if part == "sample":
        return {id: row for id, row in rows.items() if row[1] < RECENT_DAYS}
    return {} if part == "empty" else dict(rows)
