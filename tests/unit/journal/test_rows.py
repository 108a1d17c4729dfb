from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from sync.journal.rows import changes_of
from sync.model import Kind, Op, Relation, Sync, Trait
from sync.state.columns import Column
from tests.unit.journal.test_spool import chunk

COLUMNS = (
    Column(Trait("plan", "plan"), "varchar"),
    Column(Trait("since", "first_day"), "date"),
    Column(Trait("tags", "tags"), "varchar[]"),
)
ODD_DAY = "20240-01-01"
PEOPLE = Sync("m__v", "m", "model.p.m", Relation(None, "s", "m"), "v", "v", Kind.TRAITS, "id")
VISITS = replace(PEOPLE, kind=Kind.EVENTS, event_id="event_id", occurred_at="happened_at")


def batch(**changed: list[object]) -> pa.RecordBatch:
    """Three additions: days and tags are odd in the second row."""
    columns = {
        **chunk(1, rows=3).to_pydict(),
        "changed": ["111"] * 3,
        "t_tags": ['["a"]', "none", None],
        **changed,
    }
    return pa.RecordBatch.from_pydict({**columns, "t_since": ["1970-01-02", ODD_DAY, None]})


def test_an_odd_value_marks_its_own_row_and_names_the_models_column() -> None:
    first, second, third = changes_of(batch(), PEOPLE, COLUMNS, 1)
    assert first.traits["tags"] == ["a"]
    assert (first.unreadable, third.unreadable) == (None, None)
    assert third.traits == {"plan": "pro", "since": None, "tags": None}
    assert second.traits == {}
    assert second.unreadable is not None
    assert "column first_day holds a date or time that can't be sent" in second.unreadable
    assert "column tags holds text that is no JSON" in second.unreadable
    assert "none" not in second.unreadable


def test_an_odd_value_that_is_not_to_be_sent_stops_nothing() -> None:
    _, second, _ = changes_of(batch(changed=["100"] * 3), PEOPLE, COLUMNS, 1)
    assert second.unreadable is None
    assert second.traits == {"plan": "pro"}


def test_a_removal_needs_no_value() -> None:
    _, second, _ = changes_of(batch(op=["remove"] * 3), PEOPLE, COLUMNS, 1)
    assert second.op is Op.REMOVE
    assert second.unreadable is None
    assert second.traits == dict.fromkeys(("plan", "since", "tags"))


def test_an_odd_moment_of_an_event_marks_its_row() -> None:
    odd = pa.array([0, 2**62, None], pa.int64()).cast(pa.timestamp("us"))
    moments = batch(changed=["1"] * 3).set_column(
        batch().schema.get_field_index("occurred_at"), "occurred_at", odd
    )
    first, second, _ = changes_of(moments, VISITS, COLUMNS[:1], 1)
    assert first.occurred_at is not None
    assert (second.occurred_at, second.identity) == (None, "p2")
    assert second.unreadable is not None
    assert "column happened_at holds a date or time" in second.unreadable
