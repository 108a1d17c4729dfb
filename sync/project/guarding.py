"""The key `guard`: how large one run's plan for a model may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.project.policy_forms import Share, share
from sync.rules import LEARNED, NO_BOUNDS, Bound, Bounds

Limit = Annotated[int, Field(ge=0)] | Share


class GuardForm(BaseModel):
    """Numbers of rows, or shares such as `40%` of those that the destination holds."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="guard")

    max_removes: Limit | None = Field(
        None,
        description="More removals hold the sync. A share takes the place of the 20 % of every"
        " model.",
    )
    max_adds: Limit | None = Field(None, description="More adds let adds and changes wait.")
    max_changes: Limit | None = Field(None, description="More changes let adds and changes wait.")
    learned: bool | list[Literal["adds", "changes", "removes"]] = Field(
        True,
        description="Hold what is far more than usual, from 14 days with runs on: all operations,"
        " these, or none.",
    )
    max_invalid: Limit | None = Field(
        None,
        description="More invalid rows, or a larger share of the model's, let adds and changes"
        " wait. `10%` unless given.",
    )


def bounds_of(form: GuardForm | None) -> Bounds:
    """What a model's `guard` says."""
    if form is None:
        return NO_BOUNDS
    return Bounds(
        bound_of(form.max_removes),
        bound_of(form.max_adds),
        bound_of(form.max_changes),
        bound_of(form.max_invalid),
        _learned(form.learned),
    )


def _learned(written: bool | Sequence[str]) -> frozenset[str]:
    if isinstance(written, bool):
        return LEARNED if written else frozenset()
    return frozenset(written)


def bound_of(limit: int | str | None) -> Bound | None:
    """A number of rows, or a share."""
    if limit is None:
        return None
    return Bound(rows=limit) if isinstance(limit, int) else Bound(share=share(limit))
