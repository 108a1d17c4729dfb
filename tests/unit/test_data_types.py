from __future__ import annotations

import pytest

from sync.data_types import family, item_type


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("BOOLEAN", "boolean"),
        ("hugeint", "integer"),
        ("Int64", "integer"),
        ("number(38,0)", "integer"),
        ("numeric(18, 2)", "decimal"),
        ("bignumeric", "decimal"),
        ("double  precision", "float"),
        ("character varying(20)", "text"),
        ("uuid", "text"),
        ("enum('a', 'b')", "text"),
        ("timestamp(6) with time zone", "instant"),
        ("date", "instant"),
        ("TIME", "time"),
        ("time without time zone", "time"),
        ("varchar[]", "list"),
        ("array<int64>", "list"),
        ("decimal(10,2)[3]", "list"),
        ("struct(a integer)[]", "nested"),
        ("map(varchar, integer)", "nested"),
        ("Nullable(FixedString(16))", "text"),
        ("LowCardinality(Nullable(String))", "text"),
        ("geography", "other"),
        ("", "other"),
    ],
)
def test_every_warehouses_names_are_sorted_into_families(declared: str, expected: str) -> None:
    assert family(declared) == expected


@pytest.mark.parametrize(
    ("declared", "inside"),
    [("varchar[]", "varchar"), ("ARRAY<INT64>", "int64"), ("list", ""), ("varchar", "")],
)
def test_a_list_names_what_it_holds(declared: str, inside: str) -> None:
    assert item_type(declared) == inside
