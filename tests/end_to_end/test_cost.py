"""What a run asks of the warehouse when nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from e2e.inside import runner
from e2e.project import SmallProject
from e2e.shop import furnish, model

from sync.warehouse.duckdb import DuckDBSession
from sync.warehouse.postgres import PostgresSession

MOST = {"duckdb": 34, "postgres": 40}
"""With begin, commit and settings of the session on PostgreSQL."""


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_an_unchanged_sync_asks_the_warehouse_little(
    project_on: Callable[[str], SmallProject],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    engine: str,
) -> None:
    shop = furnish(project_on(engine))
    run = runner(shop, monkeypatch, capsys)
    shop.define(model("plans"))
    run("apply")
    asked: list[str] = []

    def counted(plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, about: Any, *rest: Any, **named: Any) -> Any:
            asked.append(str(about))
            return plain(self, about, *rest, **named)

        return call

    for session in (PostgresSession, DuckDBSession):
        for name in ("execute", "query", "columns", "append"):
            monkeypatch.setattr(session, name, counted(getattr(session, name)))
    run("apply")
    assert 15 < len(asked) <= MOST[engine], "\n".join(asked)
