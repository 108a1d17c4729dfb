"""One value that can't be sent costs its row: the other rows go, and so do the other models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from e2e.artifacts import Model
from e2e.project import SmallProject

from sync.data_types import Family

PEOPLE = 1_000
MIDNIGHT = 1_704_067_200
NEVER = object()
"""In place of what arrives: the value can't be sent, and its row is rejected."""
LEAST, GREATEST = -62_135_596_800, 253_402_214_400
"""The first midnight of the year 1 and the last one of the year 9999, in Unix seconds."""
DEEP, TOO_DEEP = ("[" * n + "1" + "]" * n for n in (16, 18))
LONG = "12345678901234567890.12345"
MANY = "9" * 400


class Kind(NamedTuple):
    """A type, what is usual in it and arrives, and odd values with what arrives of them."""

    family: str
    data_type: str
    usual: tuple[str, Any]
    odd: dict[str, Any]


def nested(levels: int) -> Any:
    """`[[...[1]...]]`."""
    return 1 if levels == 0 else [nested(levels - 1)]


ANYWHERE = [
    Kind(
        "integer",
        "bigint",
        ("7", 7),
        {
            "-9223372036854775808": "-9223372036854775808",
            "9223372036854775807": "9223372036854775807",
            "9007199254740993": "9007199254740993",
            "-9007199254740992": -9007199254740992,
            "null": None,
        },
    ),
    Kind(
        "decimal",
        "numeric(38, 18)",
        ("2.5", 2.5),
        {
            "0.000000000000000001": 1e-18,
            "-99999999999999999999.999999999999999999": "-99999999999999999999.999999999999999999",
            "-0.0": 0,
            "0.1234567890123456": "0.1234567890123456",
            "0.123456789012345000": 0.123456789012345,
            "1000000000000000": "1000000000000000",
            "null": None,
        },
    ),
    Kind(
        "single",
        "real",
        ("'0.1'", 0.1),
        {"'nan'": None, "'infinity'": None, "'-infinity'": None, "'1e-45'": 1e-45, "'-0'": 0},
    ),
    Kind(
        "double",
        "double precision",
        ("'0.1'", 0.1),
        {
            "'nan'": None,
            "'infinity'": None,
            "'-infinity'": None,
            "'5e-324'": 5e-324,
            "'-1.7976931348623157e308'": -1.7976931348623157e308,
            "'-0'": 0,
        },
    ),
    Kind("boolean", "boolean", ("true", True), {"false": False, "null": None}),
    Kind(
        "text",
        "varchar",
        ("'a'", "a"),
        {
            "''": None,  # which is how Customer.io empties an attribute
            "' '": " ",
            "chr(1) || chr(127)": "\x01\x7f",
            "chr(8238) || 'abc' || chr(8203)": "\u202eabc\u200b",
            "chr(65535) || chr(1114111)": "\uffff\U0010ffff",
            "chr(8232) || chr(13) || chr(10)": "\u2028\r\n",
            "'NaN'": "NaN",
            "'null'": "null",
            "'''; drop table numbers; --'": "'; drop table numbers; --",
            "repeat('x', 1000)": "x" * 1000,
            "repeat('x', 1001)": NEVER,
            "repeat(chr(8364), 334)": NEVER,
        },
    ),
    Kind(
        "date",
        "date",
        ("'2024-01-01'", MIDNIGHT),
        {
            "'0001-01-01'": LEAST,
            "'9999-12-31'": GREATEST,
            "'20240-01-01'": NEVER,
            "'10000-01-01'": NEVER,
            "'0001-12-31 (BC)'": NEVER,
            "'infinity'": NEVER,
            "'-infinity'": NEVER,
        },
    ),
    Kind(
        "instant",
        "timestamp",
        ("'2024-01-01'", MIDNIGHT),
        {
            "'0001-01-01'": LEAST,
            "'9999-12-31 23:59:59.999999'": GREATEST + 86_399,
            "'10000-01-01'": NEVER,
            "'0044-03-15 (BC)'": NEVER,
            "'infinity'": NEVER,
            "'-infinity'": NEVER,
        },
    ),
    Kind(
        "instant",
        "timestamp with time zone",
        ("'2024-01-01 00:00:00+00'", MIDNIGHT),
        {
            "'0001-01-01 00:00:00+00'": LEAST,
            "'9999-12-31 23:59:59+00'": GREATEST + 86_399,
            "'10000-01-01 00:00:00+00'": NEVER,
            "'9999-12-31 23:59:59-12'": NEVER,
            "'0001-01-01 00:00:00+12'": NEVER,
            "'infinity'": NEVER,
            "'-infinity'": NEVER,
        },
    ),
    Kind(
        "time",
        "time",
        ("'12:30:00'", "12:30:00"),
        {
            "'24:00:00'": "24:00:00",
            "'23:59:59.999999'": "23:59:59.999999",
            "'00:00:00'": "00:00:00",
        },
    ),
    Kind(
        "time",
        "time with time zone",
        ("'12:30:00+02'", "12:30:00+02"),
        {
            "'00:00:00+15:59'": "00:00:00+15:59",
            "'24:00:00-15:59'": "24:00:00-15:59",
        },
    ),
    Kind(
        "duration",
        "interval",
        ("'1 day'", 86_400),
        {
            "'-3 days'": -259_200,
            "'1 month -1 day'": 29 * 86_400,
            "'-1 year'": -365.25 * 86_400,
            "'0.000001 seconds'": 0.000001,
            "'100000 years'": 100_000 * 365.25 * 86_400,
            "'0 days'": 0,
        },
    ),
    Kind(
        "json",
        "json",
        ("'{}'", {}),
        {
            "'null'": None,
            "'\"a\"'": "a",
            "'[1e400]'": ["1" + "0" * 400],
            f"'{LONG}'": LONG,
            f"'{{\"n\": {MANY}}}'": {"n": MANY},
            f"'{DEEP}'": nested(16),
            f"'{TOO_DEEP}'": NEVER,
            "repeat('[', 1200) || repeat(']', 1200)": NEVER,
            r"""'{"a": "b\u0000"}'""": NEVER,
            r"""'{"a\u0000": 1}'""": NEVER,
            r"""'["\ud83d\ude00"]'""": ["\U0001f600"],
            '\'{"a": 1, "a": 2}\'': {"a": 2},
            "'\"2024-01-01\"'": "2024-01-01",
        },
    ),
]
OF_DUCKDB = [
    Kind(
        "integer",
        "uhugeint",
        ("7", 7),
        {
            "340282366920938463463374607431768211455": "340282366920938463463374607431768211455",
            "170141183460469231731687303715884105728": "170141183460469231731687303715884105728",
        },
    ),
    Kind("integer", "bignum", ("'7'", 7), {f"'{MANY}'": MANY, "repeat('9', 5000)": NEVER}),
    Kind("text", "varchar", ("'a'", "a"), {"'a' || chr(0)": NEVER}),
    Kind(
        "instant",
        "timestamp_ns",
        ("'2024-01-01'", MIDNIGHT),
        {
            "'2024-01-01 00:00:00.123456789'": NEVER,
            "'2262-04-11 23:47:16.854775'": 9_223_372_036,
            "'infinity'": NEVER,
        },
    ),
    Kind("instant", "timestamp_s", ("'2024-01-01'", MIDNIGHT), {"'20240-01-01'": NEVER}),
    Kind("instant", "timestamp_ms", ("'2024-01-01'", MIDNIGHT), {"'20240-01-01'": NEVER}),
    Kind("json", "date[]", ("[]", []), {"['20240-01-01']": NEVER, "[null]": [None]}),
    Kind("json", "float[]", ("[]", []), {"['nan', '1e-45', '-inf']": [None, 1e-45, None]}),
    Kind("json", "varchar[]", ("[]", []), {"['a' || chr(0)]": NEVER, "['']": [""]}),
    Kind("json", "interval[]", ("[]", []), {"['-90 seconds', null]": [-90, None]}),
    Kind(
        "json",
        "map(varchar, timestamp)",
        ("map {}", {}),
        {
            "map {'k': timestamp 'infinity'}": NEVER,
            "map {'a' || chr(0): null}": NEVER,
            "map {'': null}": {"": None},
        },
    ),
    Kind(
        "json",
        "struct(f timestamp_ns, j json)",
        ("{'f': null, 'j': null}", {"f": None, "j": None}),
        {
            "{'f': timestamp_ns '2024-01-01 00:00:00.123456789', 'j': null}": NEVER,
            f"{{'f': null, 'j': '{LONG}'}}": {"f": None, "j": LONG},
            f"{{'f': null, 'j': '{TOO_DEEP}'}}": NEVER,
        },
    ),
]
OF_POSTGRES = [
    Kind(
        "decimal",
        "numeric",
        ("2.5", 2.5),
        {
            "'NaN'": None,
            "'infinity'": None,
            "'-infinity'": None,
            "1e400": "1" + "0" * 400,
            "1e-400": "0." + "0" * 399 + "1",
            "1e5000": NEVER,
        },
    ),
    Kind("decimal", "money", ("2.5", 2.5), {"-92233720368547758.08": "-92233720368547758.08"}),
    Kind(
        "json",
        "json",
        ("'{}'", {}),
        {
            r"""'["\ud800"]'""": NEVER,
            r"""'{"\ud800": 1}'""": NEVER,
            r"""'["\udc00\ud800"]'""": NEVER,
        },
    ),
    Kind("text", "char(4)", ("'a'", "a"), {"''": None, "' b'": " b"}),
    Kind("json", "date[]", ("'{}'", []), {"'{0044-03-15 BC}'": NEVER, "'{NULL}'": [None]}),
    Kind("json", "timestamptz[]", ("'{}'", []), {"'{infinity}'": NEVER}),
    Kind("json", "real[]", ("'{}'", []), {"'{NaN,1e-45,-Infinity}'": [None, 1e-45, None]}),
    Kind("json", "numeric[]", ("'{}'", []), {"'{NaN,1e400}'": [None, "1" + "0" * 400]}),
    Kind("json", "interval[]", ("'{}'", []), {"array['-90 seconds'::interval, null]": [-90, None]}),
    Kind(
        "json",
        "jsonb",
        ("'{}'", {}),
        {f"'{LONG}'": LONG, f"'{TOO_DEEP}'": NEVER, "'[1e400]'": ["1" + "0" * 400]},
    ),
]
KINDS = {"duckdb": [*ANYWHERE, *OF_DUCKDB], "postgres": [*ANYWHERE, *OF_POSTGRES]}


