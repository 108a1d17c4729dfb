"""Whatever a vendor answers, a conversation ends with outcomes or with a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sync.destinations.spec import Expected
from sync.errors import DestinationError, SyncError
from sync.model import Delivered, Kind, NotAttempted, Op, Rejected, Unknown
from tests.contract.odd_answers import Mangler
from tests.seeds import VARIABLE, session_seed

ROUNDS = 8
MANY = 250
"""As many rows as make an import job, at the vendors that have them."""
OPTIONAL = ("audit", "pull", "unready")


def seeds(rounds: int) -> range:
    """Others in each session, which prints where it started."""
    return range(session_seed(), session_seed() + rounds)


TRANSITIONS = {"on_enter": {"event": "entered"}, "on_exit": {"event": "left"}}
RICH: dict[tuple[str, Kind], dict[str, Any]] = {
    ("customerio", Kind.SEGMENT): {"manual_segment": 1, "update_only": False, **TRANSITIONS},
    ("fullstory", Kind.SEGMENT): {"update_only": True, **TRANSITIONS},
    ("gainsight_px", Kind.SEGMENT): {"membership": "both", "on_missing": "create", **TRANSITIONS},
    ("launchdarkly", Kind.SEGMENT): {"identify": True, "tiers": ["a", "b"]},
    ("launchdarkly", Kind.TRAITS): {"identify": True, "value_segments": {"plan": ["team", "x"]}},
    ("qualtrics", Kind.SEGMENT): {"mailing_list": "CG_churn", **TRANSITIONS},
    ("qualtrics", Kind.TRAITS): {"update_only": True},
}
"""Options that make conversations long."""
FLAG = {
    "key": "discount",
    "environments": {
        "test": {
            "rules": [
                {"clauses": [{"op": "segmentMatch", "values": ["churn_risk"]}], "variation": 0},
                {"clauses": [{"attribute": "plan", "op": "in", "values": ["x"]}], "variation": 1},
            ],
            "fallthrough": {"rollout": {"variations": [{"variation": 1, "weight": 100000}]}},
            "offVariation": 1,
        }
    },
}
RESPONSE = {"ext_ref": "key00000", "recorded_at": "2026-02-01T10:00:00Z", "answers": {"QID1": 3}}
SEEDS: dict[str, dict[str, Any]] = {
    "customerio": {"segments": [{"name": "churn_risk", "type": "manual"}]},
    "fullstory": {"sessions": [{"uid": "key00000", "id": "s1"}]},
    "launchdarkly": {"flags": [FLAG]},
    "qualtrics": {"surveys": [{"id": "SV_sandbox", "responses": [RESPONSE]}]},
}


def rich(connected: Any) -> Any:
    """A sync with the options that make most requests, to a vendor that holds something."""
    options = RICH.get((connected.name, connected.kind))
    given = {} if options is None else {"options": type(connected.destination).options(**options)}
    connected.control.seed(SEEDS[connected.name]) if connected.name in SEEDS else None
    sync = connected.sync(**given)
    connected.send(connected.rows(3), sync)
    return sync


@contextmanager
def mangled(connected: Any, seed: int) -> Iterator[None]:
    """Put an unreliable line in front of the sandbox; a failure says how to repeat it."""
    inner = connected.http
    chance = (0.15, 0.5, 1.0)[seed % 3]
    connected.http = Mangler(inner, seed, is_stubborn=seed % 2 == 0, chance=chance)
    try:
        yield
    except BaseException as e:
        e.add_note(f"To repeat it: {VARIABLE}={seed}")
        raise
    finally:
        connected.http = inner


@pytest.mark.parametrize("count", [3, MANY])
def test_odd_answers_to_a_delivery_end_with_an_outcome_for_each_row(
    connected: Any, count: int
) -> None:
    if count == MANY and connected.name not in ("fullstory", "qualtrics"):
        pytest.skip("this vendor has no import jobs")
    ops = [Op.ADD] if connected.kind is Kind.EVENTS else list(Op)
    for seed in seeds(ROUNDS if count == 3 else ROUNDS // 3):
        op = ops[seed % len(ops)]
        rows = connected.rows(count, op, transition=seed % 5 + 1, is_doubtful=seed % 4 == 0)
        connected.control.reset()
        sync = rich(connected)
        with mangled(connected, seed):
            exchange = connected.send(rows, sync)
            assert len(exchange.endings) == count
            for ending in exchange.endings:
                assert isinstance(ending, Delivered | Rejected | Unknown | NotAttempted)
            assert_no_bug(exchange.stop)


@pytest.mark.parametrize("what", ["check", "unready", "audit", "read_back", "pull"])
def test_odd_answers_to_a_question_are_a_problem(connected: Any, what: str) -> None:
    if what in OPTIONAL and what not in connected.destination.abilities:
        pytest.skip(f"{connected.name} has no {what}")
    if what == "pull":
        connected.settings["surveys"] = ["SV_sandbox"]
    sync = rich(connected)
    for seed in seeds(ROUNDS):
        with mangled(connected, seed):
            try:
                connected.ask(question(sync, what))
            except SyncError as error:
                assert_no_bug(error)


def question(sync: Any, what: str) -> Callable[[Any], Any]:
    """What `debug`, `verify`, `pull` and the start of a run ask."""
    held = {"plan": "team", "seats": 1, "note": "x"}
    expected = [Expected(f"key{i:05d}", i % 2 == 0, held) for i in range(3)]
    return {
        "check": lambda d: d.check(),
        "unready": lambda d: d.unready(sync),
        "audit": lambda d: d.audit([sync]),
        "read_back": lambda d: d.read_back(sync, expected),
        "pull": lambda d: d.pull(None),
    }[what]


def assert_no_bug(error: SyncError | None) -> None:
    assert error is None or isinstance(error, DestinationError), str(error)
