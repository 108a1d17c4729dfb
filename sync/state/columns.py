"""How a model's columns become values that compare the same on every engine and every run."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlglot import exp

from sync.data_types import Family, Wire, is_read, wire
from sync.destinations.identifiers import NORMAL_FORMS, WHITESPACE
from sync.model import Sync, Trait
from sync.state.nested import json_text
from sync.warehouse import sql as e
from sync.warehouse.dialect import facts

LONGEST_NAME_BYTES = 63
"""PostgreSQL cuts identifiers there, in silence; the shortest limit among the dialects."""

_MARKS = re.compile(r"[^A-Za-z0-9_]")
"""What no name of a column holds on lakes: Delta refuses some marks, Athena all but this one."""
WHITE = WHITESPACE + "\ufeff"
"""What files from other systems carry around a key, a byte order mark among it: at least all that
destinations take away, so that no address is on a list as another one than is sent."""
_KEPT_TEXT = frozenset(("VARCHAR", "NVARCHAR", "TEXT"))
"""Types of text that are compared as they are; every other one becomes its text first."""


def trimmed(text: exp.Expr) -> exp.Expr:
    """A text without white space around it."""
    return exp.Trim(this=text, expression=e.text(WHITE))


def person(text: exp.Expr, is_mail: bool = False) -> exp.Expr:
    """A person's text as people are compared, whatever names them; null when blank.

    Without white space around it; an e-mail address, or with `is_mail` any text, in lower case.
    Only what begins or ends with white space is trimmed: the test is several times cheaper.
    """
    bare: exp.Expr = exp.Nullif(this=trimmed(text.copy()), expression=e.text(""))
    if is_mail:
        return exp.Lower(this=e.case((_is_ragged(text), bare), default=text.copy()))
    is_address = exp.Like(this=text.copy(), expression=e.text("%@%"))
    bare = e.case((is_address, exp.Lower(this=bare)), default=bare.copy())
    lowered = exp.Lower(this=text.copy())
    return e.case((_is_ragged(text), bare), (is_address.copy(), lowered), default=text.copy())


def _is_ragged(text: exp.Expr) -> exp.Expr:
    """Whether a text begins or ends with white space, or is empty."""
    ends = (end(this=text.copy(), expression=e.number(1)) for end in (exp.Left, exp.Right))
    is_white = (exp.StrPosition(this=e.text(WHITE), substr=end) for end in ends)
    return e.any_of(
        e.equals(text.copy(), e.text("")),
        *(exp.GT(this=at, expression=e.number(0)) for at in is_white),
    )


def person_text(text: str) -> str:
    """Nearly the same here: engines differ in the letters beyond ASCII that have small ones."""
    bare = text.strip(WHITE)
    return bare.lower() if "@" in bare else bare


def person_in(column: str, alias: str) -> exp.Expr:
    """The person whom a column names, as people are compared."""
    return person(e.as_text(e.col(column, alias)))


def trait_column(name: str, dialect: str = "") -> str:
    """The state column of a trait: `t_<name>`, cut and hashed where it would be too long.

    Identifiers are case-insensitive on DuckDB, so a name with capitals is told apart by a hash too.
    """
    plain = f"t_{name}"
    is_kept = not (dialect and facts(dialect).refuses_marks and _MARKS.search(name))
    is_short = len(plain.encode()) <= LONGEST_NAME_BYTES
    if is_kept and is_short and name == name.lower() and name.isascii():
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
    dialect: str = ""
    """Whose word `data_type` is."""

    @property
    def state_name(self) -> str:
        """Its column in the snapshot and the plan."""
        return self.stored_name or trait_column(self.trait.name, self.dialect)

    @property
    def is_live(self) -> bool:
        """Mapped today, in this form."""
        return not (self.is_dropped or self.is_superseded)

    @property
    def snapshot_type(self) -> str:
        """The column's type in the snapshot; a personal value is a digest, so that is text."""
        if self.trait.is_pii:
            return "varchar"
        return self.stored_type or self.portable_type

    @property
    def wire(self) -> Wire:
        """How its values travel."""
        return wire(self.data_type, self.dialect)

    @property
    def portable_type(self) -> str:
        """The type of what is read of the model's column."""
        return portable_type(self.data_type, self.dialect)

    @property
    def is_json(self) -> bool:
        """Its text is JSON, parsed when the plan is read."""
        return self.wire.family is Family.JSON

    def wanted(self, model: str) -> exp.Expr:
        """The value the destination should hold, read from the alias `model`."""
        if not self.is_live:
            return e.null(self.portable_type, self.dialect)
        if self.trait.constant is not None:
            return e.number(self.trait.constant)
        raw = portable(e.col(self.trait.column, model), self.wire, self.dialect)
        if self.trait.opts_out is not None:
            return exp.Not(this=e.paren(raw))
        default = self.default
        return raw if default is None else exp.Coalesce(this=raw, expressions=[default])

    @property
    def default(self) -> exp.Expr | None:
        """What stands in for a null, as a literal in the form of the column; None without one."""
        value = self.trait.default
        if value is None:
            return None
        match self.wire.family:
            case Family.INSTANT:
                return e.text(in_utc(str(value)))
            case Family.TEXT | Family.TIME | Family.JSON:
                return e.text(value if isinstance(value, str) else json.dumps(value))
            case _:
                return e.literal(value)

    def plain(self, value: exp.Expr) -> exp.Expr:
        """A value of the plan as it leaves the warehouse, for `sync.warehouse.reading.reader`."""
        if self.wire.family is Family.SINGLE:
            return exp.cast(e.as_text(value), exp.DataType.Type.DOUBLE)
        return e.as_text(value) if is_read(self.wire) else value

    def plain_held(self, value: exp.Expr) -> exp.Expr:
        """The same for a value of the snapshot, where a personal one is a digest."""
        return value if self.trait.is_pii else self.plain(value)

    def stored(self, value: exp.Expr, salt: str) -> exp.Expr:
        """What the snapshot keeps of a value: itself, or a salted digest when it is personal."""
        if not self.trait.is_pii or not self.is_live:
            return value
        return exp.MD5(this=e.concat([e.text(salt), e.as_text(value)]))

    def compared(self, value: exp.Expr) -> exp.Expr:
        """What of a value is a reason to send: the value, or the band in which it lies.

        Bands are numbered from 0, below the first edge; an edge belongs to the band above it.
        """
        if not self.trait.bands:
            return value
        bands = [(e.is_null(value), e.null("integer"))]
        for number, edge in enumerate(self.trait.bands):
            is_below = exp.LT(this=value.copy(), expression=e.literal(edge))
            bands.append((is_below, e.number(number)))
        return e.case(*bands, default=e.number(len(self.trait.bands)))

    def is_left_alone(self, wanted: exp.Expr) -> exp.Expr:
        """Whether a wanted value says nothing at all: a null with `nulls: skip`."""
        return e.is_null(wanted) if self.trait.nulls == "skip" else exp.false()


