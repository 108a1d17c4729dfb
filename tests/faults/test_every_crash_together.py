"""Syncs that are delivered as one keep the promise that single ones keep."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.faults.together import check, stories


def test_whenever_it_dies_both_syncs_converge() -> None:
    """Every seventh story, so that all faults and settings have their turn."""
    assert sum(check(story) for story in islice(stories(), 0, None, 7)) > 5_000


@pytest.mark.torture
def test_every_story_of_two_syncs_converges() -> None:
    assert sum(check(story) for story in stories()) > 35_000
