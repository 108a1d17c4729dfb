"""The only importers of database drivers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sync.warehouse.port import Session, Warehouse

__all__ = ["Session", "Warehouse", "open_warehouse"]


def open_warehouse(adapter: str, credentials: Mapping[str, Any], project_dir: Path) -> Warehouse:
    """The warehouse of a dbt target: DuckDB natively, everything else through its adapter.

    `credentials` are the target's values in profiles.yml, already rendered.
    """
    if adapter == "duckdb":
        from sync.warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(credentials, project_dir)
    from sync.warehouse.adapter import AdapterWarehouse

    return AdapterWarehouse(adapter, credentials)
