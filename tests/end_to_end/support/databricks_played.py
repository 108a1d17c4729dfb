"""`python -m sync` with Databricks' driver played: what dbt-databricks connects to is Sail.

Tables without a format are Delta tables, as they are on Databricks.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import databricks.sql
import pyarrow as pa
from pyspark.sql import SparkSession

from sync.__main__ import main
from sync.warehouse.spark import FrameCursor

TABLE = re.compile(
    r"CREATE (?:OR REPLACE )?TABLE (?:IF NOT EXISTS )?\S+ ?(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?"
)


class Connection:
    """As much of one as dbt's handle and the sync ask for."""

    open = True

    def __init__(self) -> None:
        builder = SparkSession.builder.remote(os.environ["SAIL"])
        self.session = builder.config("spark.sql.warehouse.dir", os.environ["TABLES"]).getOrCreate()

    def cursor(self) -> Cursor:
        return Cursor(self.session)

    def get_session_id_hex(self) -> str:
        return "0"

    def close(self) -> None:
        pass


class Cursor(FrameCursor):
    """Sail has no word for the session's zone, and takes Parquet for what has no format."""

    def execute(self, sql: str) -> None:
        if sql == "set time zone 'UTC'":
            self._session.conf.set("spark.sql.session.timeZone", "UTC")
            self._table = pa.table({})
            return
        super().execute(TABLE.sub(lambda found: f"{found[0].rstrip()} USING DELTA", sql, count=1))


def connect(**given: Any) -> Connection:
    """Whatever dbt has been told of the server."""
    return Connection()


if __name__ == "__main__":
    databricks.sql.connect = connect
    sys.exit(main())
