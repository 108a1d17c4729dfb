"""The metadata a model author writes: everything that may stand under `config.meta.activation`.

Three levels: the model, its entries under `destinations`, and its columns. Keys that only a vendor
knows stand in an entry too and are checked by that vendor's own `options` model.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sync.model import Kind
from sync.project.frequency_forms import CadenceKey, CapForm, Edges
from sync.project.group_forms import ExclusiveForm
from sync.project.guarding import GuardForm
from sync.project.order_forms import AfterKey
from sync.project.policy_forms import (
    HoldoutKey,
    RequiresKey,
    RolloutForm,
    Share,
    Span,
    SuppressKey,
    Text,
)
from sync.project.timing_forms import ExpiresForm, WindowForm

ColumnName = Text
Nulls = Literal["unset", "skip", "reject"]
Initial = Literal["quiet", "send"]


class MetaKind(StrEnum):
    """What a row is. The last four are never sent, only consulted."""

    TRAITS = Kind.TRAITS
    SEGMENT = Kind.SEGMENT
    EVENTS = Kind.EVENTS
    OBJECTS = Kind.OBJECTS
    SUPPRESSION = "suppression"
    CONSENT = "consent"
    COHORT = "cohort"
    OUTCOME = "outcome"

    @property
    def sent(self) -> Kind | None:
        """The kind of sync it becomes; None when it is only consulted."""
        return Kind(self.value) if self.value in {k.value for k in Kind} else None


class EventColumn(BaseModel):
    """The column that holds the name of each event."""

    model_config = ConfigDict(extra="forbid", strict=True)

    column: ColumnName


class EventName(BaseModel):
    """A fixed event name, or the column that has it: exactly one of the two."""

    text: str | None = None
    column: str | None = None


def _event(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        return EventName(text=value)
    if isinstance(value, dict) and list(value) == ["column"] and isinstance(value["column"], str):
        return EventName(column=value["column"])
    raise ValueError("must be an event name, or {column: <the column that has it>}")


def _mapping(value: Any) -> Any:
    is_list = isinstance(value, list) and all(isinstance(v, str) for v in value)
    if not is_list and not isinstance(value, dict):
        raise ValueError("must be {<the destination's name>: <our column>}, or a list of columns")
    twice = sorted({v for v in value if value.count(v) > 1}) if is_list else []
    if twice:
        raise ValueError(f"names a column twice: {', '.join(twice)}")
    return {v: v for v in value} if is_list else value


def _entry(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _one_pair(value: Mapping[str, str]) -> Any:
    if isinstance(value, dict) and len(value) != 1:
        raise ValueError("must hold exactly one pair, {<the vendor's identifier>: <our column>}")
    return value


class Metadata(BaseModel):
    """What all levels share: unknown keys are refused, types are not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class EntryMetadata(Metadata):
    """One destination of a model. A vendor's own keys may stand beside these."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, title="destination")

    name: Text = Field(description="The connection under `destinations.<target>` in profiles.yml.")
    traits: Annotated[
        dict[Text, ColumnName] | None,
        BeforeValidator(_mapping, json_schema_input_type=dict[Text, ColumnName] | list[ColumnName]),
    ] = Field(
        None,
        description="What goes out: the destination's name for each trait and our column, or a "
        "list of columns that keep their names. Without it all declared columns go out, except "
        "keys, personal data and columns with `send: false`.",
    )
    identify_by: Annotated[
        dict[Text, ColumnName] | None,
        BeforeValidator(_one_pair, json_schema_input_type=dict[Text, ColumnName]),
    ] = Field(
        None,
        description="The vendor's identifier and the column that holds it, where the vendor "
        "knows people by something else than `identity`.",
    )
    segment: Text | None = Field(
        None, description="Segments: the name at the destination. Default: the model's name."
    )
    on_remove: Literal["unset", "keep"] = Field(
        "unset", description="What happens to the traits of a row that leaves the model."
    )
    on_drop: Literal["keep", "unset"] = Field(
        "keep", description="What happens to a trait that is no longer sent."
    )
    version_trait: Text | None = Field(
        None,
        description="The name under which the contract's `version` goes out with the traits. A "
        "raised version is sent to everybody once.",
    )
    initial: Initial | None = Field(
        None, description="Overrides the model's `initial` for this destination."
    )
    suppress: SuppressKey = Field(
        None,
        description="Suppression models of this destination, beside those of the model and the "
        "project.",
    )
    requires: RequiresKey = Field(
        None, description="Consents that this destination needs, beside those of the model."
    )
    consent: dict[Text, ColumnName] | None = Field(
        None,
        description="The vendor's opt-out fields, each with the boolean column that is false for "
        "people to opt out. Nobody is ever opted in again.",
    )
    after: AfterKey = Field(
        None,
        description="Wait, person by person, until another destination has acknowledged the "
        "person: the name of one that this model goes to, or `{destination: ..., model: ...}`.",
    )


class ColumnMetadata(Metadata):
    """A column's own metadata, under `columns[].config.meta.activation`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="column")

    pii: bool | None = Field(
        None,
        description="Personal data: goes out only where an entry's `traits` names the column, and "
        "only a digest of it is kept. `false` says that a personal-sounding name is harmless.",
    )
    default: bool | int | float | str | None = Field(
        None, description="Sent in place of a null. Its type must fit the column's `data_type`."
    )
    why: Text | None = Field(None, description="Why it is so; stands in the contract.")
    send: bool = Field(True, description="`false`: the column never goes out.")
    nulls: Nulls | None = Field(None, description="Overrides the model's `nulls` for this column.")


