"""What a driver says of a failure, in its own words and without anybody's values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sync.errors import WarehouseError

STATEMENT = "warehouse-statement"
LOCKED = "warehouse-locked"
"""A table or row stayed locked by another session."""
"""The code of a problem that a statement met."""

_QUOTED = re.compile(r"""(?P<before>\w+|:)?(?P<gap>\s*)(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")""")
_THINGS = frozenset(
    "argument attribute catalog column columns constraint database dialect extension field file"
    " function identifier index keyword named object option parameter relation role routine schema"
    " sequence setting table type user variable view warehouse".split()
)
"""Words before a quoted name. What is quoted after anything else may be a value of a row."""
_KIND = re.compile(r"(?:compilation|access control) error:?(?: error line \d+ at position \d+)?$")
"""A line after which the error itself follows."""
_LAST = re.compile(r"(?<=\bvalue: )[^'\";\s][^;]*")
"""What BigQuery says without quotes: `Bad int64 value: ...`."""
_OF_PYTHON = (AttributeError, ImportError, KeyError, NameError, TypeError)
"""Errors of code, whose quoted words are names."""


def driver_words(error: BaseException) -> str:
    """The first line of what the driver said, from below whatever dbt has wrapped around it.

    Snowflake says in the first what kind of error it is, and in the second what is wrong.
    """
    cause = next(_below_dbt(error), error)
    lines = _text(cause).strip().split("\n")
    text = " ".join(lines[:2] if _KIND.search(lines[0]) else lines[:1])
    if not text:
        return type(cause).__name__
    return text if isinstance(cause, _OF_PYTHON) else without_values(text)


def _below_dbt(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, without those that dbt made of another, or while it met one."""
    cause: BaseException | None = error
    while cause is not None:
        is_dbts = type(cause).__module__.startswith("dbt")
        if not is_dbts:
            yield cause
        cause = cause.__cause__ or (cause.__context__ if is_dbts else None)


def _text(error: BaseException) -> str:
    """redshift_connector hands over the fields of the server's message, M among them.

    Google's driver hands over the client's error, which lists what the service said. Trino's error
    has the server's message beside its name.
    """
    if hasattr(error, "error_name") and hasattr(error, "message"):
        return str(error.message)
    fields = error.args[0] if error.args else None
    if isinstance(fields, Exception):
        return _text(fields)
    listed = getattr(error, "errors", None)
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        return str(listed[0].get("message") or error)
    if isinstance(fields, dict) and "M" in fields:
        return str(fields["M"])
    return str(error)


def without_values(line: str) -> str:
    """A line with what may be a person's value masked; names of things in the warehouse stay."""
    return _QUOTED.sub(_masked, _LAST.sub("...", line))


def _masked(found: re.Match[str]) -> str:
    before, quoted = found["before"] or "", found["quoted"]
    is_name = before.lower() in _THINGS or (quoted[0] == '"' and before not in (":", "value"))
    mark = quoted[0]
    return found[0] if is_name else f"{before}{found['gap']}{mark}...{mark}"


@contextmanager
def placing(sync: str) -> Iterator[None]:
    """Say of a statement that fails inside which sync it was for, unless it has a place already."""
    try:
        yield
    except WarehouseError as error:
        where = f"sync {sync}" if sync else ""
        raise WarehouseError(
            *(p if p.where else replace(p, where=where) for p in error.problems)
        ) from error
