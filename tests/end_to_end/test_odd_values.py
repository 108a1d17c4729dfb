"""One value that can't be sent costs its row: the other rows go, and so do the other models."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.project import SmallProject

PEOPLE = 1_000
ODD: dict[str, dict[str, tuple[str, str]]] = {
    "duckdb": {
        "far": ("date", "date '20240-01-01'"),
        "before": ("date", "date '-0044-03-15'"),
        "never": ("date", "date 'infinity'"),
        "late": ("timestamp", "timestamp '10000-01-01 00:00:00'"),
        "endless": ("timestamp", "timestamp '-infinity'"),
        "zoned": ("timestamp with time zone", "timestamptz 'infinity'"),
        "fine": ("timestamp_ns", "timestamp_ns '2024-01-01 00:00:00.123456789'"),
    },
    "postgres": {
        "far": ("date", "date '20240-01-01'"),
        "before": ("date", "date '0044-03-15 BC'"),
        "never": ("date", "date 'infinity'"),
        "late": ("timestamp", "timestamp '12026-01-01 00:00:00'"),
        "endless": ("timestamp", "timestamp '-infinity'"),
        "zoned": ("timestamp with time zone", "timestamptz 'infinity'"),
    },
}
USUAL = {
    "date": "date '2024-01-01'",
    "timestamp": "timestamp '2024-01-01 00:00:00'",
    "timestamp with time zone": "timestamptz '2024-01-01 00:00:00+00'",
    "timestamp_ns": "timestamp_ns '2024-01-01 00:00:00.123456'",
}
MIDNIGHT = 1_704_067_200


def people(odd: dict[str, tuple[str, str]]) -> Model:
    """A model with a column for each odd value, which stands in the n-th row of the n-th column."""
    columns = ", ".join(
        f"case when n = {row} and is_odd then {value} else {USUAL[data_type]} end as {name}"
        for row, (name, (data_type, value)) in enumerate(odd.items(), start=1)
    )
    return Model(
        name="odd_people",
        query=f"select 'p' || n as person_id, {columns} from numbers, switch",
        columns={"person_id": "varchar", **{name: kind for name, (kind, _) in odd.items()}},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )


SOUND = Model(
    name="sound_people",
    query="select 'z' || n as person_id, 'pro' as plan from numbers where n <= 3",
    columns={"person_id": "varchar", "plan": "varchar"},
    activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
)


@pytest.fixture
def numbers(project: SmallProject) -> SmallProject:
    project.warehouse.run(
        f"create table numbers as select n from generate_series(1, {PEOPLE}) as s(n)",
        "create table switch as select true as is_odd",
    )
    return project


def letters(project: SmallProject) -> dict[str, tuple[str, str]]:
    query = "select identity, code, reason from {state}.dead_letters"
    return {identity: (code, reason) for identity, code, reason in project.state(query)}


def test_one_odd_date_or_time_among_a_thousand_rows_costs_that_row(numbers: SmallProject) -> None:
    odd = ODD[numbers.warehouse.adapter]
    numbers.define(people(odd), SOUND)
    finished = numbers.run(expect=1)
    counts = numbers.counts()
    assert counts["odd_people"]["rejected"] == len(odd)
    assert counts["odd_people"]["delivered"] == PEOPLE - len(odd)
    assert counts["sound_people"]["delivered"] == 3
    found = letters(numbers)
    for row, name in enumerate(odd, start=1):
        code, reason = found.pop(f"p{row}")
        assert code == "not-expressible"
        assert reason.startswith(f"column {name} holds a ")
        assert numbers.attributes(f"p{row}") == {}
    assert found == {}
    usual = numbers.attributes(f"p{PEOPLE}")
    assert {usual[name] for name in odd} == {MIDNIGHT}
    for trace in ("20240", "0044", "infinity", "12026"):
        assert trace not in finished.text
    assert f"p{PEOPLE}" not in finished.text

    shown = numbers.run("plan", "--select", "odd_people", "--show", "10", expect=0)
    assert f"Plan: {len(odd)} to add." in shown.stdout
    assert "20240-01-01" in shown.stdout

    numbers.warehouse.run("update switch set is_odd = false")
    numbers.run(expect=0)
    assert numbers.attributes("p1")["far"] == MIDNIGHT
    assert letters(numbers) == {}


ELSEWHERE: dict[str, dict[str, tuple[str, str, str]]] = {
    "duckdb": {
        "listed": ("date[]", "[date '2024-01-01']", "[date '20240-01-01']"),
        "mapped": ("map(varchar, timestamp)", "map {}", "map {'k': timestamp 'infinity'}"),
        "inner": (
            "struct(f timestamp_ns)",
            "{'f': timestamp_ns '2024-01-01 00:00:00'}",
            "{'f': timestamp_ns '2024-01-01 00:00:00.123456789'}",
        ),
        "worded": ("varchar", "'a'", "'a' || chr(0)"),
        "doc": ("json", "'{}'", """'{"a": "b\\u0000"}'"""),
    },
    "postgres": {
        "listed": ("date[]", "array[date '2024-01-01']", "array[date '0044-03-15 BC']"),
        "zoned": ("timestamptz[]", "array[timestamptz '2024-01-01']", "'{infinity}'"),
        "doc": ("json", "'{}'", """'{"a": "b\\u0000"}'"""),
    },
}
"""By column: its type, a usual value, and an odd one."""


def test_one_odd_value_of_any_other_family_costs_its_row_as_well(numbers: SmallProject) -> None:
    odd = ELSEWHERE[numbers.warehouse.adapter]
    columns = ", ".join(
        f"cast(case when n = {row} then {bad} else {usual} end as {kind}) as {name}"
        for row, (name, (kind, usual, bad)) in enumerate(odd.items(), start=1)
    )
    model = Model(
        name="odd_people",
        query=f"select 'p' || n as person_id, {columns} from numbers",
        columns={"person_id": "varchar", **{name: kind for name, (kind, *_) in odd.items()}},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )
    numbers.define(model)
    numbers.run(expect=1)
    counts = numbers.counts()["odd_people"]
    assert (counts["rejected"], counts["delivered"]) == (len(odd), PEOPLE - len(odd))
    found = letters(numbers)
    assert sorted(found) == [f"p{row}" for row, _ in enumerate(odd, start=1)]
    for row, name in enumerate(odd, start=1):
        code, reason = found[f"p{row}"]
        assert code == "not-expressible"
        assert f" {name} holds " in reason


def test_a_number_that_is_none_is_sent_as_null_and_a_huge_one_as_its_digits(
    project_on: Any,
) -> None:
    project: SmallProject = project_on("postgres")
    model = Model(
        name="numbers_of_people",
        query=(
            "select 'k' || i as person_id, case i when 3 then 'NaN'::numeric when 4 then 1e400"
            " else i + 0.5 end as v from generate_series(1, 5) as g(i)"
        ),
        columns={"person_id": "varchar", "v": "numeric"},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )
    project.define(model)
    project.run(expect=0)
    held = {n: project.attributes(f"k{n}").get("v") for n in range(1, 6)}
    assert held == {1: 1.5, 2: 2.5, 3: None, 4: "1" + "0" * 400, 5: 5.5}


def test_an_interval_is_sent_as_its_seconds(project: SmallProject) -> None:
    model = Model(
        name="lengths",
        query="select 'a' as person_id, interval '3 days 4 hours' as v"
        " union all select 'b', interval '-90 seconds' union all select 'c', null",
        columns={"person_id": "varchar", "v": "interval"},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )
    project.define(model)
    project.run(expect=0)
    assert {n: project.attributes(n).get("v") for n in "abc"} == {"a": 273_600, "b": -90, "c": None}
    assert "No changes." in project.run(expect=0).stdout


def test_an_event_at_no_moment_that_can_be_written_is_rejected_alone(
    numbers: SmallProject,
) -> None:
    event = Model(
        name="visits",
        query=(
            "select 'e' || n as event_id, 'p' || n as person_id,"
            " case when n = 2 then timestamp 'infinity' else timestamp '2024-01-01 00:00:00' end"
            " as at from numbers where n <= 5"
        ),
        columns={"event_id": "varchar", "person_id": "varchar", "at": "timestamp"},
        activation={
            "kind": "events",
            "identity": "person_id",
            "event_id": "event_id",
            "event": "visited",
            "occurred_at": "at",
            "initial": "send",
            "destinations": ["customerio"],
        },
    )
    numbers.define(event)
    numbers.run(expect=1)
    counts = numbers.counts()["visits"]
    assert (counts["delivered"], counts["rejected"]) == (4, 1)
    ((identity, (code, reason)),) = letters(numbers).items()
    assert (identity, code) == ("e2", "not-expressible")
    assert reason.startswith("column at holds a date or time")


def test_types_of_ones_own_are_sent_as_their_text_whatever_their_name_begins_with(
    project_on: Any,
) -> None:
    project: SmallProject = project_on("postgres")
    own = ("interest_level2", "datetime", "text_kind", "structure", "json_kind", "bitness")
    for name in own:
        project.warehouse.run(f"create type {name} as enum ('hot', 'cold')")
    model = Model(
        name="own_types",
        query="select 'e'::varchar as person_id, "
        + ", ".join(f"'hot'::{name} as v_{name}" for name in own),
        columns={"person_id": "varchar", **{f"v_{name}": name for name in own}},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )
    project.define(model, SOUND_ALONE)
    project.run(expect=0)
    assert project.attributes("e") == {f"v_{name}": "hot" for name in own}
    assert project.attributes("z1") == {"plan": "pro"}
    assert "No changes." in project.run(expect=0).stdout


SOUND_ALONE = Model(
    name="sound_people",
    query="select 'z1'::varchar as person_id, 'pro'::varchar as plan",
    columns=SOUND.columns,
    activation=SOUND.activation,
)
