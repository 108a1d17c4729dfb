from __future__ import annotations

import io

from sync.report.events import Progressed
from sync.report.progress import Bar, Lines
from sync.report.terminal import Stream
from tests.unit.report.conftest import place


def test_without_a_terminal_a_line_every_few_seconds() -> None:
    told: list[Progressed] = []
    lines = Lines(told.append)
    where = place(1, "traits_people")
    for second in range(13):
        lines.advance(where, second * 100, 2_000, float(second))
    assert [(p.done, p.total, p.per_second) for p in told] == [
        (500, 2_000, 100.0),
        (1_000, 2_000, 100.0),
    ]


def test_the_end_is_not_told_twice() -> None:
    told: list[Progressed] = []
    lines = Lines(told.append)
    lines.advance(place(1, "traits_people"), 1, 10, 0.0)
    lines.advance(place(1, "traits_people"), 10, 10, 60.0)
    assert told == []


def test_a_bar_shows_counts_and_leaves_the_line_free() -> None:
    out = io.StringIO()
    bar = Bar(out, is_colored=False)
    bar.advance(place(1, "traits_people"), 1_000, 40_000, 0.0)
    bar.stop()
    bar.stop()
    assert "1 of 6 SEND traits_people" in out.getvalue()


def test_a_plan_that_is_being_made_is_named_until_the_next_word() -> None:
    out = io.StringIO()
    bar = Bar(out, is_colored=False)
    bar.begin(place(1, "traits_people"))
    assert out.getvalue().endswith("1 of 6 PLAN traits_people -> customerio ...")
    bar.stop()
    assert out.getvalue().endswith("...\r\x1b[K")
    told = out.getvalue()
    bar.stop()
    assert out.getvalue() == told


def test_a_closed_stream_swallows_what_comes() -> None:
    closed = io.StringIO()
    closed.close()
    stream = Stream(closed)
    assert stream.write("text") == 4
    stream.flush()
    assert stream.is_closed
    assert not stream.isatty()
