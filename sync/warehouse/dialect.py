"""What differs between warehouses: one row of facts for each; nothing else asks for a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Hash = Literal["", "hash", "record", "farm", "xxhash"]

_ICEBERG_CONFLICT = "ICEBERG_COMMIT_ERROR|TRANSACTION_CONFLICT|failed to commit|concurrent update"
_DELTA_CONFLICT = (
    r"DELTA_CONCURRENT|DELTA_METADATA_CHANGED|Concurrent\w*Exception|MetadataChangedException"
    r"|CommitFailedException|conflict(?:ing|ed|s)? (?:commit|transaction)"
    r"|concurrent (?:transaction|update|modification)"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """How one engine is spoken to. An adapter without a row is refused."""

    dialect: str
    """sqlglot's name for its SQL."""
    hash: Hash = ""
    """Its native 64-bit hash of a whole row, where that costs less than comparing the row."""
    hash_type: str = "bigint"
    version: str = ""
    """A query for the version that its native hash depends on."""
    row_id: str = ""
    """Where a row of a table lies, for a look-up that costs less than one by key. It holds within
    a transaction."""
    passing: str = ""
    """What a column is declared with in a table whose rows don't stay: not worth compressing."""
    numbers_freely: bool = False
    """Rows can be numbered in the order in which they come."""
    merges_subqueries: bool = False
    """It computes what a subquery names anew wherever the name is read, unless it is kept apart."""
    is_measured: bool = False
    """It plans joins with freshly filled tables badly, until they are analysed."""
    merges: bool = True
    """A query can be merged into a table; elsewhere it is updated from a copy, and inserted."""
    is_measured_singly: bool = False
    """Statistics are collected of one table in a statement."""
    begin: str = "begin"
    """Opens a transaction with one view of the data, where there is such a thing."""
    lock: str = ""
    """Lets one transaction at a time past it, and no other write the table; it has to come first.
    Empty where a transaction can't be lost to another process's, or nothing is known."""
    conflict: str = ""
    """A pattern for what is said of a statement that lost against another one and did nothing."""
    is_concurrent: bool = False
    """Transactions of one process that write the same tables at a time don't fail one another;
    elsewhere its threads take turns."""
    has_transactions: bool = False
    """DDL and DML roll back together; elsewhere each statement commits by itself."""
    collation: str = ""
    """Orders text by its bytes; empty where text is ordered so anyway."""
    converts: Literal["", "using", "copy", "replace"] = ""
    """How a column gets a new type: it takes it, needs to be told how to convert, or can't take
    every one and is copied into a column that has it. Or no column changes, and none goes: a table
    is replaced by a copy of itself."""
    renames_with_type: bool = False
    """A column is renamed by a statement that says its type too."""
    has_scratch: bool = False
    """It has no temporary tables: a plan works with tables in the state's schema."""
    inserts_whole_rows: bool = False
    """An insert has to give every column, also those that are to be null."""
    refuses_marks: bool = False
    """Names of columns hold letters, digits and underscores, and no other mark."""
    shows: bool = False
    """It tells what schemas and tables there are by `show`, and has no information_schema."""
    clusters: bool = False
    """It keeps rows together by a column that a table is created with, at no cost."""
    moment: str = "timestamp"
    """The word for a moment that has no zone."""
    catalogues: bool = False
    """Each schema has a catalogue of its own; one of all schemas is not asked."""
    hides: bool = False
    """What a login may not read looks to it as if it were not there."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Words for types, and the word by which the engine calls the same type."""
    json: Literal["", "jsonb", "variant"] = ""
    """How two JSON texts are compared as values; empty where they are compared as texts."""
    casts_json: bool = True
    """A value of its type JSON can be cast to its text."""
    place_text: str = ""
    """The function that writes a geography as text, where no cast does."""


FACTS = {
    "duckdb": Facts(
        "duckdb",
        "hash",
        "ubigint",
        row_id="rowid",
        passing="using compression uncompressed",
        numbers_freely=True,
        has_transactions=True,
        json="variant",
    ),
    "postgres": Facts(
        "postgres",
        "record",
        version="select current_setting('server_version_num')::integer / 10000",
        row_id="ctid",
        numbers_freely=True,
        merges_subqueries=True,
        is_measured=True,
        begin="begin isolation level repeatable read",
        lock="lock table {} in share row exclusive mode",
        is_concurrent=True,
        has_transactions=True,
        collation="C",
        converts="using",
        json="jsonb",
    ),
    "redshift": Facts(
        "redshift",
        converts="copy",
        is_measured=True,
        merges=False,
        is_measured_singly=True,
        has_transactions=True,
    ),
    "snowflake": Facts(
        "snowflake",
        "hash",
        "decimal(38, 0)",
        converts="copy",
        hides=True,
        synonyms={
            "BIGINT": "DECIMAL(38, 0)",
            "INT": "DECIMAL(38, 0)",
            "TIMESTAMP": "TIMESTAMPNTZ",
        },
    ),
    "bigquery": Facts(
        "bigquery",
        "farm",
        conflict="could not serialize access|concurrent update|too many dml statements outstanding",
        clusters=True,
        moment="datetime",
        catalogues=True,
        converts="copy",
        casts_json=False,
        place_text="st_astext",
    ),
    "trino": Facts(
        "trino",
        conflict=_ICEBERG_CONFLICT,
        converts="replace",
        has_scratch=True,
        moment="timestamp(6)",
        casts_json=False,
    ),
    "athena": Facts(
        "athena",
        conflict=_ICEBERG_CONFLICT,
        converts="copy",
        renames_with_type=True,
        has_scratch=True,
        refuses_marks=True,
        moment="timestamp(6)",
        casts_json=False,
    ),
    "databricks": Facts(
        "databricks",
        "xxhash",
        "decimal(20, 0)",
        conflict=_DELTA_CONFLICT,
        converts="replace",
        has_scratch=True,
        inserts_whole_rows=True,
        refuses_marks=True,
        shows=True,
    ),
    "spark": Facts(
        "spark",
        "xxhash",
        "decimal(20, 0)",
        conflict=_DELTA_CONFLICT,
        converts="replace",
        has_scratch=True,
        inserts_whole_rows=True,
        refuses_marks=True,
        shows=True,
    ),
}


def facts(dialect: str) -> Facts:
    """The row of a dialect. Raises KeyError for one that has none."""
    return FACTS[dialect]
