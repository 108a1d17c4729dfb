"""What a driver said is repeated as it said it, and no value with it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from sync.errors import WarehouseError
from sync.warehouse.adapter import AdapterWarehouse
from sync.warehouse.errors import driver_words

NOWHERE = {
    "host": "127.0.0.1",
    "port": 1,
    "user": "me",
    "password": "",
    "dbname": "d",
    "schema": "s",
}


class DbtRuntimeError(Exception):
    """As dbt's: its first line says nothing."""


DbtRuntimeError.__module__ = "dbt_common.exceptions.base"


def _wrapped(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as e:
            raise DbtRuntimeError("Runtime Error\n  Database Error") from e
    except DbtRuntimeError as e:
        return e


def test_dbts_wrapping_is_taken_off() -> None:
    cause = _wrapped(_wrapped(RuntimeError("permission denied for schema analytics\nLINE 1")))
    assert driver_words(cause) == "permission denied for schema analytics"


def test_what_dbt_met_is_found_where_it_names_no_cause() -> None:
    warehouse = AdapterWarehouse("postgres", {**NOWHERE, "type": "postgres"})
    with pytest.raises(WarehouseError, match="port 1 failed: Connection refused"):
        warehouse.session().__enter__()


def test_dbts_own_words_stand_where_there_are_no_others() -> None:
    assert driver_words(DbtRuntimeError("Could not find profile\nmore")) == "Could not find profile"


def test_the_fields_of_a_servers_message_are_read() -> None:
    error = RuntimeError({"S": "ERROR", "C": "42501", "M": "permission denied for relation x"})
    assert driver_words(error) == "permission denied for relation x"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "002003 (42S02): 01b2-0: SQL compilation error:\n"
            "Object 'DB.S.PEOPLE' does not exist or not authorized.",
            "SQL compilation error: Object 'DB.S.PEOPLE' does not exist or not authorized.",
        ),
        (
            "000904 (42000): SQL compilation error: error line 1 at position 7\n"
            "invalid identifier 'MRR'",
            "error line 1 at position 7 invalid identifier 'MRR'",
        ),
        (
            "003001 (42501): SQL access control error:\n"
            "Insufficient privileges to operate on schema 'SHOP_ACTIVATION'.",
            "Insufficient privileges to operate on schema 'SHOP_ACTIVATION'.",
        ),
    ],
)
def test_snowflakes_second_line_says_what_is_wrong(said: str, shown: str) -> None:
    words = driver_words(_wrapped(RuntimeError(said)))
    assert words.endswith(shown)
    assert "\n" not in words


class Refused(Exception):
    """As Google's client: what the service said is in a list, the address in the text."""

    def __init__(self, message: str) -> None:
        super().__init__(f"POST https://bigquery.example/jobs: {message}\n\nLocation: EU")
        self.errors = [{"reason": "accessDenied", "message": message}]


def test_googles_words_are_taken_from_its_list() -> None:
    said = "Access Denied: Dataset p:d: Permission bigquery.tables.create denied"
    assert driver_words(RuntimeError(Refused(said))) == said


def test_an_error_without_words_is_called_by_its_name() -> None:
    assert driver_words(ConnectionResetError()) == "ConnectionResetError"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('invalid input syntax for type integer: "ann@x.example"', 'type integer: "..."'),
        ('invalid value "ann" for "YYYY"', 'invalid value "..." for "YYYY"'),
        ('column "mrr" of relation "people" does not exist', 'column "mrr" of relation "people"'),
        ("Numeric value 'ann' is not recognized", "value '...' is not"),
        ("Object 'DB.S.PEOPLE' does not exist", "Object 'DB.S.PEOPLE' does"),
        ("invalid identifier 'MRR'", "identifier 'MRR'"),
        ("Could not convert string 'it''s ann' to INT32", "string '...' to INT32"),
        ("Duplicate key 'ann'", "key '...'"),
        ("Bad int64 value: ann@x.example; error", "value: ...; error"),
        ("could not cast ('ann', 'bob')", "('...', '...')"),
    ],
)
def test_values_are_masked_and_names_are_not(said: str, shown: str) -> None:
    words = driver_words(RuntimeError(said))
    assert shown in words
    assert "ann" not in words.replace("channel", "")


def test_the_words_of_code_are_no_values() -> None:
    with pytest.raises(AttributeError) as e:
        object().cursor  # type: ignore[attr-defined]  # noqa: B018
    assert driver_words(_wrapped(e.value)) == "'object' object has no attribute 'cursor'"


def test_duckdb_and_postgresql_say_what_is_wrong(postgres: Any) -> None:
    with pytest.raises(duckdb.Error) as e:
        duckdb.connect().execute("select cast('ann' as integer)")
    assert "Could not convert string '...' to INT32" in driver_words(e.value)
    warehouse = AdapterWarehouse("postgres", postgres.credentials("public"))
    with warehouse.session() as session:
        with pytest.raises(WarehouseError, match=r'type integer: "\.\.\."') as found:
            session.query("select cast('ann' as integer)")
        assert "ann" not in str(found.value).replace("warehouse", "")
        with pytest.raises(WarehouseError, match='column "nowhere" does not exist'):
            session.query('select "nowhere"')
