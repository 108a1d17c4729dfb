"""Which variation a flag serves a context, as the SDKs decide it.

Only what is in the context counts: attributes that events sent earlier are never looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activation_sandbox.launchdarkly.environment import Environment, Segment

JSON = Any
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "in": lambda ours, theirs: type(ours) is type(theirs) and bool(ours == theirs),
    "contains": lambda ours, theirs: _is_text(ours, theirs) and theirs in ours,
    "startsWith": lambda ours, theirs: _is_text(ours, theirs) and ours.startswith(theirs),
    "endsWith": lambda ours, theirs: _is_text(ours, theirs) and ours.endswith(theirs),
    "matches": lambda ours, theirs: _is_text(ours, theirs) and bool(re.search(theirs, ours)),
    "lessThan": lambda ours, theirs: _is_number(ours, theirs) and ours < theirs,
    "lessThanOrEqual": lambda ours, theirs: _is_number(ours, theirs) and ours <= theirs,
    "greaterThan": lambda ours, theirs: _is_number(ours, theirs) and ours > theirs,
    "greaterThanOrEqual": lambda ours, theirs: _is_number(ours, theirs) and ours >= theirs,
    "before": lambda ours, theirs: _is_number(ours, theirs) and ours < theirs,
    "after": lambda ours, theirs: _is_number(ours, theirs) and ours > theirs,
}


def _is_text(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_number(*values: Any) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def contexts_of(instance: Mapping[str, JSON]) -> dict[str, Mapping[str, JSON]]:
    """A context instance by kind; ValueError when it is none."""
    kind = instance.get("kind", "user")
    if kind == "multi":
        found = {k: v for k, v in instance.items() if k != "kind"}
    else:
        found = {str(kind): instance}
    is_keyed = all(isinstance(c, dict) and isinstance(c.get("key"), str) for c in found.values())
    if not found or not is_keyed or not all(c["key"] for c in found.values()) or "kind" in found:
        raise ValueError("a context needs a kind and a key that is not empty")
    return found


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluates for one context instance."""

    environment: Environment
    name: str
    contexts: Mapping[str, Mapping[str, JSON]]
    has_store: bool

    def is_targeted(self, segment: Segment) -> bool | None:
        """True on the included list, False on the excluded one, None on neither."""
        if segment.unbounded and not self.has_store:
            return None
        for which, answer in ((segment.included, True), (segment.excluded, False)):
            for kind, context in self.contexts.items():
                if context["key"] in which.get(kind, ()):
                    return answer
        return None

    def is_member(self, key: str) -> bool:
        """Lists first, included before excluded, then the segment's rules."""
        segment = self.environment.segments.get(key)
        if segment is None or (segment.unbounded and not self.has_store):
            return False
        targeted = self.is_targeted(segment)
        if targeted is not None:
            return targeted
        return any(self.matches(rule.get("clauses") or ()) for rule in segment.rules)

    def matches(self, clauses: Sequence[Mapping[str, JSON]]) -> bool:
        """Whether all clauses hold."""
        return all(self._holds(clause) for clause in clauses)

    def _holds(self, clause: Mapping[str, JSON]) -> bool:
        is_negated, values = bool(clause.get("negate")), clause.get("values") or ()
        if clause.get("op") == "segmentMatch":
            return any(self.is_member(str(key)) for key in values) != is_negated
        context = self.contexts.get(clause.get("contextKind") or "user")
        found = None if context is None else _attribute(context, str(clause.get("attribute")))
        if found is None:
            return False  # even when negated
        compare = OPERATORS.get(str(clause.get("op")))
        ours = found if isinstance(found, list) else [found]
        hit = compare is not None and any(compare(o, t) for o in ours for t in values)
        return hit != is_negated

    def serve(self, flag: Mapping[str, JSON], depth: int = 0) -> tuple[int | None, dict[str, JSON]]:
        """(variation, reason) of a flag."""
        setup = flag["environments"].get(self.name, {})
        off = setup.get("offVariation")
        if not setup.get("on"):
            return off, {"kind": "OFF"}
        for needed in setup.get("prerequisites") or ():
            other = self.environment.flags.get(needed["key"])
            is_on = other and other["environments"].get(self.name, {}).get("on") and depth < 20
            if not other or not is_on or self.serve(other, depth + 1)[0] != needed["variation"]:
                return off, {"kind": "PREREQUISITE_FAILED", "prerequisiteKey": needed["key"]}
        targets = [*(setup.get("targets") or ()), *(setup.get("contextTargets") or ())]
        for target in targets:
            context = self.contexts.get(target.get("contextKind") or "user")
            if context is not None and context["key"] in target.get("values", ()):
                return target["variation"], {"kind": "TARGET_MATCH"}
        for index, rule in enumerate(setup.get("rules") or ()):
            if not rule.get("disabled") and self.matches(rule.get("clauses") or ()):
                reason = {"kind": "RULE_MATCH", "ruleIndex": index, "ruleID": rule.get("_id", "")}
                return _variation(rule), reason
        return _variation(setup.get("fallthrough") or {}), {"kind": "FALLTHROUGH"}


def _attribute(context: Mapping[str, JSON], name: str) -> Any:
    if not name.startswith("/"):
        return context.get(name)
    found: Any = context
    for part in name[1:].split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _variation(rule: Mapping[str, JSON]) -> int | None:
    """The heaviest share of a rollout: buckets are the SDKs' own business."""
    if "variation" in rule:
        return int(rule["variation"])
    shares = (rule.get("rollout") or {}).get("variations") or []
    heaviest = max(shares, key=lambda share: share["weight"], default=None)
    return None if heaviest is None else int(heaviest["variation"])
