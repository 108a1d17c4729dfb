"""Values arrive as what they are, and a type that can't go is named before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from e2e.artifacts import Model
from e2e.project import SmallProject


def person(name: str, expression: str, data_type: str, **of_column: Any) -> Model:
    """A model of one person, who has the value as the trait `v_<name>`."""
    trait = f"v_{name}"
    return Model(
        name=f"m_{name}",
        query=f"select cast('{name}' as varchar) as person_id, {expression} as {trait}",
        columns={"person_id": "varchar", trait: data_type},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
        of_columns={trait: of_column} if of_column else {},
    )


def arrived(project: SmallProject, models: Mapping[str, Model]) -> dict[str, Any]:
    """By name, what the destination holds; without the name, nothing."""
    held = {name: project.attributes(name) for name in models}
    return {name: found[f"v_{name}"] for name, found in held.items() if found}


def named(*models: Model) -> dict[str, Model]:
    return {model.name.removeprefix("m_"): model for model in models}


def test_numbers_arrive_as_the_numbers_that_they_are_on_duckdb(project_on: Any) -> None:
    project: SmallProject = project_on("duckdb")
    greatest = "170141183460469231731687303715884105728"
    models = named(
        person("huge", f"{greatest}::uhugeint", "uhugeint"),
        person("small", "5::uhugeint", "uhugeint"),
        person("zeros", "2.5::decimal(38, 18)", "decimal(38, 18)"),
        person("whole", "3::decimal(38, 18)", "decimal(38, 18)"),
        person("cents", "1234.56::decimal(38, 18)", "decimal(38, 18)"),
        person("single", "0.1::float", "float"),
        person("singles", "[0.1::float, 'nan'::float]", "float[]"),
        person("exact", "[12345678901234567890.12::decimal(38, 2)]", "decimal(38, 2)[]"),
        person("json", "'[12345678901234567890.12, 0.1, 7]'::json", "json"),
    )
    project.define(*models.values())
    project.run(expect=0)
    assert arrived(project, models) == {
        "huge": greatest,
        "small": 5,
        "zeros": 2.5,
        "whole": 3,
        "cents": 1234.56,
        "single": 0.1,
        "singles": [0.1, None],
        "exact": ["12345678901234567890.12"],
        "json": ["12345678901234567890.12", 0.1, 7],
    }
    assert "No changes." in project.run(expect=0).stdout


def test_json_inside_a_value_keeps_its_digits_on_duckdb(project_on: Any) -> None:
    project: SmallProject = project_on("duckdb")
    long = "12345678901234567890.12"
    models = named(
        person(
            "field",
            f"{{'j': '[{long}, 1]'::json, 'd': date '2024-01-01', 'n': null::json}}",
            "struct(j json, d date, n json)",
        ),
        person("item", f"['{long}'::json, null, '\"a\"'::json]", "json[]"),
        person(
            "entry", f"map {{'a\"b': '{{\"k\": {long}}}'::json, 'c': null}}", "map(varchar, json)"
        ),
        person(
            "deep",
            f"[[{{'k': map {{'z': ['{long}'::json]}}}}]]",
            "struct(k map(varchar, json[]))[][]",
        ),
        person("tuple", f"row(1, '{long}'::json, date '2024-01-01')", "tuple(integer, json, date)"),
        person("union", f"union_value(j := '{long}'::json)", "union(j json)"),
        person("none", "null::struct(j json)", "struct(j json)"),
    )
    project.define(*models.values())
    project.run(expect=0)
    midnight = 1_704_067_200
    assert arrived(project, models) == {
        "field": {"j": [long, 1], "d": midnight, "n": None},
        "item": [long, None, "a"],
        "entry": {'a"b': {"k": long}, "c": None},
        "deep": [[{"k": {"z": [long]}}]],
        "tuple": [1, long, midnight],
        "union": {"j": long},
    }
    assert "No changes." in project.run(expect=0).stdout


def test_values_that_postgresql_pads_or_dresses_arrive_without(project_on: Any) -> None:
    project: SmallProject = project_on("postgres")
    models = named(
        person("money", "12.5::money", "money"),
        person("padded", "'ab'::char(10)", "char(10)"),
        person("paddeds", "array['ab'::char(10)]", "char(10)[]"),
        person("nans", "array['NaN'::float8, 1.5, '-Infinity']", "double precision[]"),
        person("year", "interval '1 year 1 day'", "interval"),
        person("single", "0.1::real", "real"),
    )
    project.define(*models.values())
    project.run(expect=0)
    assert arrived(project, models) == {
        "money": 12.5,
        "padded": "ab",
        "paddeds": ["ab"],
        "nans": [None, 1.5, None],
        "year": 366.25 * 86_400,
        "single": 0.1,
    }
    assert "No changes." in project.run(expect=0).stdout


def test_a_moment_in_a_list_arrives_as_one_beside_it(project: SmallProject) -> None:
    is_duckdb = project.warehouse.adapter == "duckdb"
    moment, zoned = "timestamp '2024-01-01 00:00:00'", "timestamptz '2024-03-31 02:30:00+01'"
    made = (lambda x: f"[{x}]") if is_duckdb else (lambda x: f"array[{x}]")
    models = named(
        person("beside", moment, "timestamp"),
        person("inside", made(moment), "timestamp[]"),
        person("zoned", made(zoned), "timestamp with time zone[]"),
        person("day", made("date '2024-01-01'"), "date[]"),
        person("span", made("interval '1 day 2 hours'"), "interval[]"),
        person("far", made("date '20240-01-01'"), "date[]"),
        person("never", made("timestamp 'infinity'"), "timestamp[]"),
    )
    if is_duckdb:
        fields = f"{{'at': {moment}, 'deep': [{{'on': date '2024-01-01'}}]}}"
        models |= named(
            person("fields", fields, 'struct("at" timestamp, deep struct("on" date)[])')
        )
    project.define(*models.values())
    project.run(expect=1)
    midnight = 1_704_067_200
    expected: dict[str, Any] = {
        "beside": midnight,
        "inside": [midnight],
        "zoned": [1_711_848_600],
        "day": [midnight],
        "span": [93_600],
    }
    if is_duckdb:
        expected["fields"] = {"at": midnight, "deep": [{"on": midnight}]}
    assert arrived(project, models) == expected
    rows = project.state("select identity, reason from {state}.dead_letters order by identity")
    assert [identity for identity, _ in rows] == ["far", "never"]
    assert all(reason.startswith(f"column v_{name} holds a date or") for name, reason in rows)


def test_columns_that_differ_in_letter_case_alone_are_each_their_own(project_on: Any) -> None:
    project: SmallProject = project_on("postgres")
    entry = {"name": "customerio", "traits": {"first": "Plan", "second": "plan"}}
    model = Model(
        name="twins",
        query="select 'c2'::varchar as person_id, 'A'::varchar as \"Plan\", 'b'::varchar as plan",
        columns={"person_id": "varchar", "Plan": "varchar", "plan": "varchar"},
        activation={"kind": "traits", "identity": "person_id", "destinations": [entry]},
    )
    project.define(model)
    project.run(expect=0)
    assert project.attributes("c2") == {"first": "A", "second": "b"}


def test_a_default_with_an_offset_is_the_moment_that_it_says(project: SmallProject) -> None:
    default = "2024-01-01T00:00:00+02:00"
    model = person("at", "cast(null as timestamptz)", "timestamptz", default=default)
    project.define(model)
    project.run(expect=0)
    assert project.attributes("at") == {"v_at": 1_704_060_000}


def test_json_whose_keys_change_places_is_no_change(project: SmallProject) -> None:
    first = """cast('{"b": 1, "a": {"d": [1.5, {"x": "y", "w": null}], "c": 2}}' as json)"""
    same = """cast('{"a":{"c":2,"d":[1.5,{"w":null,"x":"y"}]}, "b":1}' as json)"""
    other = """cast('{"a":{"c":2,"d":[1.5,{"w":1,"x":"y"}]}, "b":1}' as json)"""
    project.define(person("doc", first, "json"))
    project.run(expect=0)
    project.define(person("doc", same, "json"))
    assert "No changes." in project.run(expect=0).stdout
    project.define(person("doc", other, "json"))
    project.run(expect=0)
    assert project.attributes("doc")["v_doc"]["a"]["d"][1] == {"w": 1, "x": "y"}


def test_a_key_that_holds_a_nul_is_refused_as_a_trait_is(project_on: Any) -> None:
    project: SmallProject = project_on("duckdb")
    model = person("n", "1", "integer")
    query = f"{model.query} union all select 'a' || chr(0) || 'b', 2"
    project.define(Model(model.name, query, model.columns, model.activation))
    project.run(expect=1)
    ((identity, code, reason),) = project.state(
        "select identity, code, reason from {state}.dead_letters"
    )
    assert (identity, code) == ("a\0b", "not-expressible")
    assert reason == "column person_id holds a NUL character"
    assert project.attributes("n") == {"v_n": 1}


def test_a_type_that_can_not_go_is_named_by_check_and_held_by_a_run(
    project: SmallProject,
) -> None:
    is_duckdb = project.warehouse.adapter == "duckdb"
    bad = "{'b': 'x'::blob}" if is_duckdb else "array['x'::bytea]"
    kind = "struct(b blob)" if is_duckdb else "bytea[]"
    key = person("key", "1", "integer")
    a_list = "['a', 'b']" if is_duckdb else "array['a', 'b']"
    bad_key = Model(
        "m_key",
        f"select {a_list} as person_id, 1 as v_key",
        {**key.columns, "person_id": "varchar[]"},
        key.activation,
    )
    project.define(person("bad", bad, kind), bad_key, person("good", "1", "integer"))
    checked = project.run("check", expect=2)
    assert f"column `v_bad` is {kind}: binary data inside" in checked.text
    assert "the identity column `person_id` is varchar[]" in checked.text

    claims = [
        person("bad", bad, "text"),
        Model("m_key", bad_key.query, key.columns, key.activation),
    ]
    project.define(*claims, person("good", "1", "integer"))
    project.run("check", expect=0)
    run = project.run(expect=3)
    assert "column `v_bad` of m_bad holds binary data inside" in run.text
    assert "column `person_id` of m_key is" in run.text
    assert project.attributes("good") == {"v_good": 1}
    assert project.attributes("bad") == {}


def test_a_type_of_ones_own_that_stands_for_another_goes_the_way_of_that(project_on: Any) -> None:
    project: SmallProject = project_on("postgres")
    project.warehouse.run(
        "create domain price as numeric(8, 3)",
        "create domain picture as bytea",
        "create domain portrait as picture",
        "create domain cheap as price check (value < 100)",
        "create type weeks as range (subtype = date)",
        "create type framed as (title text, inside portrait)",
        "create type shelf as (number integer, weeks weeks[])",
        "create type place as (street text, number integer)",
    )
    project.define(
        person("price", "2.5::price", "price"),
        person("cheap", "2.5::cheap", "cheap"),
        person("place", "row('Elm', 3)::place", "place"),
        person("picture", "'x'::picture", "picture"),
        person("portrait", "'x'::portrait", "portrait"),
        person("portraits", "array['x'::portrait]", "portrait[]"),
        person("framed", "row('me', 'x')::framed", "framed"),
        person("frames", "array[row('me', 'x')::framed]", "framed[]"),
        person("weeks", "weeks(date '2024-01-01', date '2024-01-08')", "weeks"),
        person("shelf", "row(1, null)::shelf", "shelf"),
    )
    held = project.run(expect=3)
    assert project.attributes("price") == {"v_price": 2.5}
    assert project.attributes("cheap") == {"v_cheap": 2.5}
    assert project.attributes("place") == {"v_place": "(Elm,3)"}
    for name in ("picture", "portrait"):
        assert f"column `v_{name}` of m_{name} holds binary data, which" in held.text
    for name in ("portraits", "framed", "frames"):
        assert f"column `v_{name}` of m_{name} holds binary data inside" in held.text
    assert "column `v_weeks` of m_weeks holds ranges, which" in held.text
    assert "column `v_shelf` of m_shelf holds ranges inside" in held.text


def test_a_number_that_turns_into_a_double_is_a_change_for_everybody(project_on: Any) -> None:
    project: SmallProject = project_on("duckdb")
    project.define(person("n", "1152921504606846976::bigint", "bigint"))
    project.run(expect=0)
    assert project.attributes("n") == {"v_n": "1152921504606846976"}
    project.define(person("n", "1152921504606846976::double", "double"))
    project.run(expect=0)
    assert project.attributes("n") == {"v_n": 1152921504606846976.0}
    assert "No changes." in project.run(expect=0).stdout


def test_a_plan_shows_the_value_that_is_sent(project: SmallProject) -> None:
    is_duckdb = project.warehouse.adapter == "duckdb"
    moments = "[timestamp '2024-01-01 12:00:00']"
    models = named(
        person("single", "cast(0.1 as real)", "real"),
        person("cents", "cast(2.5 as decimal(30, 18))", "decimal(30, 18)"),
        person("zoned", "timestamptz '2024-01-01 12:00:00+02'", "timestamptz"),
        person("list", moments if is_duckdb else f"array{moments}", "timestamp[]"),
    )
    project.define(*models.values())
    shown = project.run("plan", "--show", "5", expect=0).stdout
    for name, value in {
        "single": "0.1",
        "cents": "2.5",
        "zoned": '"2024-01-01T10:00:00Z"',
        "list": '["2024-01-01T12:00:00Z"]',
    }.items():
        assert f"v_{name}: {value}\n" in shown, shown
        assert f"v_{name}: {value}\n" in project.run("why", name, expect=0).stdout
    project.run(expect=0)
    models["single"] = person("single", "cast(0.2 as real)", "real")
    project.define(*models.values())
    assert "v_single: 0.1 -> 0.2\n" in project.run("plan", "--show", "5", expect=0).stdout


def test_an_event_needs_a_moment_to_have_occurred_at(project: SmallProject) -> None:
    activation = {
        "kind": "events",
        "identity": "person_id",
        "event_id": "event_id",
        "event": "visited",
        "occurred_at": "at",
        "destinations": ["customerio"],
    }
    query = "select cast('e1' as varchar) as event_id, cast('p' as varchar) as person_id"
    columns = {"event_id": "varchar", "person_id": "varchar"}
    visits = Model("visits", f"{query}, 5 as at", {**columns, "at": "bigint"}, activation)
    project.define(visits)
    checked = project.run("check", expect=2)
    assert "the occurred_at column `at` is bigint, no date or timestamp" in checked.text
    project.define(Model("visits", visits.query, {**columns, "at": "timestamp"}, activation))
    held = project.run(expect=3)
    assert "column `at` of visits is" in held.text
