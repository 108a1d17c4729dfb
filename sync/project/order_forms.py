"""How the order among destinations is written: the values of `after`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sync.project.policy_forms import Text


class AfterForm(BaseModel):
    """Whose acknowledgement is waited for, person by person."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="after")

    destination: Text = Field(description="A connection that the other model goes to.")
    model: Text | None = Field(None, description="The other model. Default: this one.")


def _named(value: Any) -> Any:
    return {"destination": value} if isinstance(value, str) else value


AfterKey = Annotated[
    AfterForm | None, BeforeValidator(_named, json_schema_input_type=Text | AfterForm | None)
]
