"""Semantic patches: all instructions are looked at first, then all of them apply, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from activation_sandbox.call import Call
from activation_sandbox.launchdarkly.answers import invalid
from activation_sandbox.launchdarkly.environment import Environment, Keys, Segment, context_id
from activation_sandbox.launchdarkly.switches import LaunchdarklySwitches

JSON = Any
TARGETS = {
    f"{verb}{which}{what}": (verb == "add", which.lower())
    for verb in ("add", "remove")
    for which in ("Included", "Excluded")
    for what in ("Targets", "Users")
}
BIG_TARGETS = {
    f"{verb}BigSegment{which}Targets": (verb == "add", which.lower())
    for verb in ("add", "remove")
    for which in ("Included", "Excluded")
}
OTHERS = frozenset({"addTags", "removeTags", "updateName", "addRule", "removeRule"})


@dataclass(frozen=True, slots=True)
class Move:
    """Keys onto a list of a segment, or off it."""

    is_add: bool
    which: str
    kind: str
    keys: Sequence[str]


def targeting(instructions: Sequence[Any]) -> bool:
    """Whether a patch changes who is targeted, which approvals guard."""
    return any(isinstance(i, dict) and i.get("kind") not in OTHERS for i in instructions)


def moves_of(
    segment: Segment, instructions: Sequence[Any], switches: LaunchdarklySwitches, call: Call
) -> list[Move]:
    """Every change of targets, validated on its own and together."""
    moves = []
    for instruction in instructions:
        if not isinstance(instruction, dict) or not isinstance(instruction.get("kind"), str):
            raise invalid("each instruction must be an object with a kind")
        kind = instruction["kind"]
        if kind in TARGETS or kind in BIG_TARGETS:
            moves.append(_move(segment, instruction))
        elif kind not in OTHERS:
            raise invalid(f"unknown instruction kind: {kind}")
    operations = sum(len(move.keys) for move in moves)
    if operations > switches.max_patch_targets and not segment.unbounded:
        raise invalid(f"number of operations exceeds the limit of {switches.max_patch_targets}")
    for move in moves:
        for key in move.keys:
            if (reason := call.refuse.get(context_id(move.kind, key))) is not None:
                raise invalid(reason)
    _foresee(segment, moves, switches)
    return moves


def _move(segment: Segment, instruction: Mapping[str, JSON]) -> Move:
    kind, values = instruction["kind"], instruction.get("values")
    is_big = kind in BIG_TARGETS
    if is_big != segment.unbounded:
        raise invalid(f"{kind} is not supported for this type of segment")
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise invalid("values must be a list of keys")
    context_kind = instruction.get("contextKind", "user")
    if is_big:
        context_kind = segment.kind
    if not isinstance(context_kind, str) or context_kind in ("", "kind", "multi"):
        raise invalid("invalid contextKind")
    is_add, which = (BIG_TARGETS if is_big else TARGETS)[kind]
    return Move(is_add, which, context_kind, values)


def _foresee(segment: Segment, moves: Sequence[Move], switches: LaunchdarklySwitches) -> None:
    """What the lists would be after everything; raises if that may not be."""
    kinds = {move.kind for move in moves}
    lists: dict[tuple[str, str], Keys] = {
        (which, kind): dict(stored.get(kind, {}))
        for which, stored in (("included", segment.included), ("excluded", segment.excluded))
        for kind in kinds
    }
    for move in moves:
        target = lists[move.which, move.kind]
        for key in move.keys:
            if move.is_add:
                target[key] = None
            else:
                target.pop(key, None)
    for kind in kinds:
        if not lists["included", kind].keys().isdisjoint(lists["excluded", kind].keys()):
            raise invalid("a key may not be both included and excluded")
    others = sum(len(keys) for kind, keys in segment.included.items() if kind not in kinds)
    size = others + sum(len(lists["included", kind]) for kind in kinds)
    if size > switches.max_targets and not segment.unbounded:
        raise invalid(f"a segment may hold at most {switches.max_targets} targets")


def perform(
    environment: Environment,
    segment: Segment,
    instructions: Sequence[Mapping[str, JSON]],
    moves: Sequence[Move],
    request: int,
) -> bool:
    """Apply a valid patch; whether it changed anything."""
    before = (list(segment.tags), segment.name, deepcopy(segment.rules))
    is_changed = False
    for move in moves:
        if move.which == "included":
            changed = environment.move(segment, move.kind, move.keys, move.is_add, request)
            is_changed = changed or is_changed
            continue
        target = segment.excluded.setdefault(move.kind, {})
        size = len(target)
        for key in move.keys:
            if move.is_add:
                target[key] = None
            else:
                target.pop(key, None)
        is_changed = is_changed or len(target) != size
    for instruction in instructions:
        _other(environment, segment, instruction)
    return is_changed or before != (segment.tags, segment.name, segment.rules)


def _other(environment: Environment, segment: Segment, instruction: Mapping[str, JSON]) -> None:
    match instruction["kind"]:
        case "addTags":
            segment.tags += [t for t in instruction.get("values", ()) if t not in segment.tags]
        case "removeTags":
            gone = set(instruction.get("values", ()))
            segment.tags = [tag for tag in segment.tags if tag not in gone]
        case "updateName":
            segment.name = str(instruction.get("value", segment.name))
        case "addRule":
            rule_id = f"rule{environment.world.next_number('rule'):06d}"
            segment.rules.append({"_id": rule_id, "clauses": instruction.get("clauses") or []})
        case "removeRule":
            wanted = instruction.get("ruleId")
            segment.rules = [rule for rule in segment.rules if rule["_id"] != wanted]
