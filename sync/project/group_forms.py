"""How a place in an exclusive group is written."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from sync.project.policy_forms import Text


class ExclusiveForm(BaseModel):
    """The group of a segment, and its place in it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="exclusive")

    group: Text = Field(description="The group's name: models that name it share their people out.")
    priority: int = Field(
        ge=1,
        description="Of the models that want a person, the one with the smallest number has them.",
    )
    takeover: bool = Field(
        True,
        description="`false`: a person who is in a segment with a larger number stays there until "
        "leaving it.",
    )
