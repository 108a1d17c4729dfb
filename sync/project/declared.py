"""The var `activation` of dbt_project.yml: syncs that got another name, and syncs that are over.

The manifest does not hold vars of dbt_project.yml, so the file is read, as dbt reads it: `--vars`
before what stands under the project's name, before what stands there for every package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.errors import Problem
from sync.model import Sync
from sync.project.naming import sync_name
from sync.project.suggest import did_you_mean, nearest
from sync.project.validation import Place
from sync.project.vendors import check_against

VAR, FILE = "activation", "dbt_project.yml"
KEYS = (
    "moved",
    "removed",
    "suppress",
    "requires",
    "holdouts",
    "cadences",
    "zone",
    "retention",
    "ask_above",
)


class Moved(BaseModel):
    """A sync, or all syncs of a model, under a new name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    old: str = Field(alias="from", pattern=r"\S", description="The model or sync until now.")
    new: str = Field(alias="to", pattern=r"\S", description="The model or sync from now on.")

    def __str__(self) -> str:
        return f"moved from {self.old} to {self.new}"


class Removed(BaseModel):
    """A sync, or all syncs of a model, that is over."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    old: str = Field(alias="sync", pattern=r"\S", description="The model or sync that is over.")
    members: Literal["exit", "keep"] = Field(description="Send their exits, or leave them there.")

    def __str__(self) -> str:
        return f"removed {self.old}, members {self.members}"


Entry = Moved | Removed


@dataclass(frozen=True, slots=True)
class Declared:
    """What the var says, in its order."""

    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """All of it."""
        return [*self.moved, *self.removed]

    def path(self, names: frozenset[str], connection: str) -> list[frozenset[str]]:
        """What a sync is called, move after move, in every spelling; the last is its name now."""
        found = [names]
        for _ in self.moved:
            onward = next((m for m in self.moved if m.old in found[-1]), None)
            if onward is None:
                break
            found.append(spelled(onward.new, connection))
        return found


NOTHING_DECLARED = Declared()


def spelled(text: str, connection: str) -> frozenset[str]:
    """The names of a sync to a connection: a text is a sync, `model.connection`, or a model."""
    model, dot, named = text.rpartition(".")
    found = {text, sync_name(text, connection), f"{text}.{connection}"}
    found |= {sync_name(text.removesuffix(f"__{connection}"), connection)}
    return frozenset(found | ({sync_name(model, named)} if dot else set()))


def read_declared(
    content: Mapping[str, Any], variables: Mapping[str, Any], project: str
) -> tuple[Declared, list[Problem]]:
    """What dbt_project.yml and `--vars` declare, and what is wrong with its form."""
    written, place = written_var(content, variables, project)
    if written is None:
        return NOTHING_DECLARED, []
    if not isinstance(written, Mapping):
        return NOTHING_DECLARED, [place.problem("vars-shape", " must be a mapping of keys")]
    problems = list(_misspelled(written, place))
    moved = _entries(Moved, written, place, "moved", problems)
    removed = _entries(Removed, written, place, "removed", problems)
    return Declared(tuple(moved), tuple(removed)), problems


def written_var(
    content: Mapping[str, Any], variables: Mapping[str, Any], project: str
) -> tuple[Any, Place]:
    """The var as it is written, and where; None where it is not."""

    def place(file: str, path: str) -> Place:
        return Place(f"the var `{VAR}`", file, path, "vars", fix="edit {file}")

    if VAR in variables:
        return variables[VAR], place("--vars", VAR)
    found = content.get("vars")
    found = found if isinstance(found, Mapping) else {}
    own = found.get(project) if project != VAR else None
    if isinstance(own, Mapping) and VAR in own:
        return own[VAR], place(FILE, f"vars.{project}.{VAR}")
    return found.get(VAR), place(FILE, f"vars.{VAR}")


def _misspelled(written: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    """Vars of the dbt package may stand beside ours, so only near misses are refused."""
    for key in written:
        close = nearest(str(key), KEYS)
        if key not in KEYS and close is not None:
            text, hint = f" has no key `{key}`", f"did you mean `{close}`?"
            yield place.problem("vars-unknown-key", text, str(key), hint=hint)


def _entries(
    model: type[Any], written: Mapping[str, Any], place: Place, key: str, problems: list[Problem]
) -> Iterator[Any]:
    items = written.get(key)
    if items is not None and not isinstance(items, list):
        problems.append(place.problem("vars-shape", f": `{key}` must be a list", key))
        return
    for i, item in enumerate(items or ()):
        at = place.below(key, i)
        if not isinstance(item, Mapping):
            problems.append(at.problem("vars-shape", " must have a mapping of keys here"))
            continue
        checked, found = check_against(model, item, at)
        problems += found
        if checked is not None:
            yield checked


def check_declared(declared: Declared, syncs: Sequence[Sync]) -> list[Problem]:
    """What can't be done, as far as the project tells; `syncs` are all that it has."""
    olds = [entry.old for entry in declared.entries]
    problems = [
        _problem("vars-twice", f"`{old}` is moved or removed twice", "say it once")
        for old in dict.fromkeys(olds)
        if olds.count(old) > 1
    ]
    for entry in declared.entries:
        if any(entry.old in _names(sync) for sync in syncs):
            text = f"`{entry.old}` is {_verb(entry)}, and the project still has it"
            problems.append(
                _problem("vars-present", text, "take it out of the project, or take this entry out")
            )
    return problems + [p for entry in declared.moved for p in _check_end(declared, entry, syncs)]


def _check_end(declared: Declared, entry: Moved, syncs: Sequence[Sync]) -> Iterator[Problem]:
    seen, end = [entry.old], entry.new
    while (onward := next((m for m in declared.moved if m.old == end), None)) and end not in seen:
        seen, end = [*seen, end], onward.new
    if end in seen:
        text = f"the moves {' -> '.join([*seen, end])} go round in a circle"
        yield _problem("vars-circle", text, "take one of them out")
    elif not any(end in _names(s) for s in syncs) and end not in [r.old for r in declared.removed]:
        known = [name for s in syncs for name in (s.model, s.name)]
        text = f"`{entry.old}` is moved to `{end}`, which the project does not have"
        yield _problem("vars-unknown", text, "correct the name", did_you_mean(end, known, "syncs"))


def _names(sync: Sync) -> tuple[str, ...]:
    return sync.model, sync.name, f"{sync.model}.{sync.connection}"


def _verb(entry: Entry) -> str:
    return "moved" if isinstance(entry, Moved) else "removed"


def _problem(code: str, text: str, fix: str, hint: str = "") -> Problem:
    return Problem(code, text, where=f"{FILE}, vars.{VAR}", hint=hint, fix=f"{fix} in {FILE}")