class Odd(NamedTuple):
    """One odd value: the row and the column that it stands in, and what arrives."""

    row: int
    column: str
    sql: str
    arrives: Any

    @property
    def person(self) -> str:
        return f"p{self.row}"


def odd_values(kinds: list[Kind]) -> Iterator[Odd]:
    row = 0
    for number, kind in enumerate(kinds):
        for value, arrives in kind.odd.items():
            row += 1
            yield Odd(row, f"c{number}_{kind.family}", value, arrives)


def people(kinds: list[Kind], odd: list[Odd], adapter: str) -> Model:
    """A model with a column for each type, and a person for each odd value among many others."""
    columns = {f"c{number}_{kind.family}": kind for number, kind in enumerate(kinds)}
    picked = [
        f"case when is_odd then case n {_whens(own, kind, adapter)} else {usual} end"
        f" else {usual} end as {name}"
        for name, kind in columns.items()
        for own in [[one for one in odd if one.column == name]]
        for usual in [f"cast({kind.usual[0]} as {kind.data_type})"]
    ]
    return Model(
        name="odd_people",
        query=f"select 'p' || n as person_id, {', '.join(picked)} from numbers, switch",
        columns={"person_id": "varchar", **{n: kind.data_type for n, kind in columns.items()}},
        activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
    )


