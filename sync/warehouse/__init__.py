"""The only importers of database drivers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sync.errors import ConfigError
from sync.warehouse.port import Session, Warehouse
from sync.warehouse.proved import unproved

__all__ = ["Session", "Warehouse", "open_warehouse", "unproved"]


def open_warehouse(
    adapter: str, credentials: Mapping[str, Any], project_dir: Path, state_schema: str = ""
) -> Warehouse:
    """The warehouse of a dbt target: DuckDB natively, everything else through its adapter.

    `credentials` are the target's values in profiles.yml, already rendered. Raises ConfigError for
    an adapter that the sync was never run on, unless the environment lets it in by name.
    """
    if problem := unproved(adapter):
        raise ConfigError(problem)
    if adapter == "duckdb":
        from sync.warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(credentials, project_dir, state_schema)
    from sync.warehouse.adapter import AdapterWarehouse

    return AdapterWarehouse(adapter, credentials, state_schema)
