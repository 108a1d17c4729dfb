"""Which sync each sync comes after, person by person, and what is wrong with how that is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync.errors import Problem
from sync.model import Kind
from sync.project.drafts import Draft
from sync.project.findings import Finding
from sync.project.naming import sync_name
from sync.project.order_forms import AfterForm
from sync.project.suggest import did_you_mean
from sync.rules import After
from sync.timing import Span

KEY = "after"
Drafted = Mapping[str, Draft]
"""Drafts by the name of their sync."""


def in_order(drafts: Sequence[Draft], zone: str) -> tuple[list[Draft], list[Finding]]:
    """The drafts, knowing what they come after; days are local days of `zone`."""
    drafted = {draft.sync.name: draft for draft in drafts}
    findings: list[Finding] = []
    ordered: list[Draft] = []
    for draft in drafts:
        problem = _problem(draft, drafted)
        if problem is not None:
            findings.append(Finding(problem, frozenset({draft.sync.unique_id})))
        ordered.append(draft if problem else _ordered(draft, zone))
    return ordered, findings + _circles({draft.sync.name: draft for draft in ordered})


def _ordered(draft: Draft, zone: str) -> Draft:
    form = draft.entry.after
    if form is None:
        return draft
    timeout = Span.parse(form.timeout, zone) if form.timeout else None
    lag = Span.parse(form.lag, zone) if form.lag else None
    after = After(_first(draft, form), timeout, form.then == "send", lag, form.need == "settled")
    rules = replace(draft.sync.rules, after=after)
    return replace(draft, sync=replace(draft.sync, rules=rules))


def _first(draft: Draft, form: AfterForm) -> str:
    """The name of the sync that comes before."""
    return sync_name(form.model or draft.sync.model, form.destination)


def _problem(draft: Draft, drafted: Drafted) -> Problem | None:
    form = draft.entry.after
    if form is None:
        return None
    first = drafted.get(_first(draft, form))
    if first is None:
        return _unknown(draft, form, drafted)
    if first.sync.name == draft.sync.name:
        return draft.place.problem(
            "after-self", " would wait for itself", KEY, fix="name another destination, or model"
        )
    return _kind(draft, first) or _identity(draft, first)


def _unknown(draft: Draft, form: AfterForm, drafted: Drafted) -> Problem:
    model = form.model or draft.sync.model
    models = list(dict.fromkeys(other.sync.model for other in drafted.values()))
    others = [name for name in models if name != draft.sync.model]
    if model not in models:
        return draft.place.problem(
            "after-unknown",
            f" waits for the model `{model}`, which goes nowhere",
            KEY,
            "model",
            hint=did_you_mean(model, others, "other models"),
            fix=f"correct the name in {draft.place.file}",
        )
    theirs = [d.sync for d in drafted.values() if d.sync.model == model]
    own = [sync.connection for sync in theirs if sync.name != draft.sync.name]
    text = f" waits for `{form.destination}`, which {model} does not go to"
    fix = "correct the name, or say which model goes there: {destination: ..., model: ...}"
    hint = did_you_mean(form.destination, own, "other destinations")
    return draft.place.problem("after-unknown", text, KEY, hint=hint, fix=fix)


def _kind(draft: Draft, first: Draft) -> Problem | None:
    """Nobody is a member of events; and of an event under another address, whose it is."""
    if first.sync.kind is Kind.EVENTS:
        text = f" waits for {first.sync.name}, and events have no members to wait for"
        fix = "name a model of another kind"
        return draft.place.problem("after-events", text, KEY, fix=fix)
    if draft.sync.kind is Kind.EVENTS and draft.sync.external_id:
        text = ": events that name people by `identify_by` can't wait for anybody"
        fix = "leave out `identify_by`, or `after`"
        return draft.place.problem("after-events", text, KEY, fix=fix)
    return None


def _identity(draft: Draft, first: Draft) -> Problem | None:
    ours, theirs = draft.sync.identity, first.sync.identity
    if ours.casefold() == theirs.casefold():
        return None
    return draft.place.problem(
        "after-identity",
        f" knows people by `{ours}`, and {first.sync.name}, which it waits for, by `{theirs}`",
        KEY,
        hint="They are compared by identity, so nobody would ever be found there.",
        fix="wait for a model with the same identity column",
    )


def _circles(drafted: Drafted) -> list[Finding]:
    """One finding for each circle, however many syncs it is made of."""
    told: set[frozenset[str]] = set()
    findings: list[Finding] = []
    for draft in drafted.values():
        circle = _circle(draft, drafted)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            text = f" waits for itself in a circle: {' after '.join([*circle, circle[0]])}"
            problem = draft.place.problem("after-circle", text, KEY, fix="leave one of them out")
            models = frozenset(drafted[name].sync.unique_id for name in circle)
            findings.append(Finding(problem, models))
    return findings


def _circle(draft: Draft, drafted: Drafted) -> list[str]:
    """The syncs from this one around to itself; empty where it is in no circle."""
    path = [draft.sync.name]
    while (after := drafted[path[-1]].sync.rules.after) and after.sync not in path[1:]:
        if after.sync == path[0]:
            return path
        path.append(after.sync)
    return []
