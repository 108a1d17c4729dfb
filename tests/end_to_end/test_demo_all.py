"""The demo, run once as `make demo` does: what it tells must have happened."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from e2e.repository import copy_repository

VENDORS = ("Customer.io", "Fullstory", "Gainsight PX", "LaunchDarkly", "Qualtrics")
STEP = re.compile(r"(?m)^(?:\d+\. .+|Done)$")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the demo printed, by heading, run in a copy so that it leaves nothing here."""
    place = copy_repository(tmp_path_factory.mktemp("demo"), "pyproject.toml", "scripts", "sync")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "SHOP_", "SANDBOX"))}
    done = subprocess.run(
        [sys.executable, "scripts/demo.py"],
        cwd=place,
        env=plain | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    headings = STEP.findall(done.stdout)
    return dict(zip(headings, STEP.split(done.stdout)[1:], strict=True))


def test_a_second_sync_of_the_same_day_makes_no_request(steps: dict[str, str]) -> None:
    assert "Zero requests were made" in steps["3. Sync again"]
    assert "delivered" not in steps["3. Sync again"]


def test_every_destination_gets_something_on_both_days_and_refuses_nothing(
    steps: dict[str, str],
) -> None:
    for heading in ("2. First sync", "7. Second sync"):
        assert "5 destinations" in steps[heading]
        assert not re.search(r"rejected|undecided|not attempted", steps[heading])
    arrived = steps["8. What arrived"]
    for vendor in VENDORS:
        found = re.search(rf"(?m)^{re.escape(vendor)} +([\d,]+) +([\d,]+) +([\d,]+)$", arrived)
        assert found, vendor
        assert all(int(number.replace(",", "")) > 0 for number in found.groups()), vendor


def test_reasons_from_the_survey_become_a_segment_and_a_refusal_ends_the_others(
    steps: dict[str, str],
) -> None:
    assert "Pulled 3 records from qualtrics" in steps["4. Answers come back"]
    arrived = steps["8. What arrived"]
    assert "in survey_followup because of price; win-back list: off it" in arrived
    assert "in survey_followup because of delivery; win-back list: off it" in arrived
    assert "asked to be left alone, so in no segment; win-back list: off it" in arrived


def test_one_person_is_shown_at_every_destination(steps: dict[str, str]) -> None:
    told = steps["9. One person, explained"]
    held = told.partition("What the destinations hold of ")[2]
    for vendor in VENDORS:
        (line,) = re.findall(rf"(?m)^  {re.escape(vendor)} +(.+)$", held)
        assert line != "nobody", vendor
    assert "cart_recovery = false" in held
    assert re.search(r"(?m)http://[\d.]+:\d+/_person\?q=c_\d+$", held)
