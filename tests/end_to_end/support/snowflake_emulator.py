"""fakesnow's server, with some of Snowflake's ways that it lacks. Its argument is a port.

Run by the Python of `make emulators`.
"""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow import arrow, cli
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.instance import FakeSnow
from sqlglot import exp

SETTINGS = "alter session set AUTOCOMMIT"

_as_struct = arrow.timestamp_to_sf_struct
_connect = FakeSnow.connect
_transform = FakeSnowflakeCursor._transform


def with_nulls(found: Any) -> Any:
    """A null timestamp stays null."""
    column = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    made, nulls = _as_struct(column), pc.is_null(column)
    return pa.StructArray.from_arrays(made.flatten(), fields=list(made.type), mask=nulls)


def with_settings(self: FakeSnow, *given: Any, nop_regexes: Any = None, **named: Any) -> Any:
    """Settings of a session are taken, and go nowhere."""
    return _connect(self, *given, nop_regexes=[*(nop_regexes or ()), SETTINGS], **named)


def with_functions(self: FakeSnowflakeCursor, statement: exp.Expr, *given: Any) -> Any:
    """A hash is a signed number of 64 bits, and what the functions below say of others."""
    _keep_in_its_schema(statement)
    readable = statement.transform(_from_hex, copy=False).transform(_stripped, copy=False)
    return _transform(self, readable, *given).transform(_signed, copy=False)


def _keep_in_its_schema(statement: exp.Expr) -> None:
    """A temporary table with the name of a schema is a table, because DuckDB knows none such."""
    properties = statement.args.get("properties")
    temporary = properties and properties.find(exp.TemporaryProperty)
    table = statement.find(exp.Table)
    if isinstance(statement, exp.Create) and temporary and table is not None and table.db:
        temporary.pop()


def _from_hex(node: exp.Expr) -> exp.Expr:
    if not (isinstance(node, exp.ToNumber) and node.args.get("format")):
        return node
    digits = exp.Concat(expressions=[exp.Literal.string("0x"), node.this], safe=False)
    return exp.cast(digits, "bigint")


def _stripped(node: exp.Expr) -> exp.Expr:
    """`trim` takes away the characters that it names; fakesnow forgets them."""
    if not (isinstance(node, exp.Trim) and node.expression):
        return node
    return exp.Anonymous(this="trim", expressions=[node.this, node.expression])


def _signed(node: exp.Expr) -> exp.Expr:
    if not (isinstance(node, exp.Anonymous) and node.name.upper() == "HASH"):
        return node
    half = exp.BitwiseRightShift(this=node.copy(), expression=exp.Literal.number(1))
    return exp.cast(half, "bigint")


if __name__ == "__main__":
    arrow.timestamp_to_sf_struct = with_nulls
    FakeSnow.connect = with_settings
    FakeSnowflakeCursor._transform = with_functions
    sys.exit(cli.main(["-s", "-p", sys.argv[1]]))
