"""What docs/operations.md says to type into PostgreSQL, typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from e2e.population import TRAITS_PEOPLE, Population
from e2e.project import SmallProject
from e2e.warehouses import PostgresSchema

from tests.markdown import ROOT, blocks

(RIGHTS,) = (b.text for b in blocks(ROOT / "docs" / "operations.md", "sql"))
LOGIN = "activation"


@pytest.fixture
def small(project_on: Callable[[str], SmallProject]) -> Iterator[SmallProject]:
    """Five people on PostgreSQL, synced by a login that has only the rights that the page names."""
    project = project_on("postgres")
    warehouse = project.warehouse
    assert isinstance(warehouse, PostgresSchema)
    warehouse.run(f"create role {LOGIN} login", *_statements(RIGHTS, warehouse.schema))
    Population(project, 5).create()
    project.define(TRAITS_PEOPLE)
    warehouse.user = LOGIN
    project.write_profiles()
    yield project
    warehouse.run(f"drop owned by {LOGIN} cascade", f"drop role {LOGIN}")


def _statements(sql: str, schema: str) -> list[str]:
    """The page's statements, for a schema of another name than `analytics`."""
    return [s for s in sql.replace("analytics", schema).split(";") if s.strip()]


def test_a_login_with_the_rights_on_the_page_can_sync_and_no_more(small: SmallProject) -> None:
    told = small.run("debug", expect=0).text
    assert f"schema {small.state_schema} is there, without tables, and can be filled" in told
    small.run("apply", expect=0)
    assert len(small.sandbox.people()) == 5
    small.run("apply", expect=0)
    owners = "select distinct tableowner from pg_tables where schemaname = '{state}'"
    assert small.state(owners) == [(LOGIN,)]


@pytest.mark.parametrize(
    ("taken", "line", "fix"),
    [
        (
            "revoke all on schema {state} from activation cascade; alter schema {state} owner to"
            " postgres; grant usage on schema {state} to activation",
            "may create no tables in the state schema",
            "have someone run: grant usage and create on it",
        ),
        (
            "drop schema {state}",
            "does not exist and can't be created with this login",
            "have someone run: create schema {state}, and grant usage and create on it",
        ),
        (
            "revoke select on all tables in schema {models} from activation",
            "permission denied for",
            "grant select on it to this login",
        ),
    ],
    ids=["may-not-create", "no-schema", "may-not-read"],
)
def test_a_right_that_is_missing_is_named_before_the_first_run(
    small: SmallProject, taken: str, line: str, fix: str
) -> None:
    names = {"state": small.state_schema, "models": small.warehouse.schema}
    assert isinstance(small.warehouse, PostgresSchema)
    small.warehouse.user = "postgres"
    small.warehouse.run(*taken.format(**names).split(";"))
    told = small.run("debug", expect=None).text
    assert line in told and fix.format(**names) in told
    assert told.count("FAILED") == 1, told


@pytest.mark.parametrize(
    ("taken", "tables"),
    [
        ("revoke insert, update, delete on all tables in schema {state} from activation", "acks_"),
        ("revoke all on all tables in schema {state} from activation", "installation"),
        (
            "alter table {state}.snapshot_traits_people__customerio owner to postgres",
            "snapshot_traits_people__customerio",
        ),
    ],
    ids=["only-reads", "nothing", "of-another"],
)
def test_a_right_that_is_missing_on_the_state_is_named_after_it(
    small: SmallProject, taken: str, tables: str
) -> None:
    small.run("apply", expect=0)
    assert isinstance(small.warehouse, PostgresSchema)
    small.warehouse.user = "postgres"
    small.warehouse.run(taken.format(state=small.state_schema))
    small.warehouse.user = LOGIN
    told = small.run("debug", expect=2).text
    assert f"may not read and write the state in {small.state_schema}: {tables}" in told
    assert "make this login the owner of the tables" in told
    assert told.count("FAILED") == 1, told
