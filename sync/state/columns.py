"""How a model's columns become values that compare the same on every engine and every run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from sync.data_types import bare, is_nested, is_span
from sync.destinations.identifiers import NORMAL_FORMS
from sync.errors import PlanHeld, Problem
from sync.model import Sync, Trait
from sync.warehouse import sql as e

LONGEST_NAME_BYTES = 63
"""PostgreSQL cuts identifiers there, in silence; the shortest limit among the dialects."""

_ZONED = frozenset(
    (
        "timestamp with time zone",
        "timestamp with local time zone",
        "timestamptz",
        "timestamp_tz",
        "timestamp_ltz",
    )
)
_BINARY = frozenset(
    (
        "binary",
        "binary varying",
        "bit",
        "bit varying",
        "blob",
        "bytea",
        "bytes",
        "varbinary",
        "varbit",
        "varbyte",
    )
)
_PLAIN = re.compile(
    r"(tiny|small|medium|big|huge|byte)?int(eger)?|u(tiny|small|big)?int(eger)?|u?int\d+"
    r"|decimal|dec|numeric|number|bignumeric|real|float\d*|double( precision)?|bool|boolean"
    r"|date|datetime2?|timestamp( without time zone)?|timestamp_(s|ms|us|ns|ntz)"
    r"|n?varchar2?|n?char|character( varying)?|bpchar|text|string"
)
"""Types that come out of a warehouse as they are; every other one comes as its text."""


def trait_column(name: str) -> str:
    """The state column of a trait: `t_<name>`, cut and hashed where it would be too long.

    Identifiers are case-insensitive on DuckDB, so a name with capitals is told apart by a hash too.
    """
    plain = f"t_{name}"
    if len(plain.encode()) <= LONGEST_NAME_BYTES and name == name.lower() and name.isascii():
        return plain
    readable = re.sub(r"[^a-z0-9_]", "_", plain.lower())[:40]
    return f"{readable}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Column:
    """One name at the destination in one wire form: a column of the snapshot.

    `data_type` is the warehouse's own word for the model's column.
    """

    trait: Trait
    data_type: str
    is_dropped: bool = False
    """No longer mapped, and held by some: emptied when they leave, or at once (`on_drop`)."""
    is_superseded: bool = False
    """Mapped still, but written in another form since; nothing is sent for it by itself."""
    stored_name: str = ""
    """Its column; empty means `t_<name>`."""
    stored_type: str = ""
    """The column's type in the snapshot; empty means the model's own."""

    @property
    def state_name(self) -> str:
        """Its column in the snapshot and the plan."""
        return self.stored_name or trait_column(self.trait.name)

    @property
    def is_live(self) -> bool:
        """Mapped today, in this form."""
        return not (self.is_dropped or self.is_superseded)

    @property
    def snapshot_type(self) -> str:
        """The column's type in the snapshot; a personal value is a digest, so that is text."""
        if self.trait.is_pii:
            return "varchar"
        return self.stored_type or portable_type(self.data_type)

    @property
    def is_json(self) -> bool:
        """Its text is JSON, parsed when the plan is read."""
        return is_nested(self.data_type)

    def wanted(self, model: str) -> exp.Expr:
        """The value the destination should hold, read from the alias `model`."""
        if not self.is_live:
            return e.null(portable_type(self.data_type))
        raw = portable(e.col(self.trait.column, model), self.data_type)
        if self.trait.default is None:
            return raw
        return exp.Coalesce(this=raw, expressions=[self._default(self.trait.default)])

    def _default(self, value: bool | int | float | str) -> exp.Expr:
        """As a literal of the column's family; text where the column is compared as its text."""
        has_type = portable_type(self.data_type) != "varchar"
        return e.literal(value if has_type or isinstance(value, str) else json.dumps(value))

    def stored(self, value: exp.Expr, salt: str) -> exp.Expr:
        """What the snapshot keeps of a value: itself, or a salted digest when it is personal."""
        if not self.trait.is_pii or not self.is_live:
            return value
        return exp.MD5(this=e.concat([e.text(salt), e.as_text(value)]))

    def is_left_alone(self, wanted: exp.Expr) -> exp.Expr:
        """Whether a wanted value says nothing at all: a null with `nulls: skip`."""
        return e.is_null(wanted) if self.trait.nulls == "skip" else exp.false()


def portable(raw: exp.Expr, data_type: str) -> exp.Expr:
    """One form for each family of types, independent of session settings.

    Zoned timestamps become UTC without a zone, intervals their seconds (a month is 30 days),
    nested values JSON text, everything unusual text.
    """
    if is_span(data_type):
        seconds = exp.Extract(this=exp.Var(this="EPOCH"), expression=raw)
        return exp.cast(seconds, exp.DataType.Type.DOUBLE)
    if bare(data_type) in _ZONED:
        zoned = exp.AtTimeZone(this=raw, zone=e.text("UTC"))
        return exp.cast(zoned, exp.DataType.Type.TIMESTAMP)
    if is_nested(data_type):
        is_text_already = data_type.lower() == "json"
        encoded = raw if is_text_already else exp.Anonymous(this="to_json", expressions=[raw])
        return e.as_text(encoded)
    return raw if is_plain(data_type) else e.as_text(raw)


