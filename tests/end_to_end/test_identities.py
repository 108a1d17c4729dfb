"""`identities` against a count in plain Python, on each warehouse."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs, runner
from e2e.project import SmallProject
from e2e.shop import events, fill, furnish

PEOPLE: list[tuple[str | None, str | None]] = [
    ("a1", "ann@example.com"),
    ("a2", "ANN@example.com"),  # the vendor takes both for one
    ("b1", " bob@example.com"),
    ("b2", None),
    ("B2", "bea@example.com"),
    ("c1", "not an address"),
    ("c1", "cy@example.com"),
    ("d1", "d1"),
    ("  ", "dora@example.com"),
    (None, "eve@example.com"),
    ("f1\t", "Fay@example.com"),
    ("f1", ""),
    ("g1", "zoë@example.com "),
]


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    """People whose keys are in disorder, known by e-mail at one place and by id at another."""
    project.warehouse.run("create table keyed (id varchar, email varchar, plan varchar)")
    for person, email in PEOPLE:
        values = ", ".join("null" if v is None else f"'{v}'" for v in (person, email, "pro"))
        project.warehouse.run(f"insert into keyed values ({values})")
    project.connect("webhook")
    project.define(keyed())
    return project


def keyed(is_personal: bool = False) -> Model:
    return Model(
        name="people",
        query="select id, email, plan from keyed",
        columns={"id": "varchar", "email": "varchar", "plan": "varchar"},
        activation={
            "kind": "traits",
            "identity": "id",
            "destinations": [
                {"name": "customerio", "identify_by": {"email": "email"}, "traits": ["plan"]},
                {"name": "webhook", "traits": ["plan"]},
            ],
        },
        of_columns={"email": {"pii": is_personal}},
    )


def counted(keys: list[str | None], folds: bool) -> dict[str, int]:
    """The same figures, row by row. `folds`: the vendor takes capitals for small letters."""
    sent = [k.strip(" ") or None if k is not None else None for k in keys]
    alike = [k and (k.strip().lower() if folds else k) for k in sent]
    general = [k and k.strip().lower() for k in sent]
    times = Counter(k for k in alike if k)
    spellings = Counter(form for form, _ in {(g, a) for g, a in zip(general, alike, strict=True)})
    raw = [(k, s) for k, s in zip(keys, sent, strict=True) if s is not None]
    return {
        "rows": len(keys),
        "usable": len(raw),
        "doubled": sum(times[k] > 1 for k in alike if k),
        "alike": sum(spellings[g] > 1 for g in general if g),
        "ragged": sum(k != k.strip() for k, _ in raw if k is not None),
        "capitals": sum(s != s.lower() for _, s in raw),
        "mails": sum("@" in s and "." in s.split("@")[-1] and " " not in s for _, s in raw),
    }


def asked(run: Runs, *options: str) -> Any:
    return json.loads(run("identities", "--json", *options).stdout)


def test_the_counts_are_those_of_plain_python(shop: SmallProject, run: Runs) -> None:
    found = asked(run)
    keys = {(k["destination"], k["column"]): k for k in found["keys"]}
    assert set(keys) == {("customerio", "email"), ("webhook", "id")}
    by_email = counted([email for _, email in PEOPLE], folds=True)
    by_id = counted([person for person, _ in PEOPLE], folds=False)
    assert by_email["doubled"] == 2 and by_id["alike"] == 4 and by_id["doubled"] == 2
    for key, expected in ((("customerio", "email"), by_email), (("webhook", "id"), by_id)):
        assert {name: keys[key][name] for name in expected} == expected, key
    assert all(k["match_percent"] is None and k["shown"] == [] for k in found["keys"])
    (beside,) = found["models"]
    assert beside["destinations"] == {"email": ["customerio"], "id": ["webhook"]}
    has = [(bool(p and p.strip()), bool(e and e.strip())) for p, e in PEOPLE]
    assert (beside["rows"], beside["complete"]) == (len(has), sum(p and e for p, e in has))
    assert beside["lacking"] == {
        "email": sum(not e for _, e in has),
        "id": sum(not p for p, _ in has),
    }


def test_no_key_is_printed_unless_rows_are_asked_for(shop: SmallProject, run: Runs) -> None:
    values = [v.strip() for row in PEOPLE for v in row if v and v.strip() and len(v) > 3]
    quiet = run("identities")
    assert not [v for v in values if v in quiet.text]
    assert "email at customerio; id at webhook" in quiet.text
    shown = run("identities", "--show", "20")
    assert "ANN@example.com" in shown.text and "(doubled, capitals)" in shown.text
    assert "(no key)" in shown.text
    rows = asked(run, "--show", "2")
    assert [len(k["shown"]) for k in rows["keys"]] == [2, 2]
    assert [len(m["shown"]) for m in rows["models"]] == [2]

    shop.define(keyed(is_personal=True))
    masked = run("identities", "--show", "20")
    assert "***" in masked.text and "@" not in masked.text and "a2" in masked.text


def test_the_match_rate_is_that_of_the_newest_verify(shop: SmallProject, run: Runs) -> None:
    run("apply", "--select", "destination:customerio", expect=1)
    run("verify", "--all")
    state = shop.state_schema
    shop.warehouse.run(
        f"insert into {state}.checks select run_id, sync, checked_at + interval '1 hour', 8, 7, 6,"
        f" differing_traits from {state}.checks",
        f"insert into {state}.checks select run_id, sync, checked_at - interval '1 day', 8, 0, 0,"
        f" differing_traits from {state}.checks where sent = 8",
    )
    found = {k["destination"]: k["match_percent"] for k in asked(run)["keys"]}
    assert found == {"customerio": 75.0, "webhook": None}
    assert "75.0 %" in run("identities").text


def test_events_are_asked_for_their_own_id_and_a_missing_model_is_said(
    project_on: Callable[[str], SmallProject],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = furnish(project_on("duckdb"))
    fill(project, "'a', 'gold', 1", "'a', 'gold', 2", "'b', 'gold', 2")
    project.define(events("orders"))
    run = runner(project, monkeypatch, capsys)
    keys = {k["key"]: k for k in asked(run)["keys"]}
    assert (keys["event id"]["column"], keys["event id"]["doubled"]) == ("order_id", 2)
    assert (keys["identifier"]["is_unique"], keys["identifier"]["usable"]) == (False, 3)
    project.warehouse.run("drop view orders")
    told = run("identities")
    assert "orders__customerio: the model is not in the warehouse" in told.text
