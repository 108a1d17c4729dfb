"""On a terminal, a sync asks before it sends for the first time."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pytest
from e2e.project import SmallProject
from e2e.shop import fill, furnish, model

QUESTION = "[y/N/all] "


class Typist:
    """A person at a terminal, whose questions are answered in order; None is Ctrl-C."""

    def __init__(self, shop: SmallProject, *arguments: str, **environ: str) -> None:
        self.screen, terminal = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if name != "CI"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sync", *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=shop.dir,
            env={**kept, "NO_COLOR": "1", **shop.environ, **environ},
            start_new_session=True,
        )
        os.close(terminal)
        self.text = ""

    def answer(self, answers: Sequence[str | None]) -> int:
        """Read to the end; the exit code."""
        left = list(answers)
        asked, until = 0, time.monotonic() + 60
        while True:
            assert time.monotonic() < until, self.text
            if select.select([self.screen], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.screen, 65536).decode()
                except OSError:
                    break
            if left and self.text.count(QUESTION) > asked:
                asked += 1
                if (typed := left.pop(0)) is None:
                    self.process.send_signal(signal.SIGINT)
                else:
                    os.write(self.screen, f"{typed}\n".encode())
        os.close(self.screen)
        assert not left, self.text
        return self.process.wait(timeout=10)


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    shop = furnish(project_on("duckdb"))
    shop.define(model("levels"), model("plans", {"n": "integer"}))
    return shop


def test_the_first_run_asks_once_for_each_sync_and_later_runs_do_not(shop: SmallProject) -> None:
    typist = Typist(shop)
    assert typist.answer(["y", "n"]) == 3
    first = "First run of levels -> customerio. Send 2 changes? [y/N/all] "
    assert first in typist.text
    assert "1 of 2 PLAN levels -> customerio ..." in typist.text
    assert typist.text.index("PLAN levels -> customerio") < typist.text.index(first)
    assert "not-confirmed" in typist.text
    assert shop.attributes("a") == {"tier": "gold"}
    fill(shop, "'a', 'free', 3", "'b', 'free', 4")
    typist = Typist(shop)
    assert typist.answer(["y"]) == 0
    assert "First run of plans" in typist.text
    assert shop.attributes("a") == {"tier": "free", "n": 3}


def test_a_later_run_asks_where_it_is_larger_than_the_project_says(shop: SmallProject) -> None:
    project = shop.dir / "dbt_project.yml"
    project.write_text(project.read_text() + "vars: {activation: {ask_above: 1}}\n")
    assert Typist(shop, "apply", "--yes").answer([]) == 0
    fill(shop, "'a', 'free', 1", "'b', 'gold', 2")
    typist = Typist(shop)
    assert typist.answer(["n"]) == 3
    assert "\nlevels -> customerio. Send 2 changes? [y/N/all] " in typist.text
    assert "so large a plan (2 changes) was not confirmed" in typist.text
    assert shop.attributes("a") == {"tier": "gold", "n": 1}
    fill(shop, "'a', 'free', 1", "'b', 'free', 2")
    assert Typist(shop).answer([]) == 0
    assert shop.attributes("a") == {"tier": "free", "n": 1}
    fill(shop, "'a', 'gold', 1", "'b', 'gold', 2")
    assert Typist(shop, "apply", CI="true").answer([]) == 0


def test_a_delivery_is_shown_before_the_first_answer(shop: SmallProject) -> None:
    shop.sandbox.add_fault("delay", {"vendor": "customerio", "path": "v2/batch", "seconds": 2.0})
    typist = Typist(shop, "apply", "--yes", "--select", "levels")
    assert typist.answer([]) == 0
    assert "0 of 2" in typist.text


def test_all_is_an_answer_for_the_rest(shop: SmallProject) -> None:
    typist = Typist(shop, "apply")
    assert typist.answer(["all"]) == 0
    assert typist.text.count(QUESTION) == 1
    assert shop.attributes("b") == {"tier": "free", "n": 2}


@pytest.mark.parametrize("typed", ["", "no", "Y e s"])
def test_whatever_is_no_yes_sends_nothing(shop: SmallProject, typed: str) -> None:
    assert Typist(shop).answer([typed, typed]) == 3
    assert shop.applied() == []
    assert shop.state("select is_released from {state}.leases") == [(True,), (True,)]


def test_a_question_ends_with_a_signal(shop: SmallProject) -> None:
    typist = Typist(shop)
    assert typist.answer([None]) == 130
    assert shop.applied() == []
    assert shop.state("select is_released from {state}.leases") == [(True,)]


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [(["--yes"], {}), ([], {"CI": "true"}), (["--log-format", "json"], {})],
)
def test_nothing_is_asked_where_it_is_known_or_nobody_is_there(
    shop: SmallProject, arguments: Sequence[str], environ: dict[str, str]
) -> None:
    typist = Typist(shop, "apply", *arguments, **environ)
    assert typist.answer([]) == 0
    assert QUESTION not in typist.text
    assert shop.attributes("a") == {"tier": "gold", "n": 1}