def portable_type(data_type: str) -> str:
    """The type of what `portable` makes of a column of `data_type`."""
    if bare(data_type) in _ZONED:
        return "timestamp"
    if is_span(data_type):
        return "double precision"
    return data_type if is_plain(data_type) else "varchar"


def is_plain(data_type: str) -> bool:
    """Whether a column of this type is compared and sent as it is."""
    return _PLAIN.fullmatch(bare(data_type)) is not None


def identity_text(column: str, model: str) -> exp.Expr:
    """An identity as text, trimmed; null when blank, so that one test finds every missing one.

    Only what begins or ends with a space is trimmed: the test is several times cheaper.
    """
    raw = e.as_text(e.col(column, model))
    is_ragged = e.any_of(
        e.equals(raw, e.text("")),
        exp.Like(this=raw.copy(), expression=e.text(" %")),
        exp.Like(this=raw.copy(), expression=e.text("% ")),
    )
    trimmed = exp.Nullif(this=exp.Trim(this=raw.copy()), expression=e.text(""))
    return e.case((is_ragged, trimmed), default=raw.copy())


def key_text(sync: Sync, model: str) -> exp.Expr:
    """The snapshot's key: the identity, an event's id, or account and person of a relationship.

    Two columns are joined with the first one's length in front, so that no two pairs meet.
    """
    key = identity_text(sync.key, model)
    if sync.related is None:
        return key
    length = e.as_text(exp.Length(this=key.copy()))
    return e.concat([length, e.text(":"), key, e.text("/"), identity_text(sync.related, model)])


def address_text(sync: Sync, model: str) -> exp.Expr | None:
    """What the vendor is told where that is not the key; None when it is."""
    column = sync.address or (sync.identity if sync.key != sync.identity or sync.related else None)
    return identity_text(column, model) if column else None


def external_text(sync: Sync, model: str) -> exp.Expr:
    """The identifier by which the vendor knows the row, as it is sent."""
    found = address_text(sync, model)
    return key_text(sync, model) if found is None else found


def normal(sync: Sync, value: exp.Expr) -> exp.Expr:
    """An identifier in the vendor's normal form: two spellings of one person are equal."""
    if not sync.normal_form:
        return value
    form = NORMAL_FORMS[sync.normal_form]
    given = {name: e.text(text) for name, text in form.parameters.items()} | {"value": value}
    return e.filled(form.sql, given)


def resolve(sync: Sync, available: Sequence[tuple[str, str]]) -> tuple[Sync, tuple[Column, ...]]:
    """Match what the metadata names with the relation's real columns, in their real spelling.

    Raises PlanHeld with everything that is missing: it must never be sent as null.
    """
    real = {name.lower(): (name, data_type) for name, data_type in available}
    problems = [*_missing(sync, real), *_binary(sync, real)]
    if problems:
        raise PlanHeld(*problems)
    spelled: dict[str, Any] = {
        key: real[value.lower()][0]
        for key in _COLUMN_KEYS
        if (value := getattr(sync, key)) is not None
    }
    traits = tuple(replace(t, column=real[t.column.lower()][0]) for t in sync.traits)
    columns = tuple(Column(t, real[t.column.lower()][1]) for t in traits)
    return replace(sync, traits=traits, **spelled), columns


_COLUMN_KEYS = (
    "identity",
    "address",
    "related",
    "event_id",
    "event_column",
    "occurred_at",
    "reason",
)


def _missing(sync: Sync, real: Mapping[str, tuple[str, str]]) -> list[Problem]:
    named = [getattr(sync, key) for key in _COLUMN_KEYS] + [t.column for t in sync.traits]
    return [
        Problem(
            "column-missing",
            f"{sync.model} has no column `{name}`, which its metadata names",
            where=f"{sync.path}, config.meta.activation",
            hint="Nothing was sent: a missing column is not the same as an empty one.",
            fix="add the column back or drop it from the metadata, then run: dbt build",
        )
        for name in sorted({n for n in named if n and n.lower() not in real})
    ]


def _binary(sync: Sync, real: Mapping[str, tuple[str, str]]) -> list[Problem]:
    return [
        Problem(
            "column-binary",
            f"column `{t.column}` of {sync.model} is binary, which no destination takes",
            where=f"{sync.path}, columns.{t.column}",
            fix="encode it as text in the model, or mark it with send: false",
        )
        for t in sync.traits
        if bare(real.get(t.column.lower(), ("", ""))[1]) in _BINARY
    ]
