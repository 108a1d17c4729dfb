"""Whether flags fall back safely for people that no segment or trait reaches. Reads only.

A flag is safe when a person who is in none of our segments, has none of our traits or is not
known at all is served its conservative variation: the declared one, else what the flag serves when
off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sync.destinations.answers import entries, mapping, objects, word
from sync.destinations.exchange import JSON, Conversation, Request, UnreadableAnswer
from sync.destinations.launchdarkly.calls import Environment, items, within
from sync.destinations.launchdarkly.options import Options, context_kind, segment_keys
from sync.errors import Problem
from sync.model import Kind, Sync

PAGE = 100
UNKNOWN_KEY = "dbt-activation-audit-nobody"

Said = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Ours:
    """What the syncs of a connection give flags to go by. A flag may use several models."""

    segments: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    """Context kind and attribute."""
    kinds: tuple[str, ...]
    conservative: Mapping[str, Any]

    @classmethod
    def of(cls, syncs: Sequence[Sync]) -> Ours:
        """Everything together; of two declarations for one flag the first counts."""
        used = [sync for sync in syncs if sync.kind is not Kind.EVENTS]
        declared = [Options.of(sync).conservative for sync in reversed(used)]
        shown = [sync for sync in used if Options.of(sync).identify]
        return cls(
            frozenset(key for sync in used for key in segment_keys(sync)),
            frozenset((context_kind(s), t.name) for s in shown for t in s.traits),
            tuple(dict.fromkeys(context_kind(sync) for sync in used)),
            {flag: variation for one in declared for flag, variation in one.items()},
        )

    def asked_by(self, rule: Said) -> set[Literal["presence", "absence"]]:
        """What of us a rule asks for. A clause on a missing attribute fails even when negated."""
        asked: set[Literal["presence", "absence"]] = set()
        for clause in objects(rule.get("clauses")):
            about = word(clause.get("contextKind")) or "user", word(clause.get("attribute"))
            if clause.get("op") != "segmentMatch":
                asked |= {"presence"} if about in self.attributes else set()
            elif not self.segments.isdisjoint(map(str, entries(clause.get("values")))):
                asked.add("absence" if clause.get("negate") else "presence")
        return asked


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it is set up in the environment. Variations go by their number."""

    key: str
    variations: Sequence[Said]
    setup: Said

    @property
    def rules(self) -> Sequence[Said]:
        """Those before the default one."""
        return objects(self.setup.get("rules"))

    def named(self, index: int) -> str:
        """What people call a variation."""
        if not 0 <= index < len(self.variations):
            return f"variation {index}"
        variation = self.variations[index]
        return f"`{variation.get('name') or variation.get('value')}`"

    def conservative(self, ours: Ours) -> int | None:
        """The variation for unknown people; None where it is not to be found."""
        if self.key not in ours.conservative:
            off = self.setup.get("offVariation")
            return off if isinstance(off, int) and 0 <= off < len(self.variations) else None
        wanted = ours.conservative[self.key]
        for i, variation in enumerate(self.variations):
            value = variation.get("value")
            is_same = type(value) is type(wanted) and value == wanted
            if is_same or (isinstance(wanted, str) and variation.get("name") == wanted):
                return i
        return None

    def fallbacks(self, ours: Ours) -> Iterator[tuple[str, set[int]]]:
        """Where people outside our segments and traits may end up, and what is served there."""
        off = _served_by({"variation": self.setup.get("offVariation")})
        if not self.setup.get("on"):
            yield "the flag is off and", off
            return
        for number, rule in enumerate(self.rules, start=1):
            if ours.asked_by(rule) == {"absence"} and not rule.get("disabled"):
                yield f"rule {number} asks for not being in our segment, and", _served_by(rule)
        if self.setup.get("prerequisites"):
            yield "an unmet prerequisite turns the flag off, which", off
        yield "the default rule", _served_by(mapping(self.setup.get("fallthrough")))


def _served_by(rule: Said) -> set[int]:
    if isinstance(rule.get("variation"), int):
        return {rule["variation"]}
    shares = objects(within(rule, "rollout", "variations"))
    served = [share.get("variation") for share in shares if share.get("weight")]
    return {index for index in served if isinstance(index, int)}


def unsafe_flags(env: Environment, syncs: Sequence[Sync]) -> Conversation[list[Problem]]:
    """A problem for each way in which a flag that uses us is not safe."""
    ours = Ours.of(syncs)
    every = (yield from _flags(env)) if ours.kinds else []
    flags = [flag for flag in every if any(ours.asked_by(rule) for rule in flag.rules)]
    served: dict[tuple[str, str], JSON] = {}
    for kind in ours.kinds if flags else ():
        # What LaunchDarkly itself would serve nobody in particular.
        context = {"kind": kind, "key": UNKNOWN_KEY}
        found = yield from items(Request("POST", f"{env.inside}/flags/evaluate", context))
        served |= {(kind, str(o.get("key"))): o["_value"] for o in found if "_value" in o}
    return [problem for flag in flags for problem in _judged(flag, ours, served)]


def _flags(env: Environment) -> Conversation[list[Flag]]:
    """All flags with their rules, which only `summary=0` shows."""
    flags: list[Flag] = []
    seen: set[str] = set()
    while True:
        query = {"env": env.environment, "summary": "0", "limit": str(PAGE)}
        query["offset"] = str(len(flags))
        path = f"/api/v2/flags/{env.project}"
        page = yield from items(Request("GET", path, query=query))
        for flag in page:
            setup = mapping(within(flag, "environments", env.environment))
            flags.append(Flag(word(flag.get("key")), objects(flag.get("variations")), setup))
        if len(page) < PAGE:
            return flags
        if seen.issuperset(flag.key for flag in flags[-PAGE:]):
            raise UnreadableAnswer("the pages of flags do not end")
        seen.update(flag.key for flag in flags)


def _judged(flag: Flag, ours: Ours, served: Mapping[tuple[str, str], JSON]) -> Iterator[Problem]:
    safe, declare = flag.conservative(ours), f"under `conservative: {{{flag.key}: ...}}`"
    if safe is None:
        declared = "the declared conservative variation is none of its variations"
        nothing = "it has no off variation, so the code's own default decides"
        text = f": {declared if flag.key in ours.conservative else nothing}"
        yield _problem(flag, text, f"choose an off variation, or name one {declare}")
        return
    name, value = flag.named(safe), flag.variations[safe].get("value")
    unsafe = [
        f"{where} serves {', '.join(map(flag.named, sorted(wrong)))}"
        for where, reached in flag.fallbacks(ours)
        if (wrong := reached - {safe})
    ]
    lacks_off = flag.setup.get("on") and flag.setup.get("offVariation") is None
    if not unsafe and not lacks_off:
        others = [kind for kind in ours.kinds if served.get((kind, flag.key), value) != value]
        unsafe = [f"an unknown {kind} context is served another variation" for kind in others[:1]]
    for text in unsafe:
        yield _problem(
            flag,
            f": {text} where the conservative variation is {name}",
            f"let the flag serve {name} there, or declare another {declare}",
            "an unknown context, or one with none of our segments and traits, gets it",
        )
    if lacks_off:
        text = " has no off variation: when it is off, the code's own default decides"
        yield _problem(flag, text, "choose the conservative variation as the off variation")


def _problem(flag: Flag, text: str, fix: str, hint: str = "") -> Problem:
    return Problem("launchdarkly-fallback", f"flag `{flag.key}`{text}", hint=hint, fix=fix)
