"""A statement that lost against another one, by one rule for all engines that refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sync.errors import WarehouseError
from sync.warehouse import conflicts
from sync.warehouse.dialect import FACTS
from sync.warehouse.errors import LOCKED
from sync.warehouse.session import AdapterSession

CONFLICTS = [
    ("databricks", "[DELTA_CONCURRENT_APPEND] ConcurrentAppendException: Files were added"),
    ("spark", "io.delta.exceptions.ConcurrentDeleteReadException: This transaction read a row"),
    ("spark", "[DELTA_METADATA_CHANGED] MetadataChangedException: The metadata changed"),
    ("spark", "org.apache.iceberg.exceptions.CommitFailedException: Cannot commit"),
    (
        "trino",
        "TrinoExternalError(name=ICEBERG_COMMIT_ERROR, message=Failed to commit",
    ),
    ("bigquery", "Could not serialize access to table p:d.leases due to concurrent update"),
    (
        "bigquery",
        "Resources exceeded: Too many DML statements outstanding against table, limit is 20",
    ),
]
UPDATE = "update leases set epoch = 2 where true"


class Driver:
    """A connection and its cursor: fails with what it was given, then tells three rows."""

    rowcount = 3

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.told: list[str] = []

    def cursor(self) -> Driver:
        return self

    def execute(self, sql: str) -> None:
        self.told.append(sql)
        if self.failures:
            raise RuntimeError(self.failures.pop(0))

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Time passes by sleeping only."""
    found: list[float] = []
    clock = SimpleNamespace(sleep=found.append, monotonic=lambda: sum(found))
    monkeypatch.setattr(conflicts, "time", clock)
    yield found


def session(driver: Any, dialect: str, wait_seconds: float = 60.0) -> AdapterSession:
    made = AdapterSession(driver, dialect)
    made.prepare(wait_seconds, "")
    return made


@pytest.mark.parametrize(("dialect", "words"), CONFLICTS)
def test_a_statement_that_lost_is_asked_again(dialect: str, words: str) -> None:
    driver = Driver(words, words)
    assert session(driver, dialect).execute(UPDATE) == 3
    assert driver.told == [UPDATE] * 3


@pytest.mark.parametrize("dialect", sorted({dialect for dialect, _ in CONFLICTS}))
@pytest.mark.parametrize("wait", [0.0, 5.0, 60.0])
def test_it_is_asked_for_as_long_as_a_lock_is_waited_for(
    dialect: str, wait: float, slept: list[float]
) -> None:
    words = next(words for of, words in CONFLICTS if of == dialect)
    with pytest.raises(WarehouseError, match=words.split()[-1]) as found:
        session(Driver(*[words] * 999), dialect, wait).execute(UPDATE)
    assert wait < sum(slept) <= wait + 2 * conflicts.PAUSES[-1]
    problem = found.value.problems[0]
    assert (problem.code, "--lock-wait" in str(problem.fix)) == (LOCKED, True)


def test_pauses_grow_and_go_on(slept: list[float]) -> None:
    session(Driver(*[CONFLICTS[0][1]] * 9), "databricks").execute(UPDATE)
    least = [*conflicts.PAUSES, *[conflicts.PAUSES[-1]] * 9]
    assert len(slept) == 9
    assert all(a <= b <= 2 * a for a, b in zip(least, slept, strict=False))


@pytest.mark.parametrize("dialect", FACTS)
def test_no_other_error_is_asked_again(dialect: str) -> None:
    driver = Driver("Syntax error", "never")
    with pytest.raises(WarehouseError, match="Syntax error"):
        session(driver, dialect).execute(UPDATE)
    assert len(driver.told) == 1


@pytest.mark.parametrize("dialect", [name for name, of in FACTS.items() if not of.conflict])
def test_an_engine_that_waits_by_itself_is_asked_once(dialect: str) -> None:
    with pytest.raises(WarehouseError):
        session(Driver(*(words for _, words in CONFLICTS)), dialect).execute(UPDATE)
