from __future__ import annotations

import json
from pathlib import Path

import pytest

from sync.model import Fate
from sync.report import jsonl, results, words
from sync.report.events import Event, RunEnded
from tests.unit.report.conftest import AT


def test_every_event_is_one_line_of_json_with_code_level_and_time(story: list[Event]) -> None:
    lines = [json.loads(jsonl.line(event, AT)) for event in story]
    assert [line["code"] for line in lines] == [event.code for event in story]
    assert {line["time"] for line in lines} == {"2026-11-21T09:12:01.000Z"}
    assert {line["level"] for line in lines} == {"info", "warn", "error"}


def test_the_last_line_has_every_fate_of_every_sync(story: list[Event]) -> None:
    last = json.loads(jsonl.line(story[-1], AT))
    assert [r["status"] for r in last["results"]] == [
        "refused",
        "rejects",
        "success",
        "held",
        "busy",
    ]
    for result in last["results"]:
        assert set(result["counts"]) == {"model_rows", "removals", *map(str, Fate)}
    trials = last["results"][1]
    assert trials["planned"] == {"remove": 3, "change": 40, "add": 12}
    assert trials["counts"]["delivered"] == 52
    assert last["results"][3]["problems"][0]["code"] == "model-empty"


def test_results_are_written_in_one_step_and_leave_nothing_beside(
    story: list[Event], tmp_path: Path
) -> None:
    end = story[-1]
    assert isinstance(end, RunEnded)
    folder = tmp_path / "target"
    path = results.write(results.run_result(end), folder)
    results.write(results.run_result(end), folder)
    assert [p.name for p in folder.iterdir()] == ["sync_results.json"]
    written = json.loads(path.read_text())
    assert written["elapsed_time"] == 75.0
    assert written["results"][0]["unique_id"] == "model.app.seg_c"


def test_a_failed_write_leaves_nothing_beside(story: list[Event], tmp_path: Path) -> None:
    end = story[-1]
    assert isinstance(end, RunEnded)
    (tmp_path / results.FILE).mkdir()
    with pytest.raises(OSError):
        results.write(results.run_result(end), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [results.FILE]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.31, "0.31s"), (12.34, "12.3s"), (59.99, "60.0s"), (184, "3m 04s"), (7500, "2h 05m")],
)
def test_durations(seconds: float, told: str) -> None:
    assert words.seconds(seconds) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [(999, "999 bytes"), (4_200, "4.2 kB"), (1_300_000, "1.3 MB"), (2 * 10**12, "2.0 TB")],
)
def test_sizes(number: int, told: str) -> None:
    assert words.size(number) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (1e6, "11 days"),
    ],
)
def test_ages(seconds: float, told: str) -> None:
    assert words.age(seconds) == told


def test_every_fate_has_a_word() -> None:
    assert set(words.FATES) == set(Fate)


def test_long_lists_are_cut() -> None:
    assert words.named(["a", "b", "c"], 2) == "a, b and 1 more"
