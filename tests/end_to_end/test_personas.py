"""Personas: what people of a file should get, beside what the models and gates make of them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

TRAITS = Model(
    name="traits_people",
    query="select id, email, tier, n, is_new, born from people",
    columns={
        "id": "varchar",
        "email": "varchar",
        "tier": "varchar",
        "n": "integer",
        "is_new": "boolean",
        "born": "date",
    },
    activation={
        "kind": "traits",
        "identity": "id",
        "destinations": [
            {"name": "customerio", "traits": ["email", "tier", "n", "is_new", "born"]},
            {"name": "launchdarkly", "traits": ["tier"], "value_segments": {"tier": ["gold"]}},
        ],
    },
    of_columns={"email": {"pii": True}, "tier": {"default": "none"}},
)
SEGMENT = Model(
    name="seg_vip",
    query="select id, 'spent ' || n as because from people where tier = 'gold'",
    columns={"id": "varchar", "because": "varchar"},
    activation={
        "kind": "segment",
        "identity": "id",
        "reason": "because",
        "suppress": ["left_alone"],
        "destinations": [{"name": "customerio", "segment": "vip"}],
    },
)
EVENTS = Model(
    name="events_orders",
    query="select id, 'o' || n as order_id, timestamp '2026-11-01' as at from people where n > 1",
    columns={"id": "varchar", "order_id": "varchar", "at": "timestamp"},
    activation={
        "kind": "events",
        "identity": "id",
        "event_id": "order_id",
        "event": "ordered",
        "occurred_at": "at",
        "destinations": ["customerio"],
    },
)
LEFT_ALONE = Model(
    name="left_alone",
    query="select id, 'said so' as why from people where id = 'c'",
    columns={"id": "varchar", "why": "varchar"},
    activation={"kind": "suppression", "identity": "id", "reason": "why"},
)
ALL = """
    customerio:
      segments: {vip: spent 3}
      traits: {tier: gold, n: 3, is_new: false, born: 1990-05-21, email: a@example.com}
      events: [ordered]
    launchdarkly: {traits: {tier: gold}}
