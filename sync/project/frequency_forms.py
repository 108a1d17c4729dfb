"""How limits on how often are written: caps, cadences, intervals and bands."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sync.project.policy_forms import Span, Text


class CapForm(BaseModel):
    """How often a person may enter."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="cap")

    entries: int = Field(ge=1, description="So many entries, events of kind events among them.")
    per: Span = Field(
        description="In so long, for example `30 days`. Days are local days of the var's `zone`, "
        "hours and minutes are exact."
    )


class CadenceForm(CapForm):
    """How often a person may enter several models together, under its name in the var."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="cadence")

    priority: tuple[Text, ...] = Field(
        min_length=1,
        strict=False,
        description="The models under it: the first takes a slot that several could take.",
    )
    reserve: Span | None = Field(
        None,
        description="How long a slot is kept for a model that comes first and does not take it. "
        "Without it, as long as the person would enter that model.",
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> CadenceForm:
        if len(set(self.priority)) < len(self.priority):
            raise ValueError("must name each model once under `priority`")
        return self


def _cadences(value: Any) -> Any:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(t, str) and t.strip() for t in listed):
        raise ValueError(
            "must be the name of a cadence, or a list of names; their numbers stand in the var"
            " `activation`, under cadences"
        )
    return tuple(dict.fromkeys(listed))


CadenceKey = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(_cadences, json_schema_input_type=Text | list[Text] | None),
]


def _edges(value: Any) -> Any:
    is_listed = isinstance(value, list) and bool(value)
    if not is_listed or not all(map(_is_finite, value)):
        raise ValueError("must be a list of numbers, the edges between bands")
    if any(low >= high for low, high in pairwise(value)):
        raise ValueError("must rise: each edge is larger than the one before it")
    return tuple(value)


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


Edges = Annotated[
    tuple[int | float, ...],
    BeforeValidator(_edges, json_schema_input_type=list[int | float]),
    Field(strict=False),
]
