"""What becomes of single rows: bad keys, nulls, personal values, moved addresses."""

from __future__ import annotations

import httpx
import pytest
from e2e.artifacts import Model
from e2e.project import SmallProject

COLUMNS = {"person_id": "varchar", "email": "varchar", "plan": "varchar", "seats": "integer"}
TRAITS = Model(
    name="traits_people",
    query="select person_id, email, plan, seats from rows",
    columns=COLUMNS,
    activation={
        "kind": "traits",
        "identity": "person_id",
        "destinations": [{"name": "customerio", "traits": ["email", "plan", "seats"]}],
    },
    of_columns={"email": {"pii": True}},
)
BY_EMAIL = Model(
    name="traits_addresses",
    query="select person_id, email, plan from rows",
    columns={k: COLUMNS[k] for k in ("person_id", "email", "plan")},
    activation={
        "kind": "traits",
        "identity": "person_id",
        "destinations": [
            {"name": "customerio", "identify_by": {"email": "email"}, "traits": ["plan"]}
        ],
    },
    of_columns={"email": {"pii": True}},
)


@pytest.fixture
def rows(project: SmallProject) -> SmallProject:
    """Three people."""
    project.warehouse.run(
        "create table rows (person_id varchar, email varchar, plan varchar, seats integer)",
        "insert into rows values ('ada', 'ada@example.com', 'pro', 5),"
        " ('bob', 'bob@example.com', 'free', 1), ('cyd', null, null, null)",
    )
    return project


def test_null_blank_and_doubled_identities_are_rejected_and_named(rows: SmallProject) -> None:
    rows.warehouse.run(
        "insert into rows values (null, null, 'x', 1), ('  ', null, 'x', 1),"
        " ('bob', null, 'team', 9)"
    )
    rows.define(TRAITS)
    finished = rows.run(expect=1)
    counts = rows.counts()["traits_people"]
    assert (counts["invalid"], counts["delivered"]) == (4, 2)
    letters = rows.state("select identity, model_rows from {state}.dead_letters order by identity")
    assert letters == [("", 2), ("bob", 2)]
    assert rows.sandbox.person("bob") is None
    assert "bob" in rows.run("rejects", "--show", "5", expect=0).text
    assert "@" not in finished.text

    rows.warehouse.run("delete from rows where plan in ('x', 'team')")
    rows.run(expect=0)
    assert rows.attributes("bob")["plan"] == "free"
    assert rows.state("select * from {state}.dead_letters") == []


def test_a_doubled_identity_is_not_removed_from_where_it_is(rows: SmallProject) -> None:
    rows.define(TRAITS)
    rows.run(expect=0)
    before = len(rows.applied())
    rows.warehouse.run("insert into rows values ('bob', null, 'team', 9)")
    rows.run(expect=1)
    assert rows.applied(before) == []
    assert rows.attributes("bob")["plan"] == "free"


def test_an_identity_is_doubled_by_a_row_without_an_address(rows: SmallProject) -> None:
    rows.warehouse.run(
        "delete from rows where email is null", "insert into rows values ('bob', null, 'team', 9)"
    )
    rows.define(BY_EMAIL)
    rows.run(expect=1)
    counts = rows.counts()["traits_addresses"]
    assert (counts["invalid"], counts["delivered"]) == (2, 1)
    assert rows.sandbox.person("bob@example.com") is None
    letters = rows.state("select identity, code from {state}.dead_letters")
    assert letters == [("bob", "identity-duplicate")]


def test_a_null_empties_the_trait_and_sends_nothing_else(rows: SmallProject) -> None:
    rows.define(TRAITS)
    rows.run(expect=0)
    before = len(rows.applied())
    rows.warehouse.run("update rows set plan = null where person_id = 'ada'")
    rows.run(expect=0)
    (operation,) = rows.applied(before)
    assert (operation["identity"], operation["names"]) == ("ada", ["plan"])
    assert rows.attributes("ada") == {"seats": 5}


def test_whoever_leaves_loses_our_traits_and_keeps_others(rows: SmallProject) -> None:
    rows.define(TRAITS)
    rows.run(expect=0)
    response = httpx.post(
        f"{rows.sandbox.url}/customerio/track/api/v2/entity",
        auth=("sandbox-site", "sandbox-track-key"),
        json={
            "type": "person",
            "action": "identify",
            "identifiers": {"id": "bob"},
            "attributes": {"theirs": 1},
        },
    )
    assert response.status_code == 200
    rows.warehouse.run("delete from rows where person_id = 'bob'")
    rows.run(expect=0)
    assert rows.attributes("bob") == {"theirs": 1}


def test_personal_values_are_kept_as_digests_only(rows: SmallProject) -> None:
    rows.define(TRAITS)
    rows.run(expect=0)
    held = rows.sandbox.person("ada")
    assert held is not None
    assert held["identifiers"]["email"] == "ada@example.com"
    tables = rows.warehouse.rows(
        "select table_name from information_schema.tables"
        f" where table_schema = '{rows.state_schema}'"
    )
    assert len(tables) > 8
    for (table,) in tables:
        found = rows.state(f"select cast(t as varchar) from {{state}}.{table} as t")
        assert "@example.com" not in str(found), table
    for file in rows.journal.rglob("*"):
        assert file.is_dir() or b"@example.com" not in file.read_bytes()


def test_a_new_address_moves_a_person_known_by_email(rows: SmallProject) -> None:
    rows.warehouse.run("delete from rows where email is null")
    rows.define(BY_EMAIL)
    rows.run(expect=0)
    assert rows.attributes("ada@example.com") == {"plan": "pro"}
    before = len(rows.applied())
    rows.warehouse.run("update rows set email = 'ada@new.example' where person_id = 'ada'")
    rows.run(expect=0)
    assert [(o["by"], o["identity"]) for o in rows.applied(before)] == [
        ("email", "ada@example.com"),
        ("email", "ada@new.example"),
    ]
    assert rows.attributes("ada@example.com") == {}
    assert rows.attributes("ada@new.example") == {"plan": "pro"}
    assert rows.attributes("bob@example.com") == {"plan": "free"}


def test_two_people_who_swap_addresses_end_with_their_own_traits(rows: SmallProject) -> None:
    rows.warehouse.run("delete from rows where email is null")
    rows.define(BY_EMAIL)
    rows.run(expect=0)
    rows.warehouse.run(
        "update rows set email = case person_id when 'ada' then 'bob@example.com'"
        " else 'ada@example.com' end"
    )
    rows.run(expect=0)
    assert rows.attributes("ada@example.com") == {"plan": "free"}
    assert rows.attributes("bob@example.com") == {"plan": "pro"}


def test_a_model_without_its_table_is_said_and_others_go_on(rows: SmallProject) -> None:
    missing = Model(
        **{
            **vars(TRAITS),
            "name": "traits_missing",
            "activation": {
                **TRAITS.activation,
                "destinations": [{"name": "customerio", "traits": {"other": "plan"}}],
            },
        }
    )
    rows.define(TRAITS)
    rows.define(TRAITS, missing, build=False)
    finished = rows.run(expect=3)
    assert "traits_missing" in finished.text
    assert rows.attributes("ada")["plan"] == "pro"