class ModelMetadata(Metadata):
    """A model's metadata, under `config.meta.activation`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="activation")

    kind: Annotated[MetaKind, Field(strict=False)] = Field(
        description="What a row is. Suppression, consent, cohort and outcome models are never "
        "sent, only consulted."
    )
    identity: ColumnName = Field(
        description="The column that identifies the person or account; for events, "
        "who the event is about."
    )
    owner: Text | None = Field(None, description="Who answers for this model.")
    purpose: Text | None = Field(
        None, description="Why it is sent; stands in the contract and in exposures."
    )
    version: int = Field(1, ge=1, description="Raise it when the meaning of the model changes.")
    sla: Span | None = Field(
        None, description="How old the last acknowledgement may be, for example `15 minutes`."
    )
    reason: ColumnName | None = Field(
        None,
        description="Segments: the column that says why a row qualified. Goes to the delivery log, "
        "and out as `<segment>_reason`.",
    )
    tier: ColumnName | None = Field(
        None, description="Segments: the column with a member's tier. Goes out as `<segment>_tier`."
    )
    ignore_changes: tuple[ColumnName, ...] = Field(
        (), strict=False, description="Columns that are sent along but are no reason to send."
    )
    bands: dict[ColumnName, Edges] = Field(
        default_factory=dict,
        description="Numbers whose small moves are no reason to send: by column, the edges "
        "between bands. The exact value is sent when anything is.",
    )
    min_interval: Span | None = Field(
        None,
        description="How long after an acknowledgement a change of the same person waits. Adds "
        "and exits do not.",
    )
    nulls: Nulls = Field(
        "unset",
        description="A null without a `default`: empty the trait at the destination, leave it "
        "alone, or reject the row.",
    )
    initial: Initial = Field(
        "quiet",
        description="First run: `quiet` takes events as already sent and sends no entry events for "
        "people who are inside; `send` sends all.",
    )
    event: (
        Annotated[
            EventName,
            BeforeValidator(_event, json_schema_input_type=Text | EventColumn),
        ]
        | None
    ) = Field(
        None, description="Events: the event's name, or `{column: <the column that has it>}`."
    )
    event_id: ColumnName | None = Field(
        None, description="Events: the column that makes an event unique."
    )
    occurred_at: ColumnName | None = Field(
        None, description="Events and outcomes: the timestamp column."
    )
    object_type: (
        Annotated[Text, BeforeValidator(_number_as_text, json_schema_input_type=Text | int)] | None
    ) = Field(None, description="Objects: the vendor's type of object, a name or a number.")
    relates_to: ColumnName | None = Field(
        None, description="Objects: the column with the person that the object is linked to."
    )
    until: ColumnName | None = Field(
        None, description="Suppression: the column that says when it ends."
    )
    max_age: Span | None = Field(
        None,
        description="Suppression, consent, cohort: how long ago its last build may have ended, for "
        "example `26 hours`. An older one stops adds and changes.",
    )
    max_drop: Share | None = Field(
        None,
        description="Suppression, consent, cohort: the share of its people that it may lose from "
        "one run to the next. A larger loss stops adds and changes. Default: `50%`.",
    )
    value: ColumnName | None = Field(
        None, description="Outcome: the column with what the outcome is worth."
    )
    destinations: tuple[
        Annotated[
            EntryMetadata, BeforeValidator(_entry, json_schema_input_type=Text | EntryMetadata)
        ],
        ...,
    ] = Field(
        (),
        strict=False,
        description="Where the model goes: names of connections, or one entry each.",
    )
    suppress: SuppressKey = Field(
        None,
        description="Suppression models, beside those that the var `activation` names for every "
        "model: who stands in one is not sent, and leaves at once. `[]`: none at all.",
    )
    requires: RequiresKey = Field(
        None,
        description="Boolean columns that have to be true, of the model or, as "
        "`<consent model>.<column>`, of a model of kind consent; or `{<destination>: <such>}`. "
        "Null is no, and who loses consent leaves at once.",
    )
    holdout: HoldoutKey = Field(
        None,
        description="Holdouts that the var `activation` defines: a share of people gets nothing, "
        "to measure what the others got.",
    )
    cadence: CadenceKey = Field(
        None,
        description="Segments: cadences that the var `activation` defines, which limit how often "
        "a person enters several models together.",
    )
    cap: CapForm | None = Field(
        None,
        description="Segments and events: how often a person may enter. Who may not yet is "
        "deferred; exits are never held.",
    )
    exclusive: ExclusiveForm | None = Field(
        None,
        description="Segments: a group of which a person is in one segment at a time, and this "
        "one's place in it.",
    )
    rollout: RolloutForm | None = Field(
        None, description="Reach a cohort first, then a share of people that only grows."
    )
    expires: ExpiresForm | None = Field(
        None,
        description="Segments and events: when it is too late to send a row. Nobody leaves for it.",
    )
    window: WindowForm | None = Field(
        None,
        description="Segments and events: the hours in which people enter. Changes and exits are "
        "sent at any time.",
    )
    guard: GuardForm | None = Field(
        None, description="How large one run's plan for this model may be."
    )


KEYS_OF_KIND: Mapping[str, frozenset[MetaKind]] = {
    "reason": frozenset({MetaKind.SEGMENT, MetaKind.SUPPRESSION}),
    "tier": frozenset({MetaKind.SEGMENT}),
    "event": frozenset({MetaKind.EVENTS}),
    "event_id": frozenset({MetaKind.EVENTS}),
    "occurred_at": frozenset({MetaKind.EVENTS, MetaKind.OUTCOME}),
    "object_type": frozenset({MetaKind.OBJECTS}),
    "relates_to": frozenset({MetaKind.OBJECTS}),
    "until": frozenset({MetaKind.SUPPRESSION}),
    "max_age": frozenset({MetaKind.SUPPRESSION, MetaKind.CONSENT, MetaKind.COHORT}),
    "max_drop": frozenset({MetaKind.SUPPRESSION, MetaKind.CONSENT, MetaKind.COHORT}),
    "cadence": frozenset({MetaKind.SEGMENT}),
    "exclusive": frozenset({MetaKind.SEGMENT}),
    "cap": frozenset({MetaKind.SEGMENT, MetaKind.EVENTS}),
    "bands": frozenset({MetaKind.TRAITS, MetaKind.SEGMENT, MetaKind.OBJECTS}),
    "min_interval": frozenset({MetaKind.TRAITS, MetaKind.SEGMENT, MetaKind.OBJECTS}),
    "holdout": frozenset(kind for kind in MetaKind if kind.sent),
    "rollout": frozenset(kind for kind in MetaKind if kind.sent),
    "requires": frozenset(kind for kind in MetaKind if kind.sent),
    "suppress": frozenset(kind for kind in MetaKind if kind.sent),
    "value": frozenset({MetaKind.OUTCOME}),
    "expires": frozenset({MetaKind.SEGMENT, MetaKind.EVENTS}),
    "window": frozenset({MetaKind.SEGMENT, MetaKind.EVENTS}),
}
"""Keys that mean something for some kinds only."""

MEANT: Mapping[str, str] = {
    "cap": "`min_interval` limits how often a person is changed, `rollout` how many are reached",
    "min_interval": "`cap` limits how many events a person gets",
}
"""What may be meant by a key where another kind has it."""

NEEDED_BY_KIND: Mapping[MetaKind, tuple[str, ...]] = {
    MetaKind.EVENTS: ("event", "event_id", "occurred_at"),
    MetaKind.OBJECTS: ("object_type",),
}
"""Keys a kind can't do without, beside `kind` and `identity`."""
