"""Sail's Spark Connect server, and statements told to it line by line. Its argument is a port.

Run by the Python of `make emulators`, where tables shall lie. Each line is a statement as JSON; the
answer is its rows, or what went wrong.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pysail.spark import SparkConnectServer
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

WAREHOUSE = "spark.sql.warehouse.dir"


def main(port: int, session: str, directory: str) -> None:
    """Serve until the last line."""
    server = SparkConnectServer("127.0.0.1", port)
    server.start(background=True)
    spark = SparkSession.builder.remote(session).config(WAREHOUSE, directory).getOrCreate()
    answer({"rows": []})
    for line in sys.stdin:
        try:
            found = spark.sql(json.loads(line)).toArrow()
            columns = [column.to_pylist() for column in found.columns]
            answer({"rows": list(zip(*columns, strict=True))})
        except PySparkException as error:
            answer({"error": str(error)})


def answer(what: dict[str, Any]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
