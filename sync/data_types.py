"""Data types, read once by sqlglot in the engine's dialect and sorted into a few wire families."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sqlglot import exp

Shape = Literal["", "list", "map", "fields"]


class Family(StrEnum):
    """The form in which the values of a type travel."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    SINGLE = "single"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    TIME = "time"
    DURATION = "duration"
    JSON = "json"
    REFUSED = "refused"


NUMBERS = frozenset((Family.INTEGER, Family.DECIMAL, Family.SINGLE, Family.DOUBLE, Family.DURATION))

MOMENTS = frozenset((Family.DATE, Family.INSTANT))
NO_KEYS = frozenset((Family.JSON, Family.REFUSED))
"""What no identity can be."""

TUPLE = "OBJECT"
"""sqlglot's word that stands for DuckDB's tuples, whose fields are called 1, 2, ..."""

WIDE = frozenset(("INT128", "INT256", "UINT128", "UINT256", "BIGNUM"))
"""Integers that no column of Arrow holds: they leave the warehouse as text."""

_TYPES: dict[Family, str] = {
    Family.INTEGER: "TINYINT SMALLINT MEDIUMINT INT BIGINT INT128 INT256 UTINYINT USMALLINT"
    " UMEDIUMINT UINT UBIGINT UINT128 UINT256 BIGNUM SERIAL SMALLSERIAL BIGSERIAL",
    Family.DECIMAL: "DECIMAL BIGDECIMAL UDECIMAL MONEY SMALLMONEY",
    Family.SINGLE: "FLOAT",
    Family.DOUBLE: "DOUBLE UDOUBLE",
    Family.BOOLEAN: "BOOLEAN",
    Family.DATE: "DATE DATE32",
    Family.INSTANT: "DATETIME DATETIME2 DATETIME64 SMALLDATETIME TIMESTAMP TIMESTAMPNTZ"
    " TIMESTAMPTZ TIMESTAMPLTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS",
    Family.TIME: "TIME TIMETZ TIME_NS",
    Family.DURATION: "INTERVAL",
    Family.JSON: "ARRAY LIST MAP STRUCT NESTED OBJECT JSON JSONB VARIANT SUPER UNION",
    Family.REFUSED: "BINARY VARBINARY BLOB TINYBLOB MEDIUMBLOB LONGBLOB BIT IMAGE RANGE INT4RANGE"
    " INT8RANGE NUMRANGE TSRANGE TSTZRANGE DATERANGE INT4MULTIRANGE INT8MULTIRANGE NUMMULTIRANGE"
    " TSMULTIRANGE TSTZMULTIRANGE DATEMULTIRANGE",
}
_FAMILIES = {name: family for family, names in _TYPES.items() for name in names.split()}
"""By sqlglot's names of types; every other type travels as its text."""
_NAMED = frozenset(("MAP", "STRUCT", "OBJECT"))
_ZONED = frozenset(("TIMESTAMPTZ", "TIMESTAMPLTZ"))
_ANY = ("", "duckdb", "postgres", "bigquery", "snowflake")
"""Whose words are tried where the engine is not known."""
_LISTS = re.compile(r"(?:\[\d*\])+$")
_TOKENS = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')|(\btuple ?\()|(.)""", re.IGNORECASE)
_NAMES = {
    "postgres": {"anyrange": "int4range", '"bit"': "bit", '"char"': "char(1)"},
    "duckdb": {"varint": "bignum", "timestamptz_ns": "timestamptz"},
    "snowflake": {"float": "double", "real": "double", "float4": "double"},
    "redshift": {"super": "variant", "varbyte": "varbinary"},
    "": {"super": "variant", "record": "object", "varint": "bignum", "varbyte": "varbinary"},
}
"""Names that sqlglot does not know, or takes for others."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How one type travels. Of a nested type, `parts` has the types inside, by name of a field."""

    family: Family
    name: str
    """sqlglot's own, for example `TIMESTAMPTZ`; `USER-DEFINED` where it knows none."""
    arguments: tuple[int, ...] = ()
    """Digits and digits after the point, or a length, where the declaration has them."""
    shape: Shape = ""
    parts: tuple[tuple[str, Wire], ...] = ()
    key: Wire | None = None
    """Of a map, the type of its keys, as far as the declaration says."""
    words: tuple[str, ...] = ()
    """Of an enumeration, its values, where the declaration has them."""

    @property
    def is_zoned(self) -> bool:
        """Its values are instants whatever the session's time zone is."""
        return self.name in _ZONED

    @property
    def item(self) -> Wire | None:
        """Of a list, the type of its items, as far as the declaration says."""
        return self.parts[0][1] if self.shape == "list" and self.parts else None

    def all(self) -> Iterator[Wire]:
        """Itself and everything inside."""
        yield self
        inside = [part for _, part in self.parts]
        for part in [*inside, self.key] if self.key else inside:
            yield from part.all()

    @property
    def has_fields(self) -> bool:
        """It holds values by name, itself or inside."""
        named = (x.shape in ("map", "fields") or x.name in _NAMED for x in self.all())
        return any(named)

    @property
    def refusal(self) -> str:
        """What it holds that no destination takes, in words; empty where there is none."""
        names = [wire.name for wire in self.all() if wire.family is Family.REFUSED]
        if not names:
            return ""
        what = "ranges" if "RANGE" in names[0] else "binary data"
        return what if self.family is Family.REFUSED else f"{what} inside"


