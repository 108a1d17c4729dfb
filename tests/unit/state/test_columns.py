from __future__ import annotations

import pytest

from sync.errors import PlanHeld
from sync.model import Kind, Relation, Sync, Trait
from sync.state.columns import in_utc, portable_type
from sync.state.resolving import resolve


@pytest.mark.parametrize(
    "declared",
    [
        "INTEGER",
        "bigint",
        "UTINYINT",
        "HUGEINT",
        "UHUGEINT",
        "DECIMAL(18,3)",
        "double precision",
        "real",
        "boolean",
        "character varying(20)",
        "text",
        "date",
        "TIMESTAMP_NS",
        "timestamp(3) without time zone",
    ],
)
def test_numbers_and_moments_are_compared_as_they_are(declared: str) -> None:
    assert portable_type(declared, "duckdb") == declared


@pytest.mark.parametrize(
    ("declared", "compared"),
    [
        ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ("interval", "double precision"),
        ("money", "numeric"),
        ("character(3)", "varchar"),
        ("time", "varchar"),
        ("timestamp with time zone[]", "varchar"),
        ("ENUM('struct', 'timestamptz', 'a[]')", "varchar"),
    ],
)
def test_other_types_have_one_form_in_which_they_are_compared(declared: str, compared: str) -> None:
    assert portable_type(declared, "postgres") == compared


def people(*columns: str, **more: object) -> Sync:
    return Sync(
        name="people__c",
        model="people",
        unique_id="model.p.people",
        relation=Relation(None, "main", "people"),
        connection="c",
        vendor="customerio",
        kind=Kind.TRAITS,
        identity="id",
        traits=tuple(Trait(name, name) for name in columns),
        **more,  # type: ignore[arg-type]
    )


def test_a_column_is_found_as_it_is_spelled_before_letter_case_is_forgotten() -> None:
    real = [("ID", "varchar"), ("Plan", "varchar"), ("plan", "integer"), ("Tier", "varchar")]
    sync, columns = resolve(people("Plan", "plan", "tier"), real)
    assert sync.identity == "ID"
    assert [(c.trait.column, c.data_type) for c in columns] == [
        ("Plan", "varchar"),
        ("plan", "integer"),
        ("Tier", "varchar"),
    ]


def test_a_name_that_fits_two_columns_and_neither_exactly_is_held() -> None:
    real = [("id", "varchar"), ("Plan", "varchar"), ("PLAN", "varchar")]
    with pytest.raises(PlanHeld) as held:
        resolve(people("plan", "gone"), real)
    assert [p.code for p in held.value.problems] == ["column-missing", "column-ambiguous"]
    assert "`Plan` and `PLAN`" in held.value.problems[1].message


@pytest.mark.parametrize(
    ("types", "more", "code"),
    [
        ({"id": "json"}, {}, "column-no-key"),
        ({"id": "varchar[]"}, {}, "column-no-key"),
        ({"id": "bytea"}, {}, "column-no-key"),
        ({"other": "jsonb"}, {"external_id": "other"}, "column-no-key"),
        ({"v": "struct(b blob)"}, {}, "column-binary"),
        ({"v": "int4range"}, {}, "column-range"),
        ({"other": "bigint"}, {"occurred_at": "other"}, "column-no-moment"),
        ({"other": "time"}, {"occurred_at": "other"}, "column-no-moment"),
    ],
)
def test_a_type_that_can_not_stand_where_it_does_is_held_with_the_columns_name(
    types: dict[str, str], more: dict[str, object], code: str
) -> None:
    real = {"id": "varchar", "v": "varchar", "other": "varchar", **types}
    with pytest.raises(PlanHeld) as held:
        resolve(people("v", **more), list(real.items()))
    (problem,) = held.value.problems
    assert problem.code == code
    assert f"`{next(iter(types))}`" in problem.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01T00:00:00+02:00", "2023-12-31 22:00:00"),
        ("2024-01-01T00:00:00Z", "2024-01-01 00:00:00"),
        ("2024-01-01", "2024-01-01 00:00:00"),
        ("2024-01-01T00:00:00.5", "2024-01-01 00:00:00.500000"),
    ],
)
def test_a_moment_with_an_offset_is_put_into_utc(text: str, expected: str) -> None:
    assert in_utc(text) == expected
