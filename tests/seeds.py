"""The seed of a test session: new each time, printed at its end, repeated on request."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from typing import Any

import pytest

VARIABLE = "SYNC_TEST_SEED"


def choose() -> None:
    """Fix the seed of this session, for the processes that it starts too."""
    os.environ.setdefault(VARIABLE, str(random.SystemRandom().randrange(1_000_000_000)))


def session_seed() -> int:
    """What every random run of this session starts from."""
    return int(os.environ[VARIABLE])


def in_turn(names: Iterable[str], of: int) -> list[Any]:
    """Parameters: every `of`-th is this session's, by its seed; the others are long runs."""
    first = session_seed() % of
    return [
        pytest.param(name, marks=() if number % of == first else pytest.mark.torture)
        for number, name in enumerate(names)
    ]
