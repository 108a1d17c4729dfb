"""How policies are written: values that several keys of the metadata and the var share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
SPAN = r"^[1-9]\d{0,4} (minute|hour|day)s?$"
Span = Annotated[str, StringConstraints(pattern=SPAN)]
LAG = SPAN.replace("minute", "second|minute")
Lag = Annotated[str, StringConstraints(pattern=LAG)]
SHARE = r"^(100|\d{1,2}(\.\d{1,2})?)%$"
Share = Annotated[str, StringConstraints(pattern=SHARE)]


def span(text: str) -> timedelta:
    """The length of `15 minutes`."""
    number, unit = text.split()
    return timedelta(**{unit.removesuffix("s") + "s": int(number)})


def share(text: str) -> float:
    """The number from 0 to 1 that `50%` is."""
    return float(re.sub("%$", "", text)) / 100


class ListName(BaseModel):
    """A suppression model by name, and how its people are matched with ours."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="suppression")

    model: Text = Field(description="The name of a model of kind suppression.")
    match: dict[Text, Text] | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="Its column with the people, and our column that is compared with it. "
        "Without it, both are its `identity`.",
    )


class OnlyLists(BaseModel):
    """Suppression models that replace those of the levels above."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="suppress")

    only: tuple[
        Annotated[ListName, BeforeValidator(lambda v: _named(v), json_schema_input_type=Text)], ...
    ] = Field((), strict=False, description="These, and none that stand elsewhere.")


class Suppress(BaseModel):
    """What stands under `suppress`: lists to add to those above, or to put in their place."""

    lists: tuple[ListName, ...] = ()
    is_only: bool = False


def _named(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


def _suppress(value: Any) -> Any:
    is_only = isinstance(value, Mapping) and list(value) == ["only"]
    listed = value["only"] if is_only else value
    if not isinstance(listed, list) or not all(map(_is_list_name, listed)):
        raise ValueError(
            "must be a list of suppression models, each a name or {model: <name>, match: {<its"
            " column>: <our column>}}; or {only: [<such a list>]}"
        )
    lists = tuple(ListName.model_validate(_named(item)) for item in listed)
    return Suppress(lists=lists, is_only=is_only or not lists)


def _is_list_name(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if not isinstance(value, Mapping) or not isinstance(value.get("model"), str):
        return False
    if not set(value) <= {"model", "match"}:
        return False
    return "match" not in value or _is_pair(value["match"])


def _is_pair(value: Any) -> bool:
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    return all(isinstance(text, str) and text.strip() for text in (*value, *value.values()))


def _percent(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 100 or round(value * 100, 6) % 1:
        raise ValueError("must be a number from 0 to 100 with two decimals at most")
    return float(value)


Percent = Annotated[float, BeforeValidator(_percent)]


class HoldoutForm(BaseModel):
    """A holdout, under its name in the var."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="holdout")

    percent: Percent = Field(description="The share of new people who get nothing.")
    salt: Text | None = Field(None, description="What draws them. Default: the holdout's name.")
    by: Text | None = Field(None, description="The identity that is drawn.")
    release: bool = Field(
        False, description="A lower percentage lets go whose bucket is outside now."
    )
    ends: Literal["keep", "release"] | None = Field(
        None, description="What becomes of people who are held out where a model drops the name."
    )
    outcome: Text | None = Field(None, description="The model of kind outcome to measure it by.")
    measure: Literal["rate", "value"] | None = Field(
        None,
        description="What the verdict is about: the share of people with an outcome, or what their "
        "outcomes are worth. Default: rate.",
    )
    window: Span | None = Field(
        None, description="How long the outcomes of a person count. Default: 14 days."
    )
    settle: Span | None = Field(
        None, description="How long to wait for late outcomes after that. Default: 2 days."
    )
    people: int | None = Field(
        None, ge=100, description="How many people the planned reading is of. Default: 10000."
    )

    @model_validator(mode="after")
    def _says_what_is_measured(self) -> HoldoutForm:
        given = [n for n in ("measure", "window", "settle", "people") if getattr(self, n)]
        if given and self.outcome is None:
            raise ValueError(f"has `{given[0]}` and no `outcome`: name a model of kind outcome")
        return self


class RolloutForm(BaseModel):
    """How far a model is rolled out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="rollout")

    percent: Percent | None = Field(
        None, description="The share of people that the model reaches; it only grows."
    )
    always: Text | None = Field(None, description="A model of kind cohort: these come first.")
    shrink: bool = Field(False, description="`true`: a lower percentage is meant, and sends exits.")

    @model_validator(mode="after")
    def _says_who(self) -> RolloutForm:
        if self.percent is None and self.always is None:
            raise ValueError("must have `percent`, or `always` with a cohort, or both")
        return self


def _names(value: Any) -> Any:
    listed = [value] if isinstance(value, str) else value
    is_text = isinstance(listed, list) and all(isinstance(t, str) and t.strip() for t in listed)
    if not is_text:
        raise ValueError(
            "must be the name of a holdout, or a list of names; their numbers stand in the var"
            " `activation`, under holdouts"
        )
    return tuple(dict.fromkeys(listed))


HoldoutKey = Annotated[
    tuple[str, ...] | None, BeforeValidator(_names, json_schema_input_type=Text | list[Text] | None)
]


class Requires(BaseModel):
    """What stands under `requires`: columns for every destination, and for single ones."""

    columns: tuple[str, ...] = ()
    by_destination: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


def _columns(value: Any) -> tuple[str, ...] | None:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed:
        return None
    is_text = all(isinstance(text, str) and text.strip() for text in listed)
    return tuple(dict.fromkeys(listed)) if is_text else None


def _requires(value: Any) -> Any:
    columns = _columns(value)
    if columns is not None:
        return Requires(columns=columns)
    by_destination = {k: _columns(v) for k, v in value.items()} if _is_map(value) else {}
    if not by_destination or None in by_destination.values():
        raise ValueError(
            "must be a boolean column, or `<consent model>.<column>`, or a list of such, or"
            " {<destination>: <such>}"
        )
    return Requires(by_destination=by_destination)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


_Columns = Text | list[Text]
RequiresKey = Annotated[
    Requires | None,
    BeforeValidator(_requires, json_schema_input_type=_Columns | dict[Text, _Columns] | None),
]
SuppressKey = Annotated[
    Suppress | None,
    BeforeValidator(_suppress, json_schema_input_type=list[Text | ListName] | OnlyLists | None),
]
