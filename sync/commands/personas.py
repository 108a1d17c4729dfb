"""What each persona of a file would get, by the models and gates of now, beside what it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.commands.plan import expressed
from sync.commands.why import Part, aliases_of, comparison_of, located, matches_of
from sync.destinations.values import Values
from sync.errors import Problem
from sync.model import Fate, Kind, Sync
from sync.plan import lookups, policies
from sync.plan.comparison import Comparison
from sync.project.personas import Expected, Persona
from sync.run.access import StateAccess
from sync.state.catalogue import Catalogue

MOST_ROWS = 1000
"""Of one persona in one model."""
MASKED = "personal value"
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a persona should get or gets at a destination; personal values are masked."""

    destination: str
    what: str
    expected: Any
    found: Any
    is_met: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one persona."""

    persona: Persona
    findings: Sequence[Finding]
    is_known: bool
    """Whether any model has a row of the persona."""

    @property
    def is_met(self) -> bool:
        """Whether the persona gets what it should."""
        return all(finding.is_met for finding in self.findings)


@dataclass(slots=True)
class Got:
    """What one persona gets at one destination."""

    segments: dict[str, str | None] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, tuple[Fate, str]] = field(default_factory=dict)
    """By model, the fate of the row and why."""
    models: dict[str, str] = field(default_factory=dict)
    """By segment, the model that it comes from."""
    personal: set[str] = field(default_factory=set)
    senders: list[str] = field(default_factory=list)
    """Models whose row goes out."""


def judge(
    access: StateAccess, syncs: Sequence[Sync], personas: Sequence[Persona]
) -> tuple[list[Report], list[Problem]]:
    """Look every persona up in every sync; problems are of models that can't be asked."""
    with access.catalogue() as state:
        parts = [located(state, sync) for sync in syncs]
        asked = {p.sync.name: _asked(access, state, p) for p in parts if p.problem is None}
        reports = [_report(state, persona, parts, asked) for persona in personas]
    return reports, [part.problem for part in parts if part.problem is not None]


def _asked(access: StateAccess, state: Catalogue, part: Part) -> Comparison:
    state.tables = access.tables(part.sync.name)
    return comparison_of(access, state, part)


def _report(
    state: Catalogue, persona: Persona, parts: Sequence[Part], asked: Mapping[str, Comparison]
) -> Report:
    aliases: dict[str, list[str]] = {}
    for identity in persona.identities:
        for column, values in aliases_of(state, parts, identity).items():
            aliases.setdefault(column, []).extend(values)
    got = {part.sync.connection: Got() for part in parts}
    is_known = False
    for part in (part for part in parts if part.sync.name in asked):
        c = asked[part.sync.name]
        query = lookups.wanted_where(c, matches_of(part.sync, aliases), MOST_ROWS)
        rows = state.ask(query)
        is_known = is_known or bool(rows)
        _take(state, c, part.sync.model, rows, got[part.sync.connection])
    findings = [
        finding
        for connection, found in sorted(got.items())
        for finding in _compared(connection, persona.gets.get(connection, Expected()), found)
    ]
    return Report(persona, findings, is_known)


def _take(
    state: Catalogue, c: Comparison, model: str, rows: Sequence[Sequence[Any]], got: Got
) -> None:
    """Add what the rows of one model bring."""
    sync, keys = c.sync, [row[0] for row in rows]
    if sync.segment:
        got.models[sync.segment] = model
    got.personal |= {column.trait.name for column in c.live if column.trait.is_pii}
    for key, fate, detail, reason, event, *values in rows:
        if keys.count(key) > 1:
            got.held[model] = (Fate.INVALID, "it stands in the model more than once")
        elif fate is not None:
            got.held[model] = (Fate(fate), policies.because(state, c, detail, key))
        else:
            got.senders.append(model)
            traits = {
                column.trait.name: expressed(column, value)
                for column, value in zip(c.live, values, strict=True)
            }
            if sync.kind is Kind.EVENTS:
                got.events.add(sync.event or str(event))
            elif sync.kind is Kind.OBJECTS:
                got.objects[model] = traits
            else:
                got.traits |= traits
            if sync.segment:
                got.segments[sync.segment] = reason


def _compared(destination: str, expected: Expected, got: Got) -> Iterator[Finding]:
    """Every difference, and everything that is as it should be."""
    if expected.is_nothing:
        found = f"rows of {', '.join(sorted(set(got.senders)))}" if got.senders else NOTHING
        yield Finding(destination, NOTHING, NOTHING, found, not got.senders)
    yield from _segments(destination, expected, got)
    yield from _events(destination, expected, got)
    yield from _traits(destination, "trait", expected.traits, got.traits, got.personal)
    for model, traits in expected.objects.items():
        if model not in got.objects:
            yield Finding(destination, f"objects of {model}", "sent", _absent(model, got), False)
            continue
        yield Finding(destination, f"objects of {model}", "sent", "sent", True)
        of = f"{model}, trait"
        yield from _traits(destination, of, traits, got.objects[model], got.personal)
    yield from _held(destination, expected, got)


def _held(destination: str, expected: Expected, got: Got) -> Iterator[Finding]:
    """Rows that are held; those that the file does not speak of are told, and judged by no one."""
    for model in dict.fromkeys([*expected.held, *got.held]):
        is_met = model not in expected.held or (
            model in got.held and got.held[model][0] == expected.held[model]
        )
        found = "sent" if model in got.senders else _absent(model, got)
        should = expected.held.get(model, found)
        yield Finding(destination, f"held in {model}", should, found, is_met)


def _segments(destination: str, expected: Expected, got: Got) -> Iterator[Finding]:
    for name, reason in expected.segments.items():
        what = f"segment {name}"
        should = reason if reason is not None else "in"
        if name not in got.segments:
            found = _absent(got.models.get(name, ""), got)
            yield Finding(destination, what, should, found, False)
        else:
            found = got.segments[name] or "in"
            is_met = reason is None or found == reason
            yield Finding(destination, what, should, found, is_met)
    if not expected.is_nothing:
        for name in got.segments.keys() - expected.segments.keys():
            found = got.segments[name] or "in"
            yield Finding(destination, f"segment {name}", "not in", found, False)


def _events(destination: str, expected: Expected, got: Got) -> Iterator[Finding]:
    for name in expected.events:
        found = "sent" if name in got.events else "none"
        yield Finding(destination, f"event {name}", "sent", found, name in got.events)
    if not expected.is_nothing:
        for name in sorted(got.events - set(expected.events)):
            yield Finding(destination, f"event {name}", "none", "sent", False)


def _traits(
    destination: str,
    what: str,
    expected: Mapping[str, Any],
    got: Mapping[str, Any],
    personal: set[str],
) -> Iterator[Finding]:
    wanted = _PLAIN.of(expected)
    for name, should in wanted.items():
        found = got.get(name)
        is_met = found == should and isinstance(found, bool) == isinstance(should, bool)
        is_masked = name in personal
        yield Finding(
            destination,
            f"{what} {name}",
            MASKED if is_masked else should,
            (MASKED if is_met else f"another {MASKED}") if is_masked else found,
            is_met,
        )


def _absent(model: str, got: Got) -> str:
    """Why nothing of a model goes out."""
    if model not in got.held:
        return "not in the model"
    fate, because = got.held[model]
    return because or str(fate)


_PLAIN = Values()
