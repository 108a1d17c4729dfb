"""A vendor's opt-out field is written in one direction only: out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

TOPIC = "cio_subscription_preferences.topics.topic_1"


def people(consent: dict[str, str], vendor: str = "customerio", **more: Any) -> Model:
    return Model(
        name="people",
        query="select person_id, plan, mail_ok, news_ok from rows",
        columns={
            "person_id": "varchar",
            "plan": "varchar",
            "mail_ok": "boolean",
            "news_ok": "boolean",
        },
        activation={
            "kind": "traits",
            "identity": "person_id",
            "destinations": [
                {"name": vendor, "traits": ["plan"], "consent": consent, **more.pop("entry", {})}
            ],
            **more,
        },
    )


MAIL = {"unsubscribed": "mail_ok"}


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run(
        "create table rows (person_id varchar, plan varchar, mail_ok boolean, news_ok boolean)",
        "insert into rows values ('yes', 'pro', true, true), ('no', 'pro', false, false),"
        " ('unknown', 'pro', null, null)",
    )
    return project


on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)


def asked(shop: SmallProject, who: str, answer: str) -> None:
    shop.warehouse.run(f"update rows set mail_ok = {answer} where person_id = '{who}'")


def writes(shop: SmallProject, name: str = "unsubscribed") -> list[str]:
    """Whose field was written, in order."""
    return [op["identity"] for op in shop.applied() if name in op["names"]]


def test_who_says_no_is_opted_out_and_nobody_is_ever_opted_in(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(people(MAIL))
    run("apply")
    assert shop.attributes("no")["unsubscribed"] is True
    assert writes(shop) == ["no"]
    asked(shop, "no", "true")
    asked(shop, "yes", "false")
    run("apply")
    assert writes(shop) == ["no", "yes"]
    assert shop.attributes("no")["unsubscribed"] is True
    # A consent that was given again and taken back is a no of its own.
    asked(shop, "no", "false")
    run("apply")
    assert writes(shop) == ["no", "yes", "no"]
    shop.warehouse.run("delete from rows")
    run("apply", "--allow", "removes", expect=None)
    shop.define(people({}, entry={"on_drop": "unset"}))
    run("apply", expect=None)
    assert writes(shop) == ["no", "yes", "no"]
    assert shop.attributes("no").get("unsubscribed") is True


@on_duckdb
def test_a_topic_is_left_by_its_own_value(shop: SmallProject, run: Runs) -> None:
    shop.define(people({TOPIC: "news_ok"}))
    run("apply")
    preferences = {"topics": {"topic_1": False}}
    assert shop.attributes("no")["cio_subscription_preferences"] == preferences
    assert writes(shop, TOPIC) == ["no"]


@on_duckdb
def test_an_exit_for_want_of_consent_opts_out(shop: SmallProject, run: Runs) -> None:
    shop.define(people(MAIL, requires="mail_ok"))
    run("apply")
    assert writes(shop) == []
    asked(shop, "yes", "false")
    run("apply")
    assert writes(shop) == ["yes"]
    assert shop.attributes("yes")["unsubscribed"] is True
    assert "plan" not in shop.attributes("yes")


@on_duckdb
def test_an_opt_out_does_not_wait_for_an_interval(shop: SmallProject, run: Runs) -> None:
    shop.define(people(MAIL, min_interval="10 days"))
    run("apply")
    shop.warehouse.run("update rows set plan = 'free'")
    asked(shop, "yes", "false")
    run("apply")
    assert (shop.counts()["people"]["deferred"], writes(shop)) == (2, ["no", "yes"])


@on_duckdb
def test_a_second_opt_out_is_told_although_the_consent_between_fell_into_an_interval(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(people(MAIL, min_interval="10 days"))
    run("apply")
    for said in ("false", "true", "false"):
        asked(shop, "yes", said)
        run("apply")
    assert writes(shop).count("yes") == 2


@on_duckdb
@pytest.mark.parametrize(
    ("vendor", "field"), [("gainsight_px", "globalUnsubscribe"), ("qualtrics", "unsubscribed")]
)
def test_the_rule_is_the_same_at_every_vendor(
    shop: SmallProject, run: Runs, vendor: str, field: str
) -> None:
    control = SandboxControl(shop.sandbox.url, vendor)
    control.reset(switches=True)
    if vendor == "gainsight_px":
        control.set_switch("user_attributes", {"plan": "STRING"})
    shop.connect(vendor)
    entry = {"on_missing": "create"} if vendor == "gainsight_px" else {}
    shop.define(people({field: "mail_ok"}, vendor, entry=entry))
    run("apply")
    asked(shop, "no", "true")
    asked(shop, "yes", "false")
    run("apply")
    written = [op for op in control.applied() if field in op["names"]]
    assert len(written) == 2
    if vendor == "qualtrics":
        assert all('"unsubscribed":false' not in str(r) for r in control.requests())


@on_duckdb
def test_check_refuses_an_opt_out_as_an_ordinary_trait(shop: SmallProject, run: Runs) -> None:
    wrong = people({"opted": "mail_ok", "unsubscribed": "plan"})
    wrong.activation["destinations"][0]["traits"] = {TOPIC: "news_ok"}
    shop.define(wrong)
    told = json.loads(run("check", "--json", expect=2).stdout)["problems"]
    found = {problem["code"]: problem for problem in told}
    assert "Opt-out fields here are unsubscribed" in found["consent-field"]["hint"]
    assert "declared as varchar" in found["consent-type"]["message"]
    shop.define(people({}, entry={"traits": {"unsubscribed": "mail_ok"}}))
    (refused,) = json.loads(run("check", "--json", expect=2).stdout)["problems"]
    assert "is no ordinary trait" in refused["message"]
    assert "`consent: {unsubscribed: <column>}`" in refused["fix"]
    shop.define(people(MAIL, requires=["mail_ok", "news_ok"]))
    (refused,) = json.loads(run("check", "--json", expect=2).stdout)["problems"]
    assert "an exit does not say which consent is missing" in refused["message"]