def _whens(own: list[Odd], kind: Kind, adapter: str) -> str:
    era = " BC" if adapter == "postgres" else " (BC)"
    values = [(one.row, one.sql.replace(" (BC)", era)) for one in own]
    return " ".join(f"when {row} then cast({sql} as {kind.data_type})" for row, sql in values)


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


def test_one_odd_value_among_a_thousand_rows_costs_that_row_in_every_family(
    numbers: SmallProject,
) -> None:
    kinds = KINDS[numbers.warehouse.adapter]
    odd = list(odd_values(kinds))
    usual = {f"c{n}_{kind.family}": kind.usual[1] for n, kind in enumerate(kinds)}
    assert {kind.family for kind in kinds} == {*Family} - {Family.REFUSED}
    numbers.define(people(kinds, odd, numbers.warehouse.adapter), SOUND)
    numbers.run("check", expect=0)
    finished = numbers.run(expect=1)

    never = {one.person: one for one in odd if one.arrives is NEVER}
    arrived = {one.person: numbers.attributes(one.person) for one in odd}
    wrong = {
        (one.column, one.sql): arrived[one.person].get(one.column)
        for one in odd
        if one.arrives is not NEVER and arrived[one.person].get(one.column) != one.arrives
    }
    assert wrong == {}
    found = letters(numbers)
    assert {(o.column, o.sql) for o in odd if (o.person in found) != (o.person in never)} == set()
    for one in odd:
        others = {name: value for name, value in usual.items() if name != one.column}
        held = arrived[one.person]
        kept = {n: v for n, v in held.items() if n != one.column}
        assert kept == ({} if one.person in never else others), one
    for person, one in never.items():
        code, reason = found.pop(person)
        assert code == "not-expressible", one
        assert one.column in reason, (one, reason)
    assert found == {}
    counts = numbers.counts()
    assert counts["odd_people"]["rejected"] == len(never)
    assert counts["odd_people"]["delivered"] == PEOPLE - len(never)
    assert counts["sound_people"]["delivered"] == 3
    assert numbers.attributes(f"p{PEOPLE}") == usual
    for trace in ("20240", "0044", "infinity", "ud800", "999999", f"p{PEOPLE}"):
        assert trace not in finished.text

    shown = numbers.run("plan", "--select", "odd_people", "--show", "500", expect=0)
    assert f"Plan: {len(never)} to add." in shown.stdout
    assert "20240-01-01" in shown.stdout

    numbers.warehouse.run("update switch set is_odd = false")
    numbers.run(expect=0)
    assert numbers.attributes("p1") == usual
    assert letters(numbers) == {}


