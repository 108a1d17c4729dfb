"""Send one real person of a model, and show what went out and what came back."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from sync.commands.apply import RunOptions as RunOptions
from sync.commands.apply import RunResult, apply
from sync.commands.preflight import hold, look, planning
from sync.commands.why import Story, tell
from sync.destinations.exchange import Endpoint, Request, Response
from sync.http.ports import Clock
from sync.http.redact import MASK, Redactor, credentials
from sync.plan.guards import GuardLimits
from sync.project.project import Project
from sync.rules import AsOf
from sync.run.access import StateAccess


@dataclass(frozen=True, slots=True)
class Shown:
    """One request and its answer, without secrets, e-mail addresses and personal values."""

    method: str
    url: str
    query: dict[str, str]
    body: Any
    status: int | None
    """None where no answer came."""
    answer: Any


@dataclass(frozen=True, slots=True)
class Tried:
    """How it ended. `before` is what was known of the person in each sync, gates among it."""

    before: Sequence[Story]
    shown: Sequence[Shown]
    run: RunResult

    @property
    def is_sent(self) -> bool:
        """Whether anything went out for the person."""
        return any(sum(result.ops.values()) for result in self.run.results)


@dataclass(slots=True)
class _Recorder:
    personal: frozenset[str]
    """Names of personal traits, which are masked wherever they stand."""
    shown: list[Shown] = field(default_factory=list)

    def take(self, endpoint: Endpoint, request: Request, response: Response | str) -> None:
        """Keep an exchange."""
        redactor = Redactor(credentials(endpoint))
        clean = partial(_clean, redactor, self.personal)
        body = request.content if request.content is not None else request.json
        status, answer = None, clean(response) if isinstance(response, str) else None
        if not isinstance(response, str):
            status, answer = response.status, clean(_read(response.body))
        url = redactor.scrub(unquote(endpoint.base_url + request.path))
        shown = Shown(
            request.method, url, clean(dict(request.query)), clean(_read(body)), status, answer
        )
        self.shown.append(shown)


def _read(body: Any) -> Any:
    if not isinstance(body, bytes):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace") or None


def _clean(redactor: Redactor, personal: Collection[str], value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: MASK
            if key in personal and inner is not None
            else _clean(redactor, personal, inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_clean(redactor, personal, inner) for inner in value]
    return redactor.scrub(value) if isinstance(value, str) else value


def try_one(
    project: Project,
    access: StateAccess,
    identity: str,
    options: RunOptions,
    why_stop: Callable[[], str | None],
    clock: Clock,
) -> Tried:
    """A run of the selected syncs in which one person alone is tried. Raises SyncError."""
    traits = [trait for sync in project.syncs for trait in sync.traits]
    recorder = _Recorder(frozenset(trait.name for trait in traits if trait.is_pii))
    preflight = look(project, access)
    as_of = AsOf(clock.now(), preflight.doubted, only=identity, zone=project.zone)
    asked = replace(access, as_of=as_of)
    holding = partial(hold, preflight, limits=GuardLimits())
    before = tell(asked, project.syncs, identity, holding, partial(planning, preflight, asked))
    options = replace(options, only=identity, watch=recorder.take)
    run = apply(project, options, stop_reason=why_stop, clock=clock)
    return Tried(before, recorder.shown, run)