def is_read(of: Wire) -> bool:
    """Whether values leave the warehouse as text: what Python has no plain value for, it reads."""
    is_exact = of.family is Family.DECIMAL or of.name == "DECIMAL"
    return is_exact or of.name in WIDE or of.family in MOMENTS


@lru_cache(maxsize=4096)
def wire(data_type: str, dialect: str = "") -> Wire:
    """How a type travels, from the engine's or the author's word for it.

    A type that the dialect does not know, one of the user's own among them, is text.
    """
    text = _with_places(re.sub(r"\s+", " ", data_type).strip())
    if (found := _LISTS.search(text)) and not _is_known(text, dialect):
        inner = wire(text[: found.start()], dialect)
        return Wire(Family.JSON, "ARRAY", shape="list", parts=(("", inner),))
    found_as = [_parsed(text, name) for name in ([dialect] if dialect else _ANY)]
    known = (built for built in found_as if _name(built) != "USER-DEFINED")
    return _of(next(known, None), dialect)


def _with_places(text: str) -> str:
    """DuckDB's tuples as objects, whose fields are called by their places: sqlglot knows none."""
    if "tuple" not in text.casefold():
        return text
    made: list[str] = []
    places: list[int] = []  # of each bracket that is open; 0 for one that is no tuple's
    for quoted, opening, other in _TOKENS.findall(text):
        if opening or other == "(":
            places.append(1 if opening else 0)
        elif other == ")" and places:
            places.pop()
        elif other == "," and places and places[-1]:
            places[-1] += 1
        is_next = bool(opening or other == ",") and bool(places) and places[-1] > 0
        named = f'"{places[-1]}" ' if is_next else ""
        made.append(f"{f'{TUPLE}(' if opening else quoted or other}{named}")
    return "".join(made)


def _is_known(text: str, dialect: str) -> bool:
    return _name(_parsed(text, dialect)) != "USER-DEFINED"


def _parsed(text: str, dialect: str) -> exp.DataType | None:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    text = _NAMES.get(dialect, {}).get(text.casefold(), text)
    try:
        return exp.DataType.build(text, dialect=dialect or None, udt=True)
    except (SqlglotError, ValueError):
        return None


def _name(built: Any) -> str:
    """An interval's unit stands in the place of its name, and so does what names an object, as
    PostgreSQL's `oid` and `regclass` do.
    """
    this = getattr(built, "this", None)
    if getattr(this, "key", "") == "interval":
        return "INTERVAL"
    return str(getattr(this, "value", "USER-DEFINED"))


def _of(built: exp.DataType | None, dialect: str) -> Wire:
    name = _name(built)
    if built is None or name == "USER-DEFINED":
        return Wire(Family.TEXT, "USER-DEFINED")
    family = _FAMILIES.get(name, Family.TEXT)
    if family is Family.JSON:
        return Wire(family, name, (), *_inside(built, name, dialect))
    if name == "ENUM":
        return Wire(family, name, words=tuple(p.name for p in built.expressions))
    given = tuple(int(p.name) for p in built.expressions if p.name.isdigit())
    if family is Family.DECIMAL and len(given) > 0 and sum(given[1:]) == 0:
        family = Family.INTEGER
    return Wire(family, name, given)


def _inside(
    built: exp.DataType, name: str, dialect: str
) -> tuple[Shape, tuple[tuple[str, Wire], ...], Wire | None]:
    """Shape and parts, and of a map the type of its keys."""
    parts = tuple(_part(inner, dialect) for inner in built.expressions)
    if name in ("ARRAY", "LIST"):
        return "list", parts[:1], None
    if name == "MAP":
        return "map", parts[1:2], parts[0][1] if parts else None
    return "fields" if parts else "", parts, None


def _part(inner: exp.Expression, dialect: str) -> tuple[str, Wire]:
    """A field with its name, or the type of an item, without one."""
    kind = inner.args.get("kind")
    is_field = kind is not None and not isinstance(kind, str)
    return (inner.name, _of(kind, dialect)) if is_field else ("", _of(inner, dialect))  # type: ignore[arg-type]


def family(data_type: str, dialect: str = "") -> Family:
    """The family of a type, as it was declared."""
    return wire(data_type, dialect).family
