"""`watch` is `apply` again and again: what moves goes out, and what fails does not end it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.command import Running, until
from e2e.project import SmallProject
from e2e.shop import furnish, model

SYNC = "plans__customerio"


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = furnish(project_on(request.param))
    project.define(model("plans"))
    return project


@pytest.fixture
def watching(shop: SmallProject) -> Iterator[Running]:
    run = shop.start("watch", "--every", "1s")
    yield run
    run.end()


def known(shop: SmallProject) -> int:
    """How many the destination has something of."""
    return sum(1 for person in shop.sandbox.people() if person["attributes"].get("tier"))


def rounds(shop: SmallProject) -> int:
    return int(shop.state("select count(*) from {state}.run_syncs")[0][0])


def test_each_round_sends_what_moved_and_a_signal_ends_it_in_order(
    shop: SmallProject, watching: Running
) -> None:
    until(lambda: known(shop) == 2, "the first round", watching)
    shop.warehouse.run("insert into people values ('c', 'gold', 3)")
    until(lambda: known(shop) == 3, "a later round", watching)

    broken = shop.dir / "target" / "manifest.json"
    whole = broken.read_text()
    broken.write_text(whole[: len(whole) // 2])
    until(lambda: "manifest.json" in watching.output(), "the broken file's complaint", watching)
    broken.write_text(whole)
    shop.warehouse.run("insert into people values ('d', 'gold', 4)")
    until(lambda: known(shop) == 4, "the round after it", watching)

    watching.send(signal.SIGTERM)
    assert watching.wait().code == 143
    assert shop.lease(SYNC)[1]


@pytest.mark.parametrize("shop", ["duckdb"], indirect=True)
def test_a_watch_ends_after_its_rounds_wherever_it_was_started(shop: SmallProject) -> None:
    """The second round reads a relative folder as the first did."""
    away = [sys.executable, "-c"]
    code = (
        "import os, sys; os.chdir('..');"
        f" sys.argv[1:] += ['--project-dir', '{Path(shop.dir).name}'];"
        " import runpy; runpy.run_module('sync', run_name='__main__')"
    )
    done = shop.run("watch", "--rounds", "2", "--every", "1s", program=[*away, code], expect=0)
    assert rounds(shop) == 2, done.text


@pytest.mark.parametrize("shop", ["duckdb"], indirect=True)
def test_a_round_of_a_held_model_is_followed_and_its_lag_is_said_once(shop: SmallProject) -> None:
    made = model("plans")
    made.activation["sla"] = "1 minute"
    shop.define(made)
    shop.write_artifacts({"plans": "error"})
    done = shop.run("watch", "--rounds", "2", "--every", "1s", expect=3)
    assert done.text.count("was not built") >= 2
    assert "behind" not in done.text


@pytest.mark.parametrize("shop", ["duckdb"], indirect=True)
def test_a_time_that_is_none_is_refused(shop: SmallProject) -> None:
    told = shop.run("watch", "--every", "soon", expect=2).text
    assert "`soon` is no time such as 60s, 5m or 1h" in told
