"""The questions of `init`, on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from sync.errors import ConfigError, Problem
from sync.model import Kind

if TYPE_CHECKING:
    from sync.commands.init import Answers
    from sync.project.artifacts import Model
    from sync.project.project import Project

MOST = 20
QUESTIONS: Mapping[str, str] = {
    "kind": "What a row is: traits of a person, a member of a segment, an event, an object",
    "identity": "Column that identifies the person",
    "destination": "Destination",
    "event": "Name of the events",
    "event_id": "Column that makes an event unique",
    "occurred_at": "Column with the moment of an event",
    "object_type": "The destination's type of object",
}


class Asking:
    """Asks for what was not given, while there is a terminal to ask on (`is_on`)."""

    def __init__(self, is_on: bool, project: Project, given: Mapping[str, str | None]) -> None:
        self.is_on = is_on
        self.project = project
        self.given = given

    def model(self) -> str:
        """Which model. Raises ConfigError without a terminal."""
        from sync.commands.init import candidates

        known = [model.name for model in candidates(self.project)]
        if not self.is_on:
            hint = f"models: {', '.join(known[:MOST])}" if known else ""
            raise ConfigError(Problem("answer-missing", "no model is named", "MODEL", hint))
        return _asked("Model", known)

    def answers(self, model: Model, columns: Sequence[str], is_sandbox: bool) -> Answers:
        """All other answers."""
        from sync.commands.init import COLUMN_KEYS, Answers, destinations, needed_keys, written

        self.given = {**self.given, **written(model)}
        likely = "segment" if model.name.startswith("seg") else "traits"
        kind = self._answer("kind", list(Kind), likely)
        identity = self._answer("identity", columns, _likely_key(columns))
        keys = {
            key: self._answer(key, columns if key in COLUMN_KEYS else ())
            for key in needed_keys(model, kind)
        }
        destination = self._answer("destination", destinations(self.project))
        if self.is_on and not is_sandbox and destination not in self.project.connections:
            text = "Connect to the local sandbox for now, instead of the real destination?"
            is_sandbox = click.confirm(text, default=True, err=True)
        vendor = self.given.get("vendor") or ""
        return Answers(kind, identity, destination, vendor, keys, is_sandbox)

    def _answer(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        given = self.given.get(key) or ""
        if given or not self.is_on:
            return given
        return _asked(QUESTIONS[key], [str(name) for name in known], default)


def _asked(question: str, known: Sequence[str], default: str | None = None) -> str:
    """The answer; where there are `known` ones it has to be one of them, or its number."""
    from sync.project.suggest import did_you_mean

    if not known:
        return str(click.prompt(question, default=default, err=True))
    click.echo(f"{question}:", err=True)
    for number, name in enumerate(known[:MOST], start=1):
        click.echo(f"  [{number}] {name}", err=True)
    by_number = {str(number): name for number, name in enumerate(known, start=1)}
    while True:
        given = str(click.prompt("Number or name", default=default, err=True))
        answer = by_number.get(given, given) if given not in known else given
        if answer in known:
            return answer
        click.echo(did_you_mean(given, known, "answers"), err=True)


def _likely_key(columns: Sequence[str]) -> str | None:
    """The first column that is called like an id."""
    return next((c for c in columns if c.lower() == "id" or c.lower().endswith("_id")), None)
