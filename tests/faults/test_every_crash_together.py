"""Syncs that are delivered as one keep the promise that single ones keep."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.faults.together import check, stories
from tests.seeds import session_seed


def test_whenever_it_dies_both_syncs_converge() -> None:
    """Every seventh story, from another one in each session; each fault and setting has a turn."""
    start = session_seed() % 7
    assert sum(check(story) for story in islice(stories(), start, None, 7)) > 5_000


@pytest.mark.torture
def test_every_story_of_two_syncs_converges() -> None:
    assert sum(check(story) for story in stories()) > 35_000