"""


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.connect("launchdarkly")
    project.warehouse.run(
        "create table people"
        " (id varchar, email varchar, tier varchar, n integer, is_new boolean, born date)",
        "insert into people values ('a', 'a@example.com', 'gold', 3, false, '1990-05-21'),"
        " ('b', 'b@example.com', null, 1, true, null), ('c', null, 'gold', 1, true, null)",
    )
    project.define(TRAITS, SEGMENT, EVENTS, LEFT_ALONE)
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def write(shop: SmallProject, gets: str = ALL, identity: str = "a") -> None:
    indented = textwrap.indent(textwrap.dedent(gets).strip(), "      ")
    (shop.dir / "personas.yml").write_text(
        f"personas:\n  - name: one\n    identity: {identity}\n    gets:\n{indented}\n"
    )


def differences(told: str) -> list[str]:
    return [" ".join(line.split()) for line in told.splitlines() if " differs " in line]


def test_everybody_gets_what_they_should_without_credentials_and_nothing_is_sent(
    shop: SmallProject, run: Runs
) -> None:
    profiles = shop.dir / "profiles.yml"
    text = profiles.read_text()
    assert "sandbox-track-key" in text
    profiles.write_text(text.replace("sandbox-track-key", "{{ env_var('NOT_SET_HERE') }}"))
    write(shop)
    before = shop.sandbox.counters()["requests"]
    told = run("personas").stdout
    assert "1 persona: all get what they should." in told
    assert "a@example.com" not in told
    assert shop.sandbox.counters()["requests"] == before


def test_by_an_email_a_default_a_null_and_a_gate(shop: SmallProject, run: Runs) -> None:
    gets = """
        customerio: {traits: {tier: none, born: null, is_new: true}}
        launchdarkly: {traits: {tier: none}}
    """
    write(shop, gets, "b@example.com")
    run("personas")
    gets = """
        customerio: {traits: {tier: gold}, held: {seg_vip: suppressed}}
        launchdarkly: {traits: {tier: gold}}
    """
    write(shop, gets, "c")
    told = run("personas").stdout
    assert "held in seg_vip suppressed by left_alone because said so" in " ".join(told.split())


@on_duckdb
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("spent 3", "spent 4", "customerio segment vip spent 3, should be spent 4"),
        ("segments: {vip: spent 3}", "{}", "customerio segment vip spent 3, should be not in"),
        ("n: 3", "n: 4", "customerio trait n 3, should be 4"),
        ("is_new: false", "is_new: 0", "customerio trait is_new false, should be 0"),
        ("1990-05-21", "1990-05-22", "customerio trait born 1990-05-21, should be 1990-05-22"),
        (
            "a@example",
            "x@example",
            "customerio trait email another personal value, should be personal value",
        ),
        ("events: [ordered]", "{}", "customerio event ordered sent, should be none"),
        (
            "launchdarkly: {traits: {tier: gold}}",
            "{}",
            "launchdarkly nothing rows of traits_people, should be nothing",
        ),
        (
            "events: [ordered]",
            "events: [ordered]\n  held: {seg_vip: held_out}",
            "customerio held in seg_vip sent, should be held_out",
        ),
    ],
)
def test_whatever_differs_is_told(
    shop: SmallProject, run: Runs, old: str, new: str, told: str
) -> None:
    changed = textwrap.dedent(ALL).replace(old, "" if new == "{}" else new)
    assert changed != textwrap.dedent(ALL)
    write(shop, changed)
    finished = run("personas", expect=1)
    assert differences(finished.stdout) == [f"differs {told}"]
    assert "@example.com" not in finished.text


@on_duckdb
def test_who_should_be_in_and_is_not_is_told_with_the_gate(shop: SmallProject, run: Runs) -> None:
    write(shop, "customerio: {segments: [vip]}\nlaunchdarkly: {traits: {tier: gold}}", "c")
    found = differences(run("personas", expect=1).stdout)
    assert found == [
        "differs customerio segment vip suppressed by left_alone because said so, for ever,"
        " should be in"
    ]
    write(shop, "customerio: {segments: [vip]}\nlaunchdarkly: {traits: {tier: none}}", "b")
    found = differences(run("personas", expect=1).stdout)
    assert found == ["differs customerio segment vip not in the model, should be in"]


@on_duckdb
def test_as_one_object_and_from_another_file(shop: SmallProject, run: Runs) -> None:
    write(shop, ALL.replace("n: 3", "n: 4"))
    (shop.dir / "personas.yml").rename(shop.dir / "others.yml")
    told: dict[str, Any] = json.loads(run("personas", "others.yml", "--json", expect=1).stdout)
    assert told["exit_code"] == 1
    (persona,) = told["personas"]
    assert (persona["name"], persona["is_met"], persona["is_known"]) == ("one", False, True)
    (differs,) = (finding for finding in persona["findings"] if not finding["is_met"])
    assert (differs["what"], differs["expected"], differs["found"]) == ("trait n", 4, 3)


@on_duckdb
def test_a_bad_file_is_told_whole_with_lines(shop: SmallProject, run: Runs) -> None:
    (shop.dir / "personas.yml").write_text(
        "personas:\n"
        "  - name: one\n"
        "    identiy: a\n"
        "    gets: {customerio: {segments: 3}}\n"
        "  - name: two\n"
        "    identity: b\n"
        "    gets:\n"
        "      customerio:\n"
        "        held: {seg_vip: asleep}\n"
    )
    told = run("personas", expect=2).text
    for line, words in (
        (2, "lacks `personas[0].identity`"),
        (3, "has no key `identiy`"),
        (4, "`personas[0].gets.customerio.segments` must be a mapping"),
        (9, "is none of the values it can have"),
    ):
        assert f"personas.yml, line {line}, " in told
        assert words in told
    assert "did you mean `identity`?" in told

    (shop.dir / "personas.yml").write_text(
        "personas:\n"
        "  - name: one\n"
        "    identity: a\n"
        "    gets:\n"
        "      customer_io: nothing\n"
        "      customerio:\n"
        "        segments: [vips]\n"
        "        traits: {tiers: gold}\n"
        "        events: [order]\n"
        "        held: {segg_vip: suppressed}\n"
        "  - name: one\n"
        "    identity: b\n"
        "    gets: nothing\n"
    )
    told = run("personas", expect=2).text
    found = [line.split(", ")[1] for line in told.splitlines() if "-->" in line]
    assert found == [f"line {line}" for line in (5, 7, 8, 10, 9, 11)]
    for near in ("customerio", "vip", "tier", "seg_vip", "ordered"):
        assert f"did you mean `{near}`?" in told


@on_duckdb
def test_no_file_and_no_model_are_told(shop: SmallProject, run: Runs) -> None:
    assert "personas.yml: can't be opened" in run("personas", expect=2).text
    write(shop)
    shop.warehouse.run("drop view seg_vip")
    told = run("personas", expect=3).text
    assert "has no main.seg_vip" in told
    assert "segment vip" in told


@on_duckdb
def test_an_email_leads_to_models_that_call_the_identity_otherwise(
    shop: SmallProject, run: Runs
) -> None:
    other = Model(
        name="seg_other",
        query="select id as member_id from people where n > 1",
        columns={"member_id": "varchar"},
        activation={
            "kind": "segment",
            "identity": "member_id",
            "destinations": [{"name": "customerio", "segment": "other"}],
        },
    )
    shop.define(TRAITS, SEGMENT, EVENTS, LEFT_ALONE, other)
    told = run("why", "a@example.com").text
    assert "seg_other -> customerio\n  In the model as a." in told
    write(shop, identity="a@example.com")
    told = run("personas", expect=1).stdout
    assert differences(told) == ["differs customerio segment other in, should be not in"]
