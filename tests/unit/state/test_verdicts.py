"""Verdicts in the warehouse: what is written is read again, and the newest of a node stays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.project.verdicts import LONG_AGO, Status, Verdict
from sync.run.access import StateAccess
from sync.state import installation
from sync.state.catalogue import Catalogue
from sync.state.verdicts import read_verdicts, remember
from sync.warehouse.adapter import AdapterWarehouse

AT = datetime(2026, 11, 28, 2, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUILT = Verdict(
    node="model.shop.people",
    name="people",
    status=Status.BUILT,
    at=AT,
    detail="success",
    invocation_id="one",
    profile="shop",
    target="prod",
    built_as='"shop"."main"."people"',
    read_as='"shop"."main"."people"',
)
FAILING = Verdict(
    node="test.shop.unique_people_id.1",
    name="unique_people_id",
    status=Status.FAILING,
    at=AT,
    detail="fail",
    models=frozenset({"model.shop.people", 'model.shop.it\'s "odd"'}),
)
_schemas = itertools.count(1)


@pytest.fixture(params=["duckdb", "postgres"])
def access(request: pytest.FixtureRequest, tmp_path: Path) -> StateAccess:
    if request.param == "duckdb":
        return StateAccess(request.getfixturevalue("warehouse"), "shop_activation", tmp_path)
    credentials = request.getfixturevalue("postgres").credentials("public")
    warehouse = AdapterWarehouse("postgres", credentials)
    return StateAccess(warehouse, f"verdicts_{next(_schemas)}", tmp_path)


@contextmanager
def state_of(access: StateAccess) -> Iterator[Catalogue]:
    with access.opened() as state:
        installation.ensure(state)
        yield state


def told(access: StateAccess) -> set[Verdict]:
    with access.catalogue() as state:
        return set(read_verdicts(state))


def write(access: StateAccess, *verdicts: Verdict, at: datetime = AT) -> int:
    with state_of(access) as state:
        return remember(state, read_verdicts(state), verdicts, at)


def test_nothing_is_known_before_the_first_run(access: StateAccess) -> None:
    assert told(access) == set()


def test_a_verdict_is_read_as_it_was_written(access: StateAccess) -> None:
    undated = replace(FAILING, node="test.shop.x.1", at=LONG_AGO, models=frozenset())
    assert write(access, BUILT, FAILING, undated) == 3
    assert told(access) == {BUILT, FAILING, undated}


def test_what_is_known_already_is_not_written_again(access: StateAccess) -> None:
    write(access, BUILT, FAILING)
    assert write(access, BUILT, FAILING, at=AT + HOUR) == 0
    with access.catalogue() as state:
        recorded = state.session.query(f'select recorded_at from "{access.schema}".verdicts')
    assert {row[0].hour for row in recorded} == {2}


def test_a_newer_verdict_takes_the_place_of_an_older_one(access: StateAccess) -> None:
    write(access, BUILT, FAILING)
    failed = replace(BUILT, status=Status.FAILED, at=AT + HOUR)
    assert write(access, failed, FAILING, at=AT + HOUR) == 1
    assert told(access) == {failed, FAILING}


def test_of_one_moment_the_verdict_that_was_recorded_last_counts(access: StateAccess) -> None:
    write(access, BUILT)
    read_elsewhere = replace(BUILT, read_as='"shop"."other"."people"')
    write(access, read_elsewhere, at=AT + HOUR)
    assert told(access) == {read_elsewhere}


def test_an_older_verdict_of_a_run_that_was_late_takes_nothing_away(access: StateAccess) -> None:
    with state_of(access) as state:
        before = read_verdicts(state)
    failed = replace(BUILT, status=Status.FAILED, at=AT + HOUR)
    write(access, failed)
    with state_of(access) as state:
        remember(state, before, [BUILT], AT + 2 * HOUR)
    assert told(access) == {failed}


def test_a_run_that_died_between_the_two_statements_leaves_the_newer_verdict(
    access: StateAccess,
) -> None:
    failed = replace(BUILT, status=Status.FAILED, at=AT + HOUR)
    write(access, BUILT)
    with state_of(access) as state:
        rows = state.session.query(f'select * from "{access.schema}".verdicts')
    write(access, failed, at=AT + HOUR)
    with state_of(access) as state:
        columns = [name for name, _ in state.session.columns(state.tables["verdicts"]) or ()]
        state.session.append(f'"{access.schema}".verdicts', columns, rows)
        assert read_verdicts(state)[-1] == failed
    write(access, replace(failed, detail="error"), at=AT + 2 * HOUR)
    assert {v.detail for v in told(access)} == {"error"}
