"""A statement that lost against another one, of which nothing was written, is asked again."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, repeat
from typing import TypeVar

from sync.errors import WarehouseError
from sync.warehouse.dialect import facts
from sync.warehouse.errors import LOCKED

PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds before the next try, each up to twice; the last one goes on."""
Found = TypeVar("Found")


def asked_again(ask: Callable[[], Found], dialect: str, wait_seconds: float) -> Found:
    """What `ask` returns, tried anew after each conflict for as long as `wait_seconds`.

    Raises its WarehouseError: at once where it is no conflict, else with the code LOCKED.
    """
    until = time.monotonic() + wait_seconds
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        try:
            return ask()
        except WarehouseError as error:
            if not _is_conflict(error, dialect):
                raise
            if time.monotonic() > until:
                raise _lost(error) from error.__cause__
        time.sleep(random.uniform(pause, 2 * pause))
    raise AssertionError("pauses have no end")


def _is_conflict(error: WarehouseError, dialect: str) -> bool:
    said = facts(dialect).conflict
    return bool(said) and re.search(said, str(error.__cause__), re.IGNORECASE) is not None


def _lost(error: WarehouseError) -> WarehouseError:
    fix = "let whatever else writes there finish, or raise --lock-wait"
    return WarehouseError(*(replace(p, code=LOCKED, fix=fix) for p in error.problems))
