"""Databricks, through the connection of its own driver that dbt-databricks has opened."""

from __future__ import annotations

from typing import Any

from sync.warehouse.session import AdapterSession
from sync.warehouse.spark import SparkSession


class DatabricksSession(SparkSession):
    """Spark's statements through a cursor that pages Arrow."""

    def __init__(self, handle: Any, dialect: str) -> None:
        AdapterSession.__init__(self, handle._conn, dialect)
