"""Spark itself, told the statements of runs. It reads `setup` and `runs` from its input, as JSON.

Run by the Python of `make spark`. Tables are Parquet files, whose rows Spark does not change: a
change of rows is read by its parser only. Written is what was refused, and how many were run.
"""

from __future__ import annotations

import json
import re
import sys

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

CHANGES = re.compile(r"\s*(MERGE|UPDATE|DELETE|CREATE OR REPLACE)")
SCHEMAS = ("shop", "shop_activation")


def main() -> None:
    """Run them, each run on tables that are empty."""
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "1")
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    parser = spark._jsparkSession.sessionState().sqlParser()
    asked = json.loads(sys.stdin.read())
    refused, executed = [], 0
    for run in asked["runs"]:
        for schema in SCHEMAS:
            spark.sql(f"drop database if exists {schema} cascade")
            spark.sql(f"create database {schema}")
        for statement in [*asked["setup"], *run]:
            try:
                parser.parsePlan(statement)
                if not CHANGES.match(statement):
                    spark.sql(statement.replace("USING DELTA", "USING PARQUET")).collect()
                    executed += 1
            except PySparkException as error:
                refused.append((statement, str(error)))
    sys.stdout.write(json.dumps({"refused": refused, "executed": executed}))


if __name__ == "__main__":
    main()
