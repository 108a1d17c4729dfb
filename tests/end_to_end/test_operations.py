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
    small.run("apply", expect=0)
    assert len(small.sandbox.people()) == 5
    small.run("apply", expect=0)
    owners = "select distinct tableowner from pg_tables where schemaname = '{state}'"
    assert small.state(owners) == [(LOGIN,)]
