"""Whether flags fall back safely for whoever a segment or trait does not reach. Reads only.

A flag is safe when everybody who is in none of our segments, has none of our traits or is not known
at all is served its conservative variation: the declared one, else what the flag serves when off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.core import Kind, Sync
from sync.destinations.launchdarkly.calls import Place, api, body_of, exchange, read
from sync.destinations.launchdarkly.mapping import context_kind, options_of, segment_keys
from sync.destinations.launchdarkly.segments import MAX_TARGETS, TAG, size_of, unwritable
from sync.destinations.spec import JSON, Conversation, UnreadableAnswer
from sync.errors import Problem

PAGE = 100
NEARLY_FULL = MAX_TARGETS * 4 // 5
UNKNOWN_KEY = "dbt-activation-audit-nobody"


@dataclass(frozen=True, slots=True)
class Ours:
    """What the syncs of a connection give flags to go by."""

    segments: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    """Context kind and attribute."""
    kinds: tuple[str, ...]
    conservative: Mapping[str, Any]

    @classmethod
    def of(cls, syncs: Sequence[Sync]) -> Ours:
        """Everything together: a flag may use what several models write."""
        used = [sync for sync in syncs if sync.kind is not Kind.EVENTS]
        shown = [sync for sync in used if options_of(sync).identify]
        declared: dict[str, Any] = {}
        for sync in used:
            declared = {**options_of(sync).conservative, **declared}
        return cls(
            frozenset(key for sync in used for key in segment_keys(sync)),
            frozenset((context_kind(s), t.name) for s in shown for t in s.traits),
            tuple(dict.fromkeys(context_kind(sync) for sync in used)),
            declared,
        )

    def is_segment(self, clause: Mapping[str, JSON]) -> bool:
        """Whether a clause asks for membership of one of our segments."""
        values = clause.get("values") or ()
        return clause.get("op") == "segmentMatch" and not self.segments.isdisjoint(map(str, values))

    def is_attribute(self, clause: Mapping[str, JSON]) -> bool:
        """Whether a clause looks at one of our traits."""
        kind, name = clause.get("contextKind") or "user", clause.get("attribute")
        return clause.get("op") != "segmentMatch" and (kind, name) in self.attributes

    def is_used(self, rules: Sequence[Mapping[str, JSON]]) -> bool:
        """Whether any rule depends on us."""
        clauses = [clause for rule in rules for clause in rule.get("clauses") or ()]
        return any(self.is_segment(c) or self.is_attribute(c) for c in clauses)


def audit(place: Place, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
    """Problems of segments, then of flags."""
    found = yield from _segment_problems(place, syncs)
    ours = Ours.of(syncs)
    if not ours.kinds:
        return found
    flags = yield from _flags(place)
    used = []
    for flag in flags:
        setup = (flag.get("environments") or {}).get(place.environment)
        if isinstance(setup, dict) and ours.is_used(setup.get("rules") or ()):
            used.append((flag, setup))
    served = yield from _served(place, ours.kinds if used else ())
    for flag, setup in used:
        found += _judge(flag, setup, ours, served)
    return found


def _flags(place: Place) -> Conversation[list[dict[str, JSON]]]:
    """All flags with their rules, which only `summary=0` shows."""
    flags: list[dict[str, JSON]] = []
    while True:
        query = {"env": place.environment, "summary": "0", "limit": str(PAGE)}
        query["offset"] = str(len(flags))
        body = yield from read(api("GET", f"/api/v2/flags/{place.project}", query=query))
        items = body.get("items")
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise UnreadableAnswer("the answer lists no flags")
        flags += items
        if len(items) < PAGE:
            return flags


def _served(place: Place, kinds: Sequence[str]) -> Conversation[dict[tuple[str, str], JSON]]:
    """What LaunchDarkly itself would serve nobody in particular, by context kind and flag."""
    served = {}
    for kind in kinds:
        context = {"kind": kind, "key": UNKNOWN_KEY}
        body = yield from read(api("POST", place.inside("flags", "evaluate"), context))
        for item in body.get("items") or ():
            if isinstance(item, dict) and "_value" in item:
                served[kind, str(item.get("key"))] = item["_value"]
    return served


def _judge(
    flag: Mapping[str, JSON],
    setup: Mapping[str, JSON],
    ours: Ours,
    served: Mapping[tuple[str, str], JSON],
) -> list[Problem]:
    key, variations = str(flag.get("key")), flag.get("variations") or []
    safe = _conservative(key, variations, setup, ours)
    if safe is None:
        return [_undeclared(key, ours)]
    found = []
    for where, reached in _reached(setup, ours):
        wrong = sorted(reached - {safe})
        if wrong:
            names = ", ".join(_name(variations, i) for i in wrong)
            found.append(_unsafe(key, f"{where} serves {names}", _name(variations, safe)))
    if setup.get("on") and setup.get("offVariation") is None:
        found.append(_no_off_variation(key))
    value = variations[safe].get("value")
    for kind in ours.kinds:
        if not found and served.get((kind, key), value) != value:
            text = f"an unknown {kind} context is served another variation"
            found.append(_unsafe(key, text, _name(variations, safe)))
    return found


def _conservative(
    key: str, variations: Sequence[Mapping[str, JSON]], setup: Mapping[str, JSON], ours: Ours
) -> int | None:
    if key not in ours.conservative:
        off = setup.get("offVariation")
        return off if isinstance(off, int) and 0 <= off < len(variations) else None
    wanted = ours.conservative[key]
    for i, variation in enumerate(variations):
        value = variation.get("value")
        is_same = type(value) is type(wanted) and value == wanted
        if is_same or (isinstance(wanted, str) and variation.get("name") == wanted):
            return i
    return None


def _reached(setup: Mapping[str, JSON], ours: Ours) -> Iterator[tuple[str, set[int]]]:
    """Where whoever lacks us ends up. A negated segment clause lets them in; a clause on a missing
    attribute fails even when it is negated."""
    if not setup.get("on"):
        yield "the flag is off and", _variations({"variation": setup.get("offVariation")})
        return
    for number, rule in enumerate(setup.get("rules") or (), start=1):
        clauses = rule.get("clauses") or ()
        lets_in = any(ours.is_segment(c) and c.get("negate") for c in clauses)
        needs_us = any(
            (ours.is_segment(c) and not c.get("negate")) or ours.is_attribute(c) for c in clauses
        )
        if lets_in and not needs_us and not rule.get("disabled"):
            yield f"rule {number} asks for not being in our segment, and", _variations(rule)
    if setup.get("prerequisites"):
        yield (
            "an unmet prerequisite turns the flag off, which",
            _variations({"variation": setup.get("offVariation")}),
        )
    yield "the default rule", _variations(setup.get("fallthrough") or {})


def _variations(rule: Mapping[str, JSON]) -> set[int]:
    if isinstance(rule.get("variation"), int):
        return {rule["variation"]}
    rollout = rule.get("rollout")
    shares = rollout.get("variations") if isinstance(rollout, dict) else None
    return {share["variation"] for share in shares or () if share.get("weight")}


def _name(variations: Sequence[Mapping[str, JSON]], index: int) -> str:
    if not 0 <= index < len(variations):
        return f"variation {index}"
    return f"`{variations[index].get('name') or variations[index].get('value')}`"


def _unsafe(flag: str, text: str, safe: str) -> Problem:
    return Problem(
        "launchdarkly-fallback",
        f"flag `{flag}`: {text} where the conservative variation is {safe}",
        hint="whoever is in none of our segments, has none of our traits or is unknown gets it",
        fix=f"let the flag serve {safe} there, or declare another under"
        f" `conservative: {{{flag}: ...}}`",
    )


def _undeclared(flag: str, ours: Ours) -> Problem:
    declared = "the declared conservative variation is none of its variations"
    nothing = "it has no off variation, so the code's own default decides"
    return Problem(
        "launchdarkly-fallback",
        f"flag `{flag}`: {declared if flag in ours.conservative else nothing}",
        fix=f"choose an off variation, or name one under `conservative: {{{flag}: ...}}`",
    )


def _no_off_variation(flag: str) -> Problem:
    return Problem(
        "launchdarkly-fallback",
        f"flag `{flag}` has no off variation: when it is off, the code's own default decides",
        fix="choose the conservative variation as the off variation",
    )


def _segment_problems(place: Place, syncs: Sequence[Sync]) -> Conversation[list[Problem]]:
    found: list[Problem] = []
    big: list[str] = []
    for sync in syncs:
        for key in [] if sync.kind is Kind.EVENTS else segment_keys(sync):
            response = yield from exchange(api("GET", place.segment(key)))
            if response.status == 404:
                found += _missing(sync, key)
                continue
            segment = body_of(response)
            if problem := unwritable(segment, sync):
                fix = "mend it there or in the entry, then run: python -m sync verify"
                found.append(Problem(problem[0], f"{sync.name}: {problem[1]}", fix=fix))
            if segment.get("unbounded"):
                big.append(key)
            elif (size := size_of(segment)) >= NEARLY_FULL:
                found.append(_nearly_full(sync, key, size))
    if big and not (yield from _has_store(place)):
        found.append(_no_store(big))
    return found


def _has_store(place: Place) -> Conversation[bool]:
    path = "/api/v2/integration-capabilities/big-segment-store"
    body = yield from read(api("GET", path))
    wanted = (place.project, place.environment, True)
    items = body.get("items") or ()
    return any((i.get("projectKey"), i.get("environmentKey"), i.get("on")) == wanted for i in items)


def _missing(sync: Sync, key: str) -> list[Problem]:
    if options_of(sync).create:
        return []
    size = "a big segment" if options_of(sync).big else "a list segment"
    return [
        Problem(
            "launchdarkly-no-segment",
            f"{sync.name}: there is no segment `{key}`",
            fix=f"create {size} `{key}` for {context_kind(sync)} contexts with the tag {TAG}",
        )
    ]


def _nearly_full(sync: Sync, key: str, size: int) -> Problem:
    return Problem(
        "launchdarkly-nearly-full",
        f"{sync.name}: segment `{key}` holds {size} of at most {MAX_TARGETS} keys",
        hint="a segment can't become a big one later, and every SDK loads this list",
        fix="give the entry another segment name with `big: true`, and move the flags' rules to it",
    )


def _no_store(keys: Sequence[str]) -> Problem:
    return Problem(
        "launchdarkly-big-store",
        f"no store for big segments is configured here: {', '.join(keys)}",
        hint="without one, server-side SDKs silently answer that nobody is a member; a store that"
        " your own Relay Proxy fills is not visible to us",
        fix="configure a Redis or DynamoDB store for this environment",
    )
