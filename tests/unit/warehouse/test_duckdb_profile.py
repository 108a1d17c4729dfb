"""A DuckDB is opened in every form that dbt-duckdb knows, and state lies where it can be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.credentials import Attachment

from sync.errors import ConfigError, WarehouseError
from sync.warehouse import duckdb_profile as profile
from sync.warehouse.duckdb import DuckDBWarehouse


def _file(path: Path) -> None:
    duckdb.connect(str(path)).close()


def _current(tmp_path: Path, state_schema: str = "", **credentials: Any) -> str:
    """The database that statements without a name of one are about."""
    warehouse = DuckDBWarehouse(credentials, tmp_path, state_schema)
    with warehouse.session(0) as session:
        return str(session.query("select current_database()")[0][0])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands go to the project's folder, from which attachments are looked for."""
    monkeypatch.chdir(tmp_path)
    for name in ("shop", "wh"):
        _file(tmp_path / f"{name}.duckdb")
    return tmp_path


WH = {"path": "wh.duckdb", "alias": "store"}


def test_state_lies_in_the_targets_database(here: Path) -> None:
    assert _current(here, path="shop.duckdb") == "shop"
    assert _current(here, path="shop.duckdb", attach=[WH]) == "shop"
    assert _current(here, path="shop.duckdb", attach=[WH], database="shop") == "shop"
    assert _current(here, path="shop.duckdb", attach=[WH], database="store") == "store"
    assert _current(here, path=":memory:", attach=[WH], database="store") == "store"
    assert _current(here, attach=[WH], database="store") == "store"


def test_state_that_lies_in_the_file_already_stays_there(here: Path) -> None:
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute("create schema main_activation")
        connection.execute("create table main_activation.installation (salt varchar)")
    where = {"path": "shop.duckdb", "attach": [WH], "database": "store"}
    assert _current(here, "main_activation", **where) == "shop"
    assert _current(here, "other_activation", **where) == "store"


def test_a_lake_or_another_engine_leaves_the_state_in_the_file(here: Path) -> None:
    for entry in (
        {"path": "ducklake:meta.ducklake", "alias": "lake"},
        {"path": "ducklake:postgres:dbname=x", "alias": "lake"},
        {"path": "dbname=x", "type": "postgres", "alias": "lake"},
        {"path": "x.sqlite", "options": {"type": "sqlite"}, "alias": "lake"},
    ):
        where = {"path": "shop.duckdb", "attach": [entry], "database": "lake"}
        assert profile.home(where, here) == profile.Home(profile.main_store(where, here))


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"path": ":memory:"},
        {"path": ":memory:", "attach": [WH]},
        {"path": ":memory:", "attach": [WH], "database": "memory"},
    ],
)
def test_memory_alone_is_refused_because_nothing_is_left_of_a_build(
    here: Path, credentials: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="nothing of a build is left"):
        DuckDBWarehouse(credentials, here)


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "ducklake:postgres:dbname=x", "alias": "store"},
        {"path": "ducklake:sqlite:x.sqlite", "alias": "store"},
        {"path": "dbname=x", "type": "postgres", "alias": "store"},
        {"path": "md:x", "alias": "store"},
    ],
)
def test_a_store_that_several_processes_write_holds_no_state(
    here: Path, entry: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="can't lie in `store`"):
        DuckDBWarehouse({"path": ":memory:", "attach": [entry], "database": "store"}, here)


def test_a_store_that_dbt_has_not_built_is_not_made(here: Path) -> None:
    entry = {"path": "later.duckdb", "alias": "store"}
    with pytest.raises(WarehouseError, match=r"no DuckDB file later\.duckdb"):
        _current(here, path=":memory:", attach=[entry], database="store")
    assert not (here / "later.duckdb").exists()


def test_a_store_that_another_process_holds_is_waited_for_and_named(here: Path) -> None:
    import subprocess
    import sys

    code = "import duckdb, sys; c = duckdb.connect('wh.duckdb'); print(1, flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as holder:  # type: ignore[call-overload]
        holder.stdout.readline()
        with pytest.raises(WarehouseError, match=r"wh\.duckdb is held by process"):
            _current(here, path=":memory:", attach=[WH], database="store")
        holder.communicate("\n")
    assert _current(here, path=":memory:", attach=[WH], database="store") == "store"


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "a.duckdb"},
        {"path": "it's.duckdb", "alias": "a"},
        {"path": "a.duckdb", "read_only": True},
        {"path": "dbname=x", "type": "postgres", "alias": "pg", "secret": "s"},
        {
            "path": "ducklake:x",
            "alias": "l",
            "options": {"data_path": "s3://b", "encrypted": True},
        },
        {"path": "x", "alias": "l", "options": {"type": "sqlite", "read_only": True, "n": 3}},
        {"path": "x", "alias": "l", "options": {"k": "'quoted'", "off": False, "none": None}},
        {"path": "ducklake:x", "alias": "l", "is_ducklake": True},
    ],
)
def test_attachments_say_what_dbt_makes_them_say(entry: dict[str, Any]) -> None:
    theirs = Attachment(**entry).to_sql()
    assert _loose(profile.attachment(entry)) == _loose(theirs)


def _loose(sql: str) -> tuple[str, set[str]]:
    """Without the order of options, capitals, and the quotes around an alias."""
    head, _, options = sql.lower().replace('"', "").rstrip(")").partition(" (")
    return head, set(options.split(", "))


def test_secrets_say_what_dbt_makes_them_say(here: Path) -> None:
    entry = {
        "type": "http",
        "name": "mine",
        "scope": ["https://a.example", "https://b.example"],
        "bearer_token": "it's",
        "extra_http_headers": {"X-One": "1"},
    }
    (sql,) = profile.secrets({"secrets": [entry]})
    assert sql == (
        "create or replace secret \"mine\" (type http, scope 'https://a.example',"
        " scope 'https://b.example', bearer_token 'it''s',"
        " extra_http_headers map {'X-One': '1'})"
    )
