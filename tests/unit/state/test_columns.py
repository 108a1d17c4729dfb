from __future__ import annotations

import pytest

from sync.data_types import bare, is_nested
from sync.state.columns import is_plain, portable_type


@pytest.mark.parametrize(
    "name",
    [
        "int",
        "text",
        "date",
        "bool",
        "char",
        "number",
        "decimal",
        "timestamp",
        "map",
        "list",
        "json",
        "struct",
        "object",
        "super",
        "bit",
        "blob",
        "timestamptz",
    ],
)
@pytest.mark.parametrize("own", ["{}erest_level", "{}_kind", "public.{}", '"{} of ours"', "{}2x"])
def test_a_type_of_ones_own_is_text_whatever_its_name_begins_with(name: str, own: str) -> None:
    declared = own.format(name)
    assert portable_type(declared) == "varchar"
    assert not is_nested(declared)


@pytest.mark.parametrize(
    "declared",
    [
        "INTEGER",
        "int8",
        "bigint",
        "UTINYINT",
        "HUGEINT",
        "DECIMAL(18,3)",
        "numeric",
        "double precision",
        "real",
        "boolean",
        "date",
        "TIMESTAMP_NS",
        "timestamp(3) without time zone",
        "character varying(20)",
        "character(3)",
        "bpchar",
        "text",
        "STRING(10)",
        "NUMBER(38,0)",
    ],
)
def test_an_engines_own_types_stay_as_they_are(declared: str) -> None:
    assert is_plain(declared)
    assert portable_type(declared) == declared


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("ENUM('with time zone', 'it''s (a)')", "enum"),
        ("STRUCT(a INTEGER, b STRUCT(c VARCHAR[]))[]", "struct[]"),
        ("array<struct<a int>>", "array"),
        ("timestamp(3) with  time zone", "timestamp with time zone"),
        ("numeric(10,2)[]", "numeric[]"),
    ],
)
def test_a_types_name_is_found_among_its_arguments(declared: str, name: str) -> None:
    assert bare(declared) == name


def test_an_enumeration_whose_labels_sound_like_types_is_text() -> None:
    assert portable_type("ENUM('struct', 'timestamptz', 'a[]')") == "varchar"
    assert portable_type("TIMESTAMP WITH TIME ZONE") == "timestamp"
    assert is_nested("timestamp with time zone[]")
