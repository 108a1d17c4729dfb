"""How moments are written: when a row has expired, and at which hours people are reached."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from sync.project.policy_forms import Span, Text

NO_ZONE = "must be the name of a time zone, such as America/New_York"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


def zone_name(name: str) -> str:
    """The name of a time zone, checked."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(NO_ZONE) from None
    return name


Zone = Annotated[Text, AfterValidator(zone_name)]
ClockTime = Annotated[str, StringConstraints(pattern=CLOCK)]


class ExpiresForm(BaseModel):
    """When it is too late to send a row."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="expires")

    column: Text = Field(description="The timestamp from which the time counts.")
    after: Span = Field(
        description="From when on the row is not sent any more, for example `96 hours`."
    )


class ZoneColumn(BaseModel):
    """The column with each person's time zone."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="zone")

    column: Text = Field(description="The column with the name of the person's time zone.")
    default: Zone | None = Field(
        None, description="For people without a known one. Without it they wait."
    )


class FixedZone(BaseModel):
    """One time zone for everybody."""

    zone: Zone


def _zone_key(value: Any) -> Any:
    if isinstance(value, str):
        return FixedZone(zone=value)
    return ZoneColumn.model_validate(value)


class WindowForm(BaseModel):
    """The hours in which people enter."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="window")

    opens: ClockTime = Field(alias="from", description="The first minute, for example `09:00`.")
    closes: ClockTime = Field(alias="to", description="The minute at which it is over.")
    zone: Annotated[
        FixedZone | ZoneColumn | None,
        BeforeValidator(_zone_key, json_schema_input_type=Text | ZoneColumn),
    ] = Field(None, description="A time zone, or the column that has it. Default: the var's zone.")

    @property
    def zone_column(self) -> str | None:
        """The column with each person's zone, where there is one."""
        return self.zone.column if isinstance(self.zone, ZoneColumn) else None

    @model_validator(mode="after")
    def _lasts(self) -> WindowForm:
        if self.opens == self.closes:
            raise ValueError("must have a `to` other than its `from`")
        return self
