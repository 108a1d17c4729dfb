"""Faults on demand: what to break, for which requests, how often."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Kind = Literal[
    "status",  # answer with `status`, `headers` and `body`
    "redirect",  # answer with `status` (307) and a `location`
    "delay",  # wait `seconds`, then go on
    "hang",  # never answer; give up after `seconds` if given
    "reset",  # a TCP reset; `before` does not even read the body
    "close",  # an orderly end of the connection, without an answer
    "endless",  # a body that never ends, until `size` bytes if given
    # The next three spoil the right answer, so they strike after applying whatever `when` says.
    "truncate",  # cut short by half or to `size` bytes, with or without `content_length`
    "drip",  # a byte every `seconds`, padded with blanks to `size` bytes
    "huge_header",  # with one more header of `size` bytes
    "html",  # 200 and a page, as a proxy in between would answer
    "garbage",  # 200 and half a JSON document
    "empty",  # 200 and nothing
    "refuse",  # refuse single identities, as far as the vendor answers per item
    "wrong_index",  # blame an item that was not sent, `shift` behind the last
]


class FaultSpec(BaseModel):
    """One fault, as the control API takes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    when: Literal["before", "after"] = Field(
        "before", description="before: nothing is applied; after: applied, then it goes wrong"
    )
    vendor: str | None = Field(None, description="only this vendor")
    path: str = Field("", description="regular expression searched in the path, vendor included")
    method: str | None = None
    containing: str | None = Field(None, description="only requests whose body contains this text")
    skip: int = Field(0, ge=0, description="let this many matching requests pass first")
    times: int | None = Field(None, ge=1, description="stop after so many; None: until cleared")
    probability: float = Field(1.0, gt=0, le=1)
    seed: int = 0

    status: int = Field(503, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    location: str = "http://127.0.0.1:9/"
    seconds: float | None = Field(None, ge=0)
    size: int | None = Field(None, ge=0)
    content_length: bool = True
    shift: int = Field(0, ge=0)
    refuse: dict[str, str] = Field(
        default_factory=dict, description="identity to reason, for kind `refuse`"
    )

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as e:
            raise ValueError(f"is not a regular expression: {e}") from e
        return value

    @field_validator("headers")
    @classmethod
    def _fits_into_a_header(cls, value: dict[str, str]) -> dict[str, str]:
        for text in (*value, *value.values()):
            if not text.isascii() or any(ord(c) < 32 for c in text):
                raise ValueError("names and values must be printable ASCII")
        return value


MODIFIERS = frozenset({"delay", "refuse"})
"""Kinds that let the request go on; any number of them may meet in one request."""


@dataclass(slots=True)
class Fault:
    """An active fault and how often it struck."""

    id: int
    spec: FaultSpec
    chance: random.Random
    seen: int = 0
    struck: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.spec.times is not None and self.struck >= self.spec.times

    def matches(self, vendor: str, method: str, path: str) -> bool:
        """Whether it is about such requests at all."""
        spec = self.spec
        return (
            not self.is_spent
            and spec.vendor in (None, vendor)
            and (spec.method is None or spec.method.upper() == method)
            and re.search(spec.path, path) is not None
        )

    def strikes(self) -> bool:
        """Count a matching request and decide about it."""
        self.seen += 1
        if self.seen <= self.spec.skip or self.chance.random() >= self.spec.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The active faults, in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._next = 1

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, spec: FaultSpec) -> Fault:
        """Activate a fault."""
        fault = Fault(self._next, spec, random.Random(spec.seed))
        self._faults[fault.id] = fault
        self._next += 1
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Take back one fault, or all of them; an unknown id is not an error."""
        if fault_id is None:
            self._faults.clear()
        else:
            self._faults.pop(fault_id, None)

    def candidates(self, vendor: str, method: str, path: str) -> list[Fault]:
        """Those that may strike this request, before its body is known."""
        if not self._faults:
            return []
        return [f for f in self._faults.values() if f.matches(vendor, method, path)]


def strike(candidates: Iterable[Fault], body: bytes) -> list[FaultSpec]:
    """Choose what happens to a request: modifiers, and at most one fault that ends it, last."""
    chosen: list[FaultSpec] = []
    for fault in candidates:
        spec = fault.spec
        if spec.containing is not None and spec.containing.encode() not in body:
            continue
        if fault.strikes():
            chosen.append(spec)
            if spec.kind not in MODIFIERS:
                break
    return chosen