def portable(raw: exp.Expr, of: Wire, dialect: str = "") -> exp.Expr:
    """One form for each family of types, independent of session settings.

    Zoned timestamps become UTC without a zone, intervals their seconds (a month has 30 days, a
    year 365.25), money its number, nested values JSON text, everything unusual text.
    """
    match of.family:
        case Family.DURATION:
            seconds = exp.Extract(this=exp.Var(this="EPOCH"), expression=raw)
            return exp.cast(seconds, exp.DataType.Type.DOUBLE)
        case Family.INSTANT if of.is_zoned:
            zoned = exp.AtTimeZone(this=raw, zone=e.text("UTC"))
            return exp.cast(zoned, exp.DataType.Type.TIMESTAMP)
        case Family.JSON:
            return json_text(raw, of, dialect)
        case Family.DECIMAL if of.name == "MONEY":
            return exp.cast(raw, exp.DataType.Type.DECIMAL)
        case Family.TEXT if of.name in _KEPT_TEXT:
            return raw
        case Family.TEXT if of.name == "GEOGRAPHY" and dialect and facts(dialect).place_text:
            return exp.Anonymous(this=facts(dialect).place_text, expressions=[raw])
        case Family.TEXT | Family.TIME | Family.REFUSED:
            return e.as_text(raw)
    return raw


def portable_type(data_type: str, dialect: str = "") -> str:
    """The type of what `portable` makes of a column of `data_type`."""
    of = wire(data_type, dialect)
    match of.family:
        case Family.INSTANT if of.is_zoned:
            return facts(dialect).moment if dialect else "timestamp"
        case Family.DURATION:
            return "double precision"
        case Family.DECIMAL if of.name == "MONEY":
            return "numeric"
        case Family.TEXT if of.name in _KEPT_TEXT:
            return data_type
        case Family.TEXT | Family.TIME | Family.JSON | Family.REFUSED:
            return "varchar"
    return data_type


def in_utc(text: str) -> str:
    """A moment in ISO form, in UTC and without its offset; one without an offset is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(" ")


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
    if sync.related_id is None:
        return key
    length = e.as_text(exp.Length(this=key.copy()))
    return e.concat([length, e.text(":"), key, e.text("/"), identity_text(sync.related_id, model)])


def address_text(sync: Sync, model: str) -> exp.Expr | None:
    """What the vendor is told where that is not the key; None when it is."""
    own = sync.identity if sync.key != sync.identity or sync.related_id else None
    column = sync.external_id or own
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
