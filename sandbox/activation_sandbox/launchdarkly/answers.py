"""What LaunchDarkly's REST API answers: its error bodies, and how it shows segments."""

from __future__ import annotations

from typing import Any

from activation_sandbox.call import Answer, json_answer
from activation_sandbox.launchdarkly.environment import Environment, Segment

JSON = Any


class Refused(Exception):
    """Answered with this status, code and message; nothing was applied."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)

    def answer(self) -> Answer:
        """As the vendor writes it."""
        return json_answer(self.status, {"code": self.code, "message": self.message})


def invalid(message: str) -> Refused:
    """400."""
    return Refused(400, "invalid_request", message)


def not_found() -> Refused:
    """404."""
    return Refused(404, "not_found", "Invalid resource identifier")


def link(path: str) -> dict[str, JSON]:
    """A link to the resource itself."""
    return {"self": {"href": path, "type": "application/json"}}


def segment_json(
    environment: Environment, segment: Segment, path: str, is_reader: bool = False
) -> dict[str, JSON]:
    """A segment in full; a big one shows numbers where others show lists."""
    denied = {"action": "updateIncluded", "reason": {"effect": "deny", "reason_description": ""}}
    found: dict[str, JSON] = {
        "name": segment.name,
        "description": segment.description,
        "tags": segment.tags,
        "creationDate": segment.created_at,
        "lastModifiedDate": segment.modified_at,
        "key": segment.key,
        "_links": link(path),
        "rules": segment.rules,
        "version": segment.version,
        "deleted": False,
        "_access": {"denied": [denied] if is_reader else [], "allowed": []},
        "_flags": [
            {"name": flag.get("name", key), "key": key, "_links": link(f"/api/v2/flags/{key}")}
            for key, flag in environment.flags.items()
            if uses(flag, segment.key)
        ],
        "generation": segment.generation,
    }
    if segment.unbounded:
        counts = {"includedCount": segment.size}
        counts["excludedCount"] = sum(map(len, segment.excluded.values()))
        found |= {"unbounded": True, "unboundedContextKind": segment.kind}
        found["_unboundedMetadata"] = counts
        found["_importInProgress"] = segment.import_id is not None
    if segment.external is not None:
        found["_external"] = segment.external
    lists = {"included": segment.included, "excluded": segment.excluded}
    for name, by_kind in lists.items():
        found[name] = [] if segment.unbounded else list(by_kind.get("user", ()))
        found[f"{name}Contexts"] = [
            {"values": list(keys), "contextKind": kind}
            for kind, keys in by_kind.items()
            if keys and kind != "user" and not segment.unbounded
        ]
    return found


def uses(flag: dict[str, JSON], segment: str) -> bool:
    """Whether a rule of the flag, in any environment, asks for the segment."""
    return any(
        clause.get("op") == "segmentMatch" and segment in (clause.get("values") or ())
        for setup in flag.get("environments", {}).values()
        for rule in setup.get("rules") or ()
        for clause in rule.get("clauses") or ()
    )
