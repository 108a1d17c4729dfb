"""What a connection to Qualtrics and an entry in a model's metadata may say."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

ListId = Annotated[str, StringConstraints(pattern=r"^CG_[A-Za-z0-9]+$")]


SurveyId = Annotated[str, StringConstraints(pattern=r"^SV_[A-Za-z0-9]+$")]


class Event(BaseModel):
    """A transaction written when somebody enters or leaves a segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str = Field(min_length=1)


class Options(BaseModel):
    """What a model's entry may say to Qualtrics alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mailing_list: ListId | None = Field(
        None, description="Segments: also keep this mailing list. Without it, only the flag."
    )
    on_enter: Event | None = None
    on_exit: Event | None = None
    update_only: bool = Field(
        False, description="Never create contacts: rows of unknown people are rejected."
    )


class Settings(BaseModel):
    """A connection: one directory. `base_url` sends everything to a stand-in instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    datacenter: str = Field(pattern=r"^[a-z0-9.-]+$")
    api_token: SecretStr = Field(min_length=1)
    directory_id: str = Field(pattern=r"^POOL_[A-Za-z0-9]+$")
    mailing_list: ListId
    deduplicate_by: Literal["extRef", "email"] = "extRef"
    empty_value: str = Field("-", max_length=100)
    surveys: tuple[SurveyId, ...] = ()
    responses_since: date | None = None
    base_url: str | None = None
    requests_per_second: float | None = Field(None, gt=0, le=500 / 60)
