from __future__ import annotations

import pytest

from sync.data_types import family, wire

NAMES = (
    "int text date bool char number decimal timestamp map list json struct object super bit blob"
    " timestamptz interval money"
)


@pytest.mark.parametrize("name", NAMES.split())
@pytest.mark.parametrize("own", ["{}erest_level", "{}_kind", "public.{}", '"{} of ours"', "{}2x"])
@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_a_type_of_ones_own_is_text_whatever_its_name_begins_with(
    name: str, own: str, dialect: str
) -> None:
    declared = own.format(name)
    assert family(declared, dialect) == "text"
    found = wire(f"{declared}[]", dialect)
    assert (found.family, found.item and found.item.family) == ("json", "text")


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("BOOLEAN", "boolean"),
        ("hugeint", "integer"),
        ("uhugeint", "integer"),
        ("BIGNUM", "integer"),
        ("Int64", "integer"),
        ("number(38,0)", "integer"),
        ("numeric(18, 2)", "decimal"),
        ("numeric", "decimal"),
        ("bignumeric", "decimal"),
        ("money", "decimal"),
        ("real", "single"),
        ("double  precision", "double"),
        ("character varying(20)", "text"),
        ("uuid", "text"),
        ("enum('a', 'b')", "text"),
        ("ENUM('struct', 'timestamptz', 'a[]')", "text"),
        ("timestamp(6) with time zone", "instant"),
        ("TIMESTAMP_NS", "instant"),
        ("date", "date"),
        ("TIME", "time"),
        ("time without time zone", "time"),
        ("interval day to second(3)", "duration"),
        ("varchar[]", "json"),
        ("array<int64>", "json"),
        ("decimal(10,2)[3]", "json"),
        ("timestamp with time zone[]", "json"),
        ("struct(a integer)[]", "json"),
        ("map(varchar, integer)", "json"),
        ("super", "json"),
        ("blob", "refused"),
        ("bit varying(3)", "refused"),
        ("geography", "text"),
        ("", "text"),
    ],
)
def test_every_warehouses_names_are_sorted_into_families(declared: str, expected: str) -> None:
    assert family(declared) == expected


@pytest.mark.parametrize(
    ("dialect", "declared", "expected"),
    [
        ("duckdb", "FLOAT", "single"),
        ("duckdb", "TUPLE(INTEGER, JSON)", "json"),
        ("duckdb", "tuple_kind", "text"),
        ("postgres", "float", "double"),
        ("snowflake", "FLOAT", "double"),
        ("bigquery", "TIMESTAMP", "instant"),
        ("postgres", '"bit"', "refused"),
        ("postgres", '"char"', "text"),
        ("postgres", "tstzrange", "refused"),
        ("postgres", "oid", "text"),
        ("postgres", "regclass", "text"),
        ("postgres", "interval day", "duration"),
        ("postgres", "int8multirange", "refused"),
        ("bigquery", "RANGE<DATE>", "refused"),
    ],
)
def test_a_name_means_what_it_means_to_its_engine(
    dialect: str, declared: str, expected: str
) -> None:
    assert family(declared, dialect) == expected
    assert wire("TIMESTAMP", "bigquery").is_zoned
    assert not wire("timestamp", "postgres").is_zoned


@pytest.mark.parametrize(
    ("declared", "refusal"),
    [
        ("bytea", "binary data"),
        ("struct(a struct(b blob)[])", "binary data inside"),
        ("map(varchar, blob)", "binary data inside"),
        ("map(blob, varchar)", "binary data inside"),
        ("struct(a map(int4range, varchar)[])", "ranges inside"),
        ("int4range[]", "ranges inside"),
        ("struct(a varchar)", ""),
        ("jsonb", ""),
    ],
)
def test_what_no_destination_takes_is_found_inside_too(declared: str, refusal: str) -> None:
    assert wire(declared).refusal == refusal


@pytest.mark.parametrize(
    ("declared", "inside"),
    [("varchar[]", "text"), ("ARRAY<INT64>", "integer"), ("list", None), ("varchar", None)],
)
def test_a_list_names_what_it_holds(declared: str, inside: str | None) -> None:
    item = wire(declared).item
    assert (item.family if item else None) == inside


def test_the_fields_of_a_structure_are_known_by_name() -> None:
    found = wire('STRUCT(a INTEGER, "b c" STRUCT(d DATE)[])', "duckdb")
    assert [name for name, _ in found.parts] == ["a", "b c"]
    assert {x.family for x in found.all()} == {"json", "integer", "date"}
    assert found.has_fields
    assert not wire("date[]", "duckdb").has_fields


def test_a_tuple_is_known_by_what_it_holds() -> None:
    inside = (
        """TUPLE(DECIMAL(3,2), STRUCT("a,(" TUPLE(BLOB), "TUPLE(" JSON[]), ENUM('TUPLE(,', 'x'))"""
    )
    found = wire(inside, "duckdb")
    assert [(place, part.family) for place, part in found.parts] == [
        ("1", "decimal"),
        ("2", "json"),
        ("3", "text"),
    ]
    assert found.refusal == "binary data inside"
    assert wire("TUPLE(INTEGER, DATE)[]", "duckdb").refusal == ""
