"""How the order among destinations is written: the values of `after`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sync.project.policy_forms import Lag, Span, Text


class AfterForm(BaseModel):
    """Whose acknowledgement is waited for, person by person."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="after")

    destination: Text = Field(description="A connection that the other model goes to.")
    model: Text | None = Field(None, description="The other model. Default: this one.")
    timeout: Span | None = Field(
        None, description="How long a person waits before being late, for example `6 hours`."
    )
    need: Literal["present", "settled"] = Field(
        "present",
        description="The other destination has to have the person (`present`), or it is enough that"
        " nothing is pending there (`settled`).",
    )
    then: Literal["hold", "send"] | None = Field(
        None, description="A person who is late still waits (`hold`, the default), or is sent."
    )

    lag: Lag | None = Field(
        None,
        description="How long the other destination takes to act on what it has acknowledged, for"
        " example `30 seconds`.",
    )

    @model_validator(mode="after")
    def _says_when(self) -> AfterForm:
        if self.then is not None and self.timeout is None:
            raise ValueError("must have `timeout` where it has `then`")
        return self


def _named(value: Any) -> Any:
    if value is not None and not isinstance(value, str | Mapping | AfterForm):
        raise ValueError("must be the name of a destination, or a mapping")
    return {"destination": value} if isinstance(value, str) else value


AfterKey = Annotated[
    AfterForm | None, BeforeValidator(_named, json_schema_input_type=Text | AfterForm | None)
]