EVENT = {
    "kind": "events",
    "identity": "person_id",
    "event_id": "event_id",
    "event": "visited",
    "occurred_at": "at",
    "initial": "send",
    "destinations": ["customerio"],
}


def test_an_event_at_no_moment_that_can_be_written_is_rejected_alone(
    numbers: SmallProject,
) -> None:
    era = " BC" if numbers.warehouse.adapter == "postgres" else " (BC)"
    odd = ["infinity", "-infinity", f"0044-03-15{era}", "10000-01-01", "20240-01-01"]
    whens = " ".join(f"when {n} then timestamp '{at}'" for n, at in enumerate(odd, start=1))
    query = (
        "select 'e' || n as event_id, 'p' || n as person_id,"
        f" case n {whens} when 6 then null else timestamp '2024-01-01 00:00:00' end as at"
        " from numbers"
    )
    columns = {"event_id": "varchar", "person_id": "varchar", "at": "timestamp"}
    numbers.define(Model("visits", query, columns, EVENT))
    numbers.run(expect=1)
    counts = numbers.counts()["visits"]
    assert (counts["delivered"], counts["rejected"], counts["invalid"]) == (PEOPLE - 6, 5, 1)
    found = letters(numbers)
    missing = "`event_id`, `person_id` or `at` is null or blank"
    assert found.pop("") == ("identity-missing", missing)
    assert sorted(found) == [f"e{n}" for n in range(1, 6)]
    for n in range(1, 6):
        code, reason = found[f"e{n}"]
        assert code == "not-expressible"
        assert reason.startswith("column at holds a date or time")


def test_a_nul_in_a_reason_an_events_name_or_an_address_is_rejected_alone(
    project_on: Any,
) -> None:
    project: SmallProject = project_on("duckdb")
    project.warehouse.run("create table numbers as select n from generate_series(1, 9) as s(n)")
    odd = "case when n = 2 then 'a' || chr(0) else 'a' || n end"
    person = {"person_id": "varchar"}
    by_email = {"name": "customerio", "identify_by": {"email": "mail"}}
    project.define(
        Model(
            "carts",
            f"select 'p' || n as person_id, {odd} as why from numbers",
            {**person, "why": "varchar"},
            {
                "kind": "segment",
                "identity": "person_id",
                "reason": "why",
                "destinations": [{"name": "customerio", "update_only": False}],
            },
        ),
        Model(
            "visits",
            f"select 'e' || n as event_id, 'p' || n as person_id, {odd} as what,"
            " timestamp '2024-01-01' as at from numbers",
            {**person, "event_id": "varchar", "what": "varchar", "at": "timestamp"},
            {**EVENT, "event": {"column": "what"}},
        ),
        Model(
            "plans",
            f"select 'q' || n as person_id, {odd} || '@example.com' as mail, 1 as plan"
            " from numbers",
            {**person, "mail": "varchar", "plan": "integer"},
            {"kind": "traits", "identity": "person_id", "destinations": [by_email]},
            {"mail": {"pii": False}},
        ),
    )
    project.run("check", expect=0)
    project.run(expect=1)
    for model, identity, column in (
        ("carts", "p2", "why"),
        ("visits", "e2", "what"),
        ("plans", "q2", "mail"),
    ):
        counts = project.counts()[model]
        assert (counts["delivered"], counts["rejected"]) == (8, 1), model
        code, reason = letters(project)[identity]
        assert code == "not-expressible"
        assert reason == f"column {column} holds a NUL character"


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
