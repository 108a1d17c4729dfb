"""A file of personas: people of the data, and what each should get at each destination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sync.errors import ConfigError, Problem
from sync.model import Kind, Sync
from sync.project.suggest import did_you_mean
from sync.project.validation import Place, complaints, dotted
from sync.project.yaml import lines_of, read_yaml

NOTHING = "nothing"
Reason = Literal["suppressed", "no_consent", "held_out", "outside_rollout", "outranked", "invalid"]
"""Why a row of a model is held: fates that do not depend on what was sent before."""


def _written_out(value: Any) -> Any:
    """`nothing` is a mapping without keys."""
    return {} if value == NOTHING else value


def _with_reasons(value: Any) -> Any:
    """A list of segments is a mapping of them to reasons that are not asked."""
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return dict.fromkeys(value) if is_list else value


def _texts(value: Any) -> Any:
    """One identity is a list of one; numbers are text."""
    values = value if isinstance(value, list) else [value]
    return [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in values]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Expected(_Form):
    """What one persona should get at one destination. Nothing is what all defaults mean.

    Segments and events are all that there are; of traits and objects, those that are named. Objects
    and held rows are named by model.
    """

    segments: Annotated[dict[str, str | None], BeforeValidator(_with_reasons)] = {}
    """By name at the destination: the reason, or None where any will do."""
    traits: dict[str, Any] = {}
    events: list[str] = []
    objects: dict[str, dict[str, Any]] = {}
    held: dict[str, Reason] = {}

    @property
    def is_nothing(self) -> bool:
        """Whether nothing at all should arrive."""
        return not (self.segments or self.traits or self.events or self.objects)


class _Persona(_Form):
    name: str = Field(pattern=r"\S")
    who: str = ""
    identity: Annotated[list[str], BeforeValidator(_texts), Field(min_length=1)]
    gets: Annotated[
        dict[str, Annotated[Expected, BeforeValidator(_written_out)]], BeforeValidator(_written_out)
    ]


class _File(_Form):
    personas: list[_Persona] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Persona:
    """A person in the data. What `gets` does not name is not to be received."""

    name: str
    who: str
    identities: Sequence[str]
    gets: Mapping[str, Expected]


@dataclass(frozen=True, slots=True)
class _LinedPlace(Place):
    """One whose problems name the line."""

    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)

    def at(self, *keys: str | int) -> str:
        """`<file>, line <n>, <key path>`; the line of the nearest key above that is written."""
        known = (self.lines.get(keys[:end]) for end in range(len(keys), 0, -1))
        line = next((line for line in known if line is not None), 1)
        path = dotted(self.path, keys)
        return f"{self.file}, line {line}" + (f", {path}" if path else "")


def read_personas(path: Path, syncs: Sequence[Sync]) -> list[Persona]:
    """The personas of a file; `syncs` are those of the project, by which names are checked.

    Raises ConfigError with everything that is wrong.
    """
    content = read_yaml(path)
    place = _LinedPlace("", path.name, "", "personas", "edit {file}", lines_of(path))
    try:
        personas = _File.model_validate(content).personas
    except ValidationError as error:
        found = complaints(error, place, content, _File)
        raise ConfigError(*map(_trimmed, found)) from None
    problems = list(_unknown(personas, syncs, place))
    if problems:
        raise ConfigError(*problems)
    return [Persona(p.name, p.who, p.identity, p.gets) for p in personas]


def _trimmed(problem: Problem) -> Problem:
    text = problem.message.removeprefix(":").strip()
    return Problem(problem.code, f"{text}", problem.where, problem.hint, problem.fix)


def _unknown(
    personas: Sequence[_Persona], syncs: Sequence[Sync], place: Place
) -> Iterator[Problem]:
    """Names that stand twice, or that the project does not have."""
    seen: set[str] = set()
    connections = {sync.connection for sync in syncs}
    for number, persona in enumerate(personas):
        at = ("personas", number)
        if persona.name in seen:
            text = f"two personas are called `{persona.name}`"
            yield place.problem("personas-twice", text, *at, "name")
        seen.add(persona.name)
        for connection, expected in persona.gets.items():
            here = (*at, "gets", connection)
            if connection not in connections:
                yield _unfound(place, "destination", connection, connections, here)
                continue
            own = [sync for sync in syncs if sync.connection == connection]
            yield from _unknown_at(place, expected, own, here)


def _unknown_at(
    place: Place, expected: Expected, syncs: Sequence[Sync], here: tuple[str | int, ...]
) -> Iterator[Problem]:
    """Names that one destination does not get from the project."""
    objects = {s.model: {t.name for t in s.traits} for s in syncs if s.kind is Kind.OBJECTS}
    people = [sync for sync in syncs if sync.kind in (Kind.TRAITS, Kind.SEGMENT)]
    events = [sync for sync in syncs if sync.kind is Kind.EVENTS]
    known: list[tuple[str, str, Iterable[str], set[str]]] = [
        ("segments", "segment", expected.segments, {s.segment for s in people if s.segment}),
        ("traits", "trait", expected.traits, {t.name for s in people for t in s.traits}),
        ("objects", "model of objects", expected.objects, set(objects)),
        ("held", "model", expected.held, {s.model for s in syncs}),
    ]
    if all(sync.event for sync in events):  # else a column says what they are called
        names = {sync.event for sync in events if sync.event}
        known.append(("events", "event", expected.events, names))
    for key, what, given, names in known:
        for name in given:
            if name not in names:
                yield _unfound(place, what, name, names, (*here, key, name))
    for model, traits in expected.objects.items():
        for name in traits:
            if model in objects and name not in objects[model]:
                keys = (*here, "objects", model, name)
                yield _unfound(place, "trait", name, objects[model], keys)


def _unfound(
    place: Place, what: str, name: str, known: Iterable[str], keys: tuple[str | int, ...]
) -> Problem:
    plural = what.replace("model", "models", 1) if what.startswith("model") else f"{what}s"
    return place.problem(
        "personas-unknown-name",
        f"no {what} `{name}`",
        *keys,
        hint=did_you_mean(name, known, plural),
    )
